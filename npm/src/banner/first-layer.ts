/**
 * First layer: asks without blocking the page.
 *
 * A labelled region, not a dialog: the page stays usable, so focus is neither taken nor trapped. Accept, reject and choose are the same
 * component. There is no way to dismiss it, because dismissing must not count as an answer; it goes when one is given.
 */

import { button, element } from './dom.js';
import type { BannerOptions, Choice } from './types.js';
import type { Wording } from './wording.js';

/** What the visitor can do here. */
export interface FirstLayerActions {
  answer(choice: Choice): void;
  choose(): void;
}

/** Returns the first layer, ready to be put into the shadow root. */
export function firstLayer(text: Wording, options: BannerOptions, gpc: boolean, actions: FirstLayerActions): HTMLElement {
  return element(
    'section',
    { class: 'f', role: 'region', 'aria-label': text.title, part: 'banner', 'data-position': options.position ?? 'corner' },
    element('h2', {}, text.title),
    element('p', {}, text.intro),
    gpc ? element('p', { class: 'n', part: 'notice' }, text.gpcNotice) : null,
    links(text, options),
    element(
      'div',
      { class: 'g' },
      button(text.acceptAll, () => actions.answer('all')),
      button(text.rejectAll, () => actions.answer('none')),
      button(text.choose, actions.choose, { 'aria-haspopup': 'dialog' }),
    ),
  );
}

/** Returns the links to the privacy policy and the imprint, those the shop gave an address for. */
export function links(text: Wording, options: BannerOptions): HTMLElement | null {
  const link = (href: string | undefined, label: string): HTMLElement | null => (href ? element('a', { href, part: 'link' }, label) : null);
  const made = [link(options.privacyUrl, text.privacyPolicy), link(options.imprintUrl, text.imprint)];
  return made.some(Boolean) ? element('p', { class: 'l' }, ...made) : null;
}
