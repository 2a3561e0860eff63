// Signals in: the two frameworks of the IAB, their libraries as the consent tool.
import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { readFileSync } from 'node:fs';
import { ALL, GPP, NONE, TC, allowed, allows, consent, debug, library, ready, said, settled, signalPage, until, warnings, world } from './signals/world.mjs';

const it = world();
const files = {};
before(async () => {
  files['/tcf-stub.js'] = `const module = {}; ${readFileSync(new URL('../node_modules/@iabtechlabtcf/stub/lib/stub.js', import.meta.url), 'utf8')}; module.exports();`;
  files['/tcf.js'] = await library(`import { CmpApi } from '@iabtechlabtcf/cmpapi'; window.tool = new CmpApi(10, 3, true);`);
  files['/gpp.js'] = await library(`import { CmpApi } from '@iabgpp/cmpapi'; window.gppTool = new CmpApi(31, 1);`);
});
/** The stub that a consent tool puts into the page: remembers calls until the tool is there. */
const GPP_STUB = `window.__gpp = (...call) => call.length ? void ((window.__gpp.queue ??= []).push(call)) : (window.__gpp.queue ?? []);`;
const add = (page, file) => page.addScriptTag({ url: file });
const stubbed = (page) => page.replace('<script>', '<script src="/tcf-stub.js"></script><script>');
const tool = (page, ...args) => page.evaluate((...args) => window.tool.update(...args), ...args);

test('a stored TC string decides, and goes into the receipt', async () => {
  await it.start({ ...files, '*': stubbed(signalPage({ signals: 'tcf', attributes: 'data-tcf-vendors="755"' })) });
  const page = await it.visit();
  const before = await debug(page);
  assert.deepEqual([before.held, before.consent.pending], [1, true]);
  await add(page, '/tcf.js');
  assert.equal((await consent(page)).pending, true, 'a tool that loads has not answered');
  await tool(page, TC.all);
  await allows(page, ALL);
  await until('the view', () => it.shop.events.length === 1);
  await until('the receipt', () => it.shop.choices.length === 1);
  const { consent: said } = it.shop.choices[0].body;
  assert.deepEqual([said.tcf, said.cmp], [TC.all, 'tcf/10']);
  assert.equal((await consent(page)).bases.marketing, 'tcf');
  assert.equal((await debug(page)).held, 0);
});

test('the visitor is waited for while the tool asks, and withdraws in it', async () => {
  await it.start({ ...files, '*': stubbed(signalPage({ signals: 'tcf,gpp', attributes: 'data-signals-timeout-ms="50"' })) });
  const page = await it.visit();
  await add(page, '/tcf.js');
  await tool(page, TC.none, true);
  await until('the other tool to be given up', async () => String(await warnings(page)).includes('gpp: no answer in time'));
  const status = await debug(page);
  assert.deepEqual([status.held, status.consent.pending, status.consent.prompt], [1, true, false]);
  await tool(page, TC.measurement, false);
  await allows(page, [false, true, false, true]);
  await until('the view', () => it.shop.events.length === 1);
  // The window opens again: what was said holds until something else is said.
  await tool(page, TC.measurement, true);
  assert.deepEqual(await allowed(page), [false, true, false, true]);
  await tool(page, TC.none, false);
  assert.deepEqual(await allowed(page), NONE);
  assert.deepEqual(await page.evaluate(() => Object.keys(localStorage).filter((key) => key !== 'fh.w')), [], 'nothing is kept but what the collector is told');
  await until('both receipts', () => it.shop.choices.length === 2);
  assert.equal(it.shop.choices[1].body.consent.tcf, TC.none);
  const sent = it.shop.requests.length;
  await page.evaluate(() => (window.firsthand.track('share'), window.firsthand.flush()));
  assert.equal(it.shop.requests.length, sent);
});

