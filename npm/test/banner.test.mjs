// The banner in a real browser, under a strict Content-Security-Policy with Trusted Types, driven by keyboard and pointer.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { after, before, test } from 'node:test';
import { brotliCompressSync } from 'node:zlib';
import axe from 'axe-core';
import { build } from 'esbuild';
import puppeteer from 'puppeteer-core';

const CHROMIUM = process.env.CHROMIUM_PATH ?? '/usr/bin/chromium';
const STRICT = "default-src 'none'; script-src 'self'; style-src 'self'; require-trusted-types-for 'script'; trusted-types 'none'";
const ALL = ['analytics', 'personalization', 'marketing', 'third_party_sharing'];
const source = (path) => new URL(path, import.meta.url);

const bundle = async (entry) => {
  const { outputFiles } = await build({
    entryPoints: [source(`../src/banner/${entry}`).pathname],
    bundle: true, minify: true, format: 'iife', target: 'es2022', write: false, logLevel: 'silent',
  });
  return outputFiles[0].text;
};

const pageWith = ({ lang, link, script }) => `<!doctype html><html lang="${lang}"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width"><title>A shop</title></head>
<body><main><h1>A shop</h1><p>Mugs and plates.</p><button id="buy">Buy</button>
<button data-firsthand-consent><span id="inside">Cookie settings</span></button><a id="hash" href="#firsthand-consent">Cookies</a>
<p data-firsthand-status></p></main>
<script src="/consent.js"></script><script src="/${script}"></script></body></html>`
  .replace(link ? '\0' : /<button data-firsthand-consent>.*\n<p data-firsthand-status><\/p>/, '');

let server, browser, origin;
const bundles = {};

before(async () => {
  bundles['banner.js'] = await bundle('entry.ts');
  bundles['banner.de.js'] = await bundle('entry.de.ts');
  bundles['consent.js'] = await readFile(source('./banner/consent.js'), 'utf8');
  server = createServer((request, response) => {
    const url = new URL(request.url, 'http://shop');
    const script = bundles[url.pathname.slice(1)];
    if (script) return response.writeHead(200, { 'content-type': 'text/javascript; charset=utf-8' }).end(script);
    const query = url.searchParams;
    const nonce = query.get('nonce');
    response.writeHead(200, {
      'content-type': 'text/html; charset=utf-8',
      ...(query.has('plain') ? {} : { 'content-security-policy': nonce ? `${STRICT}; style-src 'nonce-${nonce}'`.replace("style-src 'self'; ", '') : STRICT }),
    }).end(pageWith({ lang: query.get('lang') ?? 'en', link: !query.has('linkless'), script: query.get('script') ?? 'banner.js' }));
  });
  await new Promise((listening) => server.listen(0, '127.0.0.1', listening));
  origin = `http://127.0.0.1:${server.address().port}`;
  browser = await puppeteer.launch({
    executablePath: CHROMIUM,
    headless: true,
    args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'],
  });
});

after(async () => {
  await browser?.close();
  await new Promise((closed) => server.close(closed));
});

/** Opens the shop in a fresh profile; afterwards no error and no policy violation may have been left behind. */
async function visit(t, query = '', { width = 1280, height = 800, features = [], prepare } = {}) {
  const context = await browser.createBrowserContext();
  const page = await context.newPage();
  t.after(async () => {
    const left = await page.evaluate(() => ({ errors: window.errors, violations: window.violations }));
    await context.close();
    assert.deepEqual(left, { errors: [], violations: [] });
  });
  await page.setViewport({ width, height });
  await page.emulateMediaFeatures(features);
  if (prepare) await page.evaluateOnNewDocument(prepare);
  await page.goto(`${origin}/?${query}`);
  return page;
}

const shown = (page) =>
  page.evaluate(() => {
    const shadow = document.querySelector('firsthand-consent')?.shadowRoot;
    return { first: Boolean(shadow?.querySelector('section')), dialog: Boolean(shadow?.querySelector('dialog[open]')), launcher: Boolean(shadow?.querySelector('.w')) };
  });
