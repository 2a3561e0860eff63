/** The banner as a script of its own: announces itself to the SDK that loaded it, through `window.firsthand.__banner`. */

import { mounting, type MountBanner } from './mount.js';
import { besideScript } from './script-texts.js';

interface Page {
  firsthand?: { __banner?: (mount: MountBanner) => void };
}

try {
  (globalThis as Page).firsthand?.__banner?.(mounting(besideScript()));
} catch {
  // A failing SDK must not break the page its script tag is in.
}
