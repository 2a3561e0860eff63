// The npm package: types, server-side rendering, bundling.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { startBrowser, startShop, until } from './harness.mjs';

const npm = fileURLToPath(new URL('..', import.meta.url));
let folder;
before(() => {
  folder = mkdtempSync(join(npm, 'build', 'package-'));
});
after(() => rmSync(folder, { recursive: true, force: true }));

const bundle = async (code, name = 'out') => {
  const entry = join(folder, 'entry.mjs');
  writeFileSync(entry, code);
  const outdir = join(folder, name);
  await build({
    entryPoints: [entry], bundle: true, splitting: true, format: 'esm', outdir, logLevel: 'error', target: 'es2022',
    alias: {
      firsthand: join(npm, 'dist/index.js'), 'firsthand/texts': join(npm, 'dist/texts.js'),
      'firsthand/banner': join(npm, 'dist/banner.esm.js'), 'firsthand/blocker': join(npm, 'dist/blocker.esm.js'),
      'firsthand/signals': join(npm, 'dist/signals.esm.js'),
    },
  });
  return outdir;
};

test('the sources and a user of the types compile', () => {
  const sample = join(folder, 'sample.ts');
  writeFileSync(
    sample,
    `import { init, track, page, identify, consent, reset, flush, debug, status, type ConsentState } from '${join(npm, 'dist/index.js')}';
    import { en, mountBanner, type BannerHandle } from '${join(npm, 'dist/banner.esm.js')}';
    import { languages, purposes, texts, type Language } from '${join(npm, 'dist/texts.js')}';
    import { blockContent, type BlockerHandle } from '${join(npm, 'dist/blocker.esm.js')}';
    import { holdTags, type TellName } from '${join(npm, 'dist/signals.esm.js')}';
    export const told: TellName[] = ['consent_mode', 'uet'];
    holdTags(told, { waitForUpdateMs: 300 });
    export const banner: BannerHandle = mountBanner(consent, { texts: { ...en, acceptAll: 'Yes', purposes: { marketing: { name: 'Ads' } } }, position: 'bottom' });
    export const blocker: BlockerHandle = blockContent(consent, { reload: true, texts: (lang, found) => ({ title: lang + found.title }) });
    export const names: Promise<string[]> = texts('de').then((words) => purposes.map((purpose) => words.purposes[purpose].name));
    export const first: Language | undefined = languages[0];
    export async function run(): Promise<void> {
      await init({ writeKey: 'pk', endpoint: 'https://c.shop.example', regime: 'opt_out', ownHosts: ['shop.example'], signals: ['tcf', 'klaro'], tell: told, tcfVendors: [755], signalsOptions: { categories: { C0005: ['marketing'] } } });
      const id: string = track('purchase', { transaction_id: '1', value: 2, currency: 'EUR' }, { at: Date.now() });
      page(); identify({ email: id }); reset();
      const stop: () => void = consent.on((state: ConsentState) => state.allow.marketing);
      consent.set({ analytics: true }, { afterGpcNotice: true }); stop();
      const queued: number = debug(true).queued + status().held; void queued;
      await flush();
      // @ts-expect-error no such source
      await init({ writeKey: 'pk', signals: ['cookiebott'] });
      const warnings: readonly string[] | undefined = consent.get().signals?.warnings; void warnings;
      // @ts-expect-error no such regime
      await init({ writeKey: 'pk', regime: 'maybe' });
    }`,
  );
  const tsc = join(npm, 'node_modules/.bin/tsc');
  execFileSync(tsc, ['--noEmit', '-p', join(npm, 'tsconfig.json')], { encoding: 'utf8' });
  execFileSync(tsc, ['--noEmit', '--ignoreConfig', '--strict', '--skipLibCheck', '--module', 'esnext', '--moduleResolution', 'bundler', '--target', 'es2022', '--lib', 'es2022,dom', sample], { encoding: 'utf8' });
});

