/**
 * Usercentrics: version 3 by `UC_CONSENT` and `__ucCmp`, version 2 by the window event it was told to send, and by the same entry on the data
 * layer. What is `implicit` is no choice; a category of which only some services were accepted is off.
 *
 * Sources: Usercentrics, "Web CMP v2 events", "consent_status", and the interfaces of version 3.
 */
import { whenThere } from '../appear.js';
import { byCategory } from '../categories.js';
import { watchLayer } from '../layer.js';
import { listen, page, type Source } from '../link.js';

export const usercentrics: Source = (report, { categories, options }) => {
  const say = (given: [string, unknown][]): void => report({ answers: byCategory(given, categories), evidence: { cmp: 'usercentrics' } });
  const is = (type: unknown, wanted: string): boolean => String(type).toLowerCase() == wanted;

  const hear3 = (details: any): void => {
    if (!is(details?.consent?.type, 'explicit') || !details.categories) return;
    say(Object.entries<any>(details.categories).map(([name, category]) => [name, category?.state == 'ALL_ACCEPTED']));
  };
  listen(window, ['UC_CONSENT'], (event) => hear3(event.detail));
  whenThere(
    () => typeof page.__ucCmp?.getConsentDetails == 'function' && page.__ucCmp,
    (tool) => void Promise.resolve(tool.getConsentDetails()).then(hear3).catch(() => {}),
  );

  const hear2 = (status: any): void => {
    if (status?.event != 'consent_status' || !is(status.type, 'explicit') || !status.ucCategory) return;
    // `null`: some services of the category.
    say(Object.entries(status.ucCategory).map(([name, isOn]) => [name, isOn === true]));
  };
  listen(window, [options.usercentricsEvent ?? 'ucEvent'], (event) => hear2(event.detail));
  watchLayer(options.dataLayer ?? 'dataLayer', hear2);
};
