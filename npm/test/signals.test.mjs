// Signals: what all of them share. Silent tools, tools that contradict each other, and what a page without them pays.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { ALL, NONE, TC, allowed, allows, consent, debug, said, settled, signalPage, until, warnings, world } from './signals/world.mjs';

const it = world();
/** Two tools that answer when they are told to. */
const TOOLS = `window.__tcfapi = (command, version, callback) => { window.hear = callback; };
  window.tcf = (tcString) => window.hear({ tcString, gdprApplies: true, eventStatus: 'useractioncomplete', cmpId: 10 }, true);
  window.Cookiebot = { consent: {}, hasResponse: false };
  window.bot = (marketing, statistics, preferences) => { Object.assign(Cookiebot, { hasResponse: true, consent: { marketing, statistics, preferences, method: 'explicit' } }); dispatchEvent(new Event('CookiebotOnConsentReady')); };`;
const asked = (page) => until('the tool to be asked', () => page.evaluate(() => typeof window.hear === 'function'));

test('a page without the option loads no file, and has none of it in those it loads', async () => {
  await it.start({ '*': signalPage({ regime: 'opt_out', before: TOOLS }) });
  const page = await it.visit();
  await until('the view', () => it.shop.events.length === 1);
  assert.deepEqual(page.requests.filter((path) => path.startsWith('/sdk/')), ['/sdk/fh.js', '/sdk/fh.wasm']);
  assert.equal((await consent(page)).signals, undefined);
  assert.equal(await page.evaluate(() => typeof window.hear), 'undefined');
  for (const file of ['stub.js', 'fh.js', 'fh.wasm', 'index.js', 'core.js']) {
    const text = readFileSync(new URL('../dist/' + file, import.meta.url), 'latin1');
    for (const word of ['__tcfapi', 'tcloaded', 'Cookiebot', 'dataLayer', 'fbq', 'ad_user_data']) assert.ok(!text.includes(word), `${file}: ${word}`);
  }
});

for (const [regime, before, after] of [['opt_in', NONE, ALL], ['opt_out', ALL, ALL]]) {
  test(`${regime}: a tool that never answers is given up, and heard when it answers late`, async () => {
    await it.start({ '*': signalPage({ signals: 'tcf', regime, before: TOOLS, attributes: 'data-signals-timeout-ms="50" data-debug="true"' }) });
    const lines = [];
    const page = await it.visit('/', { prepare: async (one) => one.on('console', (message) => lines.push(message.text())) });
    await settled(page);
    assert.deepEqual(await allowed(page), before);
    assert.deepEqual(await warnings(page), ['tcf: no answer in time; the regime decides until one comes']);
    assert.deepEqual((await debug(page)).consent.signals.warnings, await warnings(page));
    await until('the console to say so', () => lines.some((line) => line.includes('tcf: no answer in time')));
    await page.evaluate((tc) => tcf(tc), TC.all);
    await allows(page, after);
    await until('the view', () => it.shop.events.length === 1);
    await page.evaluate((tc) => tcf(tc), TC.none);
    assert.deepEqual(await allowed(page), NONE);
  });
}

test('tools that are missing altogether, and one that comes after all', async () => {
  await it.start({ '*': signalPage({ signals: 'tcf,gpp,cookiebot,onetrust,klaro,didomi,usercentrics,cookieyes,complianz,osano,cookieconsent,shopify,consent_mode', attributes: 'data-signals-timeout-ms="50"' }) });
  const page = await it.visit();
  await settled(page);
  assert.equal((await warnings(page)).length, 13);
  assert.equal((await debug(page)).held, 1);
  await page.evaluate(() => {
    window.getCkyConsent = () => ({ isUserActionCompleted: true, categories: { analytics: true, performance: true, functional: false, advertisement: false } });
  });
  await said(page, 'cookieyes', '0100');
  await until('the view', () => it.shop.events.length === 1);
});

test('where two tools contradict each other the stricter counts, purpose by purpose, and the page is told', async () => {
  await it.start({ '*': signalPage({ signals: 'tcf,cookiebot', before: TOOLS }) });
  const page = await it.visit();
  await asked(page);
  await page.evaluate(() => {
    window.details = [];
    addEventListener('firsthand:consent', (event) => window.details.push(event.detail));
  });
  await page.evaluate((tc) => tcf(tc), TC.all);
  assert.equal((await consent(page)).pending, true, 'the other one has not answered');
  await page.evaluate(() => bot(false, true, true));
  await settled(page);
  assert.deepEqual(await allowed(page), [false, true, true, false]);
  const expected = ['marketing: cookiebot says no, tcf says yes; the no counts', 'third_party_sharing: cookiebot says no, tcf says yes; the no counts'];
  const { signals } = await page.evaluate(() => window.details.at(-1));
  assert.deepEqual(signals, {
    awaited: false,
    answers: { marketing: false, analytics: true, personalization: true, third_party_sharing: false },
    sources: { tcf: '1111', cookiebot: '0110' },
    warnings: expected,
  });
  await page.evaluate(() => bot(true, true, true));
  assert.deepEqual(await allowed(page), ALL);
  await page.evaluate((tc) => tcf(tc), TC.measurement);
  assert.deepEqual(await allowed(page), [false, true, false, true]);
  await until('the receipts', () => it.shop.choices.length >= 2);
  const { tcf, cmp } = it.shop.choices.at(-1).body.consent;
  assert.deepEqual([tcf.slice(0, 10), cmp], [TC.measurement.slice(0, 10), 'tcf/10']);
});