const NOTHING = { first: false, dialog: false, launcher: false };
const FIRST = { ...NOTHING, first: true };
const calls = (page) => page.evaluate(() => window.calls.map(({ answer, context }) => ({ answer, ...context })));
const answered = (page) => page.waitForFunction(() => window.calls.length > 0);
const press = (page, label) => page.locator(`::-p-aria([name="${label}"][role="button"])`).click();
const focusName = (page) =>
  page.evaluate(() => {
    let at = document.activeElement;
    while (at.shadowRoot?.activeElement) at = at.shadowRoot.activeElement;
    return at.name || at.getAttribute('aria-label') || at.textContent.trim();
  });
const boxes = (page) =>
  page.evaluate(() => Object.fromEntries([...document.querySelector('firsthand-consent').shadowRoot.querySelectorAll('input')].map((box) => [box.name, box.checked])));
const message = (page) => page.evaluate(() => document.querySelector('firsthand-consent').shadowRoot.querySelector('[role=status]').textContent);
const inShadow = (page, read, ...rest) => page.evaluate(`(${read})(document.querySelector('firsthand-consent').shadowRoot, ...${JSON.stringify(rest)})`);
const every = (value) => Object.fromEntries(ALL.map((purpose) => [purpose, value]));

test('first layer asks under opt-in and is a labelled region early in the page', async (t) => {
  const page = await visit(t);
  assert.deepEqual(await shown(page), FIRST);
  assert.equal(await focusName(page), await page.evaluate(() => document.body.textContent.trim()), 'focus stays where it was');
  const place = await page.evaluate(() => {
    const host = document.body.firstElementChild;
    const region = host.shadowRoot.querySelector('section');
    return { tag: host.localName, role: region.getAttribute('role'), label: region.getAttribute('aria-label'), lang: region.parentElement.lang, dir: region.parentElement.dir };
  });
  assert.deepEqual(place, { tag: 'firsthand-consent', role: 'region', label: 'Your privacy, your choice', lang: 'en', dir: 'ltr' });
});

for (const [label, answer] of [['Accept all', 'all'], ['Reject all', 'none']]) {
  test(`"${label}" hides the banner first and hands over "${answer}" after the click`, async (t) => {
    const page = await visit(t);
    await press(page, label);
    await answered(page);
    assert.deepEqual(await page.evaluate(() => window.calls), [{ answer, context: { afterGpcNotice: false }, stillShown: false, inClick: false }]);
    assert.deepEqual(await shown(page), NOTHING);
    assert.equal(await message(page), 'Your choice has been saved.');
  });
}

test('accept, reject and choose look alike and are large enough', async (t) => {
  for (const position of ['corner', 'bottom']) {
    const page = await visit(t, `position=${position}`);
    const looks = await inShadow(page, (shadow) =>
      [...shadow.querySelectorAll('section button')].map((made) => {
        const { width, height } = made.getBoundingClientRect();
        const { color, backgroundColor, borderColor, fontSize, fontWeight } = getComputedStyle(made);
        return { width: Math.round(width), height: Math.round(height), color, backgroundColor, borderColor, fontSize, fontWeight };
      }),
    );
    assert.equal(looks.length, 3);
    assert.deepEqual(looks[1], looks[0]);
    assert.deepEqual(looks[2], looks[0]);
    assert.ok(looks[0].height >= 24 && looks[0].width >= 24);
  }
});

test('keyboard alone reaches every control, and focus is visible', async (t) => {
  const page = await visit(t);
  const seen = [];
  for (let step = 0; step < 4; step += 1) {
    await page.keyboard.press('Tab');
    seen.push(await focusName(page));
  }
  assert.deepEqual(seen, ['Privacy policy', 'Accept all', 'Reject all', 'Choose']);
  assert.notEqual(await inShadow(page, (shadow) => getComputedStyle(shadow.activeElement).outlineStyle), 'none');
  await page.keyboard.press('Tab');
  assert.equal(await focusName(page), 'Buy', 'focus is not trapped');
  await page.keyboard.down('Shift');
  await page.keyboard.press('Tab');
  await page.keyboard.up('Shift');
  await page.keyboard.press('Enter');
  assert.deepEqual(await shown(page), { ...FIRST, dialog: true });
  for (let step = 0; step < 2; step += 1) await page.keyboard.press('Tab');
  assert.equal(await focusName(page), 'analytics');
  await page.keyboard.press('Space');
  for (let step = 0; step < 4; step += 1) await page.keyboard.press('Tab');
  assert.equal(await focusName(page), 'Save choices');
  await page.keyboard.press('Enter');
  await answered(page);
  assert.deepEqual(await calls(page), [{ answer: { ...every(false), analytics: true }, afterGpcNotice: false }]);
  assert.deepEqual(await shown(page), NOTHING);
});

