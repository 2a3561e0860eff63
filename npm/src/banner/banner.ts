/**
 * The consent banner as a whole: which layer is visible, and what happens to an answer.
 *
 * Promises: no error reaches the page; mounting twice gives the banner that is there; an answer hides the banner in the same frame, the SDK
 * hears of it just after (INP). Refuses to know: law and storage. Fails by showing nothing and telling `onError`.
 *
 * In the DOM: `<firsthand-consent>` first in the body, with an open shadow root holding a root `<div lang dir>`, in it the layers.
 */

import { applyStyles, element, focusedElement } from './dom.js';
import { evidenceOf, shownText } from './evidence.js';
import { firstLayer } from './first-layer.js';
import { FRAGMENT, launcher, listenForOpeners, showStatus } from './launcher.js';
import { preferencesDialog } from './preferences.js';
import { CSS } from './styles.js';
import type { BannerHandle, BannerOptions, Choice, ChoiceContext, ConsentApi, ConsentState } from './types.js';
import type { Wording } from './wording.js';

/** How long the message about a saved choice stays, in milliseconds. */
const STATUS_MS = 5000;

/** A banner in a page that has a body. Its methods may throw; `mountBanner` keeps that from the page. */
export class Banner implements BannerHandle {
  readonly #api: ConsentApi;
  readonly #options: BannerOptions;
  readonly #guard: (step: () => void) => void;
  readonly #text: Wording;
  readonly #host = document.createElement('firsthand-consent');
  readonly #root: HTMLElement;
  readonly #status = element('div', { class: 's', role: 'status', part: 'message' });
  readonly #endings: (() => void)[] = [];
  #first: HTMLElement | null = null;
  #dialog: HTMLDialogElement | null = null;
  #launcher: HTMLElement | null = null;
  #statusTimer: ReturnType<typeof setTimeout> | undefined;
  #pageScrollPadding: string | null = null;

  constructor(api: ConsentApi, options: BannerOptions, text: Wording, guard: (step: () => void) => void) {
    this.#api = api;
    this.#options = options;
    this.#guard = guard;
    this.#text = text;
    const { lang, dir } = text;
    this.#root = element('div', { class: 'r', lang, dir, 'data-theme': options.theme ?? 'auto' }, this.#status);
    const shadow = this.#host.attachShadow({ mode: 'open' });
    applyStyles(shadow, CSS, options.nonce);
    shadow.append(this.#root);
  }

  /** Puts the banner into the page and shows the first layer if the visitor must be asked. */
  start(): void {
    (this.#options.root ?? document.body).prepend(this.#host);
    this.#endings.push(
      listenForOpeners(() => this.#guard(() => this.openPreferences())),
      this.#api.on((state) => this.#guard(() => this.#follow(state))),
    );
    this.#follow(this.#state());
    // A link at the end of the page may not be there yet, and it makes the launcher needless.
    document.addEventListener('DOMContentLoaded', () => this.#guard(() => this.#showLauncher(this.#state())), { once: true });
    if (location.hash === FRAGMENT) this.openPreferences();
  }

  open(): void {
    const state = this.#state();
    if (state.regime === 'opt_in') this.#showFirst(state);
    else this.openPreferences();
  }

  openPreferences(): void {
    if (this.#dialog) return;
    const opener = focusedElement();
    const dialog = preferencesDialog(this.#text, this.#options, this.#state(), {
      answer: (choice, afterGpcNotice) => this.#guard(() => this.#answer(choice, { ...evidence(), afterGpcNotice })),
      close: () => this.#guard(() => this.#closeDialog()),
    });
    const evidence = evidenceOf(dialog, this.#text);
    // Fires for Esc as well, which closes a native dialog by itself. Focus goes back by hand: browsers lose it across shadow roots.
    dialog.addEventListener('close', () => {
      if (this.#dialog === dialog) this.#dialog = null;
      dialog.remove();
      if (opener?.isConnected) opener.focus();
    });
    this.#dialog = dialog;
    this.#root.append(dialog);
    dialog.showModal();
  }

  close(): void {
    this.#closeDialog();
    this.#hideFirst();
    this.#showLauncher(this.#state());
  }

  noticeText(): string {
    const shown = this.#dialog ?? this.#first;
    return shown ? shownText(shown) : '';
  }

  destroy(): void {
    for (const end of this.#endings.splice(0)) end();
    clearTimeout(this.#statusTimer);
    this.#closeDialog();
    this.#hideFirst();
    this.#host.remove();
  }

  /** The banner is made when there is a state, so there is one. */
  #state(): ConsentState {
    return this.#api.get()!;
  }

  /** Shows what a new consent state asks for, whoever changed it: this banner, the page's code or another tab. */
  #follow(state: ConsentState): void {
    if (state.prompt && state.regime === 'opt_in') this.#showFirst(state);
    else this.#hideFirst();
    this.#showLauncher(state);
    showStatus(this.#text, state.showOptOutHonoured);
  }

  #answer(choice: Choice, context: ChoiceContext): void {
    this.#closeDialog();
    this.#hideFirst();
    setTimeout(() => this.#guard(() => this.#hand(choice, context)), 0);
  }

  /** Hands the answer to the SDK. An answer that could not be kept is asked for again, not passed off as saved. */
  #hand(choice: Choice, context: ChoiceContext): void {
    const failed = (error: unknown): void => {
      this.#say(this.#text.failed);
      this.#follow(this.#state());
      throw error;
    };
    try {
      const kept = this.#api.set(choice, context);
      // An SDK that keeps it asynchronously must not leave an unhandled rejection in the page.
      if (kept instanceof Promise) kept.catch((error: unknown) => this.#guard(() => failed(error)));
    } catch (error) {
      failed(error);
    }
    this.#say(this.#text.saved);
    this.#follow(this.#state());
  }

  #showFirst(state: ConsentState): void {
    if (this.#first) return;
    this.#first = firstLayer(this.#text, this.#options, state.gpc, {
      answer: (choice) => this.#guard(() => this.#answer(choice, { ...evidence(), afterGpcNotice: false })),
      choose: () => this.#guard(() => this.openPreferences()),
    });
    const evidence = evidenceOf(this.#first, this.#text);
    this.#root.prepend(this.#first);
    this.#showLauncher(state);
    // What gets the focus behind the banner scrolls clear of it (WCAG 2.4.11). Scroll padding moves nothing by itself.
    const { style } = document.documentElement;
    this.#pageScrollPadding = style.scrollPaddingBottom;
    style.scrollPaddingBottom = `${this.#first.offsetHeight + 16}px`;
  }

  #hideFirst(): void {
    if (!this.#first) return;
    this.#first.remove();
    this.#first = null;
    document.documentElement.style.scrollPaddingBottom = this.#pageScrollPadding ?? '';
  }

  #showLauncher(state: ConsentState): void {
    const hadFocus = this.#launcher !== null && focusedElement() === this.#launcher;
    this.#launcher?.remove();
    this.#launcher = this.#first
      ? null
      : launcher(this.#text, this.#options, state, () => this.#guard(() => this.openPreferences()));
    if (!this.#launcher) return;
    this.#root.append(this.#launcher);
    if (hadFocus) this.#launcher.focus();
  }

  #closeDialog(): void {
    this.#dialog?.close();
  }

  #say(message: string): void {
    clearTimeout(this.#statusTimer);
    this.#status.replaceChildren(element('span', {}, message));
    this.#statusTimer = setTimeout(() => {
      this.#status.replaceChildren();
    }, STATUS_MS);
  }
}
