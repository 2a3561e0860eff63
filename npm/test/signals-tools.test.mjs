// Signals in: Google's and Shopify's APIs, and the consent tools that shops use, each behaving as its documentation says.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { ALL, NONE, allowed, allows, consent, debug, said, settled, signalPage, until, warnings, world } from './signals/world.mjs';

const it = world();
const GTAG = 'window.dataLayer = window.dataLayer || []; window.gtag = function () { dataLayer.push(arguments); };';
const gtag = (page, ...words) => page.evaluate((...words) => window.gtag('consent', ...words), ...words);
const EVERYTHING = { ad_storage: 'granted', ad_user_data: 'granted', ad_personalization: 'granted', analytics_storage: 'granted', personalization_storage: 'granted' };
const states = (state) => Object.fromEntries(Object.keys(EVERYTHING).map((key) => [key, state]));

test('Consent Mode: an update counts at once, a default grants nothing', async () => {
  const before = `${GTAG} gtag('consent', 'default', ${JSON.stringify({ ...states('granted'), wait_for_update: 500 })});`;
  await it.start({ '*': signalPage({ signals: 'consent_mode', before }) });
  const page = await it.visit();
  await settled(page);
  assert.deepEqual(await allowed(page), NONE);
  assert.equal((await debug(page)).held, 1, 'the visitor can still be asked');
  await page.evaluate((states) => window.dataLayer.push(['consent', 'update', states]), EVERYTHING);
  assert.deepEqual(await allowed(page), NONE, 'Google does not read arrays either');
  await gtag(page, 'update', { analytics_storage: 'granted' });
  assert.deepEqual(await allowed(page), [false, true, false, false]);
  await gtag(page, 'update', { ...EVERYTHING, ad_personalization: 'denied' });
  assert.deepEqual(await allowed(page), [true, true, false, true]);
  assert.equal((await consent(page)).bases.marketing, 'consent_mode');
  await until('the view', () => it.shop.events.length === 1);
  await gtag(page, 'update', { ad_storage: 'denied', ad_user_data: 'denied' });
  assert.deepEqual(await allowed(page), [false, true, false, false]);
  await gtag(page, 'update', states('denied'));
  assert.deepEqual(await allowed(page), NONE);
  await until('a receipt of each', () => it.shop.choices.length === 4);
});

test('Consent Mode: what a default denies counts where silence is a yes, in the region it names', async () => {
  const named = `${GTAG} gtag('consent', 'default', { ad_storage: 'denied', region: ['US-CA'] }); gtag('consent', 'default', { ad_storage: 'granted', analytics_storage: 'denied', region: ['US'] });
    gtag('consent', 'default', ${JSON.stringify(states('granted'))});`;
  const visitor = (region) => `window.firsthandConfig = { signalsOptions: { region: ${region} } }; ${named}`;
  const page = (region) => signalPage({ signals: 'consent_mode', regime: 'opt_out', before: visitor(region) });
  await it.start({ '/unknown': page('undefined'), '/ca': page('"US-CA"'), '/ny': page('"us-ny"'), '/fr': page('"FR"') });
  for (const [path, wanted] of [['/unknown', '00--'], ['/ca', '00--'], ['/ny', '-0--'], ['/fr', '----']]) {
    const it2 = await it.visit(path);
    await said(it2, 'consent_mode', wanted);
    assert.deepEqual(await allowed(it2), [...wanted].map((answer) => answer !== '0'), path);
  }
});

test('Consent Mode: what is no command breaks nothing', async () => {
  const before = `${GTAG} dataLayer.push(null, 7, 'consent', { get event() { throw new Error('trap'); } }); gtag(); gtag('consent'); gtag('consent', 'update'); gtag('consent', 'update', null);
    gtag('consent', 'update', { get ad_storage() { throw new Error('trap'); } }); gtag('consent', 'update', { ad_storage: 'perhaps' });`;
  await it.start({ '*': signalPage({ signals: 'consent_mode,usercentrics', before, attributes: 'data-signals-timeout-ms="50"' }) });
  const page = await it.visit();
  await said(page, 'consent_mode', '----');
  assert.equal(await page.evaluate((states) => (gtag('consent', 'update', states), dataLayer.length), EVERYTHING), 11);
  await allows(page, ALL);
});

