/** The banner as a script of its own, in German. */

import { registerBanner } from './register.js';
import { de } from './texts/de.js';

registerBanner(de);
