/**
 * What the categories of consent tools mean here.
 *
 * Tools do not tell marketing from sharing with others: their advertising category is both. Categories that are in no table
 * (social media, a shop's own) mean nothing until the option `categories` says so.
 */
import type { Purpose } from '../types.js';
import { PURPOSES } from './link.js';

type Table = Readonly<Record<string, readonly Purpose[]>>;

const ADS: readonly Purpose[] = ['marketing', 'third_party_sharing'];
const MEASURE: readonly Purpose[] = ['analytics'];
const COMFORT: readonly Purpose[] = ['personalization'];

/** Names in lower case, of all the tools we know. */
const TABLE: Table = {
  marketing: ADS,
  advertising: ADS,
  advertisement: ADS,
  ads: ADS,
  targeting: ADS,
  c0004: ADS,
  analytics: MEASURE,
  statistics: MEASURE,
  measurement: MEASURE,
  performance: MEASURE,
  c0002: MEASURE,
  preferences: COMFORT,
  functional: COMFORT,
  functionality: COMFORT,
  experience: COMFORT,
  personalization: COMFORT,
  c0003: COMFORT,
};

const meaning = (category: string, own: Table): readonly Purpose[] => {
  const name = category.toLowerCase();
  const found = Object.keys(own).find((key) => key.toLowerCase() == name);
  // Not `in`: a category may be called `constructor`.
  return found ? own[found]! : Object.hasOwn(TABLE, name) ? TABLE[name]! : [];
};

/**
 * Answers by categories that are known to be on (`true`) or off (`false`). A purpose is allowed when all of its categories are on, refused
 * when one is off, and not answered where the tool has none for it.
 */
export const byCategory = (given: Iterable<readonly [string, unknown]>, own: Table, no = '0'): string => {
  const answers: Partial<Record<Purpose, string>> = {};
  for (const [category, isOn] of given) {
    if (typeof isOn != 'boolean') continue;
    for (const purpose of meaning(category, own)) {
      if (!isOn) answers[purpose] = no;
      else answers[purpose] ??= '1';
    }
  }
  return PURPOSES.map((purpose) => answers[purpose] ?? '-').join('');
};

/** Answers by nothing but a list of what the visitor accepted: what is not on it was refused. */
export const byList = (accepted: readonly unknown[], own: Table): string => {
  const on = new Set(accepted.flatMap((category) => (typeof category == 'string' ? meaning(category, own) : [])));
  return PURPOSES.map((purpose) => (on.has(purpose) ? '1' : '0')).join('');
};
