// Measures the SDK in Chromium: bytes of each part, main-thread time to load and start, track().
// Prints one JSON array of {name, value, unit, baseline, ratio} rows; `make bench` merges it.
import { existsSync, readFileSync } from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import zlib from 'node:zlib';
import { launch } from './lib/browser.mjs';
import { until } from './lib/wait.mjs';

const DIST = fileURLToPath(new URL('../../npm/dist/', import.meta.url));
const ROUNDS = 25;
const TRACK_BATCHES = 100;
const TRACK_CALLS = 100;

const PARTS = {
  'sdk (stub + glue + wasm)': ['stub.js', 'fh.js', 'fh.wasm'],
  // What a page loads that identifies its visitor: the honest whole.
  'sdk with the identity module': ['stub.js', 'fh.js', 'fh.wasm', 'fh.id.js', 'fh.id.wasm'],
  'sdk as plain javascript': ['stub.js', 'fh.js', 'fh.nowasm.js'],
  'sdk with the identity module as plain javascript': ['stub.js', 'fh.js', 'fh.nowasm.js', 'fh.id.js', 'fh.id.nowasm.js'],
  stub: ['stub.js'],
  glue: ['fh.js'],
  wasm: ['fh.wasm'],
  'identity module, on first identify()': ['fh.id.js', 'fh.id.wasm'],
  'identity module as plain javascript': ['fh.id.js', 'fh.id.nowasm.js'],
  'consent signals, where an option asks for them': ['fh.signals.js', 'fh.signals.wasm'],
  // With the largest of its languages.
  banner: ['banner.js', 'texts.el.js'],
  blocker: ['blocker.js'],
};

function sizes() {
  const rows = [];
  for (const [part, files] of Object.entries(PARTS)) {
    const missing = files.filter((file) => !existsSync(path.join(DIST, file)));
    if (missing.length > 0) throw new Error(`npm/dist lacks ${missing.join(', ')}: run \`make sdk\``);
    const sum = (measure) =>
      files.reduce((total, file) => total + measure(readFileSync(path.join(DIST, file))), 0);
    const raw = sum((bytes) => bytes.length);
    const params = { [zlib.constants.BROTLI_PARAM_QUALITY]: 11 };
    for (const [form, value] of [
      ['raw', raw],
      ['gzip', sum((bytes) => zlib.gzipSync(bytes, { level: 9 }).length)],
      ['brotli', sum((bytes) => zlib.brotliCompressSync(bytes, { params }).length)],
    ]) {
      rows.push({ name: `${part}, ${form}`, value, unit: 'bytes', baseline: raw, ratio: value / raw });
    }
  }
  return rows;
}

const TYPES = { '.js': 'text/javascript', '.wasm': 'application/wasm' };

function serve() {
  const server = http.createServer((request, response) => {
    const { pathname } = new URL(request.url, 'http://localhost');
    // `performance.now()` is precise to 5 microseconds only in an isolated page.
    const isolated = { 'Cross-Origin-Opener-Policy': 'same-origin', 'Cross-Origin-Embedder-Policy': 'require-corp' };
    if (request.method === 'POST') {
      request.resume().on('end', () => {
        response.writeHead(202, { 'Content-Type': 'application/json' });
        response.end('{"accepted":1,"duplicates":0,"rejected":[]}');
      });
    } else if (pathname.startsWith('/sdk/')) {
      const file = path.join(DIST, path.basename(pathname));
      if (!existsSync(file)) return response.writeHead(404).end();
      response.writeHead(200, { ...isolated, 'Content-Type': TYPES[path.extname(file)] ?? 'text/plain' });
      response.end(readFileSync(file));
    } else {
      const sdk =
        pathname === '/with'
          ? `<script>window.started = new Promise((resolve) => addEventListener('firsthand:consent', resolve, { once: true }));</script>
             <script>${readFileSync(path.join(DIST, 'stub.js'), 'utf8')}</script>
             <script async src="/sdk/fh.js" data-write-key="pk_bench" data-regime="none" data-banner="off"></script>`
          : '<script>window.started = Promise.resolve();</script>';
      response.writeHead(200, { ...isolated, 'Content-Type': 'text/html' });
      response.end(`<!doctype html><title>bench</title><head>${sdk}</head><body><h1>bench</h1></body>`);
    }
    return undefined;
  });
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => resolve(server));
  });
}