test('Shopify: the booleans are read first, the event after; only a choice is a yes', async () => {
  const before = `window.given = { marketing: '', analytics: '', preferences: '', sale_of_data: '' };
    window.required = true;
    const is = (name) => () => given[name] === 'yes' || (given[name] === '' && !window.required);
    window.Shopify = { loadFeatures: (features, done) => {
      if (features[0].name !== 'consent-tracking-api' || features[0].version !== '0.1') throw new Error('unknown feature');
      Shopify.customerPrivacy = { currentVisitorConsent: () => ({ ...given }), marketingAllowed: is('marketing'), analyticsProcessingAllowed: is('analytics'),
        preferencesProcessingAllowed: is('preferences'), saleOfDataAllowed: is('sale_of_data') };
      done();
    } };
    window.choose = (choice) => { Object.assign(given, choice); document.dispatchEvent(new CustomEvent('visitorConsentCollected', { detail: {} })); };`;
  await it.start({
    '/eu': signalPage({ signals: 'shopify', before }),
    '/us': signalPage({ signals: 'shopify', regime: 'opt_out', before }),
    '/open': signalPage({ signals: 'shopify', regime: 'opt_out', before: before.replace('required = true', 'required = false') }),
    '/wrong': signalPage({ signals: 'shopify', before: before.replace('required = true', 'required = false') }),
  });
  const eu = await it.visit('/eu');
  await settled(eu);
  assert.deepEqual([await allowed(eu), (await debug(eu)).held], [NONE, 1]);
  await eu.evaluate(() => choose({ marketing: 'yes', analytics: 'yes', preferences: 'no', sale_of_data: 'no' }));
  assert.deepEqual(await allowed(eu), [true, true, false, false]);
  await eu.evaluate(() => choose({ marketing: 'no', analytics: 'no' }));
  assert.deepEqual(await allowed(eu), NONE);
  const us = await it.visit('/us');
  await said(us, 'shopify', '0000');
  const open = await it.visit('/open');
  await said(open, 'shopify', '----');
  assert.deepEqual(await allowed(open), ALL);
  await open.evaluate(() => choose({ sale_of_data: 'no' }));
  assert.deepEqual(await allowed(open), [true, true, true, false]);
  const wrong = await it.visit('/wrong');
  await said(wrong, 'shopify', '----');
  assert.deepEqual(await allowed(wrong), NONE, 'a setting of the shop is no choice');
});

/**
 * Each tool in the page: `setup` as it is before the visitor has chosen, `choose(marketing, analytics, comfort)` as it is told. A visitor who comes
 * back finds the tool with the choice (`setup`, then `choose`, before the SDK is there).
 */
