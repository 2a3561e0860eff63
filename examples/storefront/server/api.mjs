/** The shop's own doors: `POST /api/orders` and `POST /api/newsletter`. */

import { purchaseNotice } from './notices.mjs';
import { OrderError, isEmail, parseOrder, receipt } from './orders.mjs';

const MAX_BODY_BYTES = 64 * 1024;

/** An answer other than success, with a message that repeats nothing of the request. */
class HttpError extends Error {
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

/** Returns a function that answers an API request, or `undefined` where there is no such door. */
export function api({ config, ledger, outbox, publicUrl }) {
  const doors = {
    '/api/orders': (request, body) => placeOrder({ config, ledger, outbox, publicUrl }, request, body),
    '/api/newsletter': (_request, body) => subscribe(ledger, body),
  };
  return async (path, request) => {
    const door = Object.hasOwn(doors, path) ? doors[path] : undefined;
    if (!door) return undefined;
    try {
      if (request.method !== 'POST') throw new HttpError(405, 'only POST is allowed');
      refuseForeignPages(request, publicUrl());
      return await door(request, await readJson(request));
    } catch (error) {
      if (error instanceof OrderError) return json(422, { error: { message: error.message } });
      if (error instanceof HttpError) return json(error.status, { error: { message: error.message } });
      throw error;
    }
  };
}

/** Writes order and notice together, answers the page, and lets the notice go. */
async function placeOrder({ config, ledger, outbox, publicUrl }, request, body) {
  const parsed = parseOrder(body);
  const at = Date.now();
  const order = await ledger.change((state) => {
    const known = state.orders.find(({ checkout_id }) => checkout_id === parsed.checkout_id);
    if (known) return known;
    const placed = { transaction_id: String(state.next_order), placed_at: at, ...parsed };
    state.next_order += 1;
    state.orders.push(placed);
    const notice = purchaseNotice({
      order: placed,
      receipt: receipt(placed),
      consent: body.consent,
      anonymousId: body.anonymous_id,
      ip: shopperAddress(request, config.trustProxy),
      userAgent: String(request.headers['user-agent'] ?? '').slice(0, 512),
      gpcHeader: request.headers['sec-gpc'] === '1',
      pageUrl: `${publicUrl()}/thanks.html`,
      at,
    });
    state.outbox.push({ id: notice.events[0].id, attempts: 0, created_at: at, next_at: at, body: notice });
    return placed;
  });
  outbox.wake();
  return json(201, receipt(order));
}

async function subscribe(ledger, body) {
  const email = typeof body?.email === 'string' ? body.email.trim() : '';
  if (!isEmail(email)) throw new HttpError(422, 'email is not an address');
  await ledger.change((state) => {
    if (!state.newsletter.includes(email)) state.newsletter.push(email);
  });
  return { status: 204, headers: {}, body: '' };
}

/** Another site's page cannot order for a visitor: browsers name the origin of a POST, and JSON from elsewhere would need a preflight. */
function refuseForeignPages(request, shop) {
  const { origin, host } = request.headers;
  const own = new Set([shop, `http://${host}`, `https://${host}`]);
  if (origin && !own.has(origin)) throw new HttpError(403, 'origin is not this shop');
  if (!String(request.headers['content-type'] ?? '').startsWith('application/json')) throw new HttpError(415, 'content type is not application/json');
}

async function readJson(request) {
  const parts = [];
  let bytes = 0;
  for await (const part of request) {
    bytes += part.length;
    if (bytes > MAX_BODY_BYTES) throw new HttpError(413, `body is longer than ${MAX_BODY_BYTES} bytes`);
    parts.push(part);
  }
  try {
    return JSON.parse(Buffer.concat(parts).toString('utf8'));
  } catch {
    throw new HttpError(400, 'body is not JSON');
  }
}

function shopperAddress(request, trustProxy) {
  const forwarded = trustProxy ? String(request.headers['x-forwarded-for'] ?? '').split(',').at(-1).trim() : '';
  return (forwarded || request.socket.remoteAddress || '').replace(/^::ffff:/, '');
}

const json = (status, value) => ({ status, headers: { 'content-type': 'application/json; charset=utf-8', 'cache-control': 'no-store' }, body: JSON.stringify(value) });