test('importing it on a server touches nothing, and calls do nothing', () => {
  const code = `
    const before = Object.getOwnPropertyNames(globalThis).join();
    const { init, track, page, identify, consent, reset, flush, debug } = await import(${JSON.stringify(join(npm, 'dist/index.js'))});
    const { mountBanner } = await import(${JSON.stringify(join(npm, 'dist/banner.esm.js'))});
    mountBanner(consent).openPreferences();
    const { holdTags } = await import(${JSON.stringify(join(npm, 'dist/signals.esm.js'))});
    holdTags(['consent_mode', 'uet', 'meta']);
    await init({ writeKey: 'pk', endpoint: 'https://t.example' });
    for (let i = 0; i < 5000; i += 1) track('share');
    const id = track('purchase', { transaction_id: '#7' });
    page(); identify({ email: 'a@b.example' }); reset(); consent.set('all'); consent.on(() => {})(); await flush();
    if (id !== 'purchase:7' || debug().queued > 1) throw new Error('server calls are kept');
    if (Object.getOwnPropertyNames(globalThis).join() !== before) throw new Error('globals were added');`;
  execFileSync(process.execPath, ['--input-type=module', '-e', code], { encoding: 'utf8' });
});

test('unused, it costs a bundle nothing; used, the core is a chunk of its own', async () => {
  const outdir = await bundle(`import { init } from 'firsthand'; console.log('page');`);
  const { size } = (await import('node:fs')).statSync(join(outdir, 'entry.js'));
  assert.ok(size < 100, String(size));
});

test('the words come without the banner, and each language is a chunk of its own', async () => {
  const { readdirSync, readFileSync } = await import('node:fs');
  const outdir = await bundle(`import { texts, purposes } from 'firsthand/texts'; texts(...purposes).then(console.log);`, 'words');
  const entry = readFileSync(join(outdir, 'entry.js'), 'utf8');
  assert.ok(!entry.includes('attachShadow') && !entry.includes('Alle ablehnen'));
  const chunks = readdirSync(outdir).filter((file) => readFileSync(join(outdir, file), 'utf8').includes('Alle ablehnen'));
  assert.equal(chunks.length, 1);
  const unused = await bundle(`import { mountBanner, en } from 'firsthand/banner'; import { blockContent } from 'firsthand/blocker'; import { holdTags } from 'firsthand/signals'; console.log('page');`, 'unused');
  assert.ok(readFileSync(join(unused, 'entry.js'), 'utf8').length < 100, 'unused, they cost nothing');
});

/** Serves a bundle at `/`, with headers of its own for the page. */
const serve = async (outdir, headers = {}) => {
  const { readdirSync, readFileSync } = await import('node:fs');
  const pages = { '/': { html: '<!doctype html><title>npm</title><script type="module" src="/entry.js"></script>', headers } };
  for (const file of readdirSync(outdir)) pages['/' + file] = readFileSync(join(outdir, file), 'utf8');
  return { pages, shop: await startShop(pages) };
};

test('under a policy without wasm-unsafe-eval the bundle runs the same code as JavaScript', async () => {
  const outdir = await bundle(`
    import { identify, init, track, debug } from 'firsthand';
    init({ writeKey: 'pk_npm', endpoint: location.origin, regime: 'none', flushMs: 20 }).then(() => (window.sdk = debug));
    Object.assign(window, { identify, track });`, 'strict');
  const { shop } = await serve(outdir, { 'content-security-policy': "default-src 'self'" });
  const chrome = await startBrowser();
  try {
    const page = await chrome.open(shop.url + '/?utm_source=a');
    await page.waitForFunction(() => window.sdk);
    assert.equal((await page.evaluate(() => window.sdk())).state, 'ready');
    await page.evaluate(() => {
      window.identify({ email: 'jane@example.com' });
      window.track('purchase', { transaction_id: '1', value: 1, currency: 'EUR' });
    });
    await until('the sale', () => shop.events.some((event) => event.id === 'purchase:1'));
    const { user, touch } = shop.accepted.find((batch) => batch.events.some((event) => event.id === 'purchase:1'));
    assert.match(user.em[0], /^8c87b489ce35cf2e/);
    assert.deepEqual(touch.last.utm, { source: 'a' });
    // That the policy holds is part of the test.
    assert.equal(await page.evaluate(() => WebAssembly.compile(new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0])).then(() => 'allowed', () => 'forbidden')), 'forbidden');
    assert.deepEqual(chrome.errors, []);
  } finally {
    await chrome.close();
    await shop.close();
  }
});

