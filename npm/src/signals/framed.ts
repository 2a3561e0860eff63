/**
 * The two APIs of the IAB, `__tcfapi` and `__gpp`: as a function of this window, or of a window above it, spoken to by `postMessage`.
 *
 * Sources: IAB Tech Lab, "CMP API v2" of TCF and "CMP API Specification" of GPP, the parts on frames.
 */
import { listen, page, safe, safely } from './link.js';

/** Sends a command; the callback may be called many times. */
export type Call = (command: string, callback: (data: any, isOk: boolean) => void) => void;

/** TCF takes the version of its API with each call, GPP does not. */
const VERSION = { __tcfapi: 2, __gpp: '1.1' };

/** The window above that has the API: it holds a frame by that name. */
const above = (locator: string): Window | undefined => {
  for (let it: Window = window; it != it.parent; ) {
    it = it.parent;
    // A window of another origin lets us see its frames by name, and nothing else.
    if (safely(() => (it.frames as any)[locator])) return it;
  }
  return undefined;
};

/** Returns the API, or nothing while there is none. */
export const iabApi = (name: keyof typeof VERSION): Call | undefined => {
  const own = page[name];
  if (typeof own == 'function') {
    return (command, callback) => (name == '__gpp' ? own(command, safe(callback)) : own(command, VERSION[name], safe(callback)));
  }
  const owner = above(name + 'Locator');
  if (!owner) return undefined;
  const callbacks = new Map<unknown, (data: any, isOk: boolean) => void>();
  listen(window, ['message'], ({ source, data }) => {
    if (source != owner) return;
    const message = typeof data == 'string' ? JSON.parse(data) : data;
    const answer = message?.[name + 'Return'];
    if (answer) callbacks.get(answer.callId)?.(answer.returnValue, answer.success);
  });
  return (command, callback) => {
    const callId = 'firsthand-' + Math.random().toString(36).slice(2);
    callbacks.set(callId, callback);
    owner.postMessage({ [name + 'Call']: { command, version: VERSION[name], callId } }, '*');
  };
};
