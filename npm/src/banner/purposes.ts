import type { Purpose } from './types.js';

/** The four purposes, in the order in which they are shown. */
export const PURPOSES = ['analytics', 'personalization', 'marketing', 'third_party_sharing'] as const satisfies readonly Purpose[];