test('where WebAssembly is allowed the plain JavaScript is not loaded', async () => {
  const outdir = await bundle(`
    import { identify, init, debug } from 'firsthand';
    init({ writeKey: 'pk_npm', endpoint: location.origin, regime: 'none', flushMs: 20 }).then(() => (window.sdk = debug));
    Object.assign(window, { identify });`, 'wasm');
  const { pages, shop } = await serve(outdir);
  const plain = Object.keys(pages).filter((path) => String(pages[path]).includes('asmFunc') || String(pages[path]).includes('Math.clz32'));
  assert.ok(plain.length >= 1, 'it is a chunk of its own');
  const chrome = await startBrowser();
  try {
    const page = await chrome.open(shop.url + '/');
    await page.waitForFunction(() => window.sdk);
    await page.evaluate(() => window.identify({ email: 'jane@example.com' }));
    await until('the digests', () => page.evaluate(() => performance.getEntriesByType('resource').length >= 3));
    await until('the view', () => shop.events.length === 1);
    const loaded = await page.evaluate(() => performance.getEntriesByType('resource').map((entry) => new URL(entry.name).pathname));
    assert.deepEqual(loaded.filter((path) => plain.includes(path)), []);
  } finally {
    await chrome.close();
    await shop.close();
  }
});

test('before init the answers are complete: nothing chosen, nothing allowed, nothing sent', async () => {
  const outdir = await bundle(`
    import * as firsthand from 'firsthand';
    const { consent, debug, init } = firsthand;
    const heard = [];
    const end = consent.on(() => heard.push(1));
    consent.on((state) => (window.told = state.allow.analytics));
    end();
    window.early = [consent.get(), debug()];
    init({ writeKey: 'pk_npm', endpoint: location.origin, regime: 'none' }).then(() => (window.late = [consent.get(), debug(), heard]));`, 'early');
  const { shop } = await serve(outdir);
  const chrome = await startBrowser();
  try {
    const page = await chrome.open(shop.url + '/');
    await page.waitForFunction(() => window.late && window.told);
    const [early, late] = await page.evaluate(() => [window.early, window.late]);
    assert.deepEqual(Object.keys(early[0]).sort(), Object.keys(late[0]).sort());
    assert.deepEqual(Object.values(early[0].allow), [false, false, false, false]);
    assert.deepEqual(Object.values(early[0].choice), [null, null, null, null]);
    assert.equal(early[0].prompt, false);
    const known = Object.keys(late[1]).filter((name) => name !== 'consent').sort();
    assert.deepEqual(Object.keys(early[1]).sort(), known);
    assert.deepEqual([early[1].state, early[1].queued, late[1].state], ['starting', 2, 'ready']);
    assert.deepEqual(late[2], [], 'a listener that was ended hears nothing');
  } finally {
    await chrome.close();
    await shop.close();
  }
});

test('a core that cannot be loaded makes the SDK inert, and the status says so', async () => {
  const outdir = await bundle(`
    import { init, debug, flush, track } from 'firsthand';
    init({ writeKey: 'pk_npm', endpoint: location.origin }).then(() => { track('share'); window.sdk = debug(); });`, 'lost');
  const { pages, shop } = await serve(outdir);
  for (const path of Object.keys(pages)) if (String(pages[path]).includes('instantiate')) delete pages[path];
  const chrome = await startBrowser();
  try {
    const page = await chrome.open(shop.url + '/');
    await page.waitForFunction(() => window.sdk);
    const status = await page.evaluate(() => window.sdk);
    assert.equal(status.state, 'inert');
    assert.match(status.reason, /import/);
    assert.deepEqual(chrome.errors, []);
  } finally {
    await chrome.close();
    await shop.close();
  }
});

test('an import for its effect keeps the stub, an unused one costs nothing, by the package as it is installed', async () => {
  const { mkdirSync, readFileSync, symlinkSync } = await import('node:fs');
  mkdirSync(join(folder, 'node_modules'), { recursive: true });
  symlinkSync(npm, join(folder, 'node_modules/firsthand'));
  const size = async (code) => {
    const entry = join(folder, 'installed.mjs');
    writeFileSync(entry, code);
    const { outputFiles } = await build({ entryPoints: [entry], bundle: true, format: 'esm', minify: true, write: false, logLevel: 'error' });
    return outputFiles[0].text.length;
  };
  const stub = readFileSync(join(npm, 'dist/stub.js'), 'utf8').length;
  assert.ok((await size("import 'firsthand/stub.js'; console.log('page');")) > stub * 0.9);
  assert.ok((await size("import { init } from 'firsthand'; import { mountBanner } from 'firsthand/banner'; console.log('page');")) < 100);
});

