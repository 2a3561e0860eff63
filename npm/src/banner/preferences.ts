/**
 * Preferences: one native checkbox per purpose in a native modal `<dialog>`.
 *
 * A box shows what is allowed now, so under `opt_in` none is ticked before the visitor ticks it, and a grant that no longer counts is not
 * passed off as one that does. Closing it, by Esc or by its button, changes nothing.
 */

import { button, element } from './dom.js';
import { policyLink } from './first-layer.js';
import type { Wording } from './texts.js';
import { PURPOSES, type BannerOptions, type Choice, type ConsentState, type Purpose } from './types.js';

/** What the visitor can do here. */
export interface PreferencesActions {
  /** `afterGpcNotice`: sharing was ticked beside the notice about Global Privacy Control. */
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
    list.append(purposeItem(text, options, purpose, box, state.gpc && purpose === 'third_party_sharing' ? text.gpcNotice : null));
  }
  return element(
    'dialog',
    { 'aria-labelledby': 't', part: 'preferences' },
    button('✕', actions.close, { class: 'x', 'aria-label': text.close }),
    element('h2', { id: 't', tabindex: '-1', autofocus: '' }, optIn ? text.preferences : text.privacyChoices),
    state.showOptOutHonoured ? element('p', { class: 'n', part: 'status' }, text.optOutHonoured) : null,
    element('p', {}, optIn ? text.preferencesIntro : text.privacyChoicesIntro),
    policyLink(text, options),
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

/** Returns one purpose; a `notice` about it stands beside its box and belongs to its description. */
function purposeItem(text: Wording, options: BannerOptions, purpose: Purpose, box: HTMLInputElement, notice: string | null): HTMLLIElement {
  const { name, about } = text.purposes[purpose];
  const recipients = options.recipients?.[purpose] ?? [];
  const sentence = recipients.length > 0 ? `${about} ${text.recipients} ${recipients.join(', ')}.` : about;
  return element(
    'li',
    {},
    element('label', { class: 'c' }, box, name),
    element('div', { class: 'm', id: `d-${purpose}` }, element('p', {}, sentence), notice === null ? null : element('p', { class: 'n', part: 'notice' }, notice)),
  );
}

function necessary(text: Wording): HTMLLIElement {
  const { name, about, always } = text.necessary;
  return element('li', {}, element('h3', {}, name, element('span', { class: 'm' }, always)), element('p', { class: 'm' }, about));
}
