// A shop with a strict Content-Security-Policy and Trusted Types, the built files of dist/, and a browser to visit it.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { after, before } from 'node:test';
import axe from 'axe-core';
import puppeteer from 'puppeteer-core';

const CHROMIUM = process.env.CHROMIUM ?? '/usr/bin/chromium';
const STRICT =
  "default-src 'none'; img-src 'self'; frame-src *; script-src 'self' 'nonce-n0nce'; style-src 'self'; require-trusted-types-for 'script'; trusted-types firsthand-blocker";
const dist = (file) => new URL(`../../dist/${file}`, import.meta.url);

export const ALL = ['analytics', 'personalization', 'marketing', 'third_party_sharing'];
export const every = (value) => Object.fromEntries(ALL.map((purpose) => [purpose, value]));

/** Serves what `html(query)` returns as every page of the shop, for the tests of a file. */
export function shop(html) {
  const it = { requests: [] };
  before(async () => {
    const scenario = await readFile(new URL('./page.js', import.meta.url), 'utf8');
    it.server = createServer(async (request, response) => {
      const { pathname, searchParams: query } = new URL(request.url, 'http://shop');
      it.requests.push(pathname);
      const file = pathname.slice(1);
      const script = (text) => response.writeHead(200, { 'content-type': 'text/javascript; charset=utf-8' }).end(text);
      if (file === 'page.js') return script(scenario);
      if (/^(banner|blocker|texts)[\w.-]*\.js$/.test(file)) {
        if (it.missing?.test(file)) return response.writeHead(404).end();
        return script(await readFile(dist(file)));
      }
      const answer = it.answer?.(pathname, query);
      if (answer !== undefined) return script(answer);
      const nonce = query.get('nonce');
      response.writeHead(200, {
        'content-type': 'text/html; charset=utf-8',
        ...(query.has('plain') ? {} : { 'content-security-policy': nonce ? STRICT.replace("style-src 'self'", `style-src 'nonce-${nonce}'`) : STRICT }),
      }).end(html(query, pathname));
      return undefined;
    });
    await new Promise((listening) => it.server.listen(0, '127.0.0.1', listening));
    it.origin = `http://localhost:${it.server.address().port}`;
    it.browser = await puppeteer.launch({
      executablePath: CHROMIUM,
      headless: true,
      args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'],
    });
  });
  after(async () => {
    await it.browser?.close();
    it.server.closeAllConnections();
    await new Promise((closed) => it.server.close(closed));
  });

  /** Opens the shop in a fresh profile and waits for the banner; afterwards no error and no policy violation may have been left behind. */
  it.visit = async (t, query = '', { width = 1280, height = 800, features = [], prepare, isMobile = false } = {}) => {
    const context = await it.browser.createBrowserContext();
    const page = await context.newPage();
    t.after(async () => {
      const left = await page.evaluate(() => ({ errors: window.errors, violations: window.violations }));
      await context.close();
      assert.deepEqual(left, { errors: [], violations: [] });
    });
    await page.setViewport({ width, height, isMobile, deviceScaleFactor: 1 });
    const cdp = await page.createCDPSession();
    await cdp.send('Emulation.setEmulatedMedia', { features });
    if (prepare) await page.evaluateOnNewDocument(prepare);
    it.requests.length = 0;
    await page.goto(`${it.origin}/?${query}`);
    await page.waitForFunction(() => window.isReady?.());
    return page;
  };
  return it;
}

export const shown = (page) =>
  page.evaluate(() => {
    const shadow = document.querySelector('firsthand-consent')?.shadowRoot;
    return { first: Boolean(shadow?.querySelector('section')), dialog: Boolean(shadow?.querySelector('dialog[open]')), launcher: Boolean(shadow?.querySelector('.w')) };
  });
export const NOTHING = { first: false, dialog: false, launcher: false };
export const FIRST = { ...NOTHING, first: true };
/** Answers given, with the one part of their context that differs. */
export const calls = (page) => page.evaluate(() => window.calls.map(({ answer, context }) => ({ answer, afterGpcNotice: context.afterGpcNotice })));
export const answered = (page, count = 1) => page.waitForFunction((wanted) => window.calls.length >= wanted, {}, count);
export const press = (page, label) => page.locator(`::-p-aria([name="${label}"][role="button"])`).click();
export const focusName = (page) =>
  page.evaluate(() => {
    let at = document.activeElement;
    while (at.shadowRoot?.activeElement) at = at.shadowRoot.activeElement;
    return at.name || at.getAttribute('aria-label') || at.textContent.trim();
  });
export const boxes = (page) =>
  page.evaluate(() => Object.fromEntries([...document.querySelector('firsthand-consent').shadowRoot.querySelectorAll('input')].map((box) => [box.name, box.checked])));
export const message = (page) => page.evaluate(() => document.querySelector('firsthand-consent').shadowRoot.querySelector('[role=status]').textContent);
export const inShadow = (page, read, ...rest) => page.evaluate(`(${read})(document.querySelector('firsthand-consent').shadowRoot, ...${JSON.stringify(rest)})`);
export const painted = (page) => page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));

/** What axe finds in the whole page, or in what a selector names. */
export async function violations(page, selector) {
  await page.evaluate(axe.source);
  return page.evaluate(async (wanted) => {
    const result = await axe.run(wanted ? document.querySelector(wanted) : document, {
      runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'],
    });
    return result.violations.map((rule) => `${rule.id}: ${rule.nodes.map((node) => node.target.join(' ')).join(', ')}`);
  }, selector);
}
