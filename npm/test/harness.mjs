// A shop, a collector and a browser, small enough to read: the shop serves the built files and test pages, the collector keeps what it
// is sent and answers as told.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import puppeteer from 'puppeteer-core';

const dist = fileURLToPath(new URL('../dist/', import.meta.url));
const TYPES = { '.js': 'text/javascript', '.wasm': 'application/wasm', '.html': 'text/html; charset=utf-8' };
const FLAGS =
  '--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking --disable-component-update --disable-sync';
const DEADLINE_MS = 15_000;

/** Waits until a condition holds; asks again shortly, gives up with its name. */
export async function until(what, condition, deadlineMs = DEADLINE_MS) {
  const end = Date.now() + deadlineMs;
  for (;;) {
    const value = await condition();
    if (value) return value;
    if (Date.now() > end) throw new Error('never happened: ' + what);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** Starts shop and collector on one host. `pages` maps paths to HTML or to `{ html, headers }`. */
export async function startShop(pages = {}) {
  const shop = {
    /** Bodies the collector was sent, parsed, oldest first; only those it answered with 202. */
    accepted: [],
    /** All requests to the collector: `{ status, body, at }`. */
    requests: [],
    /** What it answers next, one per request: `{ status, headers, body }`, 'hang' or 'down'. Empty: it accepts. */
    answers: [],
    /** Posts to `/v1/consent`: `{ status, body }`, and what they are answered next (0: nothing). Empty: 202. */
    choices: [],
    consentAnswers: [],
    /** What `/v1/region` answers: an object, 'hang', or nothing (404); and how often it was asked. */
    region: undefined,
    regionAsked: 0,
    pages,
    seen: new Set(),
    /** Events it accepted, without duplicates, oldest first. */
    get events() {
      const seen = new Set();
      return shop.accepted.flatMap((batch) => batch.events).filter((event) => !seen.has(event.id) && seen.add(event.id));
    },
  };
  const collect = (request, response, text) => {
    const body = JSON.parse(text);
    const answer = shop.answers.shift() ?? {};
    if (answer === 'down') {
      shop.requests.push({ status: 0, body, at: Date.now() });
      return request.socket.destroy();
    }
    if (answer === 'hang') return void shop.requests.push({ status: 0, body, at: Date.now() });
    const status = typeof answer.status === 'function' ? answer.status(body) : (answer.status ?? 202);
    let duplicates = 0;
    if (status === 202) {
      for (const event of body.events) {
        if (shop.seen.has(event.id)) duplicates += 1;
        shop.seen.add(event.id);
      }
      shop.accepted.push(body);
    }
    shop.requests.push({ status, body, at: Date.now() });
    response.writeHead(status, { 'content-type': 'application/json', ...answer.headers });
    response.end(
      JSON.stringify(
        status === 202
          ? { accepted: body.events.length - duplicates, duplicates, rejected: [], ...answer.body }
          : { error: { code: 'told', message: 'told' } },
      ),
    );
  };
  const choose = (request, response, text) => {
    const status = shop.consentAnswers.shift() ?? 202;
    shop.choices.push({ status, body: JSON.parse(text) });
    if (!status) return void request.socket.destroy();
    response.writeHead(status, { 'content-type': 'application/json' });
    response.end('{}');
  };
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url, 'http://shop');
    if (pathname === '/v1/events' || pathname === '/v1/consent') {
      let text = '';
      request.on('data', (part) => (text += part));
      request.on('end', () => (pathname === '/v1/events' ? collect : choose)(request, response, text));
      return;
    }
    if (pathname === '/v1/region') {
      shop.regionAsked += 1;
      if (shop.region === 'hang') return;
      response.writeHead(shop.region ? 200 : 404, { 'content-type': 'application/json' });
      return response.end(shop.region && JSON.stringify(shop.region));
    }
    if (pathname.startsWith('/sdk/')) {
      try {
        const file = readFileSync(join(dist, pathname.slice(5)));
        response.writeHead(200, { 'content-type': TYPES[extname(pathname)] });
        return response.end(file);
      } catch {
        response.writeHead(404);
        return response.end();
      }
    }
    const page = shop.pages[pathname] ?? shop.pages['*'];
    if (page === undefined) {
      response.writeHead(404);
      return response.end();
    }
    const { html, headers = {} } = typeof page === 'string' ? { html: page } : page;
    response.writeHead(200, { 'content-type': TYPES[extname(pathname)] ?? TYPES['.html'], ...headers });
    response.end(html);
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  shop.url = `http://localhost:${server.address().port}`;
  shop.close = () => {
    server.closeAllConnections();
    return new Promise((resolve) => server.close(resolve));
  };
  return shop;
}

/** A page with the script tag. Of an attribute that stands there twice the first counts, so `attributes` come first. */
export const shopPage = ({ attributes = '', before = '', title = 'Shop', body = '' } = {}) =>
  `<!doctype html><html lang="en"><head><title>${title}</title>${before}` +
  `<script async src="/sdk/fh.js" ${attributes} data-write-key="pk_test" data-banner="off" data-flush-ms="50"></script></head><body>${body}</body></html>`;

/** The inline stub. */
export const stubTag = () => `<script>${readFileSync(join(dist, 'stub.js'), 'utf8')}</script>`;

/** Two pages of one shop, `/1` and `/2`, whose batches can be told apart by their write key. */
export const twoTabs = (attributes) =>
  Object.fromEntries(['/1', '/2'].map((path) => [path, shopPage({ attributes: `${attributes} data-write-key="pk${path}"`, before: stubTag() })]));

/**
 * Waits until both tabs have sent everything; then no tab may have sent an event twice, and each event counts once.
 *
 * A tab may send what the other one has sent a moment ago: the browser tells it late that the record is gone, how late depends on the load. The
 * collector knows the ids, and the tab says that they were duplicates.
 */
export async function sentOnce(shop, pages, count) {
  await Promise.all(pages.map((page) => until('an empty outbox', async () => (await debug(page)).queued === 0)));
  const sent = shop.accepted.flatMap(({ write_key: tab, events }) => events.map(({ id }) => `${tab} ${id}`));
  assert.equal(new Set(sent).size, sent.length, 'no tab sends an event twice');
  assert.equal(shop.events.length, count);
  const duplicates = (await Promise.all(pages.map(debug))).reduce((sum, status) => sum + status.duplicates, 0);
  assert.equal(sent.length - duplicates, count, 'what the other tab had sent already is counted as such');
}

/** Starts a browser; `open(url)` gives a page whose uncaught errors are collected in `errors`. */
export async function startBrowser(flags = []) {
  const profile = await mkdtemp(join(tmpdir(), 'firsthand-'));
  const browser = await puppeteer.launch({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    headless: true,
    userDataDir: profile,
    args: [...FLAGS.split(' '), ...flags],
  });
  const errors = [];
  const open = async (url, { context = browser, prepare } = {}) => {
    const page = await context.newPage();
    page.on('pageerror', (error) => errors.push(String(error)));
    await prepare?.(page);
    if (url) await page.goto(url);
    return page;
  };
  const close = async () => {
    await browser.close();
    await rm(profile, { recursive: true, force: true });
  };
  return { browser, errors, open, close };
}

/** Waits until the SDK of a page runs (or is inert). */
export const ready = (page) =>
  page.waitForFunction(() => window.firsthand?.debug && window.firsthand.debug().state !== 'starting', { timeout: DEADLINE_MS });

export const debug = (page) => page.evaluate(() => window.firsthand.debug());

/** For `prepare`: a clock that `window.ahead` milliseconds put forward. */
export const movableClock = (ahead = 0) => (page) =>
  page.evaluateOnNewDocument((ahead) => {
    const { now } = Date;
    window.ahead = ahead;
    Date.now = () => now() + window.ahead;
  }, ahead);

/** Joins several of them. */
export const all = (...steps) => async (page) => {
  for (const step of steps) await step(page);
};
