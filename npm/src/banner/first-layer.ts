/**
 * First layer: asks without blocking the page.
 *
 * A labelled region, not a dialog: the page stays usable, so focus is neither taken nor trapped. Accept, reject and choose are the same
 * component. There is no way to dismiss it, because dismissing must not count as an answer; it goes when one is given.
 */

import { button, element } from './dom.js';
import type { Wording } from './texts.js';
import type { BannerOptions, Choice } from './types.js';

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
    policyLink(text, options),
    element(
      'div',
      { class: 'g' },
      button(text.acceptAll, () => actions.answer('all')),
      button(text.rejectAll, () => actions.answer('none')),
      button(text.choose, actions.choose, { 'aria-haspopup': 'dialog' }),
    ),
  );
}

/** Returns the link to the privacy policy, or nothing where the shop gave no address. */
export function policyLink(text: Wording, options: BannerOptions): HTMLElement | null {
  return options.privacyUrl ? element('a', { href: options.privacyUrl, part: 'link' }, text.privacyPolicy) : null;
}
