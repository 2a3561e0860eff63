/**
 * vanilla-cookieconsent, version 3: by its events, whose first may have passed, and so by its cookie too. Bundled, it has no global object; then
 * only what was accepted is known, and the rest was refused.
 *
 * Source: `types/index.d.ts` of the package.
 */
import { byCategory, byList } from '../categories.js';
import { listen, page, type Source } from '../link.js';

const fromCookie = (name: string): any => {
  const found = document.cookie.split('; ').find((part) => part.startsWith(name + '='));
  const value = found && JSON.parse(decodeURIComponent(found.slice(name.length + 1)));
  // What has run out is asked again.
  return value?.expirationTime > Date.now() ? value : undefined;
};

export const cookieconsent: Source = (report, { categories, options }) => {
  const say = (accepted: unknown, rejected?: unknown): void => {
    if (!Array.isArray(accepted)) return;
    const given = (list: unknown[], isOn: boolean): [string, boolean][] => list.map((name) => [String(name), isOn]);
    const answers = Array.isArray(rejected) ? byCategory([...given(accepted, true), ...given(rejected, false)], categories) : byList(accepted, categories);
    report({ answers, evidence: { cmp: 'cookieconsent' } });
  };
  const look = (cookie: any): void => {
    const tool = page.CookieConsent;
    if (tool?.validConsent?.()) {
      const { acceptedCategories, rejectedCategories } = tool.getUserPreferences();
      say(acceptedCategories, rejectedCategories);
    } else say(cookie?.categories);
  };
  listen(window, ['cc:onConsent', 'cc:onChange'], (event) => look(event.detail?.cookie));
  look(fromCookie(options.cookieconsentCookie ?? 'cc_cookie'));
};