const TOOLS = {
  cookiebot: {
    setup: `window.Cookiebot = { consent: { necessary: true, preferences: false, statistics: false, marketing: false, method: null }, hasResponse: false };`,
    choose: `Object.assign(Cookiebot.consent, { preferences: comfort, statistics: analytics, marketing, method: 'explicit' });
      Cookiebot.hasResponse = true; dispatchEvent(new Event('CookiebotOnConsentReady')); dispatchEvent(new Event(marketing ? 'CookiebotOnAccept' : 'CookiebotOnDecline'));`,
  },
  onetrust: {
    setup: `let isClosed = false; const watchers = []; window.OnetrustActiveGroups = ',C0001,C0002,C0003,C0004,';
      window.OneTrust = { IsAlertBoxClosed: () => isClosed, OnConsentChanged: (watcher) => watchers.push(watcher), close: () => { isClosed = true; watchers.forEach((watcher) => watcher(new Event('x'))); } };`,
    choose: `OnetrustActiveGroups = ',C0001,' + (analytics ? 'C0002,' : '') + (comfort ? 'C0003,' : '') + (marketing ? 'C0004,' : ''); OneTrust.close(); dispatchEvent(new Event('OneTrustGroupsUpdated'));`,
  },
  usercentrics: {
    setup: `let details = { consent: { type: 'IMPLICIT', status: 'ALL_ACCEPTED' }, services: {}, categories: { essential: { state: 'ALL_ACCEPTED' }, marketing: { state: 'ALL_ACCEPTED' } } };
      window.__ucCmp = { getConsentDetails: async () => details, save: (saved) => { details = saved; dispatchEvent(new CustomEvent('UC_CONSENT', { detail: saved })); } };`,
    choose: `const state = (isOn) => ({ state: isOn ? 'ALL_ACCEPTED' : 'SOME_DENIED' });
      __ucCmp.save({ consent: { type: 'EXPLICIT', status: 'SOME_ACCEPTED' }, services: {}, categories: { essential: state(true), marketing: state(marketing), statistics: state(analytics), functional: state(comfort) } });`,
  },
  'usercentrics 2': {
    name: 'usercentrics',
    setup: `${GTAG} const tell = (type, ucCategory) => { const detail = { event: 'consent_status', action: 'onUpdateServices', type, ucCategory }; dataLayer.push(detail); dispatchEvent(new CustomEvent('ucEvent', { detail })); };
      window.tell = tell; tell('implicit', { essential: true, functional: true, marketing: true });`,
    choose: `tell('explicit', { essential: true, functional: comfort, marketing: marketing || null, analytics });`,
  },
  klaro: {
    setup: `const watchers = new Set();
      const manager = { confirmed: false, consents: { ga: true, meta: true }, watch: (watcher) => watchers.add(watcher), config: { services: [
        { name: 'ga', purposes: ['analytics'] }, { name: 'matomo', purposes: ['analytics'] }, { name: 'meta', purposes: ['marketing'] }, { name: 'chat', purposes: ['functional', 'livechat'] } ] } };
      window.klaro = { getManager: () => manager };
      const notify = (type) => watchers.forEach((watcher) => watcher.update(manager, type, manager.consents));
      window.tick = (consents) => { Object.assign(manager.consents, consents); notify('consents'); };
      window.save = () => { manager.confirmed = true; notify('saveConsents'); };`,
    choose: `tick({ ga: true, matomo: analytics, meta: marketing, chat: comfort }); save();`,
  },
  didomi: {
    setup: `let isOpen = true; const on = {}; const listeners = () => window.didomiEventListeners ?? [];
      const enabled = (id) => ({ id, enabled: !isOpen && !!on[id] });
      window.Didomi = { shouldUserStatusBeCollected: () => isOpen, getCurrentUserStatus: () => ({ regulation: 'gdpr', purposes: Object.fromEntries(['cookies', 'create_ads_profile', 'select_personalized_ads',
        'measure_ad_performance', 'market_research', 'measure_content_performance', 'create_content_profile', 'select_personalized_content'].map((id) => [id, enabled(id)])) }) };
      // What was pushed before it came, and what is pushed after.
      window.didomiOnReady = { push: (callback) => callback(Didomi) };
      window.save = (purposes) => { isOpen = false; Object.assign(on, { cookies: true }, purposes); for (const { event, listener } of listeners()) if (event === 'consent.changed') listener({}); };`,
    choose: `save({ create_ads_profile: marketing, select_personalized_ads: marketing, measure_ad_performance: marketing, market_research: analytics, measure_content_performance: true,
      create_content_profile: comfort, select_personalized_content: comfort });`,
  },
  cookieyes: {
    setup: `let said = { activeLaw: 'gdpr', categories: { necessary: true, functional: true, analytics: true, performance: true, advertisement: true }, isUserActionCompleted: false };
      window.getCkyConsent = () => said; window.save = (categories) => { said = { ...said, categories: { necessary: true, ...categories }, isUserActionCompleted: true }; document.dispatchEvent(new CustomEvent('cookieyes_consent_update')); };`,
    choose: `save({ functional: comfort, analytics, performance: true, advertisement: marketing });`,
  },
  complianz: {
    setup: `const on = { functional: true, preferences: true, statistics: true, marketing: true }; window.cmplz_has_consent = (name) => !!on[name];
      window.save = (categories) => { for (const [category, isOn] of Object.entries(categories)) { on[category] = isOn; document.dispatchEvent(new CustomEvent('cmplz_status_change', { detail: { category } })); }
        document.cookie = 'cmplz_banner-status=dismissed;path=/'; };`,
    choose: `save({ preferences: comfort, statistics: analytics, marketing });`,
  },
  osano: {
    setup: `let stored; const listeners = {};
      window.Osano = { cm: { addEventListener: (name, hear) => { (listeners[name] ??= []).push(hear); if (name === 'osano-cm-initialized') hear(stored); } } };
      window.save = (consent) => { stored = consent; (listeners['osano-cm-consent-saved'] ?? []).forEach((hear) => hear(consent)); };`,
    choose: `const word = (isOn) => isOn ? 'ACCEPT' : 'DENY'; save({ ESSENTIAL: 'ACCEPT', MARKETING: word(marketing), ANALYTICS: word(analytics), PERSONALIZATION: word(comfort), OPT_OUT: 'DENY' });`,
  },
};
const chosen = ({ choose }) => `window.choose = (marketing, analytics, comfort) => { ${choose} };`;

