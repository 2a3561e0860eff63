/** Cookiebot. Consent that the visitor did not express (`method` other than `explicit`) is none. Source: Cookiebot, "Developer". */
import { byCategory } from '../categories.js';
import { listen, page, type Source } from '../link.js';

const EVENTS = ['CookiebotOnConsentReady', 'CookiebotOnAccept', 'CookiebotOnDecline'];

export const cookiebot: Source = (report, { categories }) => {
  const look = (): void => {
    const { consent, hasResponse } = page.Cookiebot ?? {};
    if (!hasResponse || !consent) return;
    const { preferences, statistics, marketing, method } = consent;
    const given = Object.entries({ preferences, statistics, marketing });
    const isImplied = method != null && method != 'explicit';
    // What is implied may refuse, not grant.
    const answers = isImplied ? byCategory(given, categories, 'd').replace(/1/g, '-') : byCategory(given, categories);
    report({ answers, evidence: { cmp: 'cookiebot' } });
  };
  listen(window, EVENTS, look);
  look();
};
