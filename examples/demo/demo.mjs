// Runs the whole of Firsthand on this machine: the platforms' emulators, the collector, and a shop that uses them.
// Plain Node, no packages. `make demo` builds what it needs and calls it.
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const HELP = `Runs a shop, the collector and the platform sandbox on this machine.

usage: node examples/demo/demo.mjs [--bin FILE] [--data FOLDER] [--fresh] [--help]

  --bin FILE      the collector (default: target/debug/firsthand)
  --data FOLDER   where orders and events are kept (default: target/demo)
  --fresh         starts with empty folders, under FOLDER/<time>

  shop http://localhost:8080   collector http://localhost:8081   sandbox http://localhost:8082
`;

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const PORTS = { shop: 8080, collector: 8081, sandbox: 8082 };
const START_DEADLINE_MS = 30_000;
const STOP_DEADLINE_MS = 10_000;

function fail(message) {
  process.stderr.write(`demo: ${message}\n`);
  process.exit(1);
}

function options(args) {
  const found = { bin: path.join(ROOT, 'target/debug/firsthand'), data: path.join(ROOT, 'target/demo') };
  for (let at = 0; at < args.length; at += 1) {
    const flag = args[at];
    if (flag === '--help' || flag === '-h') {
      process.stdout.write(HELP);
      process.exit(0);
    } else if (flag === '--fresh') found.isFresh = true;
    else if ((flag === '--bin' || flag === '--data') && args[at + 1]) found[flag.slice(2)] = path.resolve(args[(at += 1)]);
    else fail(`unknown option ${flag}; --help lists them`);
  }
  if (found.isFresh) found.data = path.join(found.data, String(Date.now()));
  return found;
}

/** Fails with a sentence when a port is taken, instead of with a stack trace of whoever wants it. */
function portIsFree(name, port) {
  return new Promise((resolve) => {
    const probe = net.createServer();
    probe.once('error', () => fail(`port ${port} (${name}) is in use: end what listens there, then try again`));
    probe.listen(port, '127.0.0.1', () => probe.close(resolve));
  });
}

/** Returns a secret that is made once and kept in the data folder. */
function secret(folder, name, make = () => randomBytes(24).toString('hex')) {
  const file = path.join(folder, name);
  if (!existsSync(file)) writeFileSync(file, make(), { mode: 0o600 });
  return readFileSync(file, 'utf8').trim();
}

const children = [];

function start(name, command, args, env = {}) {
  const child = spawn(command, args, { cwd: ROOT, env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
  children.push(child);
  return new Promise((resolve) => {
    let output = '';
    const deadline = setTimeout(() => fail(`${name} did not start in time:\n${output}`), START_DEADLINE_MS);
    const read = (chunk) => {
      output += chunk;
      for (const line of String(chunk).split('\n')) if (line) process.stdout.write(`${name.padEnd(10)}│ ${line}\n`);
      if (/listening on http/.test(output)) {
        clearTimeout(deadline);
        output = '';
        resolve();
      }
    };
    child.stdout.setEncoding('utf8').on('data', read);
    child.stderr.setEncoding('utf8').on('data', read);
    child.once('error', (error) => fail(`${name}: ${error.message}`));
    child.once('exit', (code) => {
      clearTimeout(deadline);
      if (!isStopping) fail(`${name} ended with ${code}`);
    });
  });
}

let isStopping = false;

async function stop() {
  if (isStopping) return;
  isStopping = true;
  const ends = children.map((child) => new Promise((resolve) => {
    if (child.exitCode !== null || child.signalCode !== null) return resolve();
    child.once('exit', resolve);
    child.kill('SIGTERM');
    return undefined;
  }));
  const deadline = setTimeout(() => children.forEach((child) => child.kill('SIGKILL')), STOP_DEADLINE_MS);
  await Promise.all(ends);
  clearTimeout(deadline);
  process.exit(0);
}

async function main() {
  const { bin, data } = options(process.argv.slice(2));
  if (!existsSync(bin)) fail(`${path.relative(process.cwd(), bin)} is missing: run \`make demo\`, which builds it`);
  mkdirSync(data, { recursive: true });
  for (const [name, port] of Object.entries(PORTS)) await portIsFree(name, port);

  const backendKey = secret(data, 'backend-key');
  const adminToken = secret(data, 'admin-token');
  secret(data, 'meta-token', () => 'EAAsandbox');
  secret(data, 'tiktok-token', () => 'tt-sandbox');
  secret(data, 'ga4-secret', () => 'ga4-sandbox');
  const config = path.join(data, 'collector.toml');
  const template = readFileSync(new URL('collector.toml', import.meta.url), 'utf8');
  writeFileSync(config, template.replaceAll('{data}', data));

  process.once('SIGINT', stop);
  process.once('SIGTERM', stop);
  await start('sandbox', bin, [
    'sandbox',
    '--listen', `127.0.0.1:${PORTS.sandbox}`,
    '--collector', `http://127.0.0.1:${PORTS.collector}`,
    '--token-env', 'ADMIN_TOKEN',
  ], { ADMIN_TOKEN: adminToken });
  await start('collector', bin, ['serve', '--config', config]);
  await start('shop', process.execPath, ['examples/storefront/server.mjs'], {
    PORT: String(PORTS.shop),
    COLLECTOR_URL: `http://localhost:${PORTS.collector}`,
    COLLECTOR_INTERNAL_URL: `http://127.0.0.1:${PORTS.collector}`,
    SANDBOX_URL: `http://localhost:${PORTS.sandbox}`,
    WRITE_KEY: 'pk_demo_storefront',
    SECRET_KEY: backendKey,
    PIXEL_ID: '1000000000000001',
    DATA_DIR: path.join(data, 'shop'),
  });
  process.stdout.write(`
  Open the shop:       http://localhost:${PORTS.shop}/?fbclid=demo-click&utm_source=instagram&utm_medium=paid
  Accept or refuse in the banner, buy something, then look at
  what arrived:        http://localhost:${PORTS.sandbox}/
  and ask for one:     ${path.relative(process.cwd(), bin)} explain --config ${path.relative(process.cwd(), config)} purchase:1001

  Ctrl-C ends everything.

`);
}

await main();
