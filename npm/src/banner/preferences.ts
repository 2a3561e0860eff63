/**
 * Preferences: one native checkbox per purpose in a native modal `<dialog>`.
 *
 * A box shows what is allowed now, so under `opt_in` none is ticked before the visitor ticks it, and a grant that no longer counts is not
 * passed off as one that does. Closing it, by Esc or by its button, changes nothing.
 */

import { button, element } from './dom.js';
import { links } from './first-layer.js';
import { PURPOSES } from './purposes.js';
import type { BannerOptions, Choice, ConsentState, Purpose, Recipient } from './types.js';
import type { Wording } from './wording.js';

/** What the visitor can do here. */
export interface PreferencesActions {
  /** `afterGpcNotice`: sharing was ticked while the notice that Global Privacy Control stands against it was shown. */
  answer(choice: Choice, afterGpcNotice: boolean): void;
  close(): void;
}

/** Returns the dialog, not yet shown. */
export function preferencesDialog(
  text: Wording,
  options: BannerOptions,
  state: ConsentState,
  actions: PreferencesActions,
): HTMLDialogElement {
  const optIn = state.regime === 'opt_in';
  const boxes = new Map<Purpose, HTMLInputElement>();
  const list = element('ul', {}, necessary(text));
  for (const purpose of PURPOSES) {
    const box = element('input', { type: 'checkbox', name: purpose, 'aria-describedby': `d-${purpose}` });
    box.checked = state.allow[purpose];
    boxes.set(purpose, box);
    list.append(purposeItem(text, options, purpose, box, state.gpc && purpose === 'third_party_sharing' ? gpcNotices(text, box) : []));
  }
  return element(
    'dialog',
    { 'aria-labelledby': 't', part: 'preferences' },
    button('✕', actions.close, { class: 'x', 'aria-label': text.close }),
    element('h2', { id: 't', tabindex: '-1', autofocus: '' }, optIn ? text.preferences : text.privacyChoices),
    state.showOptOutHonoured ? element('p', { class: 'n', part: 'status' }, text.optOutHonoured) : null,
    element('p', {}, optIn ? text.preferencesIntro : text.privacyChoicesIntro),
    links(text, options),
    list,
    element(
      'div',
      { class: 'g k' },
      button(text.save, () => actions.answer(ticked(state, boxes), state.gpc && boxes.get('third_party_sharing')?.checked === true)),
      button(text.acceptAll, () => actions.answer('all', false)),
      button(text.rejectAll, () => actions.answer('none', false)),
    ),
  );
}

/**
 * Returns what the boxes say. Under `opt_in` that is an answer for every purpose; elsewhere only for those the visitor changed or had answered
 * before, because a box that was ticked from the start and left alone is not a grant.
 */
function ticked(state: ConsentState, boxes: ReadonlyMap<Purpose, HTMLInputElement>): Choice {
  const choice: Partial<Record<Purpose, boolean>> = {};
  for (const [purpose, box] of boxes) {
    const untouched = state.regime !== 'opt_in' && state.choice[purpose] === null && box.checked === state.allow[purpose];
    if (!untouched) choice[purpose] = box.checked;
  }
  return choice;
}

/** Returns one purpose; `notices` about it stand beside its box and belong to its description. */
function purposeItem(text: Wording, options: BannerOptions, purpose: Purpose, box: HTMLInputElement, notices: readonly Node[]): HTMLLIElement {
  const { name, about } = text.purposes[purpose];
  return element(
    'li',
    {},
    element('label', { class: 'c' }, box, name),
    element('div', { class: 'm', id: `d-${purpose}` }, element('p', {}, about), ...notices),
    recipientList(text, options.recipients?.[purpose] ?? []),
  );
}

/**
 * Returns what stands beside sharing under Global Privacy Control: the notice, and the conflict, shown and spoken as soon as the box is ticked.
 * Whoever saves then has been told.
 */
function gpcNotices(text: Wording, box: HTMLInputElement): readonly Node[] {
  const conflict = element('p', { class: 'n', part: 'notice' }, text.gpcConflict);
  const live = element('div', { 'aria-live': 'polite' });
  const show = (): void => live.replaceChildren(...(box.checked ? [conflict] : []));
  box.addEventListener('change', show);
  show();
  return [element('p', { class: 'n', part: 'notice' }, text.gpcNotice), live];
}

/** Returns who gets data for a purpose, folded up. */
function recipientList(text: Wording, recipients: readonly Recipient[]): HTMLElement | null {
  if (!recipients.length) return null;
  const entry = (recipient: Recipient): HTMLLIElement => {
    const { name, url } = typeof recipient === 'string' ? { name: recipient, url: undefined } : recipient;
    return element('li', {}, url ? element('a', { href: url, target: '_blank', rel: 'noopener', part: 'link' }, name) : name);
  };
  return element(
    'details',
    { class: 'm', part: 'recipients' },
    element('summary', {}, `${text.recipients} (${recipients.length})`),
    element('ul', {}, ...recipients.map(entry)),
  );
}

function necessary(text: Wording): HTMLLIElement {
  const { name, about, always } = text.necessary;
  return element('li', {}, element('h3', {}, name, element('span', { class: 'm' }, always)), element('p', { class: 'm' }, about));
}
