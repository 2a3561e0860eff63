/**
 * Where the shop tells Firsthand what happened. Names and parameters are GA4's recommended ones; `page_view` is automatic.
 *
 * `firsthand` is there from the start, thanks to the inline stub in the head, so nothing here waits for the SDK.
 */

import { CURRENCY, euros, item } from './catalogue.js';
import { firePixel } from './pixel.js';

const goods = (lines) => euros(lines.reduce((sum, { product, quantity }) => sum + product.cents * quantity, 0));
const items = (lines) => lines.map(({ product, quantity }, index) => item(product, quantity, index));
const cartProps = (lines) => ({ currency: CURRENCY, value: goods(lines), items: items(lines) });

/** Reports an event and returns its id; a shop whose tracking is missing still sells. */
function track(name, props) {
  try {
    return window.firsthand?.track(name, props);
  } catch {
    return undefined;
  }
}

export const viewItemList = (products, id, name) =>
  track('view_item_list', { item_list_id: id, item_list_name: name, items: products.map((product, index) => item(product, 1, index)) });

export const search = (term) => track('search', { search_term: term });

export const viewItem = (product) => track('view_item', cartProps([{ product, quantity: 1 }]));

export function addToCart(product, quantity) {
  const props = cartProps([{ product, quantity }]);
  firePixel('AddToCart', track('add_to_cart', props), props);
}

export const removeFromCart = (product, quantity) => track('remove_from_cart', cartProps([{ product, quantity }]));

export const viewCart = (lines) => track('view_cart', cartProps(lines));

export const beginCheckout = (lines) => track('begin_checkout', cartProps(lines));

export const addShippingInfo = (lines, tier) => track('add_shipping_info', { ...cartProps(lines), shipping_tier: tier });

export const addPaymentInfo = (lines, type) => track('add_payment_info', { ...cartProps(lines), payment_type: type });

/** Reports an order. `order` is the backend's answer, which its own notice repeats under the same event id: counted once. */
export function purchase(order) {
  const { transaction_id, value, currency, tax, shipping } = order;
  const props = { transaction_id, value, currency, tax, shipping, items: order.items };
  firePixel('Purchase', track('purchase', props), props);
}

export const signUp = () => track('sign_up', { method: 'newsletter' });

/** Tells Firsthand who this is. It hashes every value inside the page; nothing of this leaves it in clear. */
export function identify(person) {
  try {
    window.firsthand?.identify(person);
  } catch {
    // The order matters more.
  }
}
