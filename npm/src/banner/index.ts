/** The consent banner: what the npm package exports as `firsthand/banner`. */

import { mounting } from './mount.js';
import { en, texts } from './texts.js';

/** Shows the consent banner and returns its controls; a second call returns the banner that is already there. Does nothing on a server. */
export const mountBanner = /* @__PURE__ */ mounting({ fallback: en, load: texts });

export { en };
export type * from './types.js';
