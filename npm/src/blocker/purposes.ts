/** Which purposes an element needs, and whether they are allowed. */

import type { ConsentState } from '../banner/types.js';

/** Returns the names in `data-purpose`, separated by white space. */
export function neededBy(blocked: HTMLElement): readonly string[] {
  return (blocked.dataset.purpose ?? '').split(/\s+/).filter(Boolean);
}

/** Returns whether all of them are allowed. A name that is no purpose, and no name at all, is a no; so is a state that is not known. */
export function areAllowed(names: readonly string[], state: ConsentState | undefined): boolean {
  const allow = state?.allow as Readonly<Record<string, boolean>> | undefined;
  return names.length > 0 && names.every((name) => name === 'necessary' || allow?.[name] === true);
}
