/** Decides in which words and which direction the visitor is addressed. */

import { pickLanguage, wantedLanguages, type Language } from './languages.js';
import type { BannerTexts, WordingOptions } from './types.js';

/** Texts with the language and direction that the root element declares. */
export type Wording = BannerTexts & { readonly dir: 'ltr' | 'rtl' };

/** Where texts come from. */
export interface TextSource {
  /** Stands in when the language's texts cannot be had. */
  readonly fallback: BannerTexts;
  load(language: Language): Promise<BannerTexts>;
}

/** How long texts may take, in milliseconds; then the visitor is asked in the language of the fallback. */
const DEADLINE_MS = 3000;

/** What `data-banner` may say instead of a language tag. */
const SWITCH = /^(on|true|1|yes)$/;

/** Returns the texts that `options` ask for: the language's own, with the shop's words laid over them. Never rejects. */
export async function wording(options: WordingOptions, source: TextSource): Promise<Wording> {
  const wanted = [SWITCH.test(options.lang ?? '') ? undefined : options.lang, ...wantedLanguages()];
  const found = await inTime(source, pickLanguage(wanted));
  const { texts } = options;
  const asked = wanted.find(Boolean) ?? found.lang;
  const given = typeof texts === 'function' ? texts(asked, found) : texts;
  const laid = layOver(found, given);
  return { ...laid, dir: options.dir ?? laid.dir ?? 'ltr' };
}

async function inTime(source: TextSource, language: Language): Promise<BannerTexts> {
  if (language === source.fallback.lang) return source.fallback;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<BannerTexts>((resolve) => {
    timer = setTimeout(() => resolve(source.fallback), DEADLINE_MS);
  });
  try {
    return await Promise.race([source.load(language), late]);
  } catch {
    return source.fallback;
  } finally {
    clearTimeout(timer);
  }
}

/** Returns `base` with what `given` says instead, one text at a time. */
function layOver<Texts extends object>(base: Texts, given: object | undefined): Texts {
  const laid = { ...base } as Record<string, unknown>;
  for (const [key, value] of Object.entries(given ?? {})) {
    const old = laid[key];
    if (typeof value === 'object' && value && typeof old === 'object' && old) laid[key] = layOver(old, value);
    else if (value != null) laid[key] = value;
  }
  return laid as Texts;
}
