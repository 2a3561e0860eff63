/**
 * Shopify's Customer Privacy API.
 *
 * Its four booleans join the shop's setting, the region and the visitor's choice. A yes counts where the visitor gave it; one that comes from
 * the shop's setting leaves it to the regime. A no counts always, except that silence under opt-in may still become a yes. The event comes
 * only with a choice, so the booleans are read first.
 *
 * Source: Shopify, "Customer Privacy API".
 */
import { whenThere } from '../appear.js';
import { listen, page, safely, type Source } from '../link.js';

/** Shopify's two names of each of our purposes, in our order. */
const NAMES = [
  ['marketing', 'marketingAllowed'],
  ['analytics', 'analyticsProcessingAllowed'],
  ['preferences', 'preferencesProcessingAllowed'],
  ['sale_of_data', 'saleOfDataAllowed'],
] as const;

export const shopify: Source = (report) => {
  const watch = (api: any): void => {
    const look = (): void => {
      const said = safely(() => api.currentVisitorConsent()) ?? {};
      const answers = NAMES.map(([name, isAllowed]) => {
        const allowed = safely(() => api[isAllowed]());
        if (allowed === true) return said[name] == 'yes' ? '1' : '-';
        return said[name] == 'no' ? '0' : 'd';
      });
      report({ answers: answers.join(''), evidence: { cmp: 'shopify' } });
    };
    listen(document, ['visitorConsentCollected'], look);
    look();
  };
  whenThere(
    () => page.Shopify,
    (shop) => {
      if (!shop.customerPrivacy && typeof shop.loadFeatures == 'function') shop.loadFeatures([{ name: 'consent-tracking-api', version: '0.1' }], () => {});
      whenThere(() => shop.customerPrivacy, watch);
    },
  );
};
