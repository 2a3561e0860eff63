// A shop of test pages: the SDK's snippet, a consent tool that answers when it is told to, nothing else.
import { readFileSync } from 'node:fs';
import http from 'node:http';
import { fileURLToPath } from 'node:url';

const STUB = readFileSync(fileURLToPath(new URL('../../../npm/dist/stub.js', import.meta.url)), 'utf8');

/**
 * Consent tools in the page, silent until `tool(…)` is called, as their specifications say (CMP API v2, GPP CMP API, Google's consent mode). What a
 * tool has said it says again to who asks later.
 */
const TOOLS = {
  tcf: `{ let data; const hearers = [];
    window.__tcfapi = (command, version, callback) => { if (command !== 'addEventListener' || version !== 2) return; hearers.push(callback); if (data) callback(data, true); };
    window.tool = (tcString) => { data = { tcString, gdprApplies: true, eventStatus: 'useractioncomplete', cmpStatus: 'loaded', cmpId: 10 }; for (const hear of hearers) hear(data, true); }; }`,
  gpp: `{ let pingData = { gppVersion: '1.1', cmpStatus: 'loading', signalStatus: 'not ready', applicableSections: [] }; const hearers = [];
    window.__gpp = (command, callback) => { if (command !== 'addEventListener') return; hearers.push(callback); callback({ eventName: 'listenerRegistered', pingData }, true); };
    window.tool = (gppString, applicableSections) => { pingData = { ...pingData, cmpStatus: 'loaded', signalStatus: 'ready', gppString, applicableSections, cmpId: 31 };
      for (const hear of hearers) hear({ eventName: 'signalStatus', pingData }, true); }; }`,
  consent_mode: `window.dataLayer = []; window.gtag = function () { dataLayer.push(arguments); }; window.tool = (states) => gtag('consent', 'update', states);`,
};

/** Writes a page. `collector` is where its SDK comes from and reports to; `attributes` stand on the script tag. */
export function page({ collector, attributes = {}, tool, before = '', body = '' }) {
  const all = { 'data-write-key': 'pk_e2e', 'data-flush-ms': '50', ...attributes };
  const tag = Object.entries(all).map(([name, value]) => `${name}="${value}"`).join(' ');
  return `<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Test page</title><link rel="icon" href="data:,"><script>${before};${TOOLS[tool] ?? ''}</script><script>${STUB}</script>
<script async src="${collector}/sdk/fh.js" ${tag}></script></head><body><main><h1>Test page</h1>${body}</main></body></html>`;
}

export class Pages {
  #server;
  /** Path to HTML. */
  #pages = new Map();

  static async start() {
    const pages = new Pages();
    pages.#server = http.createServer((request, response) => {
      const html = pages.#pages.get(new URL(request.url, 'http://pages').pathname);
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
