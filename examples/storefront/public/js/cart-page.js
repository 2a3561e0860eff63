/** The cart page. */

import './common.js';
import { lines, setQuantity } from './cart.js';
import { price, totals } from './catalogue.js';
import { byId, h } from './dom.js';
import * as tracking from './tracking.js';

function change(product, wanted) {
  const difference = setQuantity(product, wanted);
  if (difference > 0) tracking.addToCart(product, difference);
  if (difference < 0) tracking.removeFromCart(product, -difference);
  show();
  byId('cart-message').textContent = wanted === 0 ? `${product.name} removed.` : `${product.name}: ${wanted}.`;
}

function row({ product, quantity }) {
  return h(
    'li', { class: 'line' },
    h('img', { src: `images/${product.id}.svg`, alt: '', width: '96', height: '96' }),
    h('div', { class: 'line-text' }, h('a', { href: `product.html?id=${product.id}` }, product.name), h('span', {}, `${price(product.cents)} each`)),
    h('div', { class: 'line-quantity' },
      h('label', { class: 'hidden', for: `q-${product.id}` }, `Quantity of ${product.name}`),
      h('select', { id: `q-${product.id}`, onchange: (event) => change(product, Number(event.target.value)) },
        Array.from({ length: Math.max(6, quantity) }, (_, index) => h('option', { value: index + 1, selected: index + 1 === quantity }, String(index + 1)))),
      h('button', { class: 'link', type: 'button', 'aria-label': `Remove ${product.name}`, onclick: () => {
        change(product, 0);
        byId('cart-title').focus();
      } }, 'Remove')),
    h('span', { class: 'line-price' }, price(product.cents * quantity)),
  );
}

function show() {
  const cart = lines();
  byId('cart').hidden = cart.length === 0;
  byId('cart-empty').hidden = cart.length > 0;
  byId('lines').replaceChildren(...cart.map(row));
  const sums = totals(cart, 'standard');
  byId('goods').textContent = price(sums.goods);
  byId('shipping').textContent = sums.shipping === 0 ? 'free' : price(sums.shipping);
  byId('total').textContent = price(sums.total);
  byId('tax').textContent = price(sums.tax);
  return cart;
}

const cart = show();
if (cart.length > 0) tracking.viewCart(cart);
