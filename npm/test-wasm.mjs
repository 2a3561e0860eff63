// Runs the browser module's own tests in headless Chromium: `npm run test:wasm`.
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const target = process.env.CARGO_TARGET_DIR ?? join(root, 'target');
const driver = process.env.CHROMEDRIVER ?? '/usr/bin/chromedriver';
if (!existsSync(driver)) throw new Error('no chromedriver; set CHROMEDRIVER');
const run = (args, env = {}) => execFileSync('cargo', args, { cwd: root, stdio: 'inherit', env: { ...process.env, ...env } });

run(['test', '-q', '-p', 'firsthand-web', '--lib']);
run(['build', '-q', '-p', 'firsthand-sdk-tool']);
run(['test', '-p', 'firsthand-web', '--target', 'wasm32-unknown-unknown', '--test', '*', ...process.argv.slice(2)], {
  CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUNNER: join(target, 'debug/wasm-bindgen-test-runner'),
  CHROMEDRIVER: driver,
});
