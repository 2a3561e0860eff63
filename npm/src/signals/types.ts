/** The options of the consent signals, and what a page sees of them (docs/signals.md). */

/** A purpose, as in `types.ts`; repeated because this file is published by itself. */
type Purpose = 'marketing' | 'analytics' | 'personalization' | 'third_party_sharing';

/** Whose word on consent is taken: frameworks, platforms, and the consent tools that shops use. */
export type SignalName =
  | 'tcf'
  | 'gpp'
  | 'consent_mode'
  | 'shopify'
  | 'cookiebot'
  | 'onetrust'
  | 'usercentrics'
  | 'klaro'
  | 'cookieconsent'
  | 'didomi'
  | 'cookieyes'
  | 'complianz'
  | 'osano';

/** Who is told of the decision. */
export type TellName = 'consent_mode' | 'uet' | 'meta' | 'tiktok' | 'shopify';

/** Details that most shops never need. */
export interface SignalsOptions {
  /** What a category of the consent tool means here, over the built-in table: `{ C0005: ['marketing'], performance: [] }`. */
  categories?: Readonly<Record<string, readonly Purpose[]>>;
  /** Name of Google's data layer. Default `dataLayer`. */
  dataLayer?: string;
  /** ISO 3166-2 region of the visitor (`US-CA`, or `DE`), for defaults that name regions. Unknown: each of them counts. */
  region?: string;
  /** Take the legitimate interest of TCF for the purposes 7 to 9; only where the vendors declare it. Default false. */
  tcfLegitimateInterest?: boolean;
  /** Name of the window event that Usercentrics version 2 was told to send. Default `ucEvent`. */
  usercentricsEvent?: string;
  /** Cookie of vanilla-cookieconsent. Default `cc_cookie`. */
  cookieconsentCookie?: string;
}

/** What the signals say; part of the consent state where any is configured. */
export interface SignalsState {
  /** An answer is still awaited: events wait. */
  readonly awaited: boolean;
  /** Joint answer of all sources, the stricter counts; `null` where none says anything. */
  readonly answers: Readonly<Record<Purpose, boolean | null>>;
  /** Each source that has answered: `1`, `0` or `-` for marketing, analytics, personalization, sharing. */
  readonly sources: Readonly<Record<string, string>>;
  /** What went wrong: no answer in time, unreadable strings, contradictions. */
  readonly warnings: readonly string[];
}
