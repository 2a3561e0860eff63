/**
 * The backend of Morrow Ceramics: serves the shop, takes orders, and tells the Firsthand collector about each order from the server side.
 *
 * Node without dependencies. Settings come from the environment: `node server.mjs --help`.
 */

import { createServer } from 'node:http';
import { api } from './server/api.mjs';
import { ConfigError, HELP, readConfig } from './server/config.mjs';
import { Ledger } from './server/ledger.mjs';
import { Outbox } from './server/outbox.mjs';
import { staticPages } from './server/pages.mjs';

const SHUTDOWN_MS = 5000;
const log = (line) => console.log(`${new Date().toISOString()} ${line}`);

async function main() {
  if (process.argv.includes('--help') || process.argv.includes('-h')) return process.stdout.write(HELP);
  const config = readConfig(process.env);
  const ledger = await Ledger.open(config.dataDir);
  const outbox = new Outbox(ledger, config, log);
  const pages = staticPages(config);
  const server = createServer({ requestTimeout: 10_000, headersTimeout: 10_000 });
  const listensOn = () => `http://${config.host.includes(':') ? `[${config.host}]` : config.host}:${server.address().port}`;
  const publicUrl = () => config.publicUrl || listensOn();
  const doors = api({ config, ledger, outbox, publicUrl });

  server.on('request', async (request, response) => {
    try {
      const { status, headers, body } = await answer(request, pages, doors);
      response.writeHead(status, headers).end(request.method === 'HEAD' ? undefined : body);
    } catch (error) {
      log(`request failed error="${error.message}"`);
      if (!response.headersSent) response.writeHead(500, { 'content-type': 'text/plain' });
      response.end();
    }
  });
  const shutDown = async () => {
    log('shutting down');
    setTimeout(() => process.exit(1), SHUTDOWN_MS).unref();
    const closed = new Promise((done) => server.close(done));
    server.closeIdleConnections();
    await closed;
    await outbox.stop();
    await ledger.settled();
    process.exit(0);
  };
  for (const signal of ['SIGTERM', 'SIGINT']) process.once(signal, shutDown);

  await new Promise((listening, failed) => server.once('error', failed).listen(config.port, config.host, listening));
  log(`shop listening on ${listensOn()} unsent_notices=${ledger.state.outbox.length}`);
  outbox.wake();
}

async function answer(request, pages, doors) {
  const pathname = request.url.split('?', 1)[0];
  if (pathname === '/healthz') return { status: 200, headers: { 'content-type': 'text/plain' }, body: 'ok\n' };
  const answered = await doors(pathname, request);
  if (answered) return answered;
  if (!['GET', 'HEAD'].includes(request.method)) return { status: 405, headers: { allow: 'GET, HEAD' }, body: '' };
  const page = pages(pathname);
  return page ? { status: 200, ...page } : { status: 404, headers: { 'content-type': 'text/plain; charset=utf-8' }, body: 'There is nothing here.\n' };
}

main().catch((error) => {
  const known = error instanceof ConfigError || error.code === 'EADDRINUSE' || error.code === 'EACCES';
  console.error(known ? `error: ${error.message.replaceAll('\n', '\nerror: ')}\nsee: node server.mjs --help` : error);
  process.exit(1);
});