test('where the GDPR does not apply, TCF says nothing and the regime decides', async () => {
  await it.start({ ...files, '*': stubbed(signalPage({ signals: 'tcf', regime: 'opt_out' })) });
  const page = await it.visit();
  assert.equal((await debug(page)).held, 1, 'not known is not no');
  await add(page, '/tcf.js');
  await tool(page, null);
  await allows(page, ALL);
  assert.equal((await consent(page)).bases.marketing, 'regime');
  assert.equal(it.shop.choices.length, 0);
});

test('every vendor that gets data needs the consent', async () => {
  await it.start({
    ...files,
    '/one': stubbed(signalPage({ signals: 'tcf', attributes: 'data-tcf-vendors="755"' })),
    '/none': stubbed(signalPage({ signals: 'tcf' })),
  });
  for (const [path, sharing] of [['/one', false], ['/none', true]]) {
    const page = await it.visit(path);
    await add(page, '/tcf.js');
    await tool(page, TC.withoutVendor);
    await allows(page, [true, true, true, sharing]);
  }
});

test('in a frame the tools of the page above are asked', async () => {
  const framed = signalPage({ signals: 'tcf,gpp', regime: 'opt_out' });
  await it.start({
    ...files,
    '/framed': framed,
    '/': `<!doctype html><title>Shop</title><script src="/gpp.js"></script><script src="/tcf.js"></script><script>
      tool.update('${TC.measurement}');
      gppTool.setGppString('${GPP.optOut}'); gppTool.setApplicableSections([7]); gppTool.setSignalStatus('ready');
      addEventListener('message', ({ source, data }) => {
        const { __gppCall: gpp, __tcfapiCall: tcf } = data;
        if (gpp) __gpp(gpp.command, (returnValue, success) => source.postMessage(JSON.stringify({ __gppReturn: { returnValue, success, callId: gpp.callId } }), '*'), gpp.parameter);
        if (tcf) __tcfapi(tcf.command, tcf.version, (returnValue, success) => source.postMessage({ __tcfapiReturn: { returnValue, success, callId: tcf.callId } }, '*'), tcf.parameter);
      });
    </script><iframe name="__gppLocator" hidden></iframe><iframe name="__tcfapiLocator" hidden></iframe><iframe src="/framed"></iframe>`,
  });
  const page = await it.visit('/', { isFramed: true });
  const frame = await until('the frame', () => page.frames().find((one) => one.url().endsWith('/framed')));
  await ready(frame);
  await allows(frame, [false, true, false, false]);
  // Somebody else in the window cannot answer for the tool.
  await frame.evaluate((tcString) => window.postMessage({ __tcfapiReturn: { callId: 'firsthand-x', success: true, returnValue: { tcString } } }, '*'), TC.all);
  await tool(page, TC.none);
  await allows(frame, NONE);
  assert.deepEqual(await warnings(frame), ['third_party_sharing: gpp says no, tcf says yes; the no counts']);
});

test('hostile tools and strings grant nothing and break nothing', async () => {
  const fake = `window.answer = (data, isOk = true) => { for (const callback of window.callbacks) callback(data, isOk); };
    window.callbacks = []; window.__tcfapi = (command, version, callback) => { if (command === 'addEventListener' && version === 2) window.callbacks.push(callback); };`;
  await it.start({ '*': signalPage({ signals: 'tcf', regime: 'opt_out', before: fake, attributes: 'data-signals-timeout-ms="60000"' }) });
  const page = await it.visit();
  await until('the tool to be asked', () => page.evaluate(() => window.callbacks.length === 1));
  const answer = (tcString) => page.evaluate((tcString) => window.answer({ tcString, gdprApplies: true, eventStatus: 'tcloaded', cmpId: 10 }), tcString);
  const half = TC.all.slice(0, 60);
  for (const tcString of [half, '', '!!!', TC.global, TC.undisclosed, `${TC.all}.${'A'.repeat(20_000)}`, 'A'.repeat(2_000_000), TC.all + '\n1111', 7, null, { length: 5 }]) {
    await answer(TC.all);
    await allows(page, ALL);
    await answer(tcString);
    assert.deepEqual(await allowed(page), NONE, String(tcString).slice(0, 80));
  }
  assert.deepEqual(await warnings(page), ['tcf: the TC string cannot be read, and grants nothing']);
  await page.evaluate(() => {
    window.answer(undefined);
    window.answer(null, false);
    window.answer(7);
    window.answer({ get gdprApplies() { throw new Error('trap'); } });
    window.answer({ gdprApplies: 'perhaps' });
    window.answer(new Proxy({}, { get() { throw new Error('trap'); } }));
  });
  assert.deepEqual(await allowed(page), NONE);
  await until('receipts of a yes and of a no', () => it.shop.choices.length > 1);
  assert.ok(it.shop.choices.every(({ body }) => [TC.all, TC.global, TC.undisclosed, undefined].includes(body.consent.tcf)), 'what cannot be read is no evidence');
});

