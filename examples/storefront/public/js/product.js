/** The page of one product. */

import './common.js';
import { setQuantity, quantityOf } from './cart.js';
import { price, productById } from './catalogue.js';
import { byId, h } from './dom.js';
import * as tracking from './tracking.js';

const product = productById(new URLSearchParams(location.search).get('id'));

function add(event) {
  event.preventDefault();
  const wanted = Number(event.currentTarget.elements.quantity.value);
  const added = setQuantity(product, quantityOf(product) + wanted);
  if (added > 0) tracking.addToCart(product, added);
  byId('added').replaceChildren(
    added > 0 ? `${added} × ${product.name} added. ` : 'One order can hold 20 of a piece. ',
    h('a', { href: 'cart.html' }, 'Go to the cart'),
  );
}

if (product) {
  document.title = `${product.name} – Morrow Ceramics`;
  byId('product').replaceChildren(
    h('img', { src: `images/${product.id}.svg`, alt: `${product.name}, drawn on a table`, width: '400', height: '400' }),
    h('div', {},
      h('p', { class: 'eyebrow' }, product.category),
      h('h1', {}, product.name),
      h('p', { class: 'price' }, price(product.cents), h('small', {}, ' including VAT, plus shipping')),
      h('p', { class: 'lead' }, product.blurb),
      h('form', { class: 'buy', onsubmit: add },
        h('label', { for: 'quantity' }, 'Quantity'),
        h('select', { id: 'quantity', name: 'quantity' }, [1, 2, 3, 4, 5, 6].map((number) => h('option', { value: number }, String(number)))),
        h('button', { class: 'button', type: 'submit' }, 'Add to cart')),
      h('p', { id: 'added', role: 'status' }),
      h('ul', { class: 'facts' }, product.details.map((detail) => h('li', {}, detail)))),
  );
  tracking.viewItem(product);
} else {
  byId('product').replaceChildren(h('div', {}, h('h1', {}, 'We do not have this piece'), h('p', {}, h('a', { href: 'index.html' }, 'See what we make'))));
}
