/** What the parts of this module share, and what the core's surface hands to it. */
import type { Choices } from '../choices.js';
import type { Step } from '../steps.js';
import type { ChoiceEvidence, Options, Purpose } from '../types.js';

/** `signal` of `sdk/signals`. */
export type Read = (kind: string, text: string, sections: string, vendors: string) => string;

/** Takes a step on the core (`client.ts`). */
export type On = (step: Step, text?: string, number?: number) => string;

/** The calls of the API; this module wraps some. */
export type Methods = Record<string, (...args: any[]) => any>;

/** The running core, as far as this module uses it. */
export interface Core {
  on: On;
  methods: Methods;
  choices: Choices;
}

/** Starts the signals on a running core. `late` is the timer that gives up waiting for this module. */
export type Run = (on: On, methods: Methods, options: Options, choices: Choices, late: ReturnType<typeof setTimeout>) => void;

export const PURPOSES: readonly Purpose[] = ['marketing', 'analytics', 'personalization', 'third_party_sharing'];

/** Nothing said. */
export const SILENT = '----';

/** What one source says. */
export interface Word {
  /**
   * A character per purpose in the order of {@link PURPOSES}: `1` yes, `0` no, `-` nothing said; `d`: no by a default that the visitor has not
   * confirmed, which is a no except where silence is one anyway.
   */
  answers: string;
  /** It is asking the visitor now, or was and will answer again: that wait has no end but the visitor's. */
  isAsking?: boolean;
  /** What goes into the receipt. */
  evidence?: ChoiceEvidence;
  /** Something that the page's developer should see; no value of the visitor's. */
  problem?: string;
}

/** What a source is given. */
export interface Tools {
  /** Reads a string of a framework. */
  read(kind: 'tcf' | 'gpp', text: string, sections?: string): string;
  /** What categories mean here: those of the option. */
  categories: Readonly<Record<string, readonly Purpose[]>>;
  options: NonNullable<Options['signalsOptions']>;
  /** Whether the same system is told by us. */
  isTold(name: string): boolean;
}

/** Watches one system, and reports whenever it has something to say. */
export type Source = (report: (word: Word) => void, tools: Tools) => void;

/** The page's global object; on a server there is none, and importing this must not fail. */
export const page = globalThis as any;

/** Runs what touches another tool's code: whatever it does, the page does not hear of it from us. */
export const safely = <T>(work: () => T): T | undefined => {
  try {
    return work();
  } catch {
    return undefined;
  }
};

/** A callback to hand to another tool. */
export const safe =
  <A extends unknown[]>(work: (...args: A) => void) =>
  (...args: A): void =>
    void safely(() => work(...args));

/** Listens to events that another tool sends. */
export const listen = (target: EventTarget, names: readonly string[], hear: (event: any) => void): void =>
  names.forEach((name) => target.addEventListener(name, safe(hear)));
