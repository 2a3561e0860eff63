/** Tells tags to wait, before they load: the snippet of docs/signals.md for those who bundle. */
import { command } from './layer.js';
import { page, safely } from './link.js';
import type { TellName } from './types.js';

/** How long Google's tags wait for the first update. */
const WAIT_FOR_UPDATE_MS = 500;

/** Details of {@link holdTags}. */
export interface HoldOptions {
  /** Name of Google's data layer. Default `dataLayer`. */
  readonly dataLayer?: string;
  /** How long Google's tags wait for the first update. Default 500. */
  readonly waitForUpdateMs?: number;
}

/** What is always granted: it is no tracking. */
const GRANTED = { functionality_storage: 'granted', security_storage: 'granted' };
const DENIED = Object.fromEntries(
  ['ad_storage', 'ad_user_data', 'ad_personalization', 'analytics_storage', 'personalization_storage'].map((key) => [key, 'denied']),
);

const HOLDS: Readonly<Record<TellName, (options: HoldOptions) => void>> = {
  consent_mode: ({ dataLayer = 'dataLayer', waitForUpdateMs = WAIT_FOR_UPDATE_MS }) =>
    command(dataLayer, 'consent', 'default', { ...DENIED, ...GRANTED, wait_for_update: waitForUpdateMs }),
  uet: () => (page.uetq ??= []).push('consent', 'default', { ad_storage: 'denied' }),
  meta: () => page.fbq('consent', 'revoke'),
  tiktok: () => page.ttq.holdConsent(),
  // Decides by its own settings until it is told.
  shopify: () => {},
};

/** Makes tags wait until they are told: called after a pixel's base code has made its function, and before it is started. Does nothing on a server. */
export const holdTags = (names: readonly TellName[], options: HoldOptions = {}): void => {
  if (typeof window == 'undefined') return;
  for (const name of names) safely(() => HOLDS[name](options));
};
