/**
 * Personal values become digests, in a module of its own that is loaded when the first value comes (or before, on a page that asks for one).
 *
 * Until it is there the clear values wait in the page's memory, at most {@link MOST} calls; they are let go when they are hashed, when another
 * visitor is named, when the visitor says no, and when the module cannot be loaded. They are stored nowhere.
 */

/** `digest` of `sdk/person`. */
export type Digest = (lines: string, defaultCountry: string) => string;

const MOST = 10;
/** Events that wait for their digests leave without them then. */
const DEADLINE_MS = 5_000;
/** Fields by which a page shows that it will know a person. */
const FIELDS = 'input[type=email],input[type=tel],[autocomplete*=email]';

export interface Hashing {
  /** Hashes the lines, now or as soon as the module is there. */
  add(lines: string): void;
  /** Lets clear values go. */
  forget(): void;
  /** Loads the module if the page asks for an address or a number. */
  expect(): void;
}

/** `done` takes digest lines and the names of refused values; `pause` tells whether digests are awaited. */
export const hashing = (load: () => Promise<Digest>, country: string, done: (digests: string, refused: string[]) => void, pause: (isOn: boolean) => void): Hashing => {
  let digest: Digest | undefined;
  let loading: Promise<void> | undefined;
  let waiting: string[] = [];

  const work = (): void => {
    for (const lines of waiting.splice(0)) {
      try {
        const [digests, refused] = digest!(lines, country).split('\n\n') as [string, string];
        done(digests, refused ? refused.split(',') : []);
      } catch {
        // A trap in the module: the values are gone, the events leave without them.
      }
    }
  };
  const ready = (): Promise<void> =>
    (loading ??= load().then(
      (loaded) => void (digest = loaded),
      () => void (loading = undefined),
    ));
  return {
    add(lines) {
      waiting = [...waiting, lines].slice(-MOST);
      if (digest) return work();
      pause(true);
      const late = setTimeout(() => pause(false), DEADLINE_MS);
      void ready().then(() => {
        if (digest) work();
        waiting = [];
        clearTimeout(late);
        pause(false);
      });
    },
    forget: () => void (waiting = []),
    expect() {
      const look = (): void => void (document.querySelector(FIELDS) && ready());
      if (typeof requestIdleCallback == 'function') requestIdleCallback(look);
      else setTimeout(look, 1_000);
    },
  };
};
