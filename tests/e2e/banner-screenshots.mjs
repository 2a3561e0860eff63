// Takes a picture of every state of the banner and of a blocked frame, for people to look at: phone and desktop, light and dark, left to right and right
// to left. `make screenshots` calls it; the pictures are in target/screenshots/banner.
import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { launch } from './lib/browser.mjs';
import { Pages } from './lib/pages.mjs';
import { until } from './lib/wait.mjs';

const HELP = `Takes pictures of every state of the banner and of a blocked frame.

usage: node tests/e2e/banner-screenshots.mjs [--out FOLDER] [--only TEXT] [--help]

  --out FOLDER   where they go (default: target/screenshots/banner)
  --only TEXT    only pictures with this in their name, such as "phone-dark" or "placeholder"

needs the SDK (make sdk)
`;
const OUT = fileURLToPath(new URL('../../target/screenshots/banner', import.meta.url));
const SCREENS = {
  phone: { width: 390, height: 844, deviceScaleFactor: 2, isMobile: true, hasTouch: true },
  desktop: { width: 1280, height: 800 },
};
const LANGUAGES = { en: 'ltr', ar: 'rtl', de: 'ltr' };
const WORDS = {
  en: ['Harbour mug', 'Thrown by hand, glazed in sea green, fired twice. It holds a third of a litre and survives the dishwasher.', 'Add to cart', 'How a mug is made'],
  ar: ['كوب الميناء', 'مصنوع يدويًا، مزجج بلون أخضر بحري، ومحروق مرتين. يتسع لثلث لتر ويتحمل غسالة الصحون.', 'أضف إلى السلة', 'كيف يُصنع الكوب'],
  de: ['Hafenbecher', 'Von Hand gedreht, in Meergrün glasiert, zweimal gebrannt. Er fasst einen Drittelliter und übersteht die Spülmaschine.', 'In den Warenkorb', 'Wie ein Becher entsteht'],
};

/** What is shown, by name: attributes of the tag, whether the browser sends the signal, and what is done once the page is there. */
const STATES = {
  first: { wait: 'section' },
  'first-bottom': { attributes: 'data-position="bottom"', wait: 'section' },
  'first-gpc': { hasGpc: true, wait: 'section' },
  preferences: { wait: 'section', then: openPreferences },
  'preferences-gpc': { hasGpc: true, wait: 'section', then: async (page) => { await openPreferences(page); await tickSharing(page); } },
  launcher: { attributes: 'data-regime="opt_out"', hasGpc: true, wait: '.w' },
  saved: { wait: 'section', then: (page) => press(page, 1) },
  placeholder: { attributes: 'data-banner="off"', frames: true, wait: undefined },
};

function options(args) {
  const chosen = { out: OUT, only: '' };
  for (let at = 0; at < args.length; at += 2) {
    const name = args[at].slice(2);
    if (!['--out', '--only'].includes(args[at]) || args[at + 1] === undefined) {
      process.stdout.write(HELP);
      process.exit(args[at] === '--help' ? 0 : 2);
    }
    chosen[name] = name === 'out' ? path.resolve(args[at + 1]) : args[at + 1];
  }
  return chosen;
}

const shadow = (page, read, ...rest) => page.evaluate(`(${read})(document.querySelector('firsthand-consent')?.shadowRoot, ...${JSON.stringify(rest)})`);

/** Presses an answer of the first layer by its place. */
const press = (page, index) => shadow(page, (root, index) => root.querySelectorAll('section button')[index].click(), index);

async function openPreferences(page) {
  await press(page, 2);
  await until('the preferences', () => shadow(page, (root) => Boolean(root.querySelector('dialog[open]'))));
}

/** Ticks sharing against the signal, opens the list of recipients and goes to where the notice is. */
const tickSharing = (page) =>
  shadow(page, (root) => {
    for (const list of root.querySelectorAll('details')) list.open = true;
    const box = root.querySelector('input[name=third_party_sharing]');
    box.click();
    box.scrollIntoView({ block: 'center' });
  });

