/**
 * What the banner asks of the SDK, and what a shop can set on it.
 *
 * The banner knows nothing of storage, transport or law: it reads a consent state, shows it, and hands back the visitor's choice. Every verdict
 * comes from the core.
 */

/** One of the four purposes a visitor decides about. */
export type Purpose = 'analytics' | 'personalization' | 'marketing' | 'third_party_sharing';

/** What an absent choice means: `opt_in` no, `opt_out` and `none` yes. */
export type Regime = 'opt_in' | 'opt_out' | 'none';

/** The part of the consent state that the banner reads. */
export interface ConsentState {
  readonly regime: Regime;
  /** When the choice was made, in epoch milliseconds; `null` without one. */
  readonly at: number | null;
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
  /** A clear act of the visitor. */
  readonly basis: 'explicit';
  /**
   * The visitor ticked sharing with third parties and saved while the notice that Global Privacy Control stands against it was shown, which is the
   * only thing that overrides the signal. "Accept all" does not.
   */
  readonly afterGpcNotice: boolean;
  /** How it was asked for; kept in the collector's receipt. */
  readonly evidence: ChoiceEvidence;
}

/** What was shown when the visitor answered. Names are those of the wire (`docs/wire.md`). */
export interface ChoiceEvidence {
  /** Language tag of the texts that were shown. */
  readonly locale: string;
  /** Version of the package that showed them. */
  readonly ui_version: string;
  /** SHA-256, hexadecimal, of the texts that were shown (`docs/banner.md` says how to compute it); absent outside secure contexts. */
  readonly notice_sha256?: string;
}

/** The consent half of the SDK (`firsthand.consent`). */
export interface ConsentApi {
  /** Returns the state; nothing before the SDK has started. */
  get(): ConsentState | undefined;
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
  /** Shown when sharing is ticked against Global Privacy Control. */
  readonly gpcConflict: string;
  /** Status that California requires to be shown. */
  readonly optOutHonoured: string;
  readonly privacyPolicy: string;
  readonly imprint: string;
  /** Heads the list of recipients of a purpose. */
  readonly recipients: string;
  readonly necessary: { readonly name: string; readonly about: string; readonly always: string };
  readonly purposes: Readonly<Record<Purpose, { readonly name: string; readonly about: string }>>;
  /** Stands in for a blocked frame. `{host}` and `{purposes}` are filled in. */
  readonly embed: { readonly title: string; readonly about: string; readonly once: string; readonly always: string };
}

/** Some of the texts. */
export type TextOverrides = Partial<Omit<BannerTexts, 'necessary' | 'purposes' | 'embed'>> & {
  readonly necessary?: Partial<BannerTexts['necessary']>;
  readonly purposes?: { readonly [purpose in Purpose]?: Partial<BannerTexts['purposes'][Purpose]> };
  readonly embed?: Partial<BannerTexts['embed']>;
};

/** Decides in which words and which direction the visitor is addressed. */
export interface WordingOptions {
  /** Own words, laid over those of the language; a function is given the language tag that was asked for and the texts found for it. */
  readonly texts?: TextOverrides | ((lang: string, found: BannerTexts) => TextOverrides | undefined);
  /** Language tag; default: the document's, then the browser's. */
  readonly lang?: string;
  /** Direction; default: that of the texts. */
  readonly dir?: 'ltr' | 'rtl';
}

/** One who gets data for a purpose. */
export type Recipient = string | { readonly name: string; readonly url?: string };

/** Settings of the banner; all have a default. */
export interface BannerOptions extends WordingOptions {
  /** Colours; default `auto` follows the visitor's system. */
  readonly theme?: 'auto' | 'light' | 'dark';
  /** Where the first layer stands on wide screens; default `corner`. */
  readonly position?: 'corner' | 'bottom';
  /** Address of the privacy policy, linked from both layers. */
  readonly privacyUrl?: string;
  /** Address of the imprint, linked from both layers. */
  readonly imprintUrl?: string;
  /** Those who get data for a purpose, listed in the preferences. */
  readonly recipients?: Partial<Record<Purpose, readonly Recipient[]>>;
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
  /**
   * Returns the texts of the visible layer, one a line, the preferences before the first layer; empty where none is visible. Its SHA-256 is the
   * `notice_sha256` that travels with an answer.
   */
  noticeText(): string;
  /** Removes everything the banner added to the page. */
  destroy(): void;
}
