// What the tests of the signals share: a shop whose page has a consent tool, and strings that real libraries wrote.
import assert from 'node:assert/strict';
import { after, afterEach, before } from 'node:test';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { debug, ready, shopPage, startBrowser, startShop, until } from '../harness.mjs';

/** TC strings of 2 March 2026, service specific: everything for vendor 755, the same without it, measurement alone, nothing. */
export const TC = {
  all: 'CQgcD4AQgcD4AAKADBENCOFsAP_gAEPgAAYgH-QCAABAAKAA4ADQBeYDGQGSAP8A_yAQAAIABQAHAAaALzAYyAyQB_gAAAAA.IH-QCAABAAKAA4ADQBeYDGQGSAP8',
  withoutVendor: 'CQgcD4AQgcD4AAKADBENCOFgAP_gAAAAAAYgAOEBAABAAAAA.IH-QCAABAAKAA4ADQBeYDGQGSAP8',
  measurement: 'CQgcD4AQgcD4AAKADBENCOFgAIOAAAAAAAYgH-QCAABAAKAA4ADQBeYDGQGSAP8AAAAA.IH-QCAABAAKAA4ADQBeYDGQGSAP8',
  none: 'CQgcD4AQgcD4AAKADBENCOFgAAAAAAAAAAYgAAAAAAAA.IH-QCAABAAKAA4ADQBeYDGQGSAP8',
  /** Everything, of global scope; and of 14 March 2026 without the disclosed vendors. Neither is valid. */
  global: 'CQgcD4AQgcD4AAKADBENCOFAAP_gAAAAAAYgH-QCAABAAKAA4ADQBeYDGQGSAP8AAAAA.IH-QCAABAAKAA4ADQBeYDGQGSAP8',
  undisclosed: 'CQgl8sAQgl8sAAKADBENCOFgAP_gAAAAAAYgH-QCAABAAKAA4ADQBeYDGQGSAP8AAAAA',
};
/** GPP strings, national US section: no opt-out, opted out of all, Global Privacy Control. */
export const GPP = { open: 'DBABLA~CVVqAAAAAACA.QA', optOut: 'DBABLA~CVVVAAAAAABY.QA', gpc: 'DBABLA~CVVqAAAAAABA.YA' };
export const ALL = [true, true, true, true];
export const NONE = [false, false, false, false];

/** Builds a library into a script, served at `/cmp/…`. */
export const library = async (code) => {
  const { outputFiles } = await build({
    stdin: { contents: code, resolveDir: fileURLToPath(new URL('../..', import.meta.url)) },
    bundle: true, format: 'iife', write: false, logLevel: 'error', target: 'es2022',
  });
  return outputFiles[0].text;
};

/** Registers the hooks of a suite. `start(pages)` opens a shop, `visit(path)` a page whose SDK runs. */
export function world() {
  const it = { shop: undefined };
  let chrome, context;
  before(async () => {
    chrome = await startBrowser();
  });
  after(() => chrome.close());
  afterEach(async () => {
    await context.close();
    await it.shop.close();
    assert.deepEqual(chrome.errors.splice(0), [], 'no error reaches the page');
  });
  it.start = async (pages) => {
    context = await chrome.browser.createBrowserContext();
    it.shop = await startShop(pages);
  };
  it.visit = async (path = '/', options = {}) => {
    const requests = [];
    const prepare = async (page) => {
      page.on('request', (request) => requests.push(new URL(request.url()).pathname));
      await options.prepare?.(page);
    };
    const page = await chrome.open(it.shop.url + path, { context, prepare });
    if (!options.isFramed) await ready(page);
    return Object.assign(page, { requests });
  };
  return it;
}

/** A page with the SDK under a regime (without one the collector would be asked), and a script before it. */
export const signalPage = ({ signals, tell, regime = 'opt_in', attributes = '', before = '', body = '' }) =>
  shopPage({
    before: `<script>${before}</script>`,
    attributes: [`data-regime="${regime}"`, signals && `data-signals="${signals}"`, tell && `data-tell="${tell}"`, attributes].filter(Boolean).join(' '),
    body,
  });

export const PURPOSES = ['marketing', 'analytics', 'personalization', 'third_party_sharing'];
export const consent = (page) => page.evaluate(() => window.firsthand.consent.get());
export const allowed = async (page) => {
  const { allow } = await consent(page);
  return PURPOSES.map((purpose) => allow[purpose]);
};
/** Waits until the page allows just that. */
export const allows = (page, wanted) => until('the page to allow ' + wanted, async () => String(await allowed(page)) === String(wanted));
/** Waits until a source has said just that. */
export const said = (page, name, answers) =>
  until(`${name} to say ${answers}`, async () => (await consent(page)).signals?.sources[name] === answers);
/** Waits until nothing is awaited any more. */
export const settled = (page) => until('the signals to settle', async () => (await consent(page)).signals?.awaited === false);
/** None before the module is there. */
export const warnings = async (page) => (await consent(page)).signals?.warnings ?? [];
export { debug, ready, until };
