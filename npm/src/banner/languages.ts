/** The languages there are texts in, and which of them a visitor reads. */

/** BCP 47 tags; each but `en` is a file of its own that is loaded when it is needed. */
export const LANGUAGES = [
  'ar', 'cs', 'da', 'de', 'el', 'en', 'es', 'fi', 'fr', 'he', 'hu', 'it', 'ja', 'nb', 'nl', 'pl', 'pt', 'pt-BR', 'ro', 'sv',
] as const;

/** One of the languages there are texts in. */
export type Language = (typeof LANGUAGES)[number];

/** Other tags of the same languages: Norwegian without or with its other written form, and Hebrew's old tag. */
const ALIASES: Readonly<Record<string, Language>> = { no: 'nb', nn: 'nb', iw: 'he' };

/** Returns the first wanted language there are texts in, ignoring region and script where need be; else English. */
export function pickLanguage(wanted: readonly (string | null | undefined)[]): Language {
  for (const tag of wanted) {
    for (let rest = tag?.toLowerCase().replace(/_/g, '-') ?? ''; rest; rest = rest.replace(/(^|-)[^-]*$/, '')) {
      const found = ALIASES[rest] ?? LANGUAGES.find((language) => language.toLowerCase() === rest);
      if (found) return found;
    }
  }
  return 'en';
}

/** Returns what the page and the browser ask for, in this order. */
export function wantedLanguages(): readonly string[] {
  return [document.documentElement.lang, ...(navigator.languages ?? [])].filter(Boolean);
}