test('preferences start with nothing ticked under opt-in and name the recipients', async (t) => {
  const page = await visit(t);
  await press(page, 'Choose');
  assert.deepEqual(await boxes(page), every(false));
  const described = await inShadow(page, (shadow) => {
    const box = shadow.querySelector('input[name=third_party_sharing]');
    return shadow.getElementById(box.getAttribute('aria-describedby')).textContent;
  });
  assert.match(described, /Recipients: Meta, TikTok\.$/);
});

test('escape and the close button leave the choice alone and give the focus back', async (t) => {
  const page = await visit(t);
  for (const leave of [() => page.keyboard.press('Escape'), () => press(page, 'Close without saving')]) {
    await press(page, 'Choose');
    await inShadow(page, (shadow) => shadow.querySelector('input').click());
    await leave();
    await page.waitForFunction(() => !document.querySelector('firsthand-consent').shadowRoot.querySelector('dialog'));
    assert.equal(await focusName(page), 'Choose');
  }
  assert.deepEqual(await shown(page), FIRST);
  assert.deepEqual(await calls(page), []);
});

test('links of the page reopen the preferences with the present choice', async (t) => {
  const page = await visit(t);
  await press(page, 'Accept all');
  await answered(page);
  for (const opener of ['#inside', '#hash']) {
    await page.click(opener);
    assert.deepEqual(await shown(page), { ...NOTHING, dialog: true });
    assert.deepEqual(await boxes(page), every(true));
    await page.keyboard.press('Escape');
    await page.waitForFunction(() => !document.querySelector('firsthand-consent').shadowRoot.querySelector('dialog'));
  }
  assert.equal(await focusName(page), 'Cookies');
  assert.equal(await page.evaluate(() => location.hash), '');
  await page.click('#hash');
  await press(page, 'Reject all');
  await page.waitForFunction(() => window.calls.length === 2);
  assert.equal((await calls(page))[1].answer, 'none', 'withdrawing takes as many steps as granting');
});

test('an address with the fragment opens the preferences', async (t) => {
  const page = await visit(t, '#firsthand-consent');
  assert.deepEqual(await shown(page), { ...FIRST, dialog: true });
});

test('opt-out shows nothing by itself, and saving untouched boxes grants nothing', async (t) => {
  const page = await visit(t, 'regime=opt_out');
  assert.deepEqual(await shown(page), NOTHING);
  await page.evaluate(() => window.handle.open());
  assert.deepEqual(await shown(page), { ...NOTHING, dialog: true });
  assert.equal(await inShadow(page, (shadow) => shadow.querySelector('dialog h2').textContent), 'Your privacy choices');
  assert.deepEqual(await boxes(page), every(true));
  await inShadow(page, (shadow) => shadow.querySelector('input[name=marketing]').click());
  await press(page, 'Save choices');
  await answered(page);
  assert.deepEqual(await calls(page), [{ answer: { marketing: false }, afterGpcNotice: false }]);
});

test('opt-out with a privacy signal shows that it was honoured', async (t) => {
  const page = await visit(t, 'regime=opt_out&gpc');
  assert.equal(await page.$eval('[data-firsthand-status]', (slot) => slot.textContent), 'Opt-out request honoured');
  assert.deepEqual(await shown(page), NOTHING);
  await page.evaluate(() => window.handle.openPreferences());
  assert.deepEqual(await boxes(page), { ...every(true), third_party_sharing: false });
  const text = await inShadow(page, (shadow) => shadow.querySelector('dialog').textContent);
  assert.match(text, /Opt-out request honoured/);
  assert.match(text, /Global Privacy Control/);
  await press(page, 'Save choices');
  await answered(page);
  assert.deepEqual(await calls(page), [{ answer: {}, afterGpcNotice: false }]);
});

test('a page without a link of its own gets a small button', async (t) => {
  const page = await visit(t, 'regime=opt_out&gpc&linkless');
  assert.deepEqual(await shown(page), { ...NOTHING, launcher: true });
  await press(page, 'Your privacy choices Opt-out request honoured');
  await press(page, 'Accept all');
  await answered(page);
  assert.deepEqual(await shown(page), { ...NOTHING, launcher: true });
  assert.equal(await focusName(page), 'Your privacy choicesOpt-out request honoured', 'the signal still counts');
  assert.deepEqual(await calls(page), [{ answer: 'all', afterGpcNotice: false }]);
});

