/** The core as a chunk: glue and module in one, started by `init()`. */
import * as bg from 'firsthand-glue';
import * as host from 'firsthand-host';
import wasm from 'firsthand-wasm';
import { startClient, type Core } from './client.js';
import type { Stub } from './stub.js';
import type { Options } from './types.js';

const load = async (): Promise<Core> => {
  const bytes = Uint8Array.from(atob(wasm), (letter) => letter.charCodeAt(0));
  const imports = { './core_bg.js': bg, 'firsthand-host': host } as unknown as WebAssembly.Imports;
  const { instance } = await WebAssembly.instantiate(bytes, imports);
  const exports = instance.exports as any;
  bg.__wbg_set_wasm(exports);
  exports.__wbindgen_start?.();
  return bg;
};

/** Starts the SDK on a stub. */
export const start = (stub: Stub, options: Options): Promise<void> => startClient(stub, options, load);
