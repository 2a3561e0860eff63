/** Tools that come later than we do, and announce themselves by nothing but being there. */
import { safely } from './link.js';

/** How often we look at first, … */
const SOON_MS = 100;
/** … until then, … */
const SOON_UNTIL_MS = 5_000;
/** … how often after that, … */
const LATER_MS = 1_000;
/** … and when we stop: what has not come by then is not on this page. */
const GIVE_UP_MS = 120_000;

/** Calls back once with what `find` finds, now or when it appears. */
export const whenThere = <T>(find: () => T | undefined | null | false, found: (it: T) => void): void => {
  const start = performance.now();
  const look = (): void => {
    const it = safely(find);
    if (it) return void safely(() => found(it));
    const waited = performance.now() - start;
    if (waited < GIVE_UP_MS) setTimeout(look, waited < SOON_UNTIL_MS ? SOON_MS : LATER_MS);
  };
  look();
};
