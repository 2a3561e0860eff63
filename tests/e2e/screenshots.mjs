// Takes a picture of every page as a visitor and a developer see it, on a desktop and on a phone, for people to look at.
// `make screenshots` builds what it needs and calls it; the pictures are in target/screenshots.
import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { launch } from './lib/browser.mjs';
import { Visitor } from './lib/shop.mjs';
import { Stack } from './lib/stack.mjs';
import { until } from './lib/wait.mjs';

const HELP = `Takes pictures of every page of the shop, the banner and the sandbox.

usage: node tests/e2e/screenshots.mjs [--out FOLDER] [--help]

  --out FOLDER   where they go (default: target/screenshots)

needs the SDK (make sdk) and target/debug/firsthand, or the one that FIRSTHAND_BIN names
`;
const OUT = fileURLToPath(new URL('../../target/screenshots', import.meta.url));
const SCREENS = {
  desktop: { width: 1280, height: 800 },
  phone: { width: 390, height: 844, deviceScaleFactor: 2, isMobile: true, hasTouch: true },
};

function folder(args) {
  if (args.length === 0) return OUT;
  if (args[0] === '--out' && args[1]) return path.resolve(args[1]);
  process.stdout.write(HELP);
  process.exit(args[0] === '--help' ? 0 : 2);
}

/** The first view alone: what a fixed banner covers is part of the picture. */
const VIEW = { fullPage: false };
const WHOLE = { fullPage: true };

async function shoot(stack, browser, out, [screen, viewport]) {
  const context = await browser.createBrowserContext();
  const visitor = new Visitor(await context.newPage(), stack.shopUrl);
  await visitor.page.setViewport(viewport);
  // What fades in would be half there.
  await visitor.page.emulateMediaFeatures([{ name: 'prefers-reduced-motion', value: 'reduce' }]);
  const save = async (name, how, page = visitor.page) => {
    await page.evaluate(async () => {
      for (const image of document.images) await image.decode().catch(() => {});
    });
    const file = path.join(out, `${name}-${screen}.png`);
    await page.screenshot({ path: file, ...how });
    process.stdout.write(`${file}\n`);
  };

  await visitor.open('/', '?gclid=Cj0KCQiA-Screenshot&fbclid=IwAR0Screenshot&utm_source=letter&utm_medium=email');
  await visitor.sdk();
  await until('the banner is there', () => visitor.page.$('firsthand-consent'));
  await save('banner', VIEW);
  await visitor.banner('Choose');
  await save('banner-preferences', VIEW);
  await visitor.accept();
  await save('catalogue', WHOLE);
  await visitor.open('/product.html', '?id=teapot-slate');
  await visitor.sdk();
  await visitor.page.waitForSelector('#product button');
  await save('product', WHOLE);
  await visitor.open('/cart.html');
  await visitor.sdk();
  await save('cart-empty', WHOLE);
  await visitor.addToCart('teapot-slate');
  await visitor.addToCart('mug-harbour');
  await visitor.open('/cart.html');
  await visitor.sdk();
  await save('cart', WHOLE);
  await visitor.fillCheckout();
  await save('checkout', WHOLE);
  await visitor.page.$eval('#email', (input) => {
    input.value = '';
    input.form.requestSubmit();
  });
  await save('checkout-mistake', WHOLE);
  await visitor.fillCheckout();
  await visitor.placeOrder();
  await visitor.sent();
  await stack.drained();
  await save('thanks', WHOLE);
  await visitor.open('/privacy.html');
  await save('privacy', WHOLE);

  const sandbox = await context.newPage();
  await sandbox.setViewport(viewport);
  await sandbox.goto(stack.sandbox.url, { waitUntil: 'load' });
  await until('the order is shown', () => sandbox.$$eval('.card h3', (titles) => titles.some((title) => /purchase/i.test(title.textContent))));
  await until('the collector has been asked', async () => !/Asking/.test(await sandbox.$eval('#unsent-text', (node) => node.textContent)));
  await save('sandbox', VIEW, sandbox);
  await sandbox.$eval('.unsent', (section) => section.scrollIntoView());
  await save('sandbox-unsent', VIEW, sandbox);
  await context.close();
  return visitor.errors;
}

/** Somebody who allows analytics only, so that "Not sent, and why" has something to say. */
async function leaveSomethingUnsent(stack, browser) {
  const context = await browser.createBrowserContext();
  const visitor = new Visitor(await context.newPage(), stack.shopUrl);
  await visitor.open('/');
  await visitor.sdk();
  await visitor.page.evaluate(() =>
    window.firsthand.consent.set({ analytics: true, marketing: false, personalization: false, third_party_sharing: false }));
  await visitor.addToCart('bowl-tide');
  await visitor.sent();
  await context.close();
}

async function main() {
  const out = folder(process.argv.slice(2));
  mkdirSync(out, { recursive: true });
  // Long enough for page and backend to report an order, so that it is shown as it is in a real shop.
  const stack = await Stack.start({ settleMs: 3000 });
  const browser = await launch('chromium');
  try {
    await leaveSomethingUnsent(stack, browser);
    const errors = [];
    for (const screen of Object.entries(SCREENS)) errors.push(...(await shoot(stack, browser, out, screen)));
    if (errors.length > 0) throw new Error(`errors reached the page:\n${errors.join('\n')}`);
  } finally {
    await browser.close();
    await stack.stop();
  }
}

await main();
