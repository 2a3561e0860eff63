/** The inline stub as a script. */
import { createStub } from './stub.js';

(self as any).firsthand ||= createStub();