function page(lang, { attributes = '', frames = false }) {
  const [title, text, action, film] = WORDS[lang];
  const config = { bannerOptions: {
    privacyUrl: '/privacy', imprintUrl: '/imprint',
    recipients: { analytics: ['Morrow Ceramics'], third_party_sharing: [{ name: 'Meta', url: 'https://www.facebook.com/privacy/policy' }, 'TikTok'] },
  } };
  const blocked = `<script async src="/sdk/blocker.js"></script>
<iframe title="${film}" width="560" height="315" data-purpose="marketing" data-src="https://video.example.org/mug"></iframe>
<iframe title="" width="340" height="220" data-purpose="personalization third_party_sharing" data-src="https://maps.example.org/kiln-lane"></iframe>`;
  return `<!doctype html><html lang="${lang}" dir="${LANGUAGES[lang]}"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<meta name="color-scheme" content="light dark"><title>${title}</title><link rel="icon" href="data:,">
<style>body{font:1.0625rem/1.6 system-ui,sans-serif;margin:0 auto;max-width:60rem;padding:1rem}iframe{max-width:100%;border:0}button{font:inherit}</style>
<script>window.firsthandConfig = ${JSON.stringify(config)};</script>
<script async src="/sdk/fh.js" ${attributes} data-regime="opt_in" data-write-key="pk_picture"></script></head>
<body><main><h1>${title}</h1><p>${text}</p><p><button>${action}</button></p>${frames ? blocked : ''}${`<p>${text}</p>`.repeat(5)}</main></body></html>`;
}

async function shoot(browser, pages, { screen, theme, lang, name, file }) {
  const state = STATES[name];
  const context = await browser.createBrowserContext();
  const shown = await context.newPage();
  const errors = [];
  shown.on('pageerror', (error) => errors.push(`${file}: ${error}`));
  await shown.setViewport(SCREENS[screen]);
  await shown.emulateMediaFeatures([{ name: 'prefers-color-scheme', value: theme }, { name: 'prefers-reduced-motion', value: 'reduce' }]);
  if (state.hasGpc) await shown.evaluateOnNewDocument(() => Object.defineProperty(Navigator.prototype, 'globalPrivacyControl', { value: true }));
  await shown.goto(pages.put(`/${lang}/${name}`, page(lang, state)), { waitUntil: 'load' });
  if (state.frames) await until('the placeholders', async () => (await shown.$$('firsthand-placeholder')).length === 2);
  else await until(state.wait, () => shadow(shown, (root, wanted) => Boolean(root?.querySelector(wanted)), state.wait));
  await state.then?.(shown);
  if (name === 'saved') await until('the message', () => shadow(shown, (root) => Boolean(root.querySelector('[role=status] span'))));
  await shown.screenshot({ path: file });
  process.stdout.write(`${file}\n`);
  await context.close();
  return errors;
}

async function main() {
  const { out, only } = options(process.argv.slice(2));
  mkdirSync(out, { recursive: true });
  const wanted = Object.keys(STATES).flatMap((name) => Object.keys(SCREENS).flatMap((screen) => ['light', 'dark'].flatMap((theme) => Object.keys(LANGUAGES).map((lang) => {
    const title = `${name}-${screen}-${theme}-${lang}`;
    return { name, screen, theme, lang, title, file: path.join(out, `${title}.png`) };
  })))).filter(({ title }) => title.includes(only));
  if (wanted.length === 0) throw new Error(`no picture has "${only}" in its name`);
  const pages = await Pages.start();
  const browser = await launch('chromium');
  try {
    const errors = [];
    for (const one of wanted) errors.push(...(await shoot(browser, pages, one)));
    if (errors.length > 0) throw new Error(`errors reached the page:\n${errors.join('\n')}`);
  } finally {
    await browser.close();
    await pages.stop();
  }
}

await main();
