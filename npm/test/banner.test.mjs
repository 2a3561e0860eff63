// The banner's behaviour in a real browser, under a strict Content-Security-Policy with Trusted Types, driven by keyboard and pointer.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { answered, boxes, calls, every, FIRST, focusName, inShadow, message, NOTHING, press, shop, shown } from './banner/browser.mjs';
import { bannerPage } from './banner/shop-page.mjs';

const it = shop(bannerPage);

const { version } = JSON.parse(await readFile(new URL('../package.json', import.meta.url), 'utf8'));

test('first layer asks under opt-in and is a labelled region early in the page', async (t) => {
  const page = await it.visit(t);
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
    const page = await it.visit(t);
    await press(page, label);
    await answered(page);
    assert.deepEqual(await page.evaluate(() => window.calls.map(({ context: { evidence, ...context }, ...call }) => ({ ...call, ...context, ...evidence, notice_sha256: undefined }))), [
      { answer, basis: 'explicit', afterGpcNotice: false, locale: 'en', ui_version: version, notice_sha256: undefined, stillShown: false, inClick: false },
    ].map((call) => JSON.parse(JSON.stringify(call))));
    assert.deepEqual(await shown(page), NOTHING);
    assert.equal(await message(page), 'Your choice has been saved.');
  });
}

test('keyboard alone reaches every control, and focus is visible', async (t) => {
  const page = await it.visit(t);
  const seen = [];
  for (let step = 0; step < 5; step += 1) {
    await page.keyboard.press('Tab');
    seen.push(await focusName(page));
  }
  assert.deepEqual(seen, ['Privacy policy', 'Legal notice', 'Accept all', 'Reject all', 'Choose']);
  assert.notEqual(await inShadow(page, (shadow) => getComputedStyle(shadow.activeElement).outlineStyle), 'none');
  await page.keyboard.press('Tab');
  assert.equal(await focusName(page), 'Buy', 'focus is not trapped');
  await page.keyboard.down('Shift');
  await page.keyboard.press('Tab');
  await page.keyboard.up('Shift');
  await page.keyboard.press('Enter');
  assert.deepEqual(await shown(page), { ...FIRST, dialog: true });
  const walked = [];
  for (let step = 0; step < 13; step += 1) {
    await page.keyboard.press('Tab');
    walked.push(await focusName(page));
    if (walked.at(-1) === 'analytics') await page.keyboard.press('Space');
  }
  assert.deepEqual(walked.slice(0, 9), ['Privacy policy', 'Legal notice', 'analytics', 'Recipients (1)', 'personalization', 'marketing', 'third_party_sharing', 'Recipients (2)', 'Save choices']);
  assert.ok(!walked.includes('Buy'), 'the modal keeps the focus');
  while ((await focusName(page)) !== 'Save choices') await page.keyboard.press('Tab');
  await page.keyboard.press('Enter');
  await answered(page);
  assert.deepEqual(await calls(page), [{ answer: { ...every(false), analytics: true }, afterGpcNotice: false }]);
  assert.deepEqual(await shown(page), NOTHING);
});

test('preferences start with nothing ticked under opt-in and name the recipients', async (t) => {
  const page = await it.visit(t);
  await press(page, 'Choose');
  assert.deepEqual(await boxes(page), every(false));
  const list = () => inShadow(page, (shadow) => {
    const { textContent, open } = shadow.querySelector('li:last-child details');
    return { textContent, open, link: shadow.querySelector('details a').href };
  });
  assert.deepEqual(await list(), { textContent: 'Recipients (2)MetaTikTok', open: false, link: 'https://www.tiktok.com/legal' });
  await page.locator('firsthand-consent >>> li:last-child summary').click();
  assert.equal((await list()).open, true);
});

test('escape and the close button leave the choice alone and give the focus back', async (t) => {
  const page = await it.visit(t);
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
  const page = await it.visit(t);
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
  const page = await it.visit(t, '#firsthand-consent');
  assert.deepEqual(await shown(page), { ...FIRST, dialog: true });
});

