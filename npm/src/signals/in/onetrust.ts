/**
 * OneTrust. The list of active groups holds the region's defaults until the visitor has closed the banner with an answer.
 *
 * Source: OneTrust, knowledge base on the JavaScript API.
 */
import { whenThere } from '../appear.js';
import { byList } from '../categories.js';
import { listen, page, safe, safely, type Source } from '../link.js';

export const onetrust: Source = (report, { categories }) => {
  const look = (): void => {
    const groups = page.OnetrustActiveGroups;
    if (typeof groups != 'string' || !safely(() => page.OneTrust.IsAlertBoxClosed())) return;
    report({ answers: byList(groups.split(','), categories), evidence: { cmp: 'onetrust' } });
  };
  listen(window, ['OneTrustGroupsUpdated'], look);
  whenThere(
    () => typeof page.OneTrust?.OnConsentChanged == 'function' && page.OneTrust,
    (tool) => {
      tool.OnConsentChanged(safe(look));
      look();
    },
  );
};
