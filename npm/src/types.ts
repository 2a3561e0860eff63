/** What the page sees: options, consent state, status. */

import type { SignalName, SignalsOptions, SignalsState, TellName } from './signals/types.js';

export type { SignalName, SignalsOptions, SignalsState, TellName } from './signals/types.js';

/** One of the four purposes a visitor decides about. */
export type Purpose = 'marketing' | 'analytics' | 'personalization' | 'third_party_sharing';

/** What an absent choice means: `opt_in` no, `opt_out` and `none` yes. */
export type Regime = 'opt_in' | 'opt_out' | 'none';

/** The visitor's age in years. */
export type AgeBand = 'under_13' | '13_15' | '16_plus';

/** What decided about a purpose: the visitor, Global Privacy Control, a consent framework, the visitor's age, or the regime where nobody answered. */
export type Basis = 'explicit' | 'gpc' | 'tcf' | 'gpp' | 'consent_mode' | 'shopify' | 'cmp' | 'age' | 'regime';

/** Options of `init()`; on a script tag the same names as `data-` attributes (`data-write-key`). */
export interface Options {
  /** Browser key of the workspace. */
  writeKey: string;
  /** Address of the collector; default for the script tag: where the script came from. */
  endpoint?: string;
  /** ISO 3166-1 country of phone numbers written without a country code. */
  defaultCountry?: string;
  /** What an absent choice means. Without it the collector is asked for the visitor's region, and `opt_in` holds where it gives no answer. */
  regime?: Regime;
  /** Ask the collector for the visitor's region: the stricter of its regime and `regime` counts. Default: only without `regime`. */
  region?: boolean;
  /** The visitor's age, where the shop knows it: under 13 nothing is allowed, from 13 to 15 sharing needs a yes everywhere. */
  ageBand?: AgeBand;
  /** Version of the policy the visitor is shown; another version asks again. Default 1. */
  policyVersion?: number;
  /** Age at which a grant ends. Default 180. */
  consentMaxAgeDays?: number;
  /** Send a `page_view` on load, navigation inside the page and return from the back/forward cache. Default true. */
  autoPageViews?: boolean;
  /** A route after `#/` or `#!/` counts as part of the path, for views and addresses. Default false. */
  hashRouting?: boolean;
  /** Default 30. */
  sessionTimeoutMinutes?: number;
  /** Another campaign starts another session. Default true. */
  splitOnCampaign?: boolean;
  /** `memory` keeps nothing but the choice in the browser. Default `auto`. */
  storage?: 'auto' | 'memory';
  /** The shop's hosts beside the page's own; coming from them is no arrival. */
  ownHosts?: readonly string[];
  /** Events that make a batch go at once, and the most in one. Default 20. */
  batchEvents?: number;
  /** The same in bytes. Default 49152. */
  batchBytes?: number;
  /** Longest an event waits for others. Default 2000. */
  flushMs?: number;
  /** Most events that wait to be sent. Default 1000. */
  queueEvents?: number;
  /** Most bytes that wait. Default 262144. */
  queueBytes?: number;
  /** Greatest age of a waiting event. Default 7. */
  queueDays?: number;
  /** Most events kept in memory until the visitor has chosen. Default 200. */
  heldEvents?: number;
  /** Log to the console. */
  debug?: boolean;
  /** `off` loads no banner; a language tag makes it speak that language whatever the page's is (script tag only). */
  banner?: 'off' | string;
  /** Whose word on consent is taken, such as `['tcf', 'cookiebot']` (docs/signals.md). Default nobody's, and no file is loaded for it. */
  signals?: string | readonly SignalName[];
  /** Who is told what is allowed, such as `['consent_mode', 'meta']`. Default nobody. */
  tell?: string | readonly TellName[];
  /** The time that the signals have to answer; after it the regime decides until they do. Default 2000. */
  signalsTimeoutMs?: number;
  /** Ids in the IAB's Global Vendor List of those who get data; each must be allowed to. Default: purpose 7 alone decides. */
  tcfVendors?: string | readonly number[];
  /** More about the signals; not on a script tag, but in `window.firsthandConfig`. */
  signalsOptions?: SignalsOptions;
  /** Settings handed to the banner (script tag only). */
  bannerOptions?: object;
  /** Settings the blocker reads (script tag only). */
  blockerOptions?: object;
}

/** Personal values; each becomes a digest at once, the clear text is not kept. Digests are recognised. */
export interface Person {
  /** The shop's own id of the customer: a pseudonym, sent as it is. */
  userId?: string;
  email?: string;
  phone?: string;
  /** ISO 3166-1 country of `phone` when it has no country code. */
  phoneCountry?: string;
  firstName?: string;
  lastName?: string;
  city?: string;
  state?: string;
  zip?: string;
  /** ISO 3166-1 country. */
  country?: string;
  dateOfBirth?: string;
  gender?: string;
  externalId?: string;
}

