import type { ConsentApi, Purpose, WordingOptions } from './banner-types.js';

/** Settings of the blocker; all have a default. */
export interface BlockerOptions extends WordingOptions {
  /** Colours of the placeholders; default `auto` follows the visitor's system. */
  readonly theme?: 'auto' | 'light' | 'dark';
  /** Load the page again when a purpose that scripts were run for is withdrawn, because a script cannot be taken back. Default false. */
  readonly reload?: boolean;
  /**
   * Remove the platforms' cookies when the purpose they are for is refused: `true` for those of Google, Meta, TikTok, Microsoft, Pinterest and
   * Snapchat, or names by purpose (a `*` at the end stands for anything). Default false.
   */
  readonly clearCookies?: boolean | Partial<Readonly<Record<Purpose, readonly string[]>>>;
  /** Nonce for scripts that have none of their own, and for styles where constructed style sheets are missing. */
  readonly nonce?: string;
  /** Hears of an error that was kept from the page. */
  readonly onError?: (error: unknown) => void;
}

/** Controls a running blocker. */
export interface BlockerHandle {
  /** Stops watching and removes the placeholders. What was loaded stays; what was not stays blocked. */
  destroy(): void;
}

/** Holds back marked scripts and frames until the visitor allows what they are for. Does nothing on a server. */
export declare function blockContent(api: ConsentApi, options?: BlockerOptions): BlockerHandle;
