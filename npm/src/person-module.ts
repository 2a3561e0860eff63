/** The identity module as a chunk, loaded by the first `identify()` with a personal value. */
import * as bg from 'firsthand-person-glue';
import * as host from 'firsthand-person-host';
import wasm from 'firsthand-person-wasm';
import { startEmbedded } from './embedded.js';
import type { Digest } from './person.js';

export const load = async (): Promise<Digest> => {
  await startEmbedded(wasm, bg, { './person_bg.js': bg, 'firsthand-person-host': host });
  return bg.digest;
};
