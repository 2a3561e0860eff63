// The storefront as a visitor uses it: what is clicked and typed, nothing behind the page's back.
import { until } from './wait.mjs';

/** A customer whose every value is unlikely to stand anywhere by chance. */
export const CUSTOMER = {
  email: 'Quirin.Zabel+shop@zauberwald-post.example',
  phone: '0171 9876543',
  first_name: 'Quirin',
  last_name: 'Zabelitzer',
  address: 'Wolkenkuckucksweg 17',
  zip: 'QZ7 9XJ',
  city: 'Quakenbrueck',
};

/** What must not be found anywhere: the values above and the forms a program would bring them to. */
export const CLEAR_VALUES = [
  CUSTOMER.email,
  'quirin.zabel@zauberwald-post.example',
  '1719876543',
  '171 9876543',
  CUSTOMER.first_name,
  CUSTOMER.last_name,
  CUSTOMER.address,
  CUSTOMER.zip,
  CUSTOMER.zip.replace(' ', ''),
  CUSTOMER.city,
];

export class Visitor {
  constructor(page, shopUrl) {
    this.page = page;
    this.shopUrl = shopUrl;
    this.errors = [];
    page.on('pageerror', (error) => this.errors.push(String(error)));
  }

  /** Ends the tab as a crash does: no handler of the page runs any more. Only Chromium can be told to; elsewhere the tab is closed. Returns whether it crashed. */
  async crash() {
    if (this.page.browser().process()?.spawnfile.includes('firefox')) {
      await this.page.close({ runBeforeUnload: false });
      return false;
    }
    const crashed = new Promise((resolve) => {
      this.page.once('error', resolve);
    });
    const devtools = await this.page.createCDPSession();
    // Never answered: the one who should is gone.
    devtools.send('Page.crash').catch(() => {});
    await crashed;
    return true;
  }

  /** Opens a page of the shop. `query` is what an ad put behind the address. */
  async open(path = '/', query = '') {
    await this.page.goto(`${this.shopUrl}${path}${query}`, { waitUntil: 'load' });
  }

  /** Waits for the SDK and returns its status. */
  async sdk() {
    return until('the SDK is ready', async () => {
      const status = await this.page.evaluate(() => window.firsthand?.debug?.());
      return status?.state === 'ready' || status?.state === 'inert' ? status : null;
    });
  }

  async status() {
    return this.page.evaluate(() => window.firsthand.debug());
  }

  async allowed() {
    return this.page.evaluate(() => window.firsthand.consent.get().allow);
  }

  /** Clicks a button of the consent banner, which lives in a shadow root. */
  async banner(label) {
    const button = await until(`the banner offers "${label}"`, () =>
      this.page.evaluateHandle((text) => {
        const find = (root) => {
          for (const node of root.querySelectorAll('*')) {
            if (node.localName === 'button' && node.textContent.trim() === text && node.getClientRects().length > 0) return node;
            const inside = node.shadowRoot && find(node.shadowRoot);
            if (inside) return inside;
          }
          return null;
        };
        return find(document);
      }, label).then((handle) => handle.asElement()),
    );
    await button.evaluate((node) => node.click());
  }

  async accept() {
    await this.banner('Accept all');
    await until('everything is allowed', async () => Object.values(await this.allowed()).every(Boolean));
  }

  async refuse() {
    await this.banner('Reject all');
    await until('the choice is kept', async () => !(await this.page.evaluate(() => window.firsthand.consent.get().prompt)));
  }

  /** Puts a product into the cart. */
  async addToCart(product) {
    await this.open('/product.html', `?id=${product}`);
    await this.sdk();
    await this.page.waitForSelector('#product form button[type=submit], #product button');
    await this.page.evaluate(() => document.querySelector('#product form button[type=submit], #product button').click());
    await until('the cart has it', () =>
      this.page.evaluate(() => document.querySelector('#cart-count')?.textContent.trim() !== '0'));
  }

  /** Fills the checkout in without sending it. */
  async fillCheckout() {
    await this.open('/checkout.html');
    await this.sdk();
    await this.page.waitForSelector('#email');
    for (const [name, value] of Object.entries(CUSTOMER)) {
      await this.page.$eval(`#${name}`, (input, text) => {
        input.value = text;
        input.dispatchEvent(new Event('input', { bubbles: true }));
        input.dispatchEvent(new Event('change', { bubbles: true }));
      }, value);
    }
  }

  /** Sends the checkout and returns the order's number. */
  async placeOrder() {
    await Promise.all([
      this.page.waitForNavigation({ waitUntil: 'load' }),
      this.page.$eval('#place-order', (button) => button.click()),
    ]);
    return until('the thank-you page names the order', () =>
      this.page.$eval('#order-number', (node) => node.textContent.trim().replace(/^#/, '')));
  }

  /** The whole way from the shelf to the thank-you page. */
  async buy(product) {
    await this.addToCart(product);
    await this.fillCheckout();
    return this.placeOrder();
  }

  /** Waits until the outbox is empty. */
  async sent() {
    await until('the outbox is empty', async () => {
      const status = await this.status();
      return status.queued === 0;
    });
  }
}
