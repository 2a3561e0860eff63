/** The identity module as a chunk, loaded by the first `identify()` with a personal value. */
import { __wbg_set_wasm, digest, imports } from 'firsthand-person-glue';
import wasm from 'firsthand-person-wasm';
import { startEmbedded } from './embedded.js';
import type { Digest } from './person.js';

export const load = async (): Promise<Digest> => {
  await startEmbedded(wasm, __wbg_set_wasm, imports, () => import('firsthand-person-plain'));
  return digest;
};