/** The visitor's choice and what it allows. */
export interface ConsentState {
  readonly regime: Regime;
  /** Version of the policy now in force. */
  readonly policy: number;
  /** Where the choice comes from; `null` without one. */
  readonly basis: string | null;
  /** When it was made, in epoch milliseconds. */
  readonly at: number | null;
  /** The browser sends Global Privacy Control. */
  readonly gpc: boolean;
  /** The choice was made after a notice about its conflict with Global Privacy Control. */
  readonly afterGpcNotice: boolean;
  readonly choice: Readonly<Record<Purpose, boolean | null>>;
  readonly allow: Readonly<Record<Purpose, boolean>>;
  /** What decided about each purpose. */
  readonly bases: Readonly<Record<Purpose, Basis>>;
  /** The visitor must be asked. */
  readonly prompt: boolean;
  /** The answer of a consent framework is awaited: nothing is allowed yet, and nothing is lost. */
  readonly pending: boolean;
  /** The page must show that an opt-out signal was honoured (California, 11 CCR 7025(c)(6)). */
  readonly showOptOutHonoured: boolean;
  /** What other consent tools say, where any is configured. */
  readonly signals?: SignalsState;
}

/** Evidence that travels with a choice. */
export interface ChoiceContext {
  /** Where the choice comes from. Default `explicit`. */
  readonly basis?: string;
  /** It was made after a notice about its conflict with Global Privacy Control. */
  readonly afterGpcNotice?: boolean;
  /** How it was asked for; kept in the collector's receipt. */
  readonly evidence?: ChoiceEvidence;
}

/** What a banner or a consent platform says about how it asked. Names and forms are those of the wire (docs/wire.md). */
export interface ChoiceEvidence {
  /** Language of the text that was shown, BCP 47. */
  readonly locale?: string;
  /** Version of the banner. */
  readonly ui_version?: string;
  /** SHA-256 of the text that was shown, 64 hex digits. */
  readonly notice_sha256?: string;
  /** Name of the consent platform. */
  readonly cmp?: string;
  /** IAB TCF string. */
  readonly tcf?: string;
  /** IAB GPP string. */
  readonly gpp?: string;
}

/** The consent half of the API. */
export interface Consent {
  /**
   * Returns the state; before the start, nothing is chosen and nothing is allowed. The inline stub then answers with empty `choice` and `allow` and
   * nothing else.
   */
  get(): ConsentState;
  /** Takes a choice; purposes that are left out stay as they were. */
  set(choice: 'all' | 'none' | Partial<Record<Purpose, boolean>>, context?: ChoiceContext): void;
  /** Calls back when the SDK has started and on each change; returns the function that ends it. */
  on(callback: (state: ConsentState) => void): () => void;
  /** Opens the banner's preferences (script tag only). */
  open(): void;
}

/** What happened on this page. */
export interface Status {
  version: string;
  /** `inert`: the SDK has stopped, `reason` says why. */
  state: 'starting' | 'ready' | 'inert';
  reason?: string;
  consent?: ConsentState;
  /** Events that wait to be sent. */
  queued: number;
  /** Events that wait for the visitor's choice. */
  held: number;
  sent: number;
  duplicates: number;
  /** The last refused events: code and id. */
  rejected: readonly string[];
  /** Dropped events by reason. */
  dropped: Readonly<Record<string, number>>;
  lastSends: readonly { at: number; status: number; events: number; bytes: number }[];
  storage: 'local' | 'memory';
  /** Reasons to think that this is a bot. */
  bot: readonly string[];
  /** Names of the personal values the last `identify()` refused. */
  refused: readonly string[];
}

/** Options of one event. */
export interface TrackOptions {
  /** Id; ignored where the event derives one from its order. */
  id?: string;
  /** When it happened, in epoch milliseconds. */
  at?: number;
}

/** The API: `window.firsthand`, and what the npm package exports. No function throws. */
export interface Firsthand {
  /** Records an event; returns the id it has in all its copies. */
  track(name: string, props?: object, options?: TrackOptions): string;
  /** Records a page view. */
  page(props?: object): string;
  identify(person: Person): void;
  readonly consent: Consent;
  /** Forgets the visitor: another anonymous id, no digests, no arrivals. */
  reset(): void;
  /** Sends what waits; settles when that is done or cannot be done now. */
  flush(): Promise<void>;
  /**
   * Returns the status; with an argument also switches logging to the console. Before the start the inline stub answers with `state`, `queued`
   * and an empty `dropped` only.
   */
  debug(on?: boolean): Status;
}
