/**
 * Complianz. Its functions answer by the region's default until the visitor has dismissed the banner, which its cookie tells.
 *
 * Source: the plugin's developer documentation (`cmplz_has_consent`, `cmplz_status_change`, `cmplz_fire_categories`).
 */
import { whenThere } from '../appear.js';
import { byCategory } from '../categories.js';
import { listen, page, safe, safely, type Source } from '../link.js';

const CATEGORIES = ['preferences', 'statistics', 'marketing'];

export const complianz: Source = (report, { categories }) => {
  const look = (): void => {
    if (!/(^|; )cmplz_banner-status=dismissed/.test(document.cookie)) return;
    const given = CATEGORIES.map((name) => [name, safely(() => page.cmplz_has_consent(name) === true)] as const);
    report({ answers: byCategory(given, categories), evidence: { cmp: 'complianz' } });
  };
  // It tells of each category by itself, before the cookies of the others are written.
  listen(document, ['cmplz_status_change', 'cmplz_fire_categories'], () => setTimeout(safe(look)));
  whenThere(() => typeof page.cmplz_has_consent == 'function', look);
};
