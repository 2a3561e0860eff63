// One face for the four SDKs: each is made by changing its host only, takes the same calls, and says when they are sent.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { Analytics } from '@segment/analytics-node';
import RudderAnalytics from '@rudderstack/rudder-sdk-node';
import { WRITE_KEY } from './collector.mjs';

const PYTHON = process.env.CLIENTS_PYTHON ?? fileURLToPath(new URL('../../../target/clients-venv/bin/python', import.meta.url));

/** Sends the calls with Segment's SDK for Node; returns the errors it told of. */
async function segmentNode(host, calls) {
  const errors = [];
  const analytics = new Analytics({ writeKey: WRITE_KEY, host, flushAt: 50, flushInterval: 50 });
  analytics.on('error', (error) => errors.push(String(error.reason ?? error.code)));
  for (const { type, ...message } of calls) analytics[type](message);
  await analytics.flush({ close: true });
  return errors;
}

/** Sends the calls with RudderStack's SDK for Node. */
async function rudderNode(host, calls) {
  const errors = [];
  const analytics = new RudderAnalytics(WRITE_KEY, {
    dataPlaneUrl: host,
    flushAt: 50,
    flushInterval: 50,
    logLevel: 'silly',
    errorHandler: (error) => errors.push(String(error.message)),
  });
  // The first call is sent by itself at once; the others wait for the flush.
  for (const { type, ...message } of calls) analytics[type](message);
  while (analytics.queue.length > 0) await analytics.flush();
  await analytics.pendingFlush;
  clearTimeout(analytics.flushTimer);
  return errors;
}

/** Sends the calls with an SDK for Python. */
function python(sdk) {
  return async (host, calls) => {
    const script = fileURLToPath(new URL('send.py', import.meta.url));
    const child = spawn(PYTHON, [script, sdk, host, WRITE_KEY], { stdio: ['pipe', 'pipe', 'inherit'] });
    child.stdin.end(JSON.stringify(calls));
    let output = '';
    child.stdout.setEncoding('utf8').on('data', (chunk) => (output += chunk));
    const [code] = await once(child, 'close');
    if (code !== 0) throw new Error(`${sdk} for Python ended with ${code}`);
    return JSON.parse(output);
  };
}

export const CLIENTS = {
  '@segment/analytics-node': segmentNode,
  '@rudderstack/rudder-sdk-node': rudderNode,
  'segment-analytics-python': python('segment'),
  'rudder-sdk-python': python('rudderstack'),
};
