/** The banner as a script of its own, in English. */

import { registerBanner } from './register.js';

registerBanner();
