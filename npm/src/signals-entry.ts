/** The signals as a script (`fh.signals.js`), for the script tag: the module that reads strings is `fh.signals.wasm` or `fh.signals.nowasm.js`. */
import { __wbg_set_wasm, imports, signal } from 'firsthand-signals-glue';
import { start } from './signals/start.js';

(window as any).firsthand['fh.signals']?.(__wbg_set_wasm, imports, start(signal));
