// Scripts and frames that wait for their purpose, in a real browser, under a strict Content-Security-Policy with Trusted Types.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { painted, shop, violations } from './banner/browser.mjs';

const bodies = {
  frames: `<iframe id="video" title="How a mug is made" data-purpose="marketing" data-src="/video" width="560" height="315"></iframe>
<iframe id="map" data-purpose="personalization third_party_sharing" data-src="https://maps.example.org/x" width="400" height="300"></iframe>
<iframe id="pixel" title="Measurement" data-purpose="marketing" data-src="/measured" width="1" height="1"></iframe><p id="below">Below</p>`,
  scripts: `<script type="text/plain" data-purpose="marketing" data-src="/slow.js" id="slow" data-account="7" crossorigin></script>
<script type="text/plain" data-purpose="marketing" nonce="n0nce">window.ran.push('inline after ' + (window.ran.at(-1) ?? 'nothing')); window.nonces.push(document.currentScript.nonce);</script>
<script type="text/plain" data-purpose="analytics marketing" src="/both.js"></script>
<script type="text/plain" data-purpose="analytics" data-type="module" data-src="/module.js"></script>
<script type="text/plain" data-purpose="analitics" data-src="/misspelt.js"></script>
<script type="text/plain" data-purpose="" data-src="/nameless.js"></script>
<script type="text/plain" data-purpose="marketing constructor" data-src="/inherited.js"></script>`,
};
const it = shop((query, pathname) =>
  pathname !== '/'
    ? '<!doctype html><title>Content</title><button>Play</button>'
    : `<!doctype html><html lang="${query.get('lang') ?? 'en'}"${query.get('lang') === 'ar' ? ' dir="rtl"' : ''}><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>A shop</title>
<script src="/page.js"></script></head><body><main><h1>A shop</h1>${bodies[query.get('body')] ?? ''}</main>
${query.has('import') ? '' : `<script src="/blocker.js" nonce="n0nce" ${query.get('tag') ?? ''}></script>`}</body></html>`,
);
it.answer = (pathname) => (/^\/(slow|both|module|misspelt|nameless|inherited|late)\.js$/.test(pathname) ? `window.ran.push('${pathname}')` : undefined);

const SETUP = () => {
  window.ran = [];
  window.nonces = [];
  window.shifts = [];
  new PerformanceObserver((list) => window.shifts.push(...list.getEntries().map((entry) => entry.value))).observe({ type: 'layout-shift', buffered: true });
};
const visit = async (t, query, options = {}) => it.visit(t, query, { prepare: SETUP, ...options });
const set = (page, choice) => page.evaluate((said) => window.firsthand.consent.set(said), choice);
const ran = (page) => page.evaluate(() => window.ran);
const count = (page, number) => page.waitForFunction((wanted) => window.ran.length >= wanted, {}, number);
const placeholders = (page) => page.waitForFunction(() => document.querySelectorAll('firsthand-placeholder').length >= 2);
const stand = (page, id) =>
  page.evaluate((wanted) => {
    const before = document.getElementById(wanted).previousElementSibling;
    if (before?.localName !== 'firsthand-placeholder') return null;
    const [group] = before.shadowRoot.querySelectorAll('[role=group]');
    return { label: group.ariaLabel, text: group.textContent, buttons: [...before.shadowRoot.querySelectorAll('button')].map((made) => made.textContent) };
  }, id);
const press = (page, id, index) =>
  page.evaluate((wanted, which) => {
    const made = document.getElementById(wanted).previousElementSibling.shadowRoot.querySelectorAll('button')[which];
    made.focus();
    made.click();
  }, id, index);
const frame = (page, id) =>
  page.evaluate((wanted) => {
    const element = document.getElementById(wanted);
    return { src: element.getAttribute('src'), shown: element.checkVisibility(), focused: document.activeElement === element };
  }, id);
/** Waits until the browser has answered a turn of its event loop, so that what was going to run has run. */
const settled = (page) => painted(page);

