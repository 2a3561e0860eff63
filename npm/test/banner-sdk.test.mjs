// Banner, blocker and headless texts with the real SDK, all from the collector's /sdk/.
import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import { ready, startBrowser, startShop, stubTag, until } from './harness.mjs';

const page = ({ lang = 'en', head = '', attributes = '', body = '' }) =>
  `<!doctype html><html lang="${lang}"><head><title>Shop</title>${head}
<script async src="/sdk/fh.js" data-write-key="pk_test" data-flush-ms="50" ${attributes}></script></head><body><main>${body}</main></body></html>`;
const LINK = '<a href="#firsthand-consent">Cookies</a>';

let shop, chrome, context;
before(async () => {
  chrome = await startBrowser();
});
after(() => chrome.close());
afterEach(async () => {
  await context.close();
  await shop.close();
  assert.deepEqual(chrome.errors.splice(0), []);
});
const start = async (pages) => {
  context = await chrome.browser.createBrowserContext();
  shop = await startShop(pages);
};
const visit = async (path) => {
  const requests = [];
  const opened = await chrome.open(shop.url + path, { context, prepare: async (it) => void it.on('request', (request) => requests.push(new URL(request.url()).pathname)) });
  await ready(opened);
  return { page: opened, requests };
};
const labels = (it) =>
  it.evaluate(() => [...(document.querySelector('firsthand-consent')?.shadowRoot.querySelectorAll('button') ?? [])].map((made) => made.textContent));
const press = (it, label) =>
  it.evaluate((wanted) => [...document.querySelector('firsthand-consent').shadowRoot.querySelectorAll('button')].find((made) => made.textContent === wanted).click(), label);

test('the banner speaks the page\'s language; later pages get a way back, by their own link or a button', async () => {
  await start({ '/': page({ lang: 'de' }), '/link': page({ lang: 'de', body: LINK }), '/none': page({ attributes: 'data-regime="none"' }), '/fr': page({ lang: 'de', body: LINK, attributes: 'data-banner="fr"' }) });
  const first = await visit('/');
  await until('the banner', async () => (await labels(first.page)).includes('Alle akzeptieren'));
  assert.deepEqual(first.requests.filter((path) => path.includes('texts')), ['/sdk/texts.de.js']);
  await press(first.page, 'Alle akzeptieren');
  await until('the yes', () => first.page.evaluate(() => window.firsthand.consent.get().allow.marketing));
  await until('the button', async () => String(await labels(first.page)) === 'Datenschutz-Einstellungen');
  const again = await visit('/');
  await until('the button', async () => String(await labels(again.page)) === 'Datenschutz-Einstellungen');
  const linked = await visit('/link');
  await linked.page.evaluate(() => window.firsthand.flush());
  assert.ok(!linked.requests.some((path) => path.includes('banner')), 'a page with a link loads nothing');
  await linked.page.click('a');
  await until('the preferences', async () => (await labels(linked.page)).includes('Auswahl speichern'));
  const french = await visit('/fr');
  await french.page.click('a');
  await until('the preferences in french', async () => (await labels(french.page)).includes('Tout refuser'));
});

test('settings of the banner can stand on the script tag', async () => {
  await start({ '/': page({ attributes: 'data-privacy-url="/privacy.html" data-imprint-url="/imprint.html" data-position="bottom"' }) });
  const { page: it } = await visit('/');
  await until('the banner', async () => (await labels(it)).includes('Accept all'));
  const links = await it.evaluate(() => [...document.querySelector('firsthand-consent').shadowRoot.querySelectorAll('a')].map((link) => link.getAttribute('href')));
  assert.deepEqual([...new Set(links)], ['/privacy.html', '/imprint.html']);
});

test('without a duty to ask and without a choice no button appears', async () => {
  await start({ '/': page({ attributes: 'data-regime="none"' }) });
  const { page: it, requests } = await visit('/');
  await it.evaluate(() => window.firsthand.flush());
  assert.ok(!requests.some((path) => path.includes('banner')));
});

for (const order of ['before', 'after']) {
  test(`the blocker works ${order} the SDK, and remembers nothing of its own`, async () => {
    const tag = '<script src="/sdk/blocker.js"></script>';
    const script = '<script type="text/plain" data-purpose="marketing">window.ran = (window.ran ?? 0) + 1;</script>';
    await start({ '/': page({ attributes: 'data-banner="off"', head: order === 'before' ? tag : stubTag(), body: script + (order === 'after' ? tag : '') }) });
    const first = await visit('/');
    assert.equal(await first.page.evaluate(() => window.ran), undefined);
    await first.page.evaluate(() => window.firsthand.consent.set('all'));
    await until('the script to run', () => first.page.evaluate(() => window.ran === 1));
    const next = await visit('/');
    await until('the script to run', () => next.page.evaluate(() => window.ran === 1));
  });
}

test('a banner drawn by the page needs the texts and the events only', async () => {
  const own = `<div id="ask" hidden></div><script type="module">
    import { texts, purposes } from '/sdk/texts.js';
    const words = await texts(document.documentElement.lang);
    const ask = document.getElementById('ask');
    const draw = (state) => { ask.hidden = !state?.prompt; };
    ask.append(words.title, ...purposes.map((purpose) => words.purposes[purpose].name));
    for (const [label, answer] of [[words.acceptAll, 'all'], [words.rejectAll, 'none']]) {
      const button = document.createElement('button');
      button.textContent = label;
      button.onclick = () => firsthand.consent.set(answer);
      ask.append(button);
    }
    addEventListener('firsthand:consent', (event) => draw(event.detail));
    draw(window.firsthand?.consent.get());
  </script>`;
  await start({ '/': page({ lang: 'sv', attributes: 'data-banner="off"', body: own }) });
  const { page: it, requests } = await visit('/');
  await it.waitForSelector('#ask:not([hidden]) button');
  assert.match(await it.$eval('#ask', (made) => made.textContent), /^Dina uppgifter, ditt valStatistikPersonanpassning/);
  await it.click('#ask button:last-of-type');
  await it.waitForSelector('#ask[hidden]');
  assert.deepEqual(await it.evaluate(() => Object.values(window.firsthand.consent.get().choice)), [false, false, false, false]);
  assert.ok(!requests.some((path) => path.includes('banner')));
});

test('listeners registered before the start hear of it once', async () => {
  await start({ '/': page({ head: `${stubTag()}<script>window.heard = []; firsthand.consent.on((state) => heard.push(['on', state.prompt])); addEventListener('firsthand:consent', (event) => heard.push(['event', event.detail.prompt]));</script>`, attributes: 'data-banner="off"' }) });
  const { page: it } = await visit('/');
  await until('both', () => it.evaluate(() => window.heard.length > 1));
  assert.deepEqual(await it.evaluate(() => window.heard), [['on', true], ['event', true]]);
});
