/** Texts for a script: English inside, the other languages in files beside it. */

import { en } from './texts/en.js';
import type { BannerTexts } from './types.js';
import type { TextSource } from './wording.js';

/** Returns the texts beside the script that runs now; to be called while it runs first. */
export function besideScript(): TextSource {
  const script = document.currentScript as HTMLScriptElement | null;
  const base = script?.src || location.href;
  return {
    fallback: en,
    // A module of the script's own host: allowed wherever the script is, by its host or by its nonce.
    load: async (language) => ((await import(new URL(`texts.${language}.js`, base).href)) as { default: BannerTexts }).default,
  };
}