test('opt-out shows nothing by itself, and saving untouched boxes grants nothing', async (t) => {
  const page = await it.visit(t, 'regime=opt_out');
  assert.deepEqual(await shown(page), NOTHING);
  await page.evaluate(() => window.handle.open());
  assert.deepEqual(await shown(page), { ...NOTHING, dialog: true });
  assert.equal(await inShadow(page, (shadow) => shadow.querySelector('dialog h2').textContent), 'Your Privacy Choices');
  assert.deepEqual(await boxes(page), every(true));
  await inShadow(page, (shadow) => shadow.querySelector('input[name=marketing]').click());
  await press(page, 'Save choices');
  await answered(page);
  assert.deepEqual(await calls(page), [{ answer: { marketing: false }, afterGpcNotice: false }]);
});

test('opt-out with a privacy signal shows that it was honoured', async (t) => {
  const page = await it.visit(t, 'regime=opt_out&gpc');
  assert.equal(await page.$eval('[data-firsthand-status]', (slot) => slot.textContent), 'Opt-Out Request Honored');
  assert.deepEqual(await shown(page), NOTHING);
  await page.evaluate(() => window.handle.openPreferences());
  assert.deepEqual(await boxes(page), { ...every(true), third_party_sharing: false });
  const text = await inShadow(page, (shadow) => shadow.querySelector('dialog').textContent);
  assert.match(text, /Opt-Out Request Honored/);
  assert.match(text, /Global Privacy Control/);
  await press(page, 'Save choices');
  await answered(page);
  assert.deepEqual(await calls(page), [{ answer: {}, afterGpcNotice: false }]);
});

test('a page without a link of its own gets a small button', async (t) => {
  const page = await it.visit(t, 'regime=opt_out&gpc&linkless');
  assert.deepEqual(await shown(page), { ...NOTHING, launcher: true });
  await press(page, 'Your Privacy Choices Opt-Out Request Honored');
  await press(page, 'Accept all');
  await answered(page);
  assert.deepEqual(await shown(page), { ...NOTHING, launcher: true });
  assert.equal(await focusName(page), 'Your Privacy ChoicesOpt-Out Request Honored', 'the signal still counts');
  assert.deepEqual(await calls(page), [{ answer: 'all', afterGpcNotice: false }]);
});

test('first layer tells of the privacy signal, and accepting all does not override it', async (t) => {
  const page = await it.visit(t, 'gpc');
  assert.match(await inShadow(page, (shadow) => shadow.querySelector('section').textContent), /Global Privacy Control/);
  await press(page, 'Accept all');
  await answered(page);
  assert.deepEqual(await calls(page), [{ answer: 'all', afterGpcNotice: false }]);
});

test('only ticking the purpose and saving under the notice of the conflict overrides the privacy signal', async (t) => {
  const page = await it.visit(t, 'gpc');
  await press(page, 'Choose');
  const described = () => inShadow(page, (shadow) => {
    const box = shadow.querySelector('input[name=third_party_sharing]');
    return [...shadow.getElementById(box.getAttribute('aria-describedby')).querySelectorAll('p')].map((made) => made.textContent.slice(0, 30) + (made.closest('[aria-live=polite]') ? ' (spoken)' : ''));
  });
  const NOTICES = ['Tells advertising platforms abo', 'Your browser sends a Global Pr'].map((start) => start.slice(0, 30));
  assert.deepEqual(await described(), NOTICES);
  await inShadow(page, (shadow) => shadow.querySelector('input[name=third_party_sharing]').click());
  assert.deepEqual(await described(), [...NOTICES, 'This goes against the Global P (spoken)']);
  await inShadow(page, (shadow) => shadow.querySelector('input[name=third_party_sharing]').click());
  assert.deepEqual(await described(), NOTICES);
  await inShadow(page, (shadow) => shadow.querySelector('input[name=third_party_sharing]').click());
  await press(page, 'Save choices');
  await answered(page);
  assert.deepEqual(await calls(page), [{ answer: { ...every(false), third_party_sharing: true }, afterGpcNotice: true }]);
});

