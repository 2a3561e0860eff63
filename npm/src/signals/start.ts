/** Starts the signals on a running core: sources in, listeners out, and what the page can see of both. */
import { field, isOn } from '../options.js';
import type { ConsentState, SignalName, TellName } from '../types.js';
import { hub } from './hub.js';
import { safe, safely, type Read, type Run, type Tools } from './link.js';
import { listeners, loadShopify } from './out/listeners.js';
import { teller } from './out/tell.js';
import { SOURCES } from './sources.js';

/** A list as an array or, from an attribute, as text. */
const list = (value: unknown): string[] => (Array.isArray(value) ? value.map(String) : String(value ?? '').split(/[\s,]+/)).filter(Boolean);

const known = <T extends string>(value: unknown, all: Readonly<Record<T, unknown>>): [T[], string[]] => {
  const wanted = [...new Set(list(value))];
  return [wanted.filter((name): name is T => Object.hasOwn(all, name)), wanted.filter((name) => !Object.hasOwn(all, name))];
};

/** The time that the sources have before the regime decides without them. */
const DEADLINE_MS = 2_000;

export const start = (read: Read): Run => (on, methods, options, choices, late) => {
  const details = options.signalsOptions ?? {};
  let isLogging = isOn(options.debug ?? false);
  const [names, unknownNames] = known<SignalName>(options.signals, SOURCES);
  const tools = listeners(details);
  const [told, unknownTold] = known<TellName>(options.tell, tools);

  const it = hub(names, read, { on, methods, choices }, (text) => {
    if (isLogging) console.warn('[firsthand] ' + text);
  });
  for (const name of unknownNames) it.warn(`signals: no source is called "${field(name)}"`);
  for (const name of unknownTold) it.warn(`tell: nobody is called "${field(name)}"`);
  // Shopify keeps what it is told, so that on the next page nobody knows whose word it is.
  if (names.includes('shopify') && told.includes('shopify')) {
    told.splice(told.indexOf('shopify'), 1);
    it.warn('tell: shopify is a signal here, and is not told its own word');
  }

  const { get, debug } = methods as { get: () => ConsentState; debug: (...args: any[]) => object };
  methods.get = () => ({ ...get(), signals: it.state() });
  methods.debug = (enable) => {
    if (enable !== undefined) isLogging = !!enable;
    return debug(enable);
  };

  clearTimeout(late);
  setTimeout(safe(it.late), Number(options.signalsTimeoutMs ?? DEADLINE_MS));
  const vendors = list(options.tcfVendors).join();
  const given: Tools = {
    read: (kind, text, sections = '') => read(details.tcfLegitimateInterest ? kind + '_li' : kind, text, sections, vendors),
    categories: details.categories ?? {},
    options: details,
    isTold: (name) => told.includes(name as TellName),
  };
  for (const name of names) safely(() => SOURCES[name](safe((word) => it.hear(name, word)), given));

  const tell = teller(told, read, tools);
  if (told.includes('shopify')) loadShopify();
  const review = (): void => {
    it.review();
    tell(methods.get!(), it.state().awaited);
  };
  methods.on!(review);
  review();
};
