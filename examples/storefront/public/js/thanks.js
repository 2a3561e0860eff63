/** The thank-you page: shows the order and reports it, once, however often the page is reloaded. */

import './common.js';
import { byId, h } from './dom.js';
import * as tracking from './tracking.js';

const KEY = 'morrow-order';
const money = (amount, currency) => new Intl.NumberFormat('en-IE', { style: 'currency', currency }).format(amount);

function storedOrder() {
  try {
    return JSON.parse(sessionStorage.getItem(KEY));
  } catch {
    return null;
  }
}

const order = storedOrder();
byId('order').hidden = !order;
byId('no-order').hidden = Boolean(order);
if (order) {
  byId('order-number').textContent = order.transaction_id;
  byId('order-lines').append(
    ...order.items.map((line) => h('li', {}, h('span', {}, `${line.quantity} × ${line.item_name}`), h('span', {}, money((Math.round(line.price * 100) * line.quantity) / 100, order.currency)))),
  );
  byId('shipping-cost').textContent = order.shipping === 0 ? 'free' : money(order.shipping, order.currency);
  byId('total').textContent = money(order.total, order.currency);
  byId('tax').textContent = money(order.tax, order.currency);
  if (!order.reported) {
    tracking.purchase(order);
    sessionStorage.setItem(KEY, JSON.stringify({ ...order, reported: true }));
  }
}
