/** What stands in the place of a blocked frame: says whose content it is, what it needs, and offers to load it. */

import { applyStyles, button, element } from '../banner/dom.js';
import { evidenceOf, type Evidence } from '../banner/evidence.js';
import { THEME } from '../banner/theme.js';
import type { Wording } from '../banner/wording.js';
import type { BlockerOptions } from './types.js';

/** What the visitor can do here. */
export interface PlaceholderActions {
  once(): void;
  always(evidence: Evidence): void;
}

const CSS = `.r{height:100%}
.p{display:flex;flex-direction:column;justify-content:safe center;height:100%;padding:.75em max(1em,50% - 18em);overflow:auto;background:var(--fh-background,var(--b));border:1px solid var(--fh-line,var(--l));border-radius:var(--fh-radius,.75em);overflow-wrap:break-word;line-height:1.4}
.p>*{flex:none}
p{margin-bottom:.35em}
.m{color:var(--fh-muted,var(--m));font-size:.875em}
.g{display:flex;flex-wrap:wrap;margin-top:.4em}
button{flex:1;padding-block:.25em}`;

/** Frames that are lower than this get a placeholder that is as high as its text, in pixels. */
const LOWEST = 100;

/** Returns the placeholder for a frame; as large as the frame is now, so nothing moves. `mustWarn`: the notice about the privacy signal is shown. */
export function placeholder(
  frame: HTMLIFrameElement,
  purposes: readonly string[],
  text: Wording,
  options: BlockerOptions,
  mustWarn: boolean,
  actions: PlaceholderActions,
): HTMLElement {
  const names = purposes.map((purpose) => text.purposes[purpose as keyof Wording['purposes']]?.name ?? purpose);
  const fill = (words: string): string => words.replace('{host}', hostOf(frame)).replace('{purposes}', listed(names, text.lang));
  const title = fill(text.embed.title);
  const group = element(
    'div',
    { class: 'p', role: 'group', 'aria-label': [frame.title, title].filter(Boolean).join(' – '), part: 'placeholder' },
    element('p', {}, element('strong', {}, frame.title || title)),
    element('p', { class: 'm' }, frame.title ? `${title}. ` : null, fill(text.embed.about)),
    mustWarn ? element('p', { class: 'm n', part: 'notice' }, text.gpcConflict) : null,
  );
  group.append(element('div', { class: 'g' }, button(text.embed.once, actions.once), button(text.embed.always, () => actions.always(evidence()))));
  const evidence = evidenceOf(group, text);
  const host = document.createElement('firsthand-placeholder');
  const shadow = host.attachShadow({ mode: 'open' });
  applyStyles(shadow, THEME + CSS + hostSize(frame), options.nonce);
  shadow.append(element('div', { class: 'r', lang: text.lang, dir: text.dir, 'data-theme': options.theme ?? 'auto' }, group));
  return host;
}

/** Returns whether a visitor would see the frame; one that is there for measuring only needs no placeholder. */
export function isVisible(frame: HTMLIFrameElement): boolean {
  const { display, visibility } = getComputedStyle(frame);
  return display !== 'none' && visibility !== 'hidden' && !(frame.getClientRects().length > 0 && frame.offsetWidth * frame.offsetHeight < 100);
}

function listed(names: readonly string[], lang: string): string {
  try {
    return new Intl.ListFormat(lang).format(names);
  } catch {
    // A tag that is none, or a browser without lists.
    return names.join(', ');
  }
}

function hostOf(frame: HTMLIFrameElement): string {
  try {
    return new URL(frame.dataset.src ?? '', document.baseURI).hostname.replace(/^www\./, '');
  } catch {
    return '?';
  }
}

/** Returns the rule that gives the placeholder the place of the frame. */
function hostSize(frame: HTMLIFrameElement): string {
  const { offsetWidth: width, offsetHeight: height, parentElement } = frame;
  const { position, margin, display, verticalAlign } = getComputedStyle(frame);
  if (position === 'absolute' || position === 'fixed') return `:host{position:${position};inset:0;width:100%;height:100%}`;
  if (!width) return ':host{display:block}';
  const around = parentElement && getComputedStyle(parentElement);
  const room = around ? parentElement.clientWidth - parseFloat(around.paddingInlineStart) - parseFloat(around.paddingInlineEnd) : width;
  const wide = Math.abs(room - width) < 2 ? '100%' : `min(100%,${width}px)`;
  // Only what hides its overflow has its baseline where a frame has it.
  return `:host{display:${display === 'inline' ? 'inline-block' : 'block'};overflow:hidden;vertical-align:${verticalAlign};width:${wide};${height < LOWEST ? 'min-' : ''}height:${height}px;margin:${margin}}`;
}
