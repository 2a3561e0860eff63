/** What every page has: the number in the cart, the newsletter form and the panel. */

import { count } from './cart.js';
import { byId } from './dom.js';
import { mountPanel } from './panel.js';
import { identify, signUp } from './tracking.js';

function showCount() {
  const pieces = count();
  byId('cart-count').textContent = String(pieces);
  byId('cart-link').setAttribute('aria-label', `Cart, ${pieces} ${pieces === 1 ? 'piece' : 'pieces'}`);
}

async function subscribe(event) {
  event.preventDefault();
  const form = event.currentTarget;
  const message = byId('newsletter-message');
  const email = form.elements.email.value.trim();
  if (!form.elements.email.checkValidity() || email === '') {
    message.textContent = 'Please enter an e-mail address, such as ada@example.org.';
    form.elements.email.focus();
    return;
  }
  try {
    const answer = await fetch('/api/newsletter', { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ email }) });
    if (!answer.ok) throw new Error(`status ${answer.status}`);
    identify({ email });
    signUp();
    form.reset();
    message.textContent = 'Thank you. The next letter from the studio is yours.';
  } catch {
    message.textContent = 'That did not work. Please try again in a moment.';
  }
}

showCount();
addEventListener('cart-change', showCount);
addEventListener('storage', showCount);
addEventListener('pageshow', showCount);
byId('newsletter')?.addEventListener('submit', subscribe);
mountPanel(byId('firsthand-panel'));
