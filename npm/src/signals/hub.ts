/**
 * Joins what the sources say, and tells the core at once: the stricter answer counts, purpose by purpose.
 *
 * While a source has not answered, events are held; after the time it has (`signalsTimeoutMs`) the regime decides without it, and its late answer
 * counts when it comes.
 */
import { Step } from '../steps.js';
import type { ChoiceEvidence, ConsentState, Purpose, SignalsState } from '../types.js';
import { PURPOSES, SILENT, type Core, type Read, type Word } from './link.js';
import { basisOf } from './sources.js';

/** Warnings that are kept; each is said once. */
const MOST_WARNINGS = 20;

export interface Hub {
  /** Takes a word of a source. */
  hear(name: string, word: Word): void;
  /** The time of the sources is over. */
  late(): void;
  /** Adds a warning. */
  warn(text: string): void;
  /** Looks again at what depends on the core's state. */
  review(): void;
  state(): SignalsState;
}

export const hub = (names: readonly string[], read: Read, { on, methods, choices }: Core, warned: (text: string) => void): Hub => {
  const words = new Map<string, Word>();
  const warnings: string[] = [];
  let isLate = false;
  let isAwaited = names.length > 0;
  let answers = SILENT;
  let last = '';

  const warn = (text: string): void => {
    if (warnings.includes(text) || warnings.length >= MOST_WARNINGS) return;
    warnings.push(text);
    warned(text);
  };
  // The core's own: the page's shows what this one says.
  const { get } = methods;
  const byDefault = (): string => ((get!() as ConsentState).regime == 'opt_in' ? '-' : '0');

  /** What each source says. A no by default is silence where silence is a no: there it may still become a yes, and what waits is kept. */
  const heard = (): Map<string, string> => {
    const no = byDefault();
    return new Map([...words].map(([name, word]) => [name, word.answers.replace(/d/g, no)]));
  };

  /** Says which two of the sources contradict each other. */
  const warnOfContradiction = (said: Map<string, string>): void => {
    PURPOSES.forEach((purpose, index) => {
      const who = (answer: string): string[] => [...said].filter(([, text]) => text[index] == answer).map(([name]) => name);
      if (who('0').length && who('1').length) warn(`${purpose}: ${who('0')} says no, ${who('1')} says yes; the no counts`);
    });
  };

  /** Of all sources that have some, the first in the order of the option first. */
  const evidence = (): ChoiceEvidence =>
    Object.assign({}, ...names.map((name) => words.get(name)?.evidence).reverse().map((it) => JSON.parse(JSON.stringify(it ?? {}))));

  const review = (): void => {
    const said = heard();
    const [joint, isContradiction] = read('joint', [...said.values()].join('\n'), '', '').split('\n');
    if (isContradiction) warnOfContradiction(said);
    answers = joint!;
    isAwaited = names.some((name) => (words.has(name) ? words.get(name)!.isAsking : !isLate));
    const speaker = names.find((name) => (said.get(name) ?? SILENT) != SILENT);
    const text = answers + '\n' + (speaker ? basisOf(speaker) : '');
    const now = text + +isAwaited;
    if (now == last) return;
    last = now;
    const id = on(Step.Signal, text, +isAwaited);
    // The collector is told of a change under the id that it knows the visitor by.
    if (id) choices.add(id, JSON.parse(on(Step.Consent).split('\n')[0]!), evidence());
  };

  return {
    hear(name, word) {
      if (word.problem) warn(word.problem);
      words.set(name, word);
      review();
    },
    late() {
      isLate = true;
      for (const name of names) if (!words.has(name)) warn(name + ': no answer in time; the regime decides until one comes');
      review();
    },
    warn,
    review,
    state: () => ({
      awaited: isAwaited,
      answers: Object.fromEntries(PURPOSES.map((purpose, index) => [purpose, answers[index] == '-' ? null : answers[index] == '1'])) as Record<Purpose, boolean | null>,
      sources: Object.fromEntries(heard()),
      warnings: [...warnings],
    }),
  };
};
