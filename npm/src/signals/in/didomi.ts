/**
 * Didomi, by its own purposes; with TCF on, `tcf` says more. A status that still has to be collected is none.
 *
 * Source: Didomi, web SDK reference (`getCurrentUserStatus`, `shouldUserStatusBeCollected`, event `consent.changed`).
 */
import { PURPOSES, page, safe, type Source } from '../link.js';
import type { Purpose } from '../../types.js';

/** Didomi's ids of the TCF purposes that each of ours needs; all that the notice has must be on. */
const NEEDS: Record<Purpose, readonly string[]> = {
  marketing: ['create_ads_profile', 'select_personalized_ads'],
  analytics: ['measure_content_performance', 'market_research'],
  personalization: ['create_content_profile', 'select_personalized_content'],
  third_party_sharing: ['measure_ad_performance'],
};
const STORAGE = 'cookies';

export const didomi: Source = (report, { categories }) => {
  const look = (tool: any): void => {
    if (tool.shouldUserStatusBeCollected()) return;
    const { purposes = {}, regulation } = tool.getCurrentUserStatus() ?? {};
    if (regulation == 'none' || regulation == 'NONE') return report({ answers: '----' });
    const own = Object.keys(categories);
    const answers = PURPOSES.map((purpose) => {
      const wanted = [STORAGE, ...NEEDS[purpose], ...own.filter((id) => categories[id]!.includes(purpose))];
      const states = wanted.filter((id) => Object.hasOwn(purposes, id)).map((id) => [id, purposes[id]?.enabled === true] as const);
      if (states.some(([, isOn]) => !isOn)) return '0';
      return states.some(([id]) => id != STORAGE) ? '1' : '-';
    });
    report({ answers: answers.join(''), evidence: { cmp: 'didomi' } });
  };
  (page.didomiOnReady ??= []).push(safe(look));
  (page.didomiEventListeners ??= []).push({ event: 'consent.changed', listener: safe(() => look(page.Didomi)) });
};
