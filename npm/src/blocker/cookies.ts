/**
 * Removes the cookies of ad and analytics platforms once the purposes they are for are refused or withdrawn: their own scripts leave them behind.
 * Only those that this page can reach: its own and those of its parent domains, not `HttpOnly` ones.
 */
import type { ConsentState, Purpose } from '../banner/types.js';

/** Names by purpose; a `*` at the end stands for anything. */
export type CookieNames = Partial<Readonly<Record<Purpose, readonly string[]>>>;

/** Google, Meta, TikTok, Microsoft, Pinterest, Snapchat, as their documentation names them. */
export const PLATFORM_COOKIES: CookieNames = {
  analytics: ['_ga', '_ga_*', '_gid', '_gat', '_gat_*', '_clck', '_clsk'],
  marketing: ['_fbp', '_fbc', '_ttp', 'ttclid', '_gcl_*', '_gac_*', '_uetsid', '_uetvid', '_uetmsclkid', '_pin_unauth', '_epik', '_scid', '_scid_r'],
};

const isNamed = (name: string, pattern: string): boolean =>
  pattern.endsWith('*') ? name.startsWith(pattern.slice(0, -1)) : name === pattern;

/** The host and its parents, as cookies name them; the last is the top-level domain, where none can be. */
const domains = (host: string): string[] => {
  const labels = host.split('.');
  return labels.slice(0, -1).map((_, index) => labels.slice(index).join('.'));
};

/** Removes what is named for purposes that are not allowed; while an answer is awaited nothing is. */
export const clearCookies = (state: ConsentState, names: CookieNames): void => {
  if (state.prompt || (state as { pending?: boolean }).pending) return;
  const refused = (Object.keys(names) as Purpose[]).filter((purpose) => !state.allow[purpose]).flatMap((purpose) => names[purpose] ?? []);
  for (const pair of document.cookie.split(';')) {
    const name = pair.split('=')[0]!.trim();
    if (!name || !refused.some((pattern) => isNamed(name, pattern))) continue;
    const end = `${name}=; Max-Age=0; Path=/`;
    document.cookie = end;
    for (const domain of domains(location.hostname)) document.cookie = `${end}; Domain=${domain}`;
  }
};
