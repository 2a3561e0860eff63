/** The identity module's functions as a script (`fh.id.js`), for the script tag: the module itself is `fh.id.wasm` or `fh.id.nowasm.js`. */
import * as bg from 'firsthand-person-glue';
import * as host from 'firsthand-person-host';

(window as any).firsthand.__person?.(bg, { './person_bg.js': bg, 'firsthand-person-host': host });
