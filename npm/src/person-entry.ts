/** The identity module's functions as a script (`fh.id.js`), for the script tag: the module itself is `fh.id.wasm` or `fh.id.nowasm.js`. */
import { __wbg_set_wasm, digest, imports } from 'firsthand-person-glue';

(window as any).firsthand['fh.id']?.(__wbg_set_wasm, imports, digest);
