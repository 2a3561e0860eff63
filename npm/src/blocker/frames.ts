/**
 * Loads `<iframe data-purpose data-src>` while its purposes are allowed, and shows a placeholder while they are not.
 *
 * The frame stays where the page put it, hidden; the placeholder stands right before it. Frameworks that own the frame may move and remove it.
 */

import { applyStyles } from '../banner/dom.js';
import type { Evidence } from '../banner/evidence.js';
import type { ConsentState } from '../banner/types.js';
import type { Wording } from '../banner/wording.js';
import { isVisible, placeholder } from './placeholder.js';
import { areAllowed, neededBy } from './purposes.js';
import type { BlockerOptions } from './types.js';

const BLOCKED = 'iframe[data-purpose][data-src]';
/** Marks a frame that is hidden behind its placeholder. */
const HIDDEN = 'data-fh-blocked';

interface Frame {
  /** The address that was loaded. */
  loaded?: string | undefined;
  stand?: HTMLElement | undefined;
  /** The placeholder was made before the SDK had started: it warns of nothing and cannot take a choice. */
  isProvisional?: boolean;
  /** The visitor loaded it without a choice; `at` is the time of the choice that stood then. */
  once?: { readonly at: number | null } | undefined;
}

/** Loads and unloads frames. */
export interface Frames {
  /** Brings every frame of the page to what is allowed now. */
  apply(): void;
  /** Removes the placeholders. */
  stop(): void;
}

/**
 * `current` gives the consent state of the moment, `wording` the texts as soon as they are there and asks for another `apply` otherwise; `allow` takes
 * the visitor's "always".
 */
export function frames(
  options: BlockerOptions,
  current: () => ConsentState | undefined,
  wording: () => Wording | undefined,
  allow: (purposes: readonly string[], evidence: Evidence) => void,
): Frames {
  const known = new Map<HTMLIFrameElement, Frame>();
  let hasStyle = false;

  const hide = (element: HTMLIFrameElement, frame: Frame, state: ConsentState | undefined): void => {
    const text = isVisible(element) ? wording() : undefined;
    if (!text) return;
    const purposes = neededBy(element);
    const once = (): void => {
      frame.once = { at: current()?.at ?? null };
      load(element, frame);
    };
    frame.isProvisional = !state;
    const mustWarn = state?.gpc === true && purposes.includes('third_party_sharing');
    frame.stand = placeholder(element, purposes, text, options, mustWarn, {
      once,
      always: (evidence) => (state ? allow(purposes, evidence) : once()),
    });
    if (!hasStyle) applyStyles(document, `[${HIDDEN}]{display:none!important}`, options.nonce);
    hasStyle = true;
    element.before(frame.stand);
    element.setAttribute(HIDDEN, '');
  };

  const one = (element: HTMLIFrameElement, state: ConsentState | undefined): void => {
    const frame = known.get(element) ?? {};
    known.set(element, frame);
    const names = neededBy(element);
    if (frame.once && state && state.at !== frame.once.at && names.some((name) => isRefused(name, state))) frame.once = undefined;
    if (areAllowed(names, state) || frame.once) {
      if (frame.loaded !== element.dataset.src) load(element, frame);
    } else {
      if (frame.loaded !== undefined) unload(element, frame);
      if (frame.stand && frame.isProvisional && state) uncover(element, frame);
      if (!frame.stand) hide(element, frame, state);
      else if (frame.stand.nextSibling !== element) element.before(frame.stand);
    }
  };

  const forget = (element: HTMLIFrameElement): void => {
    const frame = known.get(element);
    if (frame) uncover(element, frame);
    known.delete(element);
  };
  return {
    apply() {
      const state = current();
      for (const element of [...known.keys()]) if (!element.isConnected || !element.matches(BLOCKED)) forget(element);
      for (const element of document.querySelectorAll<HTMLIFrameElement>(BLOCKED)) one(element, state);
    },
    stop() {
      for (const element of [...known.keys()]) forget(element);
    },
  };
}

function isRefused(name: string, state: ConsentState): boolean {
  return (state.choice as Readonly<Record<string, boolean | null>>)[name] === false;
}

/** Loads the frame and hands it the focus that was in its placeholder. */
function load(element: HTMLIFrameElement, frame: Frame): void {
  const { src } = element.dataset;
  if (src === undefined) return;
  const hadFocus = Boolean(frame.stand?.shadowRoot?.activeElement);
  uncover(element, frame);
  frame.loaded = src;
  element.src = src;
  if (hadFocus) element.focus();
}

function uncover(element: HTMLIFrameElement, frame: Frame): void {
  frame.stand?.remove();
  frame.stand = undefined;
  element.removeAttribute(HIDDEN);
}

/** Takes the content away for good: what only loses its `src` keeps running. */
function unload(element: HTMLIFrameElement, frame: Frame): void {
  frame.loaded = undefined;
  element.removeAttribute('src');
  element.contentWindow?.location.replace('about:blank');
}
