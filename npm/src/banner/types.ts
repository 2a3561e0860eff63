/**
 * What the banner asks of the SDK, and what a shop can set on it.
 *
 * The banner knows nothing of storage, transport or law: it reads a consent state, shows it, and hands back the visitor's choice. Every verdict
 * comes from the core.
 */

/** The four purposes a visitor decides about, in the order in which they are shown. */
export const PURPOSES = ['analytics', 'personalization', 'marketing', 'third_party_sharing'] as const;

/** One of the four purposes. */
export type Purpose = (typeof PURPOSES)[number];

/** What an absent choice means: `opt_in` no, `opt_out` and `none` yes. */
export type Regime = 'opt_in' | 'opt_out' | 'none';

/** The part of the consent state that the banner reads. */
export interface ConsentState {
  readonly regime: Regime;
  /** Whether the browser sends Global Privacy Control. */
  readonly gpc: boolean;
  /** What the visitor said; `null` where nothing was said. */
  readonly choice: Readonly<Record<Purpose, boolean | null>>;
  /** What the rules allow now. */
  readonly allow: Readonly<Record<Purpose, boolean>>;
  /** Whether the visitor must be asked. */
  readonly prompt: boolean;
  /** Whether the page must show that an opt-out signal was honoured (California, 11 CCR 7025(c)(6)). */
  readonly showOptOutHonoured: boolean;
}

/** A visitor's answer. */
export type Choice = 'all' | 'none' | Partial<Record<Purpose, boolean>>;

/** Evidence that travels with a choice. */
export interface ChoiceContext {
  /**
   * The visitor ticked sharing with third parties right beside the notice that Global Privacy Control stands against it, which is the only thing
   * that overrides the signal. "Accept all" does not.
   */
  readonly afterGpcNotice: boolean;
}

/** The consent half of the SDK (`firsthand.consent`). */
export interface ConsentApi {
  get(): ConsentState;
  set(choice: Choice, context?: ChoiceContext): unknown;
  /** Calls back on each change; returns the function that ends it. */
  on(callback: (state: ConsentState) => void): () => void;
}

/** Every word the banner shows, in one language. */
export interface BannerTexts {
  /** BCP 47 tag of these texts; becomes `lang` of the banner. */
  readonly lang: string;
  /** Direction of these texts; `ltr` when absent. */
  readonly dir?: 'ltr' | 'rtl';
  readonly title: string;
  readonly intro: string;
  readonly acceptAll: string;
  readonly rejectAll: string;
  readonly choose: string;
  /** Title of the preferences where visitors opt in. */
  readonly preferences: string;
  /** Title of the preferences, and of the small button, where visitors opt out. */
  readonly privacyChoices: string;
  readonly preferencesIntro: string;
  readonly privacyChoicesIntro: string;
  readonly save: string;
  readonly close: string;
  readonly saved: string;
  readonly failed: string;
  /** Notice about Global Privacy Control. */
  readonly gpcNotice: string;
  /** Status that California requires to be shown. */
  readonly optOutHonoured: string;
  readonly privacyPolicy: string;
  /** Introduces the list of recipients of a purpose. */
  readonly recipients: string;
  readonly necessary: { readonly name: string; readonly about: string; readonly always: string };
  readonly purposes: Readonly<Record<Purpose, { readonly name: string; readonly about: string }>>;
}

/** Settings of the banner; all have a default. */
export interface BannerOptions {
  /** Texts: some of them laid over English, or a function that returns all of them for a language tag. */
  readonly texts?: Partial<BannerTexts> | ((lang: string) => BannerTexts);
  /** Language tag; default: the document's, then the browser's. */
  readonly lang?: string;
  /** Direction; default: that of the texts. */
  readonly dir?: 'ltr' | 'rtl';
  /** Colours; default `auto` follows the visitor's system. */
  readonly theme?: 'auto' | 'light' | 'dark';
  /** Where the first layer stands on wide screens; default `corner`. */
  readonly position?: 'corner' | 'bottom';
  /** Address of the privacy policy, linked from both layers. */
  readonly privacyUrl?: string;
  /** Names of those who get data for a purpose, listed in the preferences. */
  readonly recipients?: Partial<Record<Purpose, readonly string[]>>;
  /**
   * Small button that opens the preferences. Default `auto`: only where the page itself has no element that does, or has to show an
   * honoured opt-out and has no `[data-firsthand-status]` element for it.
   */
  readonly launcher?: boolean | 'auto';
  /** Nonce for the `<style>` element that stands in where constructed style sheets are missing. */
  readonly nonce?: string;
  /** Element the banner is put into, as its first child; default: the body. */
  readonly root?: HTMLElement;
  /** Hears of an error that was kept from the page. */
  readonly onError?: (error: unknown) => void;
}

/** Controls a mounted banner. No method throws. */
export interface BannerHandle {
  /** Shows the first layer, or the preferences where visitors opt out. */
  open(): void;
  /** Shows one checkbox per purpose. */
  openPreferences(): void;
  /** Hides both layers and changes no choice. */
  close(): void;
  /** Removes everything the banner added to the page. */
  destroy(): void;
}