test('nothing runs before the purpose is allowed, then all in document order, each once', async (t) => {
  const page = await visit(t, 'body=scripts');
  await settled(page);
  assert.deepEqual(await ran(page), []);
  assert.ok(!it.requests.some((path) => /slow|both|module/.test(path)), 'not even fetched');
  await set(page, { marketing: true });
  await count(page, 2);
  assert.deepEqual(await ran(page), ['/slow.js', 'inline after /slow.js']);
  await set(page, { analytics: true });
  await count(page, 4);
  await set(page, 'none');
  await set(page, 'all');
  await settled(page);
  assert.deepEqual(await ran(page), ['/slow.js', 'inline after /slow.js', '/both.js', '/module.js']);
  assert.deepEqual(await page.evaluate(() => window.nonces), ['n0nce']);
  assert.deepEqual(
    await page.evaluate(() => {
      const { id, dataset, crossOrigin, type } = document.getElementById('slow');
      return { id, account: dataset.account, crossOrigin, type };
    }),
    { id: 'slow', account: '7', crossOrigin: 'anonymous', type: '' },
    'attributes are kept',
  );
});

test('a name that is no purpose, and no name at all, never run', async (t) => {
  const page = await visit(t, 'body=scripts');
  await set(page, 'all');
  await count(page, 4);
  await settled(page);
  assert.ok(!(await ran(page)).some((name) => /misspelt|nameless|inherited/.test(name)));
});

test('what is added later is held back and released as well', async (t) => {
  const page = await visit(t, '');
  const add = (html) => page.evaluate((made) => {
    const script = document.createElement('script');
    script.type = 'text/plain';
    script.dataset.purpose = 'marketing';
    script.dataset.src = made;
    document.querySelector('main').append(script);
    const video = document.createElement('iframe');
    Object.assign(video, { id: 'late', width: 400, height: 300 });
    Object.assign(video.dataset, { purpose: 'marketing', src: '/video' });
    document.querySelector('main').append(video);
  }, html);
  await add('/late.js');
  await page.waitForFunction(() => document.querySelector('firsthand-placeholder'));
  assert.deepEqual(await ran(page), []);
  await set(page, 'all');
  await count(page, 1);
  assert.deepEqual(await ran(page), ['/late.js']);
  assert.deepEqual(await frame(page, 'late'), { src: '/video', shown: true, focused: false });
  await set(page, 'none');
  await page.waitForFunction(() => document.querySelector('firsthand-placeholder'));
  await page.evaluate(() => document.getElementById('late').remove());
  await page.waitForFunction(() => !document.querySelector('firsthand-placeholder'));
});

test('a withdrawal reloads the page where the shop wants it, because a script cannot be taken back', async (t) => {
  const stays = await visit(t, 'body=scripts');
  await set(stays, 'all');
  await count(stays, 4);
  await stays.evaluate(() => { window.isSamePage = true; });
  await set(stays, 'none');
  await settled(stays);
  assert.equal(await stays.evaluate(() => window.isSamePage), true);
  const goes = await visit(t, 'body=scripts&tag=data-reload');
  await set(goes, 'all');
  await count(goes, 4);
  await Promise.all([goes.waitForNavigation(), set(goes, { marketing: false })]);
  assert.deepEqual(await ran(goes), []);
});

