/**
 * The shop's static pages, read once at start, so that no request can name a file outside the folder.
 *
 * `<!--firsthand-->` in a page becomes the SDK's snippet: the inline stub, which takes calls before the SDK is there, and its script tag. The
 * stub is the only inline script, so each answer gives it a fresh nonce.
 */

import { randomBytes } from 'node:crypto';
import { readFileSync, readdirSync } from 'node:fs';
import { extname } from 'node:path';

const ROOT = new URL('../public/', import.meta.url);
const PLACEHOLDER = '<!--firsthand-->';
const TYPES = {
  '.html': 'text/html; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.svg': 'image/svg+xml',
};

/** Returns a function that answers a path with `{ headers, body }`, or `undefined` where there is no page. */
export function staticPages(config) {
  const files = new Map();
  for (const entry of readdirSync(ROOT, { recursive: true })) {
    const path = String(entry).replaceAll('\\', '/');
    const type = TYPES[extname(path)];
    if (type) files.set(`/${path}`, { type, body: readFileSync(new URL(path, ROOT)) });
  }
  return (path) => {
    const file = files.get(path === '/' ? '/index.html' : path);
    if (!file) return undefined;
    const common = { 'content-type': file.type, 'cache-control': 'no-cache', 'x-content-type-options': 'nosniff' };
    if (!file.type.startsWith('text/html')) return { headers: common, body: file.body };
    const nonce = randomBytes(16).toString('base64');
    return {
      headers: { ...common, 'content-security-policy': securityPolicy(config, nonce), 'referrer-policy': 'strict-origin-when-cross-origin' },
      body: file.body.toString('utf8').replace(PLACEHOLDER, () => snippet(config, nonce)),
    };
  };
}

/** `'wasm-unsafe-eval'` allows the SDK's WebAssembly and nothing else of what `'unsafe-eval'` would; without it the SDK runs as plain JavaScript. */
function securityPolicy({ collectorUrl, sandboxUrl }, nonce) {
  const collector = new URL(collectorUrl).origin;
  const sandbox = sandboxUrl ? new URL(sandboxUrl).origin : '';
  const rules = [
    "default-src 'none'",
    `script-src 'self' ${collector} 'wasm-unsafe-eval' 'nonce-${nonce}'`,
    "style-src 'self'",
    `img-src 'self' data: ${sandbox}`,
    `connect-src 'self' ${collector} ${sandbox}`,
    "form-action 'self'",
    "base-uri 'none'",
    "frame-ancestors 'none'",
  ];
  return rules.map((rule) => rule.trim()).join('; ');
}

function snippet({ collectorUrl, sandboxUrl, pixelId, writeKey, regime, stub }, nonce) {
  const meta = sandboxUrl ? [`<meta name="sandbox-url" content="${escape(sandboxUrl)}">`, `<meta name="pixel-id" content="${escape(pixelId)}">`] : [];
  const script = [
    `src="${escape(collectorUrl)}/sdk/fh.js"`,
    `data-write-key="${escape(writeKey)}"`,
    ...(regime ? [`data-regime="${escape(regime)}"`] : []),
    'data-privacy-url="/privacy.html"',
  ];
  return [...meta, `<script nonce="${nonce}">${stub}</script>`, `<script async ${script.join(' ')}></script>`].join('\n');
}

const escape = (text) => text.replace(/[&<>"]/g, (sign) => `&#${sign.charCodeAt(0)};`);
