/** The inline stub as a script. */
import { createStub } from './stub.js';

(window as any).firsthand ||= createStub();
