/**
 * Tells the other tools of the page what is allowed: on load, as soon as there is something to tell, and on every change, each once.
 *
 * As long as the visitor has to be asked, or a consent tool is awaited, nothing is told: what the page set before its tags (docs/signals.md)
 * stands.
 */
import type { ConsentState, TellName } from '../../types.js';
import { PURPOSES, safely, type Read } from '../link.js';
import type { Listener } from './listeners.js';

const ORDER: readonly TellName[] = ['consent_mode', 'uet', 'meta', 'tiktok', 'shopify'];

export const teller = (names: readonly TellName[], read: Read, listeners: Readonly<Record<TellName, Listener>>): ((state: ConsentState, isAwaited: boolean) => void) => {
  let told = '';
  return (state, isAwaited) => {
    const allowed = PURPOSES.map((purpose) => +state.allow[purpose]).join('');
    const isOpen = isAwaited || (state.prompt && allowed == '0000' && state.at == null);
    if (allowed == told || (isOpen && !told)) return;
    told = allowed;
    const words = read('tell', allowed, '', '').split('\n');
    ORDER.forEach((name, index) => names.includes(name) && safely(() => listeners[name](words[index]!)));
  };
};
