/** Takes orders. Prices come from the catalogue, never from the page. */

import { COUNTRIES, CURRENCY, DIAL_CODES, PAYMENTS, SHIPPING, euros, item, productById, totals } from '../public/js/catalogue.js';

const MAX_LINES = 50;
const MAX_QUANTITY = 20;
const TEXT_LIMITS = { email: 254, phone: 40, first_name: 80, last_name: 80, address: 160, zip: 12, city: 80 };

/** An order the shop cannot take. The message names the field, never what was in it. */
export class OrderError extends Error {}

/** Returns the order a page asked for, checked; throws `OrderError`. */
export function parseOrder(body) {
  if (typeof body?.checkout_id !== 'string' || !/^[\w-]{8,64}$/.test(body.checkout_id)) throw new OrderError('checkout_id is missing');
  if (!SHIPPING.some(({ id }) => id === body.shipping)) throw new OrderError('shipping is not offered');
  if (!PAYMENTS.some(({ id }) => id === body.payment)) throw new OrderError('payment is not offered');
  return {
    checkout_id: body.checkout_id,
    customer: parseCustomer(body.customer),
    lines: parseLines(body.lines),
    shipping: body.shipping,
    payment: body.payment,
  };
}

/** Returns what the page gets, and what both the page and the backend report: the same numbers, from one place. */
export function receipt(order) {
  const lines = order.lines.map(({ id, quantity }) => ({ product: productById(id), quantity }));
  const sums = totals(lines, order.shipping);
  return {
    transaction_id: order.transaction_id,
    value: euros(sums.goods),
    currency: CURRENCY,
    tax: euros(sums.tax),
    shipping: euros(sums.shipping),
    total: euros(sums.total),
    items: lines.map(({ product, quantity }, index) => item(product, quantity, index)),
  };
}

/** Returns whether this looks like an e-mail address. */
export const isEmail = (value) => typeof value === 'string' && value.length <= TEXT_LIMITS.email && /^[^\s@]+@[^\s@]+$/.test(value);

function parseLines(lines) {
  if (!Array.isArray(lines) || lines.length === 0) throw new OrderError('lines are missing');
  if (lines.length > MAX_LINES) throw new OrderError(`more than ${MAX_LINES} lines`);
  return lines.map((line) => {
    if (!productById(line?.id)) throw new OrderError('a line names no product');
    if (!Number.isInteger(line.quantity) || line.quantity < 1 || line.quantity > MAX_QUANTITY) throw new OrderError(`quantity is not between 1 and ${MAX_QUANTITY}`);
    return { id: line.id, quantity: line.quantity };
  });
}

function parseCustomer(given) {
  const customer = {};
  for (const [name, limit] of Object.entries(TEXT_LIMITS)) {
    const value = typeof given?.[name] === 'string' ? given[name].trim() : '';
    if (value === '' && name !== 'phone') throw new OrderError(`${name} is missing`);
    if (value.length > limit) throw new OrderError(`${name} is longer than ${limit} characters`);
    customer[name] = value;
  }
  if (!isEmail(customer.email)) throw new OrderError('email is not an address');
  if (!Object.hasOwn(COUNTRIES, given.country)) throw new OrderError('country is not served');
  customer.country = given.country;
  customer.phone_country = Object.hasOwn(DIAL_CODES, given.phone_country) ? given.phone_country : given.country;
  return customer;
}