test('GPP counts in the sections that apply, while it is ready', async () => {
  await it.start({ ...files, '*': signalPage({ signals: 'gpp', regime: 'opt_out', before: GPP_STUB }) });
  const page = await it.visit();
  await add(page, '/gpp.js');
  const set = (gpp, sections, status = 'ready') =>
    page.evaluate((gpp, sections, status) => {
      if (gpp) gppTool.setGppString(gpp);
      if (sections) gppTool.setApplicableSections(sections);
      gppTool.setSignalStatus(status);
    }, gpp, sections, status);
  assert.equal((await consent(page)).pending, true);
  await set(GPP.open, [7]);
  await allows(page, ALL);
  await until('the receipt', () => it.shop.choices.length === 1);
  assert.deepEqual([it.shop.choices[0].body.consent.gpp, it.shop.choices[0].body.consent.cmp], [GPP.open, 'gpp/31']);
  await set(undefined, undefined, 'not ready');
  assert.equal((await consent(page)).pending, true, 'the visitor is changing the answer');
  await set(GPP.optOut, undefined, 'ready');
  assert.deepEqual(await allowed(page), [true, true, true, false]);
  assert.equal((await consent(page)).bases.third_party_sharing, 'gpp');
  await set(GPP.optOut, [8]);
  assert.deepEqual(await allowed(page), ALL, 'a section of another state');
  await set(GPP.gpc, [7]);
  assert.deepEqual(await allowed(page), [true, true, true, false]);
  await set(GPP.optOut, [-1]);
  assert.deepEqual(await allowed(page), ALL, 'no section applies');
});

test('a GPP string that cannot be read says nothing', async () => {
  const fake = `window.__gpp = (command, callback) => { if (command === 'addEventListener') window.hear = callback; };
    window.ping = (gppString, applicableSections = [7]) => window.hear({ eventName: 'signalStatus', pingData: { signalStatus: 'ready', gppString, applicableSections } }, true);`;
  await it.start({ '/in': signalPage({ signals: 'gpp', before: fake }), '/out': signalPage({ signals: 'gpp', regime: 'opt_out', before: fake }) });
  for (const [path, wanted] of [['/in', NONE], ['/out', ALL]]) {
    const page = await it.visit(path);
    await until('the tool to be asked', () => page.evaluate(() => typeof window.hear === 'function'));
    for (const gpp of ['', 'not~a~gpp', 'DBABLA', GPP.optOut.slice(0, 12), 'A'.repeat(1_000_000), 7]) {
      await page.evaluate((gpp) => window.ping(gpp), gpp);
      await settled(page);
      await said(page, 'gpp', '----');
      assert.deepEqual(await allowed(page), wanted, String(gpp).slice(0, 40));
    }
    await page.evaluate((gpp) => window.ping(gpp, ['7', {}, 1e9, 7]), GPP.optOut);
    await said(page, 'gpp', '---0');
    await page.evaluate(() => (window.hear(undefined, true), window.hear(null, false), window.hear({ get pingData() { throw new Error('trap'); } }, true)));
    await said(page, 'gpp', '---0');
  }
});