test('first layer tells of the privacy signal, and accepting all does not override it', async (t) => {
  const page = await visit(t, 'gpc');
  assert.match(await inShadow(page, (shadow) => shadow.querySelector('section').textContent), /Global Privacy Control/);
  await press(page, 'Accept all');
  await answered(page);
  assert.deepEqual(await calls(page), [{ answer: 'all', afterGpcNotice: false }]);
});

test('only ticking the purpose beside the notice overrides the privacy signal', async (t) => {
  const page = await visit(t, 'gpc');
  await press(page, 'Choose');
  const described = await inShadow(page, (shadow) => {
    const box = shadow.querySelector('input[name=third_party_sharing]');
    return shadow.getElementById(box.getAttribute('aria-describedby')).textContent;
  });
  assert.match(described, /Global Privacy Control/);
  await inShadow(page, (shadow) => shadow.querySelector('input[name=third_party_sharing]').click());
  await press(page, 'Save choices');
  await answered(page);
  assert.deepEqual(await calls(page), [{ answer: { ...every(false), third_party_sharing: true }, afterGpcNotice: true }]);
});

test('mounting and opening twice gives one banner, and destroying it leaves nothing', async (t) => {
  const page = await visit(t);
  const result = await page.evaluate(() => {
    const same = window.mount() === window.handle;
    window.handle.open();
    window.handle.openPreferences();
    window.handle.openPreferences();
    const shadow = document.querySelector('firsthand-consent').shadowRoot;
    const counts = [document.querySelectorAll('firsthand-consent').length, shadow.querySelectorAll('section').length, shadow.querySelectorAll('dialog').length];
    window.handle.destroy();
    window.handle.destroy();
    return { same, counts, left: document.querySelectorAll('firsthand-consent').length, listeners: window.listenerCount(), padding: document.documentElement.style.scrollPaddingBottom };
  });
  assert.deepEqual(result, { same: true, counts: [1, 1, 1], left: 0, listeners: 0, padding: '' });
  await page.evaluate(() => { window.handle = window.mount(); });
  assert.deepEqual(await shown(page), FIRST);
});

test('a forgotten choice asks again, a choice made elsewhere hides the question', async (t) => {
  const page = await visit(t);
  await page.evaluate(() => window.firsthand.consent.set('none'));
  assert.deepEqual(await shown(page), NOTHING);
  await page.evaluate(() => window.forget());
  assert.deepEqual(await shown(page), FIRST);
});

for (const when of ['now', 'later']) {
  test(`an answer that cannot be kept (${when}) is not reported as saved, and the page hears no error`, async (t) => {
    const page = await visit(t, `broken=${when}`);
    await press(page, 'Accept all');
    await answered(page);
    await page.waitForFunction(() => window.kept.length > 0);
    assert.match(await message(page), /could not be saved/);
    assert.deepEqual(await shown(page), FIRST, 'asked again');
    assert.deepEqual(await page.evaluate(() => window.kept), ['storage is broken']);
  });
}

test('without constructed style sheets a style element with the nonce stands in', async (t) => {
  const page = await visit(t, 'nonce=abc123', { prepare: () => { delete CSSStyleSheet.prototype.replaceSync; } });
  assert.equal(await inShadow(page, (shadow) => getComputedStyle(shadow.querySelector('section')).position), 'fixed');
});

test('content reflows at 320 pixels', async (t) => {
  for (const script of ['banner.js', 'banner.de.js']) {
    const page = await visit(t, `script=${script}`, { width: 320, height: 640 });
    const fits = () =>
      inShadow(page, (shadow) =>
        [...shadow.querySelectorAll('section, section *, dialog, dialog *')]
          .filter((part) => part.getBoundingClientRect().right > 320 || part.getBoundingClientRect().left < 0 || part.scrollWidth > part.clientWidth + 1 && getComputedStyle(part).display !== 'inline')
          .map((part) => `${part.localName}.${part.className}`),
      );
    assert.deepEqual(await fits(), []);
    await page.evaluate(() => window.handle.openPreferences());
    assert.deepEqual(await fits(), []);
    assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= 320));
  }
});

