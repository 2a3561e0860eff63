/** The signals as a chunk, loaded by `init()` with `signals` or `tell`. */
import { __wbg_set_wasm, imports, signal } from 'firsthand-signals-glue';
import wasm from 'firsthand-signals-wasm';
import { startEmbedded } from './embedded.js';
import type { Run } from './signals/link.js';
import { start } from './signals/start.js';

export const load = async (): Promise<Run> => {
  await startEmbedded(wasm, __wbg_set_wasm, imports, () => import('firsthand-signals-plain'));
  return start(signal);
};