const median = (list) => [...list].sort((a, b) => a - b)[Math.floor(list.length / 2)];

/**
 * What a page costs the main thread until the SDK is ready and nothing is left to do, in milliseconds: `busy` by the clock, waits for other
 * processes and for a processor among them, `processor` without them. The page is the second of its process, so that making a process is no part
 * of it, and no more of it is watched than these two numbers: observing its network would cost as much as the SDK.
 */
async function startTimes(browser, origin, pathname) {
  const root = await browser.target().createCDPSession();
  const { targetId } = await root.send('Target.createTarget', { url: 'about:blank' });
  const { sessionId } = await root.send('Target.attachToTarget', { targetId, flatten: true });
  const page = root.connection().session(sessionId);
  const open = async (where) => {
    const loaded = new Promise((resolve) => page.once('Page.loadEventFired', resolve));
    await page.send('Page.navigate', { url: origin + where });
    await loaded;
  };
  const times = async () => {
    const { metrics } = await page.send('Performance.getMetrics');
    const [busy, processor] = ['TaskDuration', 'ThreadTime'].map((wanted) => metrics.find(({ name }) => name === wanted).value * 1000);
    return { busy, processor };
  };
  await page.send('Page.enable');
  await open('/without');
  await page.send('Performance.enable');
  const before = await times();
  await open(pathname);
  const expression = 'window.started.then(() => new Promise((resolve) => requestIdleCallback(resolve)))';
  await page.send('Runtime.evaluate', { expression, awaitPromise: true });
  const after = await times();
  await root.send('Target.closeTarget', { targetId });
  await root.detach();
  return { busy: after.busy - before.busy, processor: after.processor - before.processor };
}

async function main() {
  const rows = sizes();
  const server = await serve();
  const origin = `http://127.0.0.1:${server.address().port}`;
  const browser = await launch('chromium');
  try {
    const ready = () => window.firsthand?.debug?.().state === 'ready';
    const without = [];
    const withSdk = [];
    await startTimes(browser, origin, '/with');
    for (let round = 0; round < ROUNDS; round += 1) {
      without.push(await startTimes(browser, origin, '/without'));
      withSdk.push(await startTimes(browser, origin, '/with'));
    }
    for (const [name, kind] of [
      ['main-thread time to load and start', 'busy'],
      ['the same, processor time', 'processor'],
    ]) {
      const [baseline, value] = [without, withSdk].map((times) => median(times.map((time) => time[kind])));
      rows.push({ name, value: value - baseline, unit: 'ms', baseline, ratio: value / baseline });
    }

    const page = await browser.newPage();
    await page.goto(`${origin}/with`, { waitUntil: 'load' });
    await until('the SDK is ready', () => page.evaluate(ready));
    const times = await page.evaluate(
      async (batches, calls) => {
        const props = { currency: 'EUR', value: 29.9, items: [{ item_id: 'mug-01', item_name: 'Mug', price: 29.9, quantity: 1 }] };
        const perCall = { track: [], stringify: [] };
        for (let batch = 0; batch < batches; batch += 1) {
          let start = performance.now();
          for (let call = 0; call < calls; call += 1) JSON.stringify({ name: 'add_to_cart', at: Date.now(), props });
          perCall.stringify.push((performance.now() - start) / calls);
          start = performance.now();
          for (let call = 0; call < calls; call += 1) window.firsthand.track('add_to_cart', props);
          perCall.track.push((performance.now() - start) / calls);
          await window.firsthand.flush();
        }
        return perCall;
      },
      TRACK_BATCHES,
      TRACK_CALLS,
    );
    const track = median(times.track) * 1000;
    const stringify = median(times.stringify) * 1000;
    rows.push({ name: 'track()', value: track, unit: 'us', baseline: stringify, ratio: track / stringify });
  } finally {
    await browser.close();
    server.close();
  }
  process.stdout.write(`${JSON.stringify(rows)}\n`);
}

await main();
