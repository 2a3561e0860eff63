/** The core as a chunk: glue and module in one, started by `init()`. */
import { __wbg_set_wasm, call, imports } from 'firsthand-glue';
import wasm from 'firsthand-wasm';
import { startClient, type Core } from './client.js';
import { startEmbedded } from './embedded.js';
import type { Digest } from './person.js';
import type { Run } from './signals/link.js';
import type { Stub } from './stub.js';
import type { Options } from './types.js';

const load = async (): Promise<Core> => {
  await startEmbedded(wasm, __wbg_set_wasm, imports, () => import('firsthand-plain'));
  return call;
};

const loadPerson = (): Promise<Digest> => import('./person-module.js').then((module) => module.load());

const loadSignals = (): Promise<Run> => import('./signals-module.js').then((module) => module.load());

/** Starts the SDK on a stub. */
export const start = (stub: Stub, options: Options): Promise<void> => startClient(stub, options, load, loadPerson, loadSignals);
