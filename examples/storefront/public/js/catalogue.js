/**
 * What the shop sells. The page and the backend read the same file, so that a price has one source; the backend never trusts the page's.
 *
 * Money is in integer cents everywhere in the shop. `euros` is the one place where it becomes the decimal number that events carry.
 */

export const CURRENCY = 'EUR';

/** Value added tax contained in the prices, in per cent. */
const VAT_PERCENT = 19;

export const CATEGORIES = ['Cups', 'Tableware', 'For the table', 'Home'];

/** @typedef {{ id: string, name: string, category: string, cents: number, blurb: string, details: string[] }} Product */

/** @type {readonly Product[]} */
export const PRODUCTS = [
  { id: 'mug-harbour', name: 'Harbour mug', category: 'Cups', cents: 2990, blurb: 'A generous morning mug in dusk blue, its foot left as bare clay.', details: ['Stoneware, 350 ml', '9.5 cm tall', 'Dishwasher and microwave safe'] },
  { id: 'espresso-pair', name: 'Espresso cups, pair', category: 'Cups', cents: 3450, blurb: 'Two small cups with a handle that fits one finger, glazed in rose.', details: ['Stoneware, 80 ml each', '6 cm tall', 'Sold as a pair'] },
  { id: 'bowl-tide', name: 'Tide bowl', category: 'Tableware', cents: 3600, blurb: 'Deep enough for soup, wide enough for supper. One pale line drawn by hand.', details: ['Stoneware, 22 cm wide', 'Holds 900 ml', 'Dishwasher safe'] },
  { id: 'plate-dune', name: 'Dune plate', category: 'Tableware', cents: 2450, blurb: 'A flat plate with a soft rim and iron speckles, no two alike.', details: ['Stoneware, 26 cm wide', 'Stacks flat', 'Oven safe to 180 °C'] },
  { id: 'teapot-slate', name: 'Slate teapot', category: 'For the table', cents: 8900, blurb: 'Pours without a drip, holds four cups, keeps its heat.', details: ['Stoneware, 1.1 l', 'Built-in strainer', 'Matt slate glaze'] },
  { id: 'jug-chalk', name: 'Chalk jug', category: 'For the table', cents: 4800, blurb: 'Milk, water or wild flowers. A band of blue around a chalk-white body.', details: ['Stoneware, 800 ml', '19 cm tall', 'Dishwasher safe'] },
  { id: 'vase-reed', name: 'Reed vase', category: 'Home', cents: 5990, blurb: 'Thrown slowly, with a narrow neck for a few long stems.', details: ['Terracotta, 24 cm tall', 'Glazed inside, watertight'] },
  { id: 'planter-moor', name: 'Moor planter', category: 'Home', cents: 3995, blurb: 'A collared pot for a plant that wants to stay a while.', details: ['Terracotta, 17 cm wide', 'With saucer and drainage hole'] },
];

/** Ways of shipping; `free_from_cents` is the goods value from which it costs nothing. */
export const SHIPPING = [
  { id: 'standard', name: 'Standard, 3 to 5 days', cents: 490, free_from_cents: 8000 },
  { id: 'express', name: 'Express, next working day', cents: 1290, free_from_cents: null },
];

export const PAYMENTS = [
  { id: 'invoice', name: 'Invoice' },
  { id: 'transfer', name: 'Bank transfer in advance' },
];

/** Countries the shop ships to. */
export const COUNTRIES = { AT: 'Austria', BE: 'Belgium', FR: 'France', DE: 'Germany', IE: 'Ireland', LU: 'Luxembourg', NL: 'Netherlands' };

/** Telephone country codes. */
export const DIAL_CODES = { AT: '43', BE: '32', CH: '41', DE: '49', FR: '33', GB: '44', IE: '353', LU: '352', NL: '31', US: '1' };

/** Returns the product with this id, or `undefined`. */
export const productById = (id) => PRODUCTS.find((product) => product.id === id);

/** Returns cents as the decimal number an event carries: 2990 becomes 29.9. */
export const euros = (cents) => cents / 100;

/** Returns cents as a price to read. */
export const price = (cents) => new Intl.NumberFormat('en-IE', { style: 'currency', currency: CURRENCY }).format(cents / 100);

/** Returns the sums of a cart, in cents. Prices contain the tax; the goods value is what events call `value`. */
export function totals(lines, shippingId) {
  const goods = lines.reduce((sum, { product, quantity }) => sum + product.cents * quantity, 0);
  const method = SHIPPING.find(({ id }) => id === shippingId) ?? SHIPPING[0];
  const shipping = method.free_from_cents !== null && goods >= method.free_from_cents ? 0 : method.cents;
  const total = goods + shipping;
  return { goods, shipping, total, tax: Math.round((total * VAT_PERCENT) / (100 + VAT_PERCENT)) };
}

/** Returns a cart line, or a product in a list, as a GA4 item. */
export function item(product, quantity = 1, index = undefined) {
  return {
    item_id: product.id,
    item_name: product.name,
    item_brand: 'Morrow Ceramics',
    item_category: product.category,
    price: euros(product.cents),
    quantity,
    ...(index === undefined ? {} : { index }),
  };
}