for (const [title, tool] of Object.entries(TOOLS)) {
  const name = tool.name ?? title;
  test(`${title}: the visitor's choice counts, changes at once, and is known on the next page`, async () => {
    const before = `{ ${tool.setup} ${chosen(tool)} }`;
    await it.start({ '/back': signalPage({ signals: name, before: `${before} choose(false, true, true);` }), '*': signalPage({ signals: name, before, attributes: 'data-signals-timeout-ms="50"' }) });
    const page = await it.visit();
    await until('the wait to end', async () => (await warnings(page)).length > 0);
    assert.deepEqual(await warnings(page), [`${name}: no answer in time; the regime decides until one comes`]);
    assert.deepEqual([await allowed(page), (await debug(page)).held], [NONE, 1], 'what nobody chose is no choice');
    await page.evaluate(() => choose(true, true, true));
    await allows(page, ALL);
    await until('the receipt', () => it.shop.choices.length === 1);
    const told = it.shop.choices[0].body.consent;
    assert.deepEqual([told.cmp, (await consent(page)).bases.analytics], [name, 'cmp']);
    await page.evaluate(() => choose(true, false, false));
    await allows(page, [true, false, false, true]);
    await page.evaluate(() => choose(false, false, false));
    await allows(page, NONE);
    assert.deepEqual(await page.evaluate(() => Object.keys(localStorage).filter((key) => key !== 'fh.w')), []);
    const back = await it.visit('/back');
    await allows(back, [false, true, true, false]);
  });
}

test('klaro: a tick that is not saved is no answer', async () => {
  await it.start({ '*': signalPage({ signals: 'klaro', before: `{ ${TOOLS.klaro.setup} ${chosen(TOOLS.klaro)} }` }) });
  const page = await it.visit();
  await page.evaluate(() => choose(false, false, false));
  await said(page, 'klaro', '0000');
  await page.evaluate(() => tick({ ga: true, matomo: true, meta: true }));
  assert.equal((await consent(page)).signals.sources.klaro, '0000');
  await page.evaluate(() => save());
  assert.deepEqual(await allowed(page), [true, true, false, true]);
});

test('osano: the opt-out of sale refuses sharing; cookiebot: implied consent refuses and does not grant', async () => {
  await it.start({
    '/osano': signalPage({ signals: 'osano', regime: 'opt_out', before: `{ ${TOOLS.osano.setup} }` }),
    '/cookiebot': signalPage({ signals: 'cookiebot', before: `{ ${TOOLS.cookiebot.setup} Object.assign(Cookiebot, { hasResponse: true, consent: { marketing: true, statistics: true, preferences: true, method: 'implied' } }); }` }),
  });
  const osano = await it.visit('/osano');
  await osano.evaluate(() => save({ MARKETING: 'ACCEPT', ANALYTICS: 'ACCEPT', PERSONALIZATION: 'ACCEPT', OPT_OUT: 'ACCEPT' }));
  await allows(osano, [true, true, true, false]);
  const cookiebot = await it.visit('/cookiebot');
  await said(cookiebot, 'cookiebot', '----');
  assert.deepEqual(await allowed(cookiebot), NONE);
});

test('vanilla-cookieconsent: the tool itself, loaded late, early, and bundled without a global', async () => {
  const lib = readFileSync(new URL('../node_modules/vanilla-cookieconsent/dist/cookieconsent.umd.js', import.meta.url), 'utf8');
  const run = `CookieConsent.run({ categories: { necessary: { readOnly: true }, functionality: {}, analytics: {}, ads: {} }, guiOptions: {},
    language: { default: 'en', translations: { en: { consentModal: { title: 'x', acceptAllBtn: 'x' }, preferencesModal: { sections: [] } } } } });`;
  await it.start({
    '/cc.js': lib,
    '/hidden': signalPage({ signals: 'cookieconsent' }),
    '*': signalPage({ signals: 'cookieconsent' }),
  });
  const page = await it.visit();
  await page.addScriptTag({ url: '/cc.js' });
  await page.evaluate(run);
  assert.deepEqual(await allowed(page), NONE);
  await page.evaluate(() => CookieConsent.acceptCategory('all'));
  await allows(page, ALL);
  await page.evaluate(() => CookieConsent.acceptCategory(['analytics']));
  await allows(page, [false, true, false, false]);
  const back = await it.visit('/hidden');
  await allows(back, [false, true, false, false]);
  await back.evaluate(() => dispatchEvent(new CustomEvent('cc:onChange', { detail: { cookie: { categories: ['necessary'] } } })));
  await allows(back, NONE);
});

test('a category means what the shop says it means', async () => {
  const before = `window.firsthandConfig = { signalsOptions: { categories: { c0002: ['analytics', 'personalization'], C0005: ['marketing'], C0004: [] } } }; { ${TOOLS.onetrust.setup} }`;
  await it.start({ '*': signalPage({ signals: 'onetrust', before }) });
  const page = await it.visit();
  await page.evaluate(() => {
    OnetrustActiveGroups = ',C0001,C0002,C0004,C0005,constructor,__proto__,';
    OneTrust.close();
  });
  await allows(page, [true, true, true, false]);
});