test('a frame has a placeholder of its size that says whose content it is, and moves nothing', async (t) => {
  for (const width of [1280, 390]) {
    const page = await visit(t, 'body=frames', { width });
    await placeholders(page);
    await painted(page);
    const video = await stand(page, 'video');
    assert.equal(video.label, 'How a mug is made – Content from localhost');
    assert.match(video.text, /permission for: Marketing\./);
    assert.deepEqual(video.buttons, ['Load once', 'Always allow']);
    assert.match((await stand(page, 'map')).text, /Content from maps\.example\.org.*permission for: Personalization and Sharing with advertising platforms\./);
    assert.equal(await stand(page, 'pixel'), null, 'what nobody sees needs no placeholder');
    assert.deepEqual(await frame(page, 'video'), { src: null, shown: false, focused: false });
    assert.deepEqual(await page.evaluate(() => window.shifts), []);
    const [wide, high] = await page.evaluate(() => {
      const { offsetWidth, offsetHeight } = document.querySelector('firsthand-placeholder');
      return [offsetWidth, offsetHeight];
    });
    assert.ok(wide <= width && Math.abs(high - 319) <= 4, `${wide}×${high}`);
  }
});

test('"load once" loads this frame only and makes no choice; a refusal takes it back', async (t) => {
  const page = await visit(t, 'body=frames');
  await placeholders(page);
  await press(page, 'video', 0);
  assert.deepEqual(await frame(page, 'video'), { src: '/video', shown: true, focused: true });
  assert.equal(await stand(page, 'video'), null);
  assert.notEqual(await stand(page, 'map'), null);
  assert.deepEqual(await page.evaluate(() => window.calls), []);
  await set(page, { analytics: true });
  assert.equal((await frame(page, 'video')).shown, true, 'an answer about something else leaves it alone');
  await set(page, 'none');
  await page.waitForFunction(() => document.getElementById('video').previousElementSibling?.localName === 'firsthand-placeholder');
  await page.waitForFunction(() => document.getElementById('video').contentWindow.location.href === 'about:blank');
  assert.deepEqual(await frame(page, 'video'), { src: null, shown: false, focused: false });
});

test('"load once" works after a refusal as well', async (t) => {
  const page = await visit(t, 'body=frames');
  await placeholders(page);
  await set(page, 'none');
  await press(page, 'video', 0);
  await settled(page);
  assert.deepEqual(await frame(page, 'video'), { src: '/video', shown: true, focused: true });
});

test('a frame that is no longer marked is the page\'s own again', async (t) => {
  const page = await visit(t, 'body=frames');
  await placeholders(page);
  await page.evaluate(() => document.getElementById('video').removeAttribute('data-purpose'));
  await page.waitForFunction(() => document.getElementById('video').checkVisibility());
  assert.equal(await stand(page, 'video'), null);
});

test('"always allow" is a choice with its evidence, and a withdrawal brings the placeholder back', async (t) => {
  const page = await visit(t, 'body=frames');
  await placeholders(page);
  await press(page, 'video', 1);
  await page.waitForFunction(() => document.getElementById('video').getAttribute('src'));
  const [{ answer, context, inClick }] = await page.evaluate(() => window.calls);
  assert.deepEqual([answer, inClick, context.basis, context.evidence.locale, context.afterGpcNotice], [{ marketing: true }, false, 'explicit', 'en', false]);
  assert.match(context.evidence.notice_sha256, /^[0-9a-f]{64}$/);
  assert.equal((await frame(page, 'video')).focused, true, 'the focus goes to what was loaded');
  await set(page, { marketing: false });
  await page.waitForFunction(() => document.getElementById('video').previousElementSibling?.localName === 'firsthand-placeholder');
  await set(page, { marketing: true });
  assert.deepEqual(await frame(page, 'video'), { src: '/video', shown: true, focused: false });
});

test('against the privacy signal it says so before it takes the choice', async (t) => {
  const page = await visit(t, 'body=frames&gpc');
  await placeholders(page);
  assert.doesNotMatch((await stand(page, 'video')).text, /Global Privacy Control/);
  assert.match((await stand(page, 'map')).text, /goes against the Global Privacy Control signal/);
  await set(page, 'all');
  assert.equal((await frame(page, 'map')).src, null, 'accepting all does not override the signal');
  await page.evaluate(() => window.calls.splice(0));
  await press(page, 'map', 1);
  await page.waitForFunction(() => window.calls.length === 1);
  const [{ answer, context }] = await page.evaluate(() => window.calls);
  assert.deepEqual([answer, context.afterGpcNotice], [{ personalization: true, third_party_sharing: true }, true]);
});

