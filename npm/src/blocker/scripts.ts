/**
 * Runs `<script type="text/plain" data-purpose>` once its purposes are allowed: in document order, one after the other, each once.
 *
 * A script that is run is replaced by its copy, because a browser runs an element only when it is inserted; attributes, nonce and text are those
 * of the original. `data-type` becomes its type (`module`), `data-src` its address.
 */

import type { ConsentState } from '../banner/types.js';
import { areAllowed, neededBy } from './purposes.js';

const BLOCKED = 'script[type="text/plain"][data-purpose]';
/** How long one script may keep the next waiting, in milliseconds. */
const DEADLINE_MS = 10_000;
/** Name of the Trusted Types policy; a page that requires them allows it. */
const POLICY = 'firsthand-blocker';

interface Policy {
  createScript(text: string): string;
  createScriptURL(url: string): string;
}
interface Page {
  trustedTypes?: { createPolicy(name: string, rules: Policy): Policy };
}

/** Runs what is allowed. */
export interface Scripts {
  /** Looks for scripts that may run now. */
  run(): void;
  /** Returns whether a script has run whose purposes are no longer allowed. */
  areRegretted(state: ConsentState): boolean;
  /** Runs nothing more. */
  stop(): void;
}

/** `state` gives the consent state of the moment. */
export function scripts(state: () => ConsentState | undefined, nonce: string | undefined, onError: (error: unknown) => void): Scripts {
  const ran: (readonly string[])[] = [];
  let isRunning = false;
  let isStopped = false;
  let policy: Policy | undefined;

  const next = (): HTMLScriptElement | undefined =>
    isStopped ? undefined : [...document.querySelectorAll<HTMLScriptElement>(BLOCKED)].find((script) => areAllowed(neededBy(script), state()));
  const runAll = async (): Promise<void> => {
    for (let script = next(); script; script = next()) {
      ran.push(neededBy(script));
      try {
        policy ??= makePolicy();
        await revive(script, nonce, policy);
      } catch (error) {
        // Whatever happens, it is not tried again.
        script.removeAttribute('data-purpose');
        onError(error);
      }
    }
    // In the same turn as the last look, or a script that comes now would be overlooked.
    isRunning = false;
  };
  return {
    run() {
      if (isRunning) return;
      isRunning = true;
      void runAll();
    },
    areRegretted: (now) => ran.some((names) => !areAllowed(names, now)),
    stop: () => void (isStopped = true),
  };
}

/** Puts the live copy in the place of the script; settles when the next one may follow. */
function revive(script: HTMLScriptElement, nonce: string | undefined, policy: Policy): Promise<void> {
  const live = script.cloneNode(true) as HTMLScriptElement;
  const { type, src } = script.dataset;
  if (type) live.type = type;
  else live.removeAttribute('type');
  live.nonce = script.nonce || nonce || '';
  // Scripts made by a script are asynchronous unless told otherwise.
  const isAsync = script.hasAttribute('async');
  live.async = isAsync;
  if (src) live.src = policy.createScriptURL(src);
  else if (!live.src) live.text = policy.createScript(script.text);
  const isAwaited = Boolean(live.src) && !isAsync;
  return new Promise((resolve) => {
    if (isAwaited) {
      for (const event of ['load', 'error']) live.addEventListener(event, () => resolve(), { once: true });
      setTimeout(resolve, DEADLINE_MS);
    }
    script.replaceWith(live);
    if (!isAwaited) resolve();
  });
}

/** The texts and addresses are the page's own: they stand in its markup. Where a policy of this name is not allowed, the browser decides. */
function makePolicy(): Policy {
  const rules: Policy = { createScript: (text) => text, createScriptURL: (url) => url };
  try {
    return (globalThis as Page).trustedTypes?.createPolicy(POLICY, rules) ?? rules;
  } catch {
    return rules;
  }
}
