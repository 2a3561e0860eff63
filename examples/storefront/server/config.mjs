/** The shop's settings, from environment variables. A missing or wrong one is named, and its value never printed. */

import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const STUB = fileURLToPath(new URL('../../../npm/dist/stub.js', import.meta.url));

export const HELP = `Morrow Ceramics, a small shop that uses Firsthand.

usage: node server.mjs [--help]

environment:
  COLLECTOR_URL           address of the collector as browsers reach it (required)
  WRITE_KEY               browser key of the shop's workspace (required)
  SECRET_KEY_FILE         file with the secret key for server-side notices
  SECRET_KEY              the secret key itself; one of the two is required
  COLLECTOR_INTERNAL_URL  address of the collector as this server reaches it (default: COLLECTOR_URL)
  SANDBOX_URL             address of the platform sandbox as browsers reach it; without it the shop has no pixel of its own
  PIXEL_ID                id the stand-in pixel sends (default: 100000000000001)
  REGIME                  opt_in, opt_out or none, for a demonstration; without it the collector decides
  PORT                    port to listen on (default: 8080; 0 takes a free one)
  HOST                    address to listen on (default: 127.0.0.1)
  PUBLIC_URL              address of the shop as browsers reach it (default: http://HOST:PORT)
  TRUST_PROXY             1 takes the shopper's address from the last X-Forwarded-For entry
  DATA_DIR                folder for orders and unsent notices (default: ./data/storefront)
  STUB_FILE               the SDK's inline stub (default: npm/dist/stub.js of this repository)
`;

/** A setting that is missing or wrong. */
export class ConfigError extends Error {}

/** Returns the settings, or throws a `ConfigError` that names all that is wrong. */
export function readConfig(env) {
  const problems = [];
  const required = (name) => {
    if (!env[name]) problems.push(`${name} is not set`);
    return env[name] ?? '';
  };
  const address = (name, value) => {
    if (!value) return '';
    try {
      const url = new URL(value);
      if (!['http:', 'https:'].includes(url.protocol)) throw new Error('protocol');
      return url.href.replace(/\/$/, '');
    } catch {
      problems.push(`${name} is not an http or https address`);
      return '';
    }
  };
  const file = (name, path) => {
    if (!path) return '';
    if (existsSync(path)) return readFileSync(path, 'utf8').trim();
    problems.push(`${name}: ${path} does not exist`);
    return '';
  };

  const port = Number(env.PORT || 8080);
  if (!Number.isInteger(port) || port < 0 || port > 65535) problems.push('PORT is not a port number');
  if (env.REGIME && !['opt_in', 'opt_out', 'none'].includes(env.REGIME)) problems.push('REGIME is not opt_in, opt_out or none');
  if (!env.SECRET_KEY && !env.SECRET_KEY_FILE) problems.push('neither SECRET_KEY_FILE nor SECRET_KEY is set');
  const collectorUrl = address('COLLECTOR_URL', required('COLLECTOR_URL'));
  const stubFile = env.STUB_FILE || STUB;
  if (!existsSync(stubFile)) problems.push(`STUB_FILE: ${stubFile} does not exist; build the npm package first`);

  const config = {
    port,
    host: env.HOST || '127.0.0.1',
    collectorUrl,
    collectorInternalUrl: address('COLLECTOR_INTERNAL_URL', env.COLLECTOR_INTERNAL_URL) || collectorUrl,
    sandboxUrl: address('SANDBOX_URL', env.SANDBOX_URL),
    pixelId: env.PIXEL_ID || '100000000000001',
    writeKey: required('WRITE_KEY'),
    secretKey: env.SECRET_KEY_FILE ? file('SECRET_KEY_FILE', env.SECRET_KEY_FILE) : (env.SECRET_KEY ?? ''),
    regime: env.REGIME || '',
    publicUrl: address('PUBLIC_URL', env.PUBLIC_URL),
    trustProxy: env.TRUST_PROXY === '1',
    dataDir: env.DATA_DIR || 'data/storefront',
    stub: existsSync(stubFile) ? readFileSync(stubFile, 'utf8').trim() : '',
  };
  if (problems.length > 0) throw new ConfigError(problems.join('\n'));
  return config;
}
