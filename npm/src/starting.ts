/** What the package answers before the core runs, and on a server: complete, where the inline stub is as short as it can be. */
import type { ConsentState, Purpose, Status } from './types.js';

const perPurpose = <T>(value: T): Record<Purpose, T> => ({ marketing: value, analytics: value, personalization: value, third_party_sharing: value });

/** Returns the state in which nothing is chosen, nothing is allowed and nobody is asked. */
export const nothingChosen = (): ConsentState => ({
  regime: 'opt_in',
  policy: 1,
  basis: null,
  at: null,
  gpc: typeof navigator != 'undefined' && !!(navigator as any).globalPrivacyControl,
  afterGpcNotice: false,
  choice: perPurpose(null),
  allow: perPurpose(false),
  bases: perPurpose('regime'),
  prompt: false,
  showOptOutHonoured: false,
  pending: false,
});

/** Returns the status of an SDK that has not started. */
export const notStarted = (): Status => ({
  version: __VERSION__,
  state: 'starting',
  queued: 0,
  held: 0,
  sent: 0,
  duplicates: 0,
  rejected: [],
  dropped: {},
  lastSends: [],
  storage: 'memory',
  bot: [],
  refused: [],
});
