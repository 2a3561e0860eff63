/** CookieYes. Source: CookieYes, "Retrieving Consent Data Using getCkyConsent() API". */
import { whenThere } from '../appear.js';
import { byCategory } from '../categories.js';
import { listen, page, safely, type Source } from '../link.js';

export const cookieyes: Source = (report, { categories }) => {
  const look = (): void => {
    const said = safely(() => page.getCkyConsent());
    if (said?.isUserActionCompleted && said.categories) report({ answers: byCategory(Object.entries(said.categories), categories), evidence: { cmp: 'cookieyes' } });
  };
  listen(document, ['cookieyes_consent_update'], look);
  whenThere(() => typeof page.getCkyConsent == 'function', look);
};
