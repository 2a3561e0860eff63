// The words: every language is complete and in its own language, the right one is chosen, only that one is loaded, and all can be replaced.
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { test } from 'node:test';
import { FIRST, inShadow, press, shop, shown } from './banner/browser.mjs';
import { bannerPage } from './banner/shop-page.mjs';
import { en, languages, pickLanguage, purposes, texts } from '../dist/texts.js';

const it = shop(bannerPage);

/** Every text with the path of its key. */
const leaves = (value, path = []) =>
  typeof value === 'string' ? [[path.join('.'), value]] : Object.entries(value).flatMap(([key, inner]) => leaves(inner, [...path, key]));
const english = new Map(leaves(en).filter(([key]) => key !== 'lang'));
const RTL = ['ar', 'he'];
/** Words that are the same in other languages. */
const INTERNATIONAL = /^(Marketing)$/;
const SCRIPTS = { ar: /\p{Script=Arabic}/u, he: /\p{Script=Hebrew}/u, el: /\p{Script=Greek}/u, ja: /[\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Han}]/u };

test('there are files for all languages and for no other', () => {
  const files = readdirSync(new URL('../dist/', import.meta.url)).map((file) => /^texts\.(.+)\.js$/.exec(file)?.[1]).filter(Boolean);
  assert.deepEqual([...files, 'en'].sort(), [...languages].sort());
  assert.ok(languages.length >= 12);
  assert.deepEqual([...purposes].sort(), Object.keys(en.purposes).sort());
});

for (const language of languages) {
  test(`${language} has every text, none empty, none left in english`, async () => {
    const found = await texts(language);
    assert.equal(found.lang, language);
    assert.equal(found.dir, RTL.includes(language) ? 'rtl' : undefined);
    const own = new Map(leaves(found).filter(([key]) => key !== 'lang' && key !== 'dir'));
    assert.deepEqual([...own.keys()], [...english.keys()]);
    for (const [key, text] of own) {
      assert.equal(text, text.trim(), key);
      assert.notEqual(text, '', key);
      assert.ok(!text.includes('  '), `${key}: two spaces`);
      assert.deepEqual(text.match(/\{\w+\}/g), english.get(key).match(/\{\w+\}/g), `${key}: what is filled in`);
      if (language === 'en') continue;
      assert.ok(text !== english.get(key) || INTERNATIONAL.test(text), `${key} is left in english: ${text}`);
      assert.doesNotMatch(text, /\b(the|your|you|and|not|with)\b/i, key);
      if (SCRIPTS[language]) assert.match(text, SCRIPTS[language], key);
    }
    for (const key of ['gpcNotice', 'gpcConflict']) assert.match(own.get(key), /Global[ -]Privacy[ -]Control/, key);
    assert.notEqual(own.get('acceptAll'), own.get('rejectAll'));
    assert.ok(own.get('embed.about').includes(own.get('embed.always')), 'the button is called by its name');
  });
}

test('the first wanted language there is wins, by its base where need be', () => {
  for (const [wanted, expected] of [
    [['de'], 'de'], [['de-AT', 'fr'], 'de'], [['pt-BR'], 'pt-BR'], [['pt-PT'], 'pt'], [['PT_br'], 'pt-BR'], [['zh-Hant-TW', 'ja-JP'], 'ja'],
    [['no'], 'nb'], [['nn-NO'], 'nb'], [['iw'], 'he'], [['', undefined, 'sv'], 'sv'], [['xx'], 'en'], [[], 'en'], [['on', 'fi'], 'fi'], [['toString'], 'en'],
  ]) {
    assert.equal(pickLanguage(wanted), expected, String(wanted));
  }
});

const title = (page) => inShadow(page, (shadow) => [shadow.querySelector('.r').lang, shadow.querySelector('h2').textContent]);
const loaded = () => it.requests.filter((path) => path.startsWith('/texts'));
const browserSpeaks = (...tags) => ({ prepare: `Object.defineProperty(navigator, 'languages', { value: ${JSON.stringify(tags)} })` });

test('the page decides the language, then the browser, and a setting decides before both', async (t) => {
  for (const [query, tags, expected] of [
    ['lang=it-CH', ['de'], 'it'], ['lang=', ['xx', 'nl-BE', 'fr'], 'nl'], ['lang=de&banner=fr', ['it'], 'fr'], ['lang=de&banner=on', ['it'], 'de'], ['lang=en-US', ['de'], 'en'],
  ]) {
    const page = await it.visit(t, query, browserSpeaks(...tags));
    assert.deepEqual(await title(page), [expected, (await texts(expected)).title]);
    assert.deepEqual(loaded(), expected === 'en' ? [] : [`/texts.${expected}.js`], 'only the needed language is loaded');
  }
});

test('a language that cannot be loaded leaves the question in english', async (t) => {
  it.missing = /texts\.sv/;
  t.after(() => { it.missing = undefined; });
  const page = await it.visit(t, 'lang=sv');
  assert.deepEqual(await title(page), ['en', en.title]);
  assert.deepEqual(await shown(page), FIRST);
});

test('own words lie over those of the language, one by one or by a function', async (t) => {
  const some = await it.visit(t, 'lang=de&partial');
  assert.deepEqual(await title(some), ['de', 'Cookies?']);
  await press(some, 'Auswählen');
  const [name, about] = await inShadow(some, (shadow) => {
    const { parentElement } = shadow.querySelector('input[name=marketing]');
    return [parentElement.textContent, parentElement.nextSibling.textContent];
  });
  assert.equal(name, 'Adverts');
  assert.equal(about, (await texts('de')).purposes.marketing.about);
  const made = await it.visit(t, 'lang=de-AT&own&banner=on');
  assert.deepEqual(await title(made), ['de', `de-AT: ${(await texts('de')).title}`]);
});

test('direction can be set against that of the texts', async (t) => {
  const page = await it.visit(t, 'dir=rtl');
  assert.equal(await inShadow(page, (shadow) => getComputedStyle(shadow.querySelector('h2')).direction), 'rtl');
});