test('bundled into a page it sends what was tracked before init', async () => {
  const outdir = await bundle(`
    import { identify, init, track, debug } from 'firsthand';
    window.early = track('share');
    window.started = init({ writeKey: 'pk_npm', endpoint: location.origin, regime: 'none', flushMs: 20 });
    window.again = init({ writeKey: 'other' });
    window.sdk = debug;
    Object.assign(window, { identify, track });`);
  const { readdirSync, readFileSync } = await import('node:fs');
  const pages = { '/': '<!doctype html><title>npm</title><script type="module" src="/entry.js"></script>' };
  for (const file of readdirSync(outdir)) pages['/' + file] = readFileSync(join(outdir, file), 'utf8');
  const shop = await startShop(pages);
  const chrome = await startBrowser();
  try {
    const page = await chrome.open(shop.url + '/');
    await until('two events', () => shop.events.length === 2);
    assert.equal(await page.evaluate(() => window.started === window.again), true);
    assert.equal(shop.accepted[0].write_key, 'pk_npm');
    assert.ok(shop.events.some((event) => event.name === 'page_view'));
    const early = await page.evaluate(() => window.early);
    assert.ok(shop.events.some((event) => event.id === early && event.name === 'share'));
    await page.evaluate(() => {
      window.identify({ email: 'jane@example.com' });
      window.track('login');
    });
    await until('the login', () => shop.events.some((event) => event.name === 'login'));
    assert.match(shop.accepted.at(-1).user.em[0], /^8c87b489ce35cf2e/);
    assert.deepEqual(chrome.errors, []);
  } finally {
    await chrome.close();
    await shop.close();
  }
});

test('bundled, the signals are a chunk that comes with the option; tags wait, and are told', async () => {
  const outdir = await bundle(`
    import { consent, init } from 'firsthand';
    import { holdTags } from 'firsthand/signals';
    window.calls = [];
    window.fbq = (...words) => calls.push(words.join(' '));
    window.ttq = { holdConsent: () => calls.push('hold'), grantConsent: () => calls.push('grant') };
    holdTags(['consent_mode', 'uet', 'meta', 'tiktok', 'shopify']);
    init({ writeKey: 'pk_npm', endpoint: location.origin, regime: 'none', ...(location.search && { signals: ['cookiebot'], tell: ['consent_mode', 'uet', 'meta', 'tiktok'] }) });
    window.consent = consent;
    window.Cookiebot = { hasResponse: true, consent: { marketing: true, statistics: false, preferences: true, method: 'explicit' } };`, 'signals');
  const { readdirSync, readFileSync } = await import('node:fs');
  const pages = { '/': '<!doctype html><title>npm</title><script type="module" src="/entry.js"></script>' };
  for (const file of readdirSync(outdir)) pages['/' + file] = readFileSync(join(outdir, file), 'utf8');
  const shop = await startShop(pages);
  const chrome = await startBrowser();
  try {
    const plain = [];
    const without = await chrome.open(shop.url + '/', { prepare: async (page) => void page.on('request', (request) => plain.push(new URL(request.url()).pathname)) });
    await until('the view', () => shop.events.length === 1);
    assert.ok(plain.filter((path) => /chunk|signals/.test(path)).every((path) => !pages[path].includes('useractioncomplete')));
    await without.close();
    const page = await chrome.open(shop.url + '/?signals');
    await until('the tags to be told', () => page.evaluate(() => window.calls.length === 4));
    assert.deepEqual(await page.evaluate(() => window.calls), ['consent revoke', 'hold', 'consent grant', 'grant']);
    const layer = await page.evaluate(() => [...window.dataLayer].map(([, command, states]) => [command, states.ad_storage, states.analytics_storage, states.wait_for_update]));
    assert.deepEqual(layer, [['default', 'denied', 'denied', 500], ['update', 'granted', 'denied', null]]);
    assert.deepEqual(await page.evaluate(() => window.uetq.map((word) => word.ad_storage ?? word)), ['consent', 'default', 'denied', 'consent', 'update', 'granted']);
    assert.deepEqual(chrome.errors, []);
  } finally {
    await chrome.close();
    await shop.close();
  }
});
