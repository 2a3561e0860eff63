import type { TellName } from './signals-types.js';

export type { SignalName, SignalsOptions, SignalsState, TellName } from './signals-types.js';

/** Details of {@link holdTags}. */
export interface HoldOptions {
  /** Name of Google's data layer. Default `dataLayer`. */
  readonly dataLayer?: string;
  /** How long Google's tags wait for the first update, in milliseconds. Default 500. */
  readonly waitForUpdateMs?: number;
}

/**
 * Makes tags wait until they are told what is allowed: called after a pixel's base code has made its function, and before it is started.
 * Does nothing on a server.
 */
export declare function holdTags(names: readonly TellName[], options?: HoldOptions): void;
