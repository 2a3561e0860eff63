// Signals out: what other tools in the page are told, in order and once.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { ALL, allows, consent, debug, said, settled, signalPage, until, warnings, world } from './signals/world.mjs';

const it = world();
/** The snippet that shops copy. */
const SNIPPET = readFileSync(new URL('../../docs/signals.md', import.meta.url), 'utf8').match(/```html\n<script>\n([\s\S]*?)<\/script>\n```/)[1];
/** Pixels that write down what they are told; each `fbq` and `ttq` as after its base code. */
const PIXELS = `window.calls = [];
  window.makeFbq = () => { window.fbq = (...words) => { if (words[0] === 'consent') calls.push(['fbq', ...words]); }; };
  window.makeTtq = () => { window.ttq = Object.fromEntries(['holdConsent', 'grantConsent', 'revokeConsent'].map((name) => [name, () => calls.push(['ttq', name])])); };
  window.makeShopify = () => { window.Shopify = { customerPrivacy: { setTrackingConsent: (consent, done) => { calls.push(['shopify', consent]); done(); } } }; };
  const note = (name, layer) => { const push = layer.push; layer.push = (...entries) => { for (const entry of entries) calls.push([name, ...(entry[0] === 'consent' ? [...entry] : [entry])]); return push.apply(layer, entries); }; };`;
const base = `${SNIPPET} ${PIXELS} makeFbq(); fbq('consent', 'revoke'); makeTtq(); ttq.holdConsent(); makeShopify(); note('gtag', dataLayer);
  const push = uetq.push; uetq.push = (...words) => { calls.push(['uetq', ...words]); return push.apply(uetq, words); };`;
const EVERYBODY = 'consent_mode,uet,meta,tiktok,shopify';
const taken = (page) => page.evaluate(() => JSON.parse(JSON.stringify(window.calls.splice(0))));

const GRANTED = [
  ['gtag', 'consent', 'update', {
    ad_storage: 'granted', ad_user_data: 'granted', ad_personalization: 'granted', analytics_storage: 'granted',
    functionality_storage: 'granted', personalization_storage: 'granted', security_storage: 'granted',
  }],
  ['uetq', 'consent', 'update', { ad_storage: 'granted' }],
  ['fbq', 'consent', 'grant'],
  ['ttq', 'grantConsent'],
  ['shopify', { analytics: true, marketing: true, preferences: true, sale_of_data: true }],
];
const DENIED = [
  ['gtag', 'consent', 'update', {
    ad_storage: 'denied', ad_user_data: 'denied', ad_personalization: 'denied', analytics_storage: 'denied',
    functionality_storage: 'granted', personalization_storage: 'denied', security_storage: 'granted',
  }],
  ['uetq', 'consent', 'update', { ad_storage: 'denied' }],
  ['fbq', 'consent', 'revoke'],
  ['ttq', 'revokeConsent'],
  ['shopify', { analytics: false, marketing: false, preferences: false, sale_of_data: false }],
];
/** The module is there: nothing else shows it where nothing is told. */
const started = (page) => until('the signals to start', async () => (await consent(page)).signals);

test('everybody is told of each change once, in order; and on the next page', async () => {
  await it.start({ '*': signalPage({ tell: EVERYBODY, before: base }) });
  const page = await it.visit();
  await started(page);
  assert.deepEqual(await taken(page), [['fbq', 'consent', 'revoke'], ['ttq', 'holdConsent']], 'before the choice only what the page itself did');
  await page.evaluate(() => window.firsthand.consent.set('all'));
  assert.deepEqual(await taken(page), GRANTED);
  await page.evaluate(() => {
    window.firsthand.consent.set('all');
    window.firsthand.track('share');
  });
  assert.deepEqual(await taken(page), [], 'nothing has changed');
  await page.evaluate(() => window.firsthand.consent.set({ third_party_sharing: false }));
  const [gtag, uet, meta, tiktok, shopify] = await taken(page);
  assert.deepEqual([gtag[3].ad_storage, gtag[3].ad_personalization, gtag[3].analytics_storage, uet[3].ad_storage, meta[2], tiktok[1], shopify[1].marketing, shopify[1].sale_of_data],
    ['denied', 'denied', 'granted', 'denied', 'revoke', 'revokeConsent', true, false]);
  await page.evaluate(() => window.firsthand.consent.set('none'));
  assert.deepEqual(await taken(page), DENIED);
  await page.evaluate(() => window.firsthand.consent.set('all'));
  await taken(page);
  const next = await it.visit('/next');
  await started(next);
  assert.deepEqual((await taken(next)).slice(2), GRANTED, 'a choice that is stored is told on load');
  const entries = await next.evaluate(() => [...window.dataLayer].map((entry) => [Object.prototype.toString.call(entry), entry[1]]));
  assert.deepEqual(entries, [['[object Arguments]', 'default'], ['[object Arguments]', 'update']], 'as gtag() writes it, after the default');
});

