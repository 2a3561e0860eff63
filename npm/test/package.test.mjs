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
    export const banner: BannerHandle = mountBanner(consent, { texts: { ...en, acceptAll: 'Yes', purposes: { marketing: { name: 'Ads' } } }, position: 'bottom' });
    export const blocker: BlockerHandle = blockContent(consent, { reload: true, texts: (lang, found) => ({ title: lang + found.title }) });
    export const names: Promise<string[]> = texts('de').then((words) => purposes.map((purpose) => words.purposes[purpose].name));
    export const first: Language | undefined = languages[0];
    export async function run(): Promise<void> {
      await init({ writeKey: 'pk', endpoint: 'https://t.shop.example', regime: 'opt_out', ownHosts: ['shop.example'] });
      const id: string = track('purchase', { transaction_id: '1', value: 2, currency: 'EUR' }, { at: Date.now() });
      page(); identify({ email: id }); reset();
      const stop: () => void = consent.on((state: ConsentState) => state.allow.marketing);
      consent.set({ analytics: true }, { afterGpcNotice: true }); stop();
      const queued: number = debug(true).queued + status().held; void queued;
      await flush();
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
  const unused = await bundle(`import { mountBanner, en } from 'firsthand/banner'; import { blockContent } from 'firsthand/blocker'; console.log('page');`, 'unused');
  assert.ok(readFileSync(join(unused, 'entry.js'), 'utf8').length < 100, 'unused, they cost nothing');
});

test('bundled into a page it sends what was tracked before init', async () => {
  const outdir = await bundle(`
    import { identify, init, track, debug } from 'firsthand';
    window.early = track('share');
    window.started = init({ writeKey: 'pk_npm', endpoint: location.origin, regime: 'none', flushMs: 20 });
    window.again = init({ writeKey: 'other' });
    window.status = debug;
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