test('the visitor\'s own no outlasts a tool\'s yes, and a tool\'s no the own yes', async () => {
  await it.start({ '*': signalPage({ signals: 'tcf', before: TOOLS }) });
  const page = await it.visit();
  await asked(page);
  await page.evaluate((tc) => tcf(tc), TC.all);
  await allows(page, ALL);
  await page.evaluate(() => window.firsthand.consent.set({ marketing: false }));
  assert.deepEqual(await allowed(page), [false, true, true, true]);
  await page.evaluate((tc) => tcf(tc), TC.none);
  await page.evaluate(() => window.firsthand.consent.set('all'));
  assert.deepEqual(await allowed(page), NONE);
});

test('a choice that was told is not told again on every page', async () => {
  await it.start({ '*': signalPage({ signals: 'cookiebot', before: `${TOOLS} bot(true, true, false);` }) });
  const one = await it.visit('/one');
  await until('the receipt', () => it.shop.choices.length === 1);
  await until('the view', () => it.shop.events.length === 1);
  await one.evaluate(() => window.firsthand.flush());
  const two = await it.visit('/two');
  await until('the next view', () => it.shop.events.length === 2);
  await two.evaluate(() => window.firsthand.flush());
  assert.equal(it.shop.choices.length, 1);
  await two.evaluate(() => bot(false, true, false));
  await until('the change', () => it.shop.choices.length === 2);
});

test('without WebAssembly the same module runs as JavaScript', async () => {
  const html = signalPage({ signals: 'tcf', tell: 'uet' }).replace('<script></script>', '').replace('<script async', '<script src="/tools.js"></script><script async');
  const headers = { 'content-security-policy': "default-src 'none'; script-src 'self'; connect-src 'self'" };
  await it.start({ '/tools.js': TOOLS, '*': { html, headers } });
  const page = await it.visit();
  await asked(page);
  assert.ok(page.requests.includes('/sdk/fh.signals.nowasm.js'));
  await page.evaluate((tc) => tcf(tc), TC.measurement);
  await allows(page, [false, true, false, true]);
  assert.deepEqual(await page.evaluate(() => JSON.parse(JSON.stringify(window.uetq))), ['consent', 'update', { ad_storage: 'denied' }]);
});

test('a file of the signals that does not come leaves it to the regime', async () => {
  await it.start({ '*': signalPage({ signals: 'cookiebot', regime: 'opt_out', before: TOOLS }) });
  const prepare = async (page) => {
    await page.setRequestInterception(true);
    page.on('request', (request) => (request.url().includes('fh.signals') ? request.abort() : request.continue()));
  };
  const page = await it.visit('/', { prepare });
  assert.equal((await debug(page)).held, 1);
  await until('the view', () => it.shop.events.length === 1);
  assert.deepEqual(await allowed(page), ALL);
});

test('a file of the signals that is slow has as long to come as the shop gives its tools', async () => {
  // Waits of one second to a minute are over at once.
  const hasten = `{ const { setTimeout } = window; window.setTimeout = (step, ms, ...rest) => setTimeout(step, ms >= 1_000 && ms < 60_000 ? 0 : ms, ...rest); }`;
  const shop = (attributes) => signalPage({ signals: 'cookiebot', regime: 'none', before: hasten + TOOLS + 'bot(false, false, false);', attributes });
  await it.start({ '/short': shop(''), '/wrong': shop('data-signals-timeout-ms="soon"'), '/long': shop('data-signals-timeout-ms="60000"') });
  let arrive;
  const prepare = async (page) => {
    await page.setRequestInterception(true);
    const arrived = new Promise((resolve) => (arrive = resolve));
    page.on('request', async (request) => {
      if (request.url().includes('fh.signals')) await arrived;
      await request.continue();
    });
  };
  const long = await it.visit('/long', { prepare });
  await long.evaluate(() => new Promise((resolve) => setTimeout(resolve, 2_000)));
  const { held, consent: state } = await debug(long);
  assert.deepEqual([held, state.pending], [1, true]);
  arrive();
  await allows(long, NONE);
  await long.evaluate(() => window.firsthand.flush());
  assert.equal(it.shop.requests.length, 0);
  for (const path of ['/short', '/wrong']) {
    const page = await it.visit(path, { prepare });
    await until('the view', () => it.shop.events.some((event) => event.page.url.endsWith(path)));
    arrive();
    await allows(page, NONE);
  }
});