test('what is allowed from the start is there without a placeholder', async (t) => {
  const page = await visit(t, 'body=frames&regime=none');
  await page.waitForFunction(() => document.getElementById('video').getAttribute('src'));
  await settled(page);
  assert.equal(await page.evaluate(() => document.querySelectorAll('firsthand-placeholder').length), 0);
  assert.ok(!it.requests.some((path) => path.startsWith('/texts')));
});

test('without the SDK nothing is loaded, but the visitor may load a frame; with it, the placeholders know more', async (t) => {
  const prepare = `(${SETUP})();
    // The time the SDK is waited for, and no other, passes at once.
    const wait = setTimeout;
    window.setTimeout = (step, ms, ...rest) => wait(step, ms === 5000 ? 0 : ms, ...rest);`;
  const page = await visit(t, 'body=frames&absent&gpc', { prepare });
  await placeholders(page);
  await press(page, 'video', 1);
  await page.waitForFunction(() => document.getElementById('video').getAttribute('src'));
  assert.deepEqual(await page.evaluate(() => window.calls), [], 'nobody is there to take a choice');
  assert.doesNotMatch((await stand(page, 'map')).text, /Global Privacy Control/);
  await page.evaluate(() => window.arrive());
  assert.match((await stand(page, 'map')).text, /Global Privacy Control/);
  assert.equal(await page.evaluate(() => document.querySelectorAll('firsthand-placeholder').length), 1);
  assert.equal((await frame(page, 'map')).src, null);
});

test('both buttons are reached by keyboard', async (t) => {
  const page = await visit(t, 'body=frames');
  await placeholders(page);
  const walked = [];
  for (let step = 0; step < 2; step += 1) {
    await page.keyboard.press('Tab');
    walked.push(await page.evaluate(() => document.activeElement.shadowRoot?.activeElement.textContent));
  }
  assert.deepEqual(walked, ['Load once', 'Always allow']);
  await page.keyboard.press('Enter');
  await page.waitForFunction(() => window.calls.length === 1);
});

test('imported and destroyed, it leaves the page as it was', async (t) => {
  const page = await visit(t, 'import&body=frames');
  const before = await page.evaluate(() => window.listenerCount());
  const handle = await page.evaluateHandle(async () => (await import('/blocker.esm.js')).blockContent(window.firsthand.consent, { lang: 'de', theme: 'dark' }));
  await placeholders(page);
  assert.deepEqual((await stand(page, 'video')).buttons, ['Einmal laden', 'Immer erlauben']);
  await handle.evaluate((it) => it.destroy());
  const left = await page.evaluate(() => ({
    placeholders: document.querySelectorAll('firsthand-placeholder').length, hidden: document.querySelectorAll('[data-fh-blocked]').length, listeners: window.listenerCount(),
  }));
  assert.deepEqual(left, { placeholders: 0, hidden: 0, listeners: before });
  await set(page, 'all');
  await settled(page);
  assert.deepEqual(await frame(page, 'video'), { src: null, shown: true, focused: false }, 'what was blocked stays so');
});

test('on a server nothing happens', async () => {
  const { blockContent } = await import(new URL('../dist/blocker.esm.js', import.meta.url));
  assert.equal(blockContent({}).destroy(), undefined);
});

for (const theme of ['light', 'dark']) {
  for (const lang of ['en', 'ar']) {
    for (const width of [1280, 390, 320]) {
      test(`axe finds nothing in a page with placeholders (${theme}, ${lang}, ${width} pixels)`, async (t) => {
        const page = await visit(t, `plain&body=frames&gpc&lang=${lang}`, { width, features: [{ name: 'prefers-color-scheme', value: theme }] });
        await placeholders(page);
        assert.deepEqual(await violations(page, 'main'), []);
      });
    }
  }
}

