/** Decides in which words and which direction the banner speaks. */

import { en } from './texts/en.js';
import type { BannerOptions, BannerTexts } from './types.js';

/** Texts with the language and direction that the banner's root element declares. */
export type Wording = BannerTexts & { readonly lang: string; readonly dir: 'ltr' | 'rtl' };

/** Returns the texts that `options` ask for, laid over English so that no label is ever missing. */
export function wording(options: BannerOptions): Wording {
  const asked = options.lang ?? (document.documentElement.lang || navigator.language || en.lang);
  const given = typeof options.texts === 'function' ? options.texts(asked) : options.texts;
  const texts: BannerTexts = { ...en, ...given, purposes: { ...en.purposes, ...given?.purposes } };
  return { ...texts, dir: options.dir ?? texts.dir ?? 'ltr' };
}
