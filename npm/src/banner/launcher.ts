/**
 * The ways back: links of the page that open the preferences, the small button that stands in where a page has none, and the place where an
 * honoured opt-out is shown.
 *
 * One delegated listener serves every link, so links that a framework renders later work too.
 */

import { button, element } from './dom.js';
import type { Wording } from './texts.js';
import type { BannerOptions, ConsentState } from './types.js';

/** Fragment of an address that opens the preferences. */
export const FRAGMENT = '#firsthand-consent';
/** Elements of the page that open the preferences. */
const OPENERS = `[data-firsthand-consent],a[href="${FRAGMENT}"]`;
/** Elements of the page that take the text about an honoured opt-out. */
const STATUS_SLOTS = '[data-firsthand-status]';

/** Calls `open` when an opener is activated, also one inside an open shadow root; returns the function that ends it. */
export function listenForOpeners(open: () => void): () => void {
  const onClick = (event: Event): void => {
    const target = event.composedPath()[0];
    if (!(target instanceof Element) || !closestOpener(target)) return;
    event.preventDefault();
    open();
  };
  document.addEventListener('click', onClick);
  return () => document.removeEventListener('click', onClick);
}

/** Returns the small button, or nothing where the page does not need it. */
export function launcher(text: Wording, options: BannerOptions, state: ConsentState, open: () => void): HTMLElement | null {
  const wanted = options.launcher ?? 'auto';
  if (wanted === false || (wanted === 'auto' && !pageNeedsLauncher(state))) return null;
  const made = button(state.regime === 'opt_in' ? text.preferences : text.privacyChoices, open, {
    class: 'w',
    part: 'launcher',
    'aria-haspopup': 'dialog',
  });
  if (state.showOptOutHonoured) made.append(element('span', {}, text.optOutHonoured));
  return made;
}

/** Writes whether an opt-out was honoured into the elements the page keeps for it. */
export function showStatus(text: Wording, honoured: boolean): void {
  for (const slot of document.querySelectorAll(STATUS_SLOTS)) {
    const wanted = honoured ? text.optOutHonoured : '';
    if (slot.textContent !== wanted) slot.textContent = wanted;
  }
}

function pageNeedsLauncher(state: ConsentState): boolean {
  return !document.querySelector(OPENERS) || (state.showOptOutHonoured && !document.querySelector(STATUS_SLOTS));
}

function closestOpener(start: Element): boolean {
  for (let at: Element | null = start; at; ) {
    if (at.closest(OPENERS)) return true;
    const root = at.getRootNode();
    at = root instanceof ShadowRoot ? root.host : null;
  }
  return false;
}
