// A shop of test pages: the SDK's snippet, a consent tool that answers when it is told to, nothing else.
import { readFileSync } from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const DIST = fileURLToPath(new URL('../../../npm/dist/', import.meta.url));
const STUB = readFileSync(path.join(DIST, 'stub.js'), 'utf8');
const SDK_TYPES = { '.js': 'text/javascript; charset=utf-8', '.wasm': 'application/wasm' };

/**
 * Consent tools in the page, silent until `tools.<name>(…)` is called, as their specifications say (CMP API v2, GPP CMP API, Google's consent mode). What a
 * tool has said it says again to who asks later.
 */
const TOOLS = {
  tcf: `{ let data; const hearers = [];
    window.__tcfapi = (command, version, callback) => { if (command !== 'addEventListener' || version !== 2) return; hearers.push(callback); if (data) callback(data, true); };
    window.tools.tcf = (tcString) => { data = { tcString, gdprApplies: true, eventStatus: 'useractioncomplete', cmpStatus: 'loaded', cmpId: 10 }; for (const hear of hearers) hear(data, true); }; }`,
  gpp: `{ let pingData = { gppVersion: '1.1', cmpStatus: 'loading', signalStatus: 'not ready', applicableSections: [] }; const hearers = [];
    window.__gpp = (command, callback) => { if (command !== 'addEventListener') return; hearers.push(callback); callback({ eventName: 'listenerRegistered', pingData }, true); };
    window.tools.gpp = (gppString, applicableSections) => { pingData = { ...pingData, cmpStatus: 'loaded', signalStatus: 'ready', gppString, applicableSections, cmpId: 31 };
      for (const hear of hearers) hear({ eventName: 'signalStatus', pingData }, true); }; }`,
  consent_mode: `window.dataLayer = []; window.gtag = function () { dataLayer.push(arguments); }; window.tools.consent_mode = (states) => gtag('consent', 'update', states);`,
};

/** Writes a page. `collector` is where its SDK comes from and reports to; `attributes` stand on the script tag; `tools` are heard as signals. */
export function page({ collector, attributes = {}, tools = [], body = '' }) {
  const all = { 'data-write-key': 'pk_e2e', 'data-flush-ms': '50', ...(tools.length > 0 && { 'data-signals': tools }), ...attributes };
  const tag = Object.entries(all).map(([name, value]) => `${name}="${value}"`).join(' ');
  return `<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Test page</title><link rel="icon" href="data:,"><script>window.tools = {}; ${tools.map((name) => TOOLS[name]).join('')}</script><script>${STUB}</script>
<script async src="${collector}/sdk/fh.js" ${tag}></script></head><body><main><h1>Test page</h1>${body}</main></body></html>`;
}

function serveSdk(name, response) {
  const type = SDK_TYPES[path.extname(name)];
  try {
    const file = type && readFileSync(path.join(DIST, name));
    response.writeHead(file ? 200 : 404, { 'content-type': type ?? 'text/plain' }).end(file);
  } catch {
    response.writeHead(404).end();
  }
}

/** A page of the same origin without the SDK. */
export const BLANK = '<!doctype html><title>blank</title><link rel="icon" href="data:,">';

export class Pages {
  #server;
  /** Path to HTML. */
  #pages = new Map();

  /** Also serves the built SDK under `/sdk/`, for pages that need no collector. */
  static async start() {
    const pages = new Pages();
    pages.#server = http.createServer((request, response) => {
      const { pathname } = new URL(request.url, 'http://pages');
      if (pathname.startsWith('/sdk/')) return void serveSdk(path.basename(pathname), response);
      const html = pages.#pages.get(pathname);
      response.writeHead(html ? 200 : 404, { 'content-type': 'text/html; charset=utf-8', 'cache-control': 'no-store' }).end(html);
    });
    await new Promise((listening) => pages.#server.listen(0, '127.0.0.1', listening));
    pages.url = `http://127.0.0.1:${pages.#server.address().port}`;
    return pages;
  }

  /** Puts a page at a path and returns its address. */
  put(path, html) {
    this.#pages.set(path, html);
    return this.url + path;
  }

  async stop() {
    this.#server.closeAllConnections();
    await new Promise((closed) => this.#server.close(closed));
  }
}
