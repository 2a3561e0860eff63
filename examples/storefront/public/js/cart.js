/**
 * The cart. It is kept in localStorage because the shop cannot work without it (strictly necessary storage), so it asks for no consent; where
 * storage is forbidden it lives as long as the page.
 */

import { productById } from './catalogue.js';

const KEY = 'morrow-cart';
const MAX_QUANTITY = 20;
let inMemory = '[]';

/** Returns the cart as lines of product and quantity; what the shop no longer sells is left out. */
export function lines() {
  let stored;
  try {
    stored = JSON.parse(read());
  } catch {
    stored = [];
  }
  if (!Array.isArray(stored)) return [];
  return stored
    .map((line) => ({ product: productById(line?.id), quantity: line?.quantity }))
    .filter(({ product, quantity }) => product && Number.isInteger(quantity) && quantity > 0 && quantity <= MAX_QUANTITY);
}

/** Sets how many of a product are in the cart; none removes it. Returns the change, limited to what one order may hold. */
export function setQuantity(product, wanted) {
  const quantity = Math.max(0, Math.min(MAX_QUANTITY, Math.trunc(wanted) || 0));
  const before = quantityOf(product);
  const others = lines().filter((line) => line.product !== product);
  const position = lines().findIndex((line) => line.product === product);
  if (quantity > 0) others.splice(position < 0 ? others.length : position, 0, { product, quantity });
  write(others);
  return quantity - before;
}

/** Returns how many of a product are in the cart. */
export const quantityOf = (product) => lines().find((line) => line.product === product)?.quantity ?? 0;

/** Returns how many pieces are in the cart. */
export const count = () => lines().reduce((sum, { quantity }) => sum + quantity, 0);

export const empty = () => write([]);

function read() {
  try {
    return localStorage.getItem(KEY) ?? inMemory;
  } catch {
    return inMemory;
  }
}

function write(cart) {
  inMemory = JSON.stringify(cart.map(({ product, quantity }) => ({ id: product.id, quantity })));
  try {
    localStorage.setItem(KEY, inMemory);
  } catch {
    // No storage: the cart lasts as long as the page.
  }
  dispatchEvent(new CustomEvent('cart-change'));
}