test('an answer carries the digest of the texts it was given to', async (t) => {
  const page = await it.visit(t, 'gpc&lang=de');
  const digest = (text) => createHash('sha256').update(text).digest('hex');
  const first = await page.evaluate(() => window.handle.noticeText());
  assert.match(first, /^Ihre Daten, Ihre Entscheidung\nMit Ihrer/);
  await press(page, 'Alle ablehnen');
  await answered(page);
  await page.click('#inside');
  const before = await page.evaluate(() => window.handle.noticeText());
  await inShadow(page, (shadow) => shadow.querySelector('input[name=third_party_sharing]').click());
  const second = await page.evaluate(() => window.handle.noticeText());
  assert.notEqual(second, before, 'the notice of the conflict is among what was shown');
  assert.match(second, /^Schließen ohne zu speichern\nDatenschutz-Einstellungen\n/);
  await press(page, 'Auswahl speichern');
  await answered(page, 2);
  assert.deepEqual(
    await page.evaluate(() => window.calls.map(({ context }) => [context.evidence.locale, context.evidence.notice_sha256])),
    [['de', digest(first)], ['de', digest(second)]],
  );
  assert.equal(await page.evaluate(() => window.handle.noticeText()), '');
});

test('the page stays usable beside the first layer', async (t) => {
  const page = await it.visit(t);
  await page.evaluate(() => document.querySelector('#buy').addEventListener('click', () => { window.bought = true; }));
  await page.click('#buy');
  assert.equal(await page.evaluate(() => window.bought), true);
  assert.deepEqual(await page.evaluate(() => [document.body.inert, getComputedStyle(document.body).overflow, document.querySelector('main').inert]), [false, 'visible', false]);
  assert.deepEqual(await shown(page), FIRST);
});

test('what is asked of the banner before the SDK has decided is done then', async (t) => {
  const page = await it.visit(t, 'unstarted', { prepare: () => { window.addEventListener('DOMContentLoaded', () => { window.isReady = () => true; }); } });
  await page.evaluate(() => window.handle.openPreferences());
  assert.deepEqual(await shown(page), NOTHING);
  await page.evaluate(() => window.decide());
  await page.waitForFunction(() => document.querySelector('firsthand-consent'));
  assert.deepEqual(await shown(page), { ...FIRST, dialog: true });
});

test('mounting and opening twice gives one banner, and destroying it leaves nothing', async (t) => {
  const page = await it.visit(t);
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
  const page = await it.visit(t);
  await page.evaluate(() => window.firsthand.consent.set('none'));
  assert.deepEqual(await shown(page), NOTHING);
  await page.evaluate(() => window.forget());
  assert.deepEqual(await shown(page), FIRST);
});

for (const when of ['now', 'later']) {
  test(`an answer that cannot be kept (${when}) is not reported as saved, and the page hears no error`, async (t) => {
    const page = await it.visit(t, `broken=${when}`);
    await press(page, 'Accept all');
    await answered(page);
    await page.waitForFunction(() => window.kept.length > 0);
    assert.match(await message(page), /could not be saved/);
    assert.deepEqual(await shown(page), FIRST, 'asked again');
    assert.deepEqual(await page.evaluate(() => window.kept), ['storage is broken']);
  });
}

test('without constructed style sheets a style element with the nonce stands in', async (t) => {
  const page = await it.visit(t, 'nonce=abc123', { prepare: () => { delete CSSStyleSheet.prototype.replaceSync; } });
  assert.equal(await inShadow(page, (shadow) => getComputedStyle(shadow.querySelector('section')).position), 'fixed');
});

test('on a server nothing happens and nothing throws', async () => {
  const { mountBanner } = await import(new URL('../dist/banner.esm.js', import.meta.url));
  const handle = mountBanner({});
  for (const step of ['open', 'openPreferences', 'close', 'destroy']) assert.equal(handle[step](), undefined);
  assert.equal(handle.noticeText(), '');
});
