// Runs the browser module's own tests in headless Chromium: `npm run test:wasm`.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const target = process.env.CARGO_TARGET_DIR ?? join(root, 'target');
const driver = process.env.CHROMEDRIVER ?? '/usr/bin/chromedriver';
if (!existsSync(driver)) throw new Error('no chromedriver; set CHROMEDRIVER');
// The runner's own limits are 5 s for the driver to open its port and 20 s for a program's tests; a browser that was never started before,
// on a busy machine, can need more of both.
const DRIVER_SECS = '120';
const TESTS_SECS = '300';

/** Runs cargo; where it fails, what it printed last says why. */
function run(args, env = {}) {
  const { status, error } = spawnSync('cargo', args, { cwd: root, stdio: 'inherit', env: { ...process.env, ...env } });
  if (error) throw error;
  if (status !== 0) process.exit(status ?? 1);
}

run(['test', '-q', '-p', 'firsthand-web', '--lib']);
run(['build', '-q', '-p', 'firsthand-sdk-tool']);
run(['test', '-p', 'firsthand-web', '--target', 'wasm32-unknown-unknown', '--test', '*', ...process.argv.slice(2)], {
  CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUNNER: join(target, 'debug/wasm-bindgen-test-runner'),
  CHROMEDRIVER: driver,
  WASM_BINDGEN_TEST_DRIVER_TIMEOUT: process.env.WASM_BINDGEN_TEST_DRIVER_TIMEOUT ?? DRIVER_SECS,
  WASM_BINDGEN_TEST_TIMEOUT: process.env.WASM_BINDGEN_TEST_TIMEOUT ?? TESTS_SECS,
});
