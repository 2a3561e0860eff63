/**
 * The ways back: links of the page that open the preferences, the small button that stands in where a page has none, and the place where an
 * honoured opt-out is shown.
 *
 * One delegated listener serves every link, so links that a framework renders later work too.
 */

import { button, element } from './dom.js';
import type { BannerOptions, ConsentState } from './types.js';
import type { Wording } from './wording.js';

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
  if (state.regime === 'opt_out') made.prepend(optOutIcon());
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

/** Returns the icon that stands beside "Your Privacy Choices" (11 CCR 7015(b)): a pill, one half with a tick, the other with a cross. */
function optOutIcon(): SVGElement {
  const draw = (tag: string, attributes: Readonly<Record<string, string>>, ...children: readonly Node[]): SVGElement => {
    const made = document.createElementNS('http://www.w3.org/2000/svg', tag);
    for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
    made.append(...children);
    return made;
  };
  return draw(
    'svg',
    { viewBox: '0 0 30 14', 'aria-hidden': 'true', fill: 'none', 'stroke-width': '1.6', 'stroke-linecap': 'round' },
    draw('rect', { width: '30', height: '14', rx: '7', fill: '#06f' }),
    draw('path', { d: 'M7 1.2h9.6L13.4 12.8H7A5.8 5.8 0 0 1 7 1.2', fill: '#fff' }),
    draw('path', { d: 'M5.4 7.2l2.4 2.4 4-4.8', stroke: '#06f' }),
    draw('path', { d: 'M19 4.4l5.2 5.2m0-5.2L19 9.6', stroke: '#fff' }),
  );
}

function pageNeedsLauncher(state: ConsentState): boolean {
  const isChangeable = state.regime !== 'none' || state.at !== null;
  return (isChangeable && !document.querySelector(OPENERS)) || (state.showOptOutHonoured && !document.querySelector(STATUS_SLOTS));
}

function closestOpener(start: Element): boolean {
  for (let at: Element | null = start; at; ) {
    if (at.closest(OPENERS)) return true;
    const root = at.getRootNode();
    at = root instanceof ShadowRoot ? root.host : null;
  }
  return false;
}
