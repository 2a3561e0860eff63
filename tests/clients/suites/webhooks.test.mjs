// Signatures made by the vendors' own packages; WooCommerce's, which has none, by its documented formula.
import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { after, before, test } from 'node:test';
import '@shopify/shopify-api/adapters/node';
import { ApiVersion, LogSeverity, shopifyApi } from '@shopify/shopify-api';
import { createSHA256HMAC } from '@shopify/shopify-api/runtime';
import Stripe from 'stripe';
import { ANONYMOUS_ID, Collector, SECRETS } from '../lib/collector.mjs';

let collector;
before(async () => {
  collector = await Collector.start();
});
after(() => collector?.stop());

const seconds = () => Math.floor(Date.now() / 1000);
const consent = () => JSON.stringify({
  regime: 'opt_in', policy: 1, at: Date.now() - 1000, basis: 'explicit',
  marketing: true, analytics: true, personalization: true, third_party_sharing: true,
});

async function post(path, headers, body) {
  const answer = await fetch(`${collector.url}/v1/webhooks/${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body,
  });
  return { status: answer.status, ...(await answer.json()) };
}

/** A body as Shopify writes it: slashes escaped, ids beyond what a JavaScript number holds, letters beyond ASCII. */
function shopifyOrder(name) {
  const id = '820982911946154508';
  const attributes = JSON.stringify([
    { name: 'fh_anonymous_id', value: ANONYMOUS_ID },
    { name: 'fh_consent', value: consent() },
  ]);
  return `{"id":${id},"admin_graphql_api_id":"gid:\\/\\/shopify\\/Order\\/${id}","name":"${name}","created_at":"${new Date().toISOString()}",`
    + `"currency":"EUR","total_price":"59.80","customer":{"id":42,"first_name":"Zoë"},"note_attributes":${attributes}}`;
}

async function shopifyHeaders(body, secret = SECRETS.shopify) {
  return {
    'x-shopify-topic': 'orders/paid',
    'x-shopify-shop-domain': 'morrow.myshopify.com',
    'x-shopify-api-version': '2026-07',
    'x-shopify-webhook-id': 'b54557e4-bdd9-4b37-8a5f-bf7d70bcd043',
    'x-shopify-hmac-sha256': await createSHA256HMAC(secret, body),
  };
}

test('what Shopify\'s own library takes for its webhook is taken, and nothing else', async () => {
  const shopify = shopifyApi({
    apiKey: 'key',
    apiSecretKey: SECRETS.shopify,
    apiVersion: Object.values(ApiVersion)[0],
    hostName: 'app.example',
    isEmbeddedApp: false,
    logger: { level: LogSeverity.Error, log: () => {} },
  });
  const body = shopifyOrder('#1001');
  const forged = body.replace('59.80', '9.80');
  const signed = await shopifyHeaders(body);
  const wrongKey = await shopifyHeaders(body, 'another');
  for (const [what, text, headers, isRight] of [
    ['signed', body, signed, true],
    ['again', body, signed, true],
    ['another body', forged, signed, false],
    ['another secret', body, wrongKey, false],
  ]) {
    const library = await shopify.webhooks.validate({
      rawBody: text,
      rawRequest: { headers, method: 'POST', url: '/' },
      rawResponse: {},
    });
    const answer = await post('shopify/shop', headers, text);
    assert.equal(library.valid, isRight, `${what}: the library`);
    assert.equal(answer.status, isRight ? 200 : 401, `${what}: ${JSON.stringify(answer)}`);
  }
  const [purchase, ...others] = await collector.event('purchase:1001');
  assert.deepEqual(others, []);
  assert.deepEqual(purchase.sources, ['shop']);
  assert.equal(await collector.metric('firsthand_webhook_deliveries_total{source="shop",outcome="signature_invalid"}'), 2);
  assert.equal(await collector.metric('firsthand_webhook_deliveries_total{source="shop",outcome="duplicate"}'), 1);
});

test('what Stripe\'s own library signs is taken, within the tolerance', async () => {
  const stripe = new Stripe('sk_test_none');
  const payload = JSON.stringify({
    id: 'evt_1', object: 'event', type: 'checkout.session.completed', livemode: false, created: seconds(),
    data: { object: {
      id: 'cs_1', object: 'checkout.session', payment_status: 'paid', payment_intent: 'pi_1', amount_total: 4999, currency: 'usd',
      metadata: { order: '2002', fh_anonymous_id: ANONYMOUS_ID, fh_consent: consent() },
    } },
  }, null, 2);
  const header = (timestamp, secret = SECRETS.stripe) =>
    ({ 'stripe-signature': stripe.webhooks.generateTestHeaderString({ payload, secret, timestamp }) });
  for (const [what, headers, status, code] of [
    ['now', header(seconds()), 200],
    ['replayed', header(seconds()), 200],
    ['stale', header(seconds() - 310), 401, 'signature_stale'],
    ['another secret', header(seconds(), 'whsec_other'), 401, 'signature_invalid'],
    ['none', {}, 401, 'signature_missing'],
  ]) {
    const answer = await post('stripe/pay', headers, payload);
    assert.equal(answer.status, status, `${what}: ${JSON.stringify(answer)}`);
    if (code) assert.equal(answer.error.code, code, what);
  }
  // Stripe's library takes any time in the future; kept for later, such a notice could be replayed then.
  const future = header(seconds() + 3600);
  assert.ok(stripe.webhooks.constructEvent(payload, future['stripe-signature'], SECRETS.stripe));
  assert.equal((await post('stripe/pay', future, payload)).status, 401);
  assert.equal((await collector.event('purchase:2002')).length, 1);
});

test('a WooCommerce order is taken by the formula of its plugin', async () => {
  const body = JSON.stringify({
    id: 727, number: 'W-727', status: 'processing', currency: 'EUR', total: '29.35', date_paid_gmt: new Date().toISOString().slice(0, 19),
    billing: { first_name: 'Jörg' },
    meta_data: [{ id: 1, key: 'fh_anonymous_id', value: ANONYMOUS_ID }, { id: 2, key: 'fh_consent', value: consent() }],
  });
  const headers = {
    'x-wc-webhook-topic': 'order.updated',
    'x-wc-webhook-delivery-id': '5d1f4e7b9c0a',
    'x-wc-webhook-signature': createHmac('sha256', SECRETS.woocommerce).update(body).digest('base64'),
  };
  const answer = await post('woocommerce/woo', headers, body);
  assert.deepEqual({ ...answer }, { status: 200, accepted: 1, duplicates: 0, rejected: [] });
  assert.equal((await collector.event('purchase:W-727')).length, 1);
  const ping = await post('woocommerce/woo', { 'content-type': 'application/x-www-form-urlencoded' }, 'webhook_id=142');
  assert.deepEqual([ping.status, ping.ignored], [200, 'ping']);
});
