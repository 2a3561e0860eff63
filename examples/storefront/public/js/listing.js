/** The catalogue page: category filter and search. */

import './common.js';
import { CATEGORIES, PRODUCTS, price } from './catalogue.js';
import { byId, h } from './dom.js';
import * as tracking from './tracking.js';

const ALL = 'All';
let category = ALL;
let term = '';

function matching() {
  const wanted = term.toLowerCase();
  return PRODUCTS.filter(
    (product) => (category === ALL || product.category === category) && (wanted === '' || `${product.name} ${product.category} ${product.blurb}`.toLowerCase().includes(wanted)),
  );
}

function card(product, index) {
  const link = `product.html?id=${product.id}`;
  return h(
    'li', { class: 'card' },
    h('a', { href: link },
      h('img', { src: `images/${product.id}.svg`, alt: '', width: '400', height: '400', loading: index > 3 ? 'lazy' : null }),
      h('span', { class: 'card-name' }, product.name),
      h('span', { class: 'card-price' }, price(product.cents))),
  );
}

function show() {
  const products = matching();
  byId('products').replaceChildren(...products.map(card));
  const pieces = products.length === 1 ? '1 piece' : `${products.length} pieces`;
  byId('result').textContent = term ? `${pieces} for “${term}”` : products.length > 0 ? pieces : 'Nothing here yet.';
  for (const button of byId('categories').querySelectorAll('button')) button.setAttribute('aria-pressed', String(button.value === category));
  return products;
}

function showAndReport() {
  const products = show();
  if (term) tracking.viewItemList(products, 'search', 'Search results');
  else tracking.viewItemList(products, category.toLowerCase().replaceAll(' ', '-'), category);
}

byId('categories').append(
  ...[ALL, ...CATEGORIES].map((name) =>
    h('button', { type: 'button', value: name, onclick: () => {
      category = name;
      showAndReport();
    } }, name),
  ),
);
byId('search').addEventListener('submit', (event) => {
  event.preventDefault();
  term = event.currentTarget.elements.q.value.trim();
  if (term) tracking.search(term);
  showAndReport();
});
byId('search').elements.q.addEventListener('input', (event) => {
  if (event.target.value !== '' || term === '') return;
  term = '';
  showAndReport();
});
showAndReport();
