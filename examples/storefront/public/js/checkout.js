/**
 * The checkout. What is typed here goes to the shop's backend in a request body, never into an address; Firsthand gets it through
 * `identify`, which hashes it inside the page.
 */

import './common.js';
import { empty, lines } from './cart.js';
import { COUNTRIES, DIAL_CODES, PAYMENTS, SHIPPING, price, totals } from './catalogue.js';
import { consentState } from './consent.js';
import { byId, h } from './dom.js';
import * as tracking from './tracking.js';

const form = byId('checkout');
const cart = lines();
/** Names this attempt, so that an order sent twice after a lost answer is one order. */
const checkoutId = crypto.randomUUID?.() ?? `${Date.now()}-${Math.random().toString(36).slice(2)}`;
const reported = { shipping: '', payment: '' };

const MESSAGES = {
  email: 'Enter an e-mail address, such as ada@example.org.',
  phone: 'Enter a phone number with at least six digits, or leave it empty.',
  first_name: 'Enter your first name.',
  last_name: 'Enter your last name.',
  address: 'Enter street and number.',
  zip: 'Enter the postcode.',
  city: 'Enter the town.',
  country: 'Choose a country.',
};

/** Returns the number in international form; one typed with its country code is left as it is. */
function internationalPhone(typed, country) {
  const number = typed.trim();
  if (number === '' || number.startsWith('+') || number.startsWith('00')) return number;
  return `+${DIAL_CODES[country]} ${number.replace(/^0/, '')}`;
}

const phoneIsValid = (typed) => typed.trim() === '' || (/^[\d\s()+/.-]+$/.test(typed) && typed.replace(/\D/g, '').length >= 6);

function fieldError(input) {
  const valid = input.name === 'phone' ? phoneIsValid(input.value) : input.checkValidity() && (!input.required || input.value.trim() !== '');
  return valid ? '' : (MESSAGES[input.name] ?? '');
}

function showError(input, message) {
  byId(`${input.id}-error`).textContent = message;
  input.setAttribute('aria-invalid', String(message !== ''));
}

function checkAll() {
  const wrong = [...form.querySelectorAll('[data-check]')].filter((input) => {
    const message = fieldError(input);
    showError(input, message);
    return message !== '';
  });
  wrong[0]?.focus();
  byId('form-message').textContent = wrong.length > 0 ? `Please look at ${wrong.length === 1 ? 'one field' : `${wrong.length} fields`} again.` : '';
  return wrong.length === 0;
}

function reportShipping() {
  const { value } = form.elements.shipping;
  if (reported.shipping !== value) tracking.addShippingInfo(cart, value);
  reported.shipping = value;
}

function reportPayment() {
  const { value } = form.elements.payment;
  if (reported.payment !== value) tracking.addPaymentInfo(cart, value);
  reported.payment = value;
}

function customer() {
  const value = (name) => form.elements[name].value.trim();
  return {
    email: value('email'),
    phone: internationalPhone(value('phone'), value('phone_country')),
    phone_country: value('phone_country'),
    first_name: value('first_name'),
    last_name: value('last_name'),
    address: value('address'),
    zip: value('zip'),
    city: value('city'),
    country: value('country'),
  };
}

async function order(event) {
  event.preventDefault();
  if (!checkAll()) return;
  reportShipping();
  reportPayment();
  const person = customer();
  tracking.identify({
    email: person.email,
    ...(person.phone ? { phone: person.phone } : {}),
    firstName: person.first_name,
    lastName: person.last_name,
    city: person.city,
    zip: person.zip,
    country: person.country,
  });
  byId('place-order').disabled = true;
  byId('form-message').textContent = 'Placing your order…';
  try {
    const answer = await fetch('/api/orders', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({
        checkout_id: checkoutId,
        customer: person,
        lines: cart.map(({ product, quantity }) => ({ id: product.id, quantity })),
        shipping: form.elements.shipping.value,
        payment: form.elements.payment.value,
        // The backend passes this on with its own report of the order, so that it is judged by the same choice.
        consent: consentState(),
      }),
    });
    const body = await answer.json();
    if (!answer.ok) throw new Error(body.error?.message ?? `status ${answer.status}`);
    remember(body);
    empty();
    location.assign('thanks.html');
  } catch {
    byId('place-order').disabled = false;
    byId('form-message').textContent = 'The order could not be placed. Nothing was charged; please try again.';
  }
}

/** Keeps the order for the thank-you page; without storage that page only says thank you. */
function remember(placed) {
  try {
    sessionStorage.setItem('morrow-order', JSON.stringify(placed));
  } catch {
    // The order is placed all the same.
  }
}

function showSums() {
  const sums = totals(cart, form.elements.shipping.value);
  byId('goods').textContent = price(sums.goods);
  byId('shipping-cost').textContent = sums.shipping === 0 ? 'free' : price(sums.shipping);
  byId('total').textContent = price(sums.total);
  byId('tax').textContent = price(sums.tax);
}

const radios = (name, choices, text) =>
  choices.map((choice, index) => h('label', { class: 'choice' }, h('input', { type: 'radio', name, value: choice.id, checked: index === 0 }), text(choice)));

function start() {
  byId('shipping-choices').append(
    ...radios('shipping', SHIPPING, ({ id, name }) => {
      const { shipping } = totals(cart, id);
      return `${name} – ${shipping === 0 ? 'free' : price(shipping)}`;
    }),
  );
  byId('payment-choices').append(...radios('payment', PAYMENTS, ({ name }) => name));
  byId('country').append(...Object.entries(COUNTRIES).map(([code, name]) => h('option', { value: code, selected: code === 'DE' }, name)));
  byId('phone_country').append(...Object.entries(DIAL_CODES).map(([code, dial]) => h('option', { value: code, selected: code === 'DE' }, `${code} +${dial}`)));
  byId('summary').append(...cart.map(({ product, quantity }) => h('li', {}, h('span', {}, `${quantity} × ${product.name}`), h('span', {}, price(product.cents * quantity)))));
  showSums();
  form.addEventListener('submit', order);
  form.addEventListener('change', ({ target }) => {
    if (target.name === 'shipping') {
      showSums();
      reportShipping();
    }
    if (target.name === 'payment') reportPayment();
  });
  // A message goes while its field is being put right. Nothing comes or goes when a field is left: the page would move under the next click.
  form.addEventListener('input', ({ target }) => {
    if (target.getAttribute('aria-invalid') === 'true') showError(target, fieldError(target));
  });
  tracking.beginCheckout(cart);
}

byId('checkout-page').hidden = cart.length === 0;
byId('cart-empty').hidden = cart.length > 0;
if (cart.length > 0) start();