test('where silence is a yes, the tags are let go on load; where GPC speaks, they are not', async () => {
  await it.start({ '*': signalPage({ tell: 'consent_mode,meta', regime: 'opt_out', before: base }) });
  const page = await it.visit();
  await until('the pixel to be told', async () => (await page.evaluate(() => window.calls.length)) === 4);
  assert.deepEqual((await taken(page)).slice(2), [GRANTED[0], GRANTED[2]]);
  const prepare = (one) => one.evaluateOnNewDocument(() => Object.defineProperty(Navigator.prototype, 'globalPrivacyControl', { value: true }));
  const gpc = await it.visit('/', { prepare });
  await until('the pixel to be told', async () => (await gpc.evaluate(() => window.calls.length)) === 4);
  assert.deepEqual((await taken(gpc)).at(-1), ['fbq', 'consent', 'revoke']);
});

test('a pixel that comes late hears the last word only', async () => {
  await it.start({ '*': signalPage({ tell: EVERYBODY, before: PIXELS }) });
  const page = await it.visit();
  await started(page);
  await page.evaluate(() => {
    window.firsthand.consent.set('all');
    window.firsthand.consent.set('none');
    makeFbq();
    makeTtq();
    makeShopify();
  });
  await until('all three', async () => (await page.evaluate(() => window.calls.length)) >= 3);
  const calls = await taken(page);
  assert.deepEqual(calls.sort(), DENIED.slice(2).sort());
  await page.evaluate(() => window.firsthand.consent.set('all'));
  assert.deepEqual(await taken(page), GRANTED.slice(2));
});

test('the answer of a consent tool is passed on, and nothing before it', async () => {
  const tool = `window.__gpp = (command, callback) => { if (command === 'addEventListener') window.hear = callback; };`;
  await it.start({ '*': signalPage({ signals: 'gpp', tell: 'meta', regime: 'opt_out', before: base + tool, attributes: 'data-signals-timeout-ms="60000"' }) });
  const page = await it.visit();
  await until('the tool to be asked', () => page.evaluate(() => typeof window.hear === 'function'));
  assert.deepEqual((await taken(page)).slice(2), []);
  await page.evaluate(() => window.hear({ pingData: { signalStatus: 'ready', gppString: 'DBABLA~CVVVAAAAAABY.QA', applicableSections: [7] } }, true));
  await settled(page);
  assert.deepEqual(await taken(page), [['fbq', 'consent', 'revoke']]);
});

test('Consent Mode on both sides: our own word is no answer, a foreign one is, and nothing goes round', async () => {
  await it.start({ '*': signalPage({ signals: 'consent_mode', tell: 'consent_mode', regime: 'opt_out', before: base, attributes: 'data-signals-timeout-ms="50"' }) });
  const page = await it.visit();
  await allows(page, ALL);
  assert.deepEqual((await consent(page)).signals.sources, {}, 'the default is that of the snippet');
  await until('the update', async () => (await page.evaluate(() => window.dataLayer.length)) === 2);
  await page.evaluate(() => window.firsthand.consent.set('none'));
  assert.equal(await page.evaluate(() => window.dataLayer.length), 3);
  await page.evaluate(() => window.firsthand.consent.set('all'));
  await allows(page, ALL);
  assert.equal(await page.evaluate(() => window.dataLayer.length), 4);
  assert.deepEqual((await consent(page)).signals.sources, {});
  await page.evaluate(() => window.gtag('consent', 'update', { analytics_storage: 'denied' }));
  await allows(page, [true, false, true, true]);
  assert.equal(await page.evaluate(() => window.dataLayer.length), 6, 'one foreign, one ours');
});

test('Shopify on both sides is heard and not told', async () => {
  const shop = `${base} Object.assign(Shopify.customerPrivacy, { currentVisitorConsent: () => ({ marketing: 'no', analytics: 'yes', preferences: 'no', sale_of_data: 'no' }), marketingAllowed: () => false,
    analyticsProcessingAllowed: () => true, preferencesProcessingAllowed: () => false, saleOfDataAllowed: () => false });`;
  await it.start({ '*': signalPage({ signals: 'shopify', tell: 'shopify,uet', before: shop }) });
  const page = await it.visit();
  await allows(page, [false, true, false, false]);
  assert.deepEqual((await taken(page)).slice(2).map(([name]) => name), ['uetq']);
  assert.deepEqual(await warnings(page), ['tell: shopify is a signal here, and is not told its own word']);
});

test('tools that throw, names that nobody has: the others are told', async () => {
  const broken = `${base} fbq = () => { throw new Error('broken'); }; dataLayer.push = () => { throw new Error('broken'); };`;
  await it.start({ '*': signalPage({ tell: 'consent_mode,meta,tiktok,pinterest', signals: 'cookiebott', before: broken }) });
  const page = await it.visit();
  await started(page);
  await page.evaluate(() => window.firsthand.consent.set('all'));
  assert.deepEqual((await taken(page)).slice(2), [['ttq', 'grantConsent']]);
  assert.deepEqual(await warnings(page), ['signals: no source is called "cookiebott"', 'tell: nobody is called "pinterest"']);
  assert.equal((await debug(page)).state, 'ready');
});
