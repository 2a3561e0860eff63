// How the banner looks: equal answers, contrast, targets, reflow, direction, themes, motion, no moved layout; and what axe says.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { answered, inShadow, painted, press, shop, violations } from './banner/browser.mjs';
import { bannerPage } from './banner/shop-page.mjs';

const it = shop(bannerPage);

test('accept, reject and choose look alike and are large enough', async (t) => {
  for (const position of ['corner', 'bottom']) {
    const page = await it.visit(t, `position=${position}`);
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

test('on a small phone, accepting and refusing stay in sight, side by side and of one size', async (t) => {
  for (const lang of ['en', 'de', 'el']) {
    const page = await it.visit(t, `lang=${lang}&gpc`, { width: 320, height: 568, isMobile: true });
    const [accept, reject, choose] = await inShadow(page, (shadow) => [...shadow.querySelectorAll('section button')].map((made) => made.getBoundingClientRect().toJSON()));
    assert.ok(choose.bottom <= 568 && accept.top >= 0, lang);
    assert.deepEqual([reject.top, reject.width, reject.height].map(Math.round), [accept.top, accept.width, accept.height].map(Math.round), lang);
  }
});

test('content reflows at 320 pixels', async (t) => {
  for (const lang of ['en', 'de', 'hu', 'el', 'fi', 'ar', 'ja']) {
    const page = await it.visit(t, `lang=${lang}`, { width: 320, height: 640, isMobile: true });
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
    const page = await it.visit(t, '', { features: [{ name: 'prefers-reduced-motion', value }] });
    assert.equal(await inShadow(page, (shadow) => getComputedStyle(shadow.querySelector('section')).animationName), name);
  }
});

test('showing (with texts that come late), answering and closing shifts no layout', async (t) => {
  const page = await it.visit(t, 'lang=de', { prepare: () => {
    window.shifts = [];
    new PerformanceObserver((list) => window.shifts.push(...list.getEntries().map((entry) => entry.value))).observe({ type: 'layout-shift', buffered: true });
  } });
  await press(page, 'Auswählen');
  await press(page, 'Auswahl speichern');
  await answered(page);
  await painted(page);
  assert.deepEqual(await page.evaluate(() => window.shifts), []);
});

test('at four times the size every link of the first layer can be reached in sight', async (t) => {
  const page = await it.visit(t, 'lang=de&gpc', { width: 320, height: 256 });
  for (let step = 0; step < 2; step += 1) {
    await page.keyboard.press('Tab');
    const [link, answers] = await inShadow(page, (shadow) => [shadow.activeElement, shadow.querySelector('section .g')].map((made) => made.getBoundingClientRect().toJSON()));
    assert.ok(link.top >= 0 && link.bottom <= answers.top + 1, `${link.top} to ${link.bottom}, answers at ${answers.top}`);
  }
});

test('focus behind the banner scrolls clear of it', async (t) => {
  const page = await it.visit(t, '', { width: 390, height: 700 });
  const [padding, height] = await page.evaluate(() => [
    parseFloat(getComputedStyle(document.documentElement).scrollPaddingBottom),
    document.querySelector('firsthand-consent').shadowRoot.querySelector('section').offsetHeight,
  ]);
  assert.ok(padding >= height);
});

test('forced colours keep borders around everything that can be pressed', async (t) => {
  const page = await it.visit(t, '', { features: [{ name: 'forced-colors', value: 'active' }] });
  const [text, back, border] = await inShadow(page, (shadow) => {
    const { color, backgroundColor, borderTopColor } = getComputedStyle(shadow.querySelector('section button'));
    return [color, backgroundColor, borderTopColor];
  });
  assert.notEqual(border, back);
  assert.notEqual(text, back);
});


test('right to left, both layers are mirrored', async (t) => {
  const page = await it.visit(t, 'lang=ar');
  const sides = () => inShadow(page, (shadow) => {
    const box = shadow.querySelector('section').getBoundingClientRect();
    const root = shadow.querySelector('.r');
    return { lang: root.lang, dir: root.dir, isRight: box.left > innerWidth - box.right, start: getComputedStyle(shadow.querySelector('section p')).direction };
  });
  assert.deepEqual(await sides(), { lang: 'ar', dir: 'rtl', isRight: true, start: 'rtl' });
  await page.evaluate(() => window.handle.openPreferences());
  const [box, label, close, dialog] = await inShadow(page, (shadow) =>
    ['input', '.c + .m', '.x', 'dialog'].map((selector) => shadow.querySelector(selector).getBoundingClientRect()).map(({ left, right }) => ({ left, right })),
  );
  assert.ok(box.left > label.right - 1, 'the box is right of its text');
  assert.ok(close.left - dialog.left < dialog.right - close.right, 'the cross is on the left');
});

test('the theme follows the system unless the shop says otherwise, and custom properties lie over both', async (t) => {
  const colours = (page) => inShadow(page, (shadow) => {
    const { backgroundColor, color } = getComputedStyle(shadow.querySelector('section'));
    return [backgroundColor, color];
  });
  const scheme = (value) => ({ features: [{ name: 'prefers-color-scheme', value }] });
  const light = await colours(await it.visit(t, '', scheme('light')));
  const dark = await colours(await it.visit(t, '', scheme('dark')));
  assert.notDeepEqual(dark, light);
  assert.deepEqual(await colours(await it.visit(t, 'theme=dark', scheme('light'))), dark);
  assert.deepEqual(await colours(await it.visit(t, 'theme=light', scheme('dark'))), light);
  const own = await it.visit(t, '');
  await own.evaluate(() => {
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(':root{--fh-background:rgb(250,240,230);--fh-accent:rgb(1,2,3);--fh-radius:0px;--fh-font:serif;--fh-z-index:7}');
    document.adoptedStyleSheets = [sheet];
  });
  assert.deepEqual(
    await inShadow(own, (shadow) => {
      const layer = getComputedStyle(shadow.querySelector('section'));
      return [layer.backgroundColor, layer.borderRadius, layer.fontFamily, layer.zIndex, getComputedStyle(shadow.querySelector('button')).backgroundColor];
    }),
    ['rgb(250, 240, 230)', '0px', 'serif', '7', 'rgb(1, 2, 3)'],
  );
});

test('everything that can be pressed is at least 24 pixels high and wide', async (t) => {
  const page = await it.visit(t, 'gpc', { width: 390, isMobile: true });
  const small = () => inShadow(page, (shadow) =>
    [...shadow.querySelectorAll('a, button, input, summary')]
      .filter((made) => made.checkVisibility())
      .map((made) => [made.textContent || made.name, made.getBoundingClientRect()])
      .filter(([, { width, height }]) => width < 24 || height < 24)
      .map(([name, { width, height }]) => `${name} ${width}×${height}`),
  );
  assert.deepEqual(await small(), []);
  await page.evaluate(() => window.handle.openPreferences());
  await inShadow(page, (shadow) => shadow.querySelectorAll('details').forEach((list) => { list.open = true; }));
  assert.deepEqual(await small(), []);
});

const system = (theme) => [{ name: 'prefers-color-scheme', value: theme }, { name: 'prefers-reduced-motion', value: 'reduce' }];
const WIDTHS = { en: [1280, 390, 320], ar: [1280, 390], he: [320] };

for (const theme of ['light', 'dark']) {
  for (const [lang, widths] of Object.entries(WIDTHS)) {
    for (const width of widths) {
      for (const scenario of ['', 'gpc', 'gpc&regime=opt_out&linkless']) {
        test(`axe finds nothing (${theme}, ${lang}, ${width} pixels${scenario && `, ${scenario}`})`, async (t) => {
          const page = await it.visit(t, `plain&lang=${lang}&${scenario}`, { width, height: 800, features: system(theme) });
          assert.deepEqual(await violations(page, 'firsthand-consent'), []);
          await page.evaluate(() => window.handle.openPreferences());
          await inShadow(page, (shadow) => {
            shadow.querySelectorAll('details').forEach((list) => { list.open = true; });
            shadow.querySelectorAll('input').forEach((box) => { if (!box.checked) box.click(); });
          });
          assert.deepEqual(await violations(page, 'firsthand-consent'), []);
        });
      }
    }
  }
  test(`axe finds nothing along the bottom, and in the message and the button after the answer (${theme})`, async (t) => {
    const page = await it.visit(t, 'plain&lang=ar&position=bottom&linkless', { features: system(theme) });
    assert.deepEqual(await violations(page, 'firsthand-consent'), []);
    await page.evaluate(() => document.querySelector('firsthand-consent').shadowRoot.querySelector('section button').click());
    await answered(page);
    assert.deepEqual(await inShadow(page, (shadow) => ['[role=status] span', '.w'].map((part) => Boolean(shadow.querySelector(part)))), [true, true]);
    assert.deepEqual(await violations(page, 'firsthand-consent'), []);
  });
}

test('the head of the preferences stands clear of the cross', async (t) => {
  for (const [width, lang] of [[390, 'en'], [320, 'de'], [1280, 'ar']]) {
    const page = await it.visit(t, `lang=${lang}`, { width, height: 800 });
    await page.evaluate(() => window.handle.openPreferences());
    const [title, close, intro] = await inShadow(page, (shadow) =>
      ['dialog h2', '.x', 'dialog h2 + p'].map((selector) => shadow.querySelector(selector).getBoundingClientRect().toJSON()),
    );
    assert.ok(intro.top >= close.bottom, `${lang}: the text begins at ${intro.top}, the cross ends at ${close.bottom}`);
    assert.ok(title.top <= close.top && title.bottom >= close.bottom, lang);
  }
});