test('motion only for those who did not ask for less', async (t) => {
  for (const [value, name] of [['no-preference', 'i'], ['reduce', 'none']]) {
    const page = await visit(t, '', { features: [{ name: 'prefers-reduced-motion', value }] });
    assert.equal(await inShadow(page, (shadow) => getComputedStyle(shadow.querySelector('section')).animationName), name);
  }
});

test('showing, answering and closing shifts no layout', async (t) => {
  const page = await visit(t, '', { prepare: () => {
    window.shifts = [];
    new PerformanceObserver((list) => window.shifts.push(...list.getEntries().map((entry) => entry.value))).observe({ type: 'layout-shift', buffered: true });
  } });
  await press(page, 'Choose');
  await press(page, 'Save choices');
  await answered(page);
  await page.evaluate(() => new Promise((painted) => requestAnimationFrame(() => requestAnimationFrame(painted))));
  assert.deepEqual(await page.evaluate(() => window.shifts), []);
});

test('focus behind the banner scrolls clear of it', async (t) => {
  const page = await visit(t, '', { width: 390, height: 700 });
  const [padding, height] = await page.evaluate(() => [
    parseFloat(getComputedStyle(document.documentElement).scrollPaddingBottom),
    document.querySelector('firsthand-consent').shadowRoot.querySelector('section').offsetHeight,
  ]);
  assert.ok(padding >= height);
});

test('german script speaks german, own texts lie over english, and direction is taken over', async (t) => {
  const german = await visit(t, 'script=banner.de.js&lang=de');
  assert.deepEqual(
    await inShadow(german, (shadow) => [shadow.querySelector('.r').lang, ...[...shadow.querySelectorAll('button')].map((made) => made.textContent)]),
    ['de', 'Alle akzeptieren', 'Alle ablehnen', 'Auswählen'],
  );
  const own = await visit(t, 'partial&dir=rtl');
  assert.deepEqual(
    await inShadow(own, (shadow) => [shadow.querySelector('h2').textContent, shadow.querySelector('button').textContent, getComputedStyle(shadow.querySelector('h2')).direction]),
    ['Cookies?', 'Accept all', 'rtl'],
  );
});

test('forced colours keep borders around everything that can be pressed', async (t) => {
  const page = await visit(t, '', { prepare: () => {} });
  const cdp = await page.createCDPSession();
  await cdp.send('Emulation.setEmulatedMedia', { features: [{ name: 'forced-colors', value: 'active' }] });
  const [text, back, border] = await inShadow(page, (shadow) => {
    const { color, backgroundColor, borderTopColor } = getComputedStyle(shadow.querySelector('section button'));
    return [color, backgroundColor, borderTopColor];
  });
  assert.notEqual(border, back);
  assert.notEqual(text, back);
});

for (const scheme of ['light', 'dark']) {
  for (const gpc of ['', '&gpc', '&gpc&regime=opt_out&linkless']) {
    test(`axe finds nothing in either layer (${scheme}${gpc})`, async (t) => {
      const page = await visit(t, `plain${gpc}`, { features: [{ name: 'prefers-color-scheme', value: scheme }, { name: 'prefers-reduced-motion', value: 'reduce' }] });
      await page.evaluate(axe.source);
      const violations = () =>
        page.evaluate(async () => {
          const result = await axe.run(document.querySelector('firsthand-consent'), { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'] });
          return result.violations.map((rule) => `${rule.id}: ${rule.nodes.map((node) => node.target.join(' ')).join(', ')}`);
        });
      assert.deepEqual(await violations(), []);
      await page.evaluate(() => window.handle.openPreferences());
      assert.deepEqual(await violations(), []);
    });
  }
}

test('the script stays within twelve kilobytes', () => {
  const bytes = brotliCompressSync(bundles['banner.js']).length;
  assert.ok(bytes <= 12_288, `banner.js has ${bytes} bytes after brotli`);
});

test('on a server nothing happens and nothing throws', async () => {
  const { outputFiles } = await build({ entryPoints: [source('../src/banner/index.ts').pathname], bundle: true, format: 'esm', write: false, logLevel: 'silent' });
  const { mountBanner } = await import(`data:text/javascript;base64,${Buffer.from(outputFiles[0].text).toString('base64')}`);
  const handle = mountBanner({});
  for (const step of Object.values(handle)) assert.equal(step(), undefined);
});
