/** Each tool that is told, in its own words (`sdk/core/src/signals/outbound.rs`). */
import type { SignalsOptions, TellName } from '../../types.js';
import { whenThere } from '../appear.js';
import { command } from '../layer.js';
import { page, safely } from '../link.js';

/** Takes the words of a decision. */
export type Listener = (words: string) => void;

/** `key=word` pairs as an object. */
const pairs = (words: string): Record<string, string> => Object.fromEntries(words.split(' ').map((pair) => pair.split('=') as [string, string]));

/** A tool that comes later hears the last word, and no earlier one. */
const whenItComes = <T>(find: () => T | undefined | false, say: (tool: T, words: string) => void): Listener => {
  let last = '';
  let isExpected = false;
  return (words) => {
    last = words;
    if (isExpected) return;
    isExpected = true;
    whenThere(find, (tool) => {
      isExpected = false;
      say(tool, last);
    });
  };
};

/** In the order in which they are told. */
export const listeners = (options: SignalsOptions): Readonly<Record<TellName, Listener>> => ({
  consent_mode: (words) => command(options.dataLayer ?? 'dataLayer', 'consent', 'update', pairs(words)),
  uet: (words) => (page.uetq ??= []).push('consent', 'update', pairs(words)),
  meta: whenItComes(
    () => typeof page.fbq == 'function' && page.fbq,
    (fbq, word) => fbq('consent', word),
  ),
  tiktok: whenItComes(
    () => typeof page.ttq?.grantConsent == 'function' && page.ttq,
    (ttq, method) => ttq[method](),
  ),
  shopify: whenItComes(
    () => typeof page.Shopify?.customerPrivacy?.setTrackingConsent == 'function' && page.Shopify.customerPrivacy,
    (api, words) =>
      api.setTrackingConsent(Object.fromEntries(Object.entries(pairs(words)).map(([key, word]) => [key, word == '1'])), () => {}),
  ),
});

/** Asks Shopify for its API, which a shop's theme loads on demand. */
export const loadShopify = (): void =>
  whenThere(
    () => page.Shopify,
    (shop) => safely(() => shop.customerPrivacy ?? shop.loadFeatures([{ name: 'consent-tracking-api', version: '0.1' }], () => {})),
  );
