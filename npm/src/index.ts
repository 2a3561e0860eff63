/**
 * Firsthand for bundlers. Importing it touches nothing, so it is safe on a server: there, calls do nothing.
 *
 * The core comes as a chunk of its own with the module inside, loaded by `init()`.
 */
import { nothingChosen, notStarted } from './starting.js';
import { createStub, type Stub } from './stub.js';
import type { Consent, Firsthand, Options, Person, Status, TrackOptions } from './types.js';

export type * from './types.js';

let stub: Stub | undefined;
let started: Promise<void> | undefined;
/** Why the core did not come, if it did not. */
let failure: string | undefined;

const isPage = (): boolean => typeof window != 'undefined' && typeof document != 'undefined';
const api = (): Stub => {
  const it = (stub ??= createStub());
  // On a server nobody ever takes the calls away.
  if (!isPage()) it.q.length = 0;
  return it;
};

/** Starts the SDK; a second call returns the first one's promise. Settles when the core runs or has failed, never rejects. */
export const init = (options: Options): Promise<void> => {
  if (!isPage()) return Promise.resolve();
  return (started ??= import('./core.js').then(
    (core) => core.start(api(), options),
    (error) => void (failure = String(error).slice(0, 200)),
  ));
};

/** Records an event; returns the id it has in all its copies. */
export const track = (name: string, props?: object, options?: TrackOptions): string => api().track(name, props, options);

/** Records a page view. */
export const page = (props?: object): string => api().page(props);

/** Tells who the visitor is; personal values become digests at once. */
export const identify = (person: Person): void => void api().identify(person);

/** Forgets the visitor. */
export const reset = (): void => void api().reset();

/** Sends what waits. On a server it settles at once. */
export const flush = (): Promise<void> => (isPage() ? api().flush() : Promise.resolve());

/** Returns the status; with an argument also switches logging to the console. */
export const debug = (on?: boolean): Status => {
  const known = { ...notStarted(), ...api().debug(on) };
  return failure ? { ...known, state: 'inert', reason: failure } : known;
};

/** Returns the status. */
export const status = (): Status => debug();

/** The visitor's choice. */
export const consent: Consent = {
  get() {
    const state = api().consent.get();
    // The stub's own has nothing but empty lists.
    return state?.regime ? state : nothingChosen();
  },
  set: (choice, context) => void api().consent.set(choice, context),
  on: (callback) => api().consent.on(callback),
  open: () => void api().consent.open(),
};

/** All of it as one object. */
export const firsthand: Firsthand = { track, page, identify, consent, reset, flush, debug };
