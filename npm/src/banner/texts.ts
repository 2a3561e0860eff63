/**
 * The words, for those who draw a banner of their own: what the npm package exports as `firsthand/texts`, also served as `texts.js`.
 *
 * English is part of it; every other language is a file of its own (`texts.de.js`), loaded when it is asked for.
 */

import { LANGUAGES, pickLanguage, type Language } from './languages.js';
import { en } from './texts/en.js';
import type { BannerTexts } from './types.js';

export { LANGUAGES as languages, pickLanguage };
export { PURPOSES as purposes } from './purposes.js';
export { en };

type Module = Promise<{ readonly default: BannerTexts }>;

/** Written out, so that a bundler makes each a chunk of its own. */
const FILES: Readonly<Record<Exclude<Language, 'en'>, () => Module>> = {
  ar: () => import('./texts/ar.js'),
  cs: () => import('./texts/cs.js'),
  da: () => import('./texts/da.js'),
  de: () => import('./texts/de.js'),
  el: () => import('./texts/el.js'),
  es: () => import('./texts/es.js'),
  fi: () => import('./texts/fi.js'),
  fr: () => import('./texts/fr.js'),
  he: () => import('./texts/he.js'),
  hu: () => import('./texts/hu.js'),
  it: () => import('./texts/it.js'),
  ja: () => import('./texts/ja.js'),
  nb: () => import('./texts/nb.js'),
  nl: () => import('./texts/nl.js'),
  pl: () => import('./texts/pl.js'),
  pt: () => import('./texts/pt.js'),
  'pt-BR': () => import('./texts/pt-BR.js'),
  ro: () => import('./texts/ro.js'),
  sv: () => import('./texts/sv.js'),
};

/** Returns the texts in the first of the wanted languages that there is; in English where there is none. Rejects when a file cannot be loaded. */
export async function texts(...wanted: readonly string[]): Promise<BannerTexts> {
  const language = pickLanguage(wanted);
  return language === 'en' ? en : (await FILES[language]()).default;
}
