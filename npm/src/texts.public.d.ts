import type { BannerTexts, Purpose } from './banner-types.js';

export type * from './banner-types.js';

/** One of the languages there are texts in. */
export type Language =
  | 'ar' | 'cs' | 'da' | 'de' | 'el' | 'en' | 'es' | 'fi' | 'fr' | 'he' | 'hu' | 'it' | 'ja' | 'nb' | 'nl' | 'pl' | 'pt' | 'pt-BR' | 'ro' | 'sv';

/** The languages there are texts in. */
export declare const languages: readonly Language[];
/** The four purposes, in the order in which the banner shows them. */
export declare const purposes: readonly Purpose[];
/** Returns the first wanted language there are texts in; else English. */
export declare function pickLanguage(wanted: readonly (string | null | undefined)[]): Language;
/** Returns the texts in the first of the wanted languages that there is. Rejects when a file cannot be loaded. */
export declare function texts(...wanted: readonly string[]): Promise<BannerTexts>;
/** The English texts. */
export declare const en: BannerTexts;
