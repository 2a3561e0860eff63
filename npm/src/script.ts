/** The script tag: reads its options, takes over the stub, loads the core and, where one is needed, the banner. */
import { __wbg_set_wasm, call, imports } from 'firsthand-glue';
import { startClient, type Core } from './client.js';
import type { Digest } from './person.js';
import type { Run } from './signals/link.js';
import { createStub } from './stub.js';
import type { Options } from './types.js';

interface Page {
  firsthand?: any;
  firsthandConfig?: Partial<Options>;
}

const page = window as unknown as Page;
const script = document.currentScript as HTMLScriptElement | null;
const source = script?.src || location.href;
/** Where the files beside this one are. */
const beside = (file: string): string => new URL(file, source).href;

const options = (): Options => ({
  // `…/sdk/fh.js` and `…/fh.js` both stand for the collector that serves them.
  endpoint: beside('.').replace(/\/(sdk\/)?$/, ''),
  ...(script?.dataset as any),
  ...page.firsthandConfig,
});

const insert = (file: string): Promise<void> =>
  new Promise((resolve, reject) => {
    const tag = document.createElement('script');
    tag.src = beside(file);
    tag.async = true;
    if (script?.nonce) tag.nonce = script.nonce;
    tag.onload = () => resolve();
    tag.onerror = () => reject(new Error('cannot load ' + file));
    document.head.append(tag);
  });

/** Elements that open the preferences. */
const OPENERS = '[data-firsthand-consent],a[href="#firsthand-consent"]';

type Imports = Record<string, object>;

const instantiate = async (file: string, imports: Imports): Promise<any> => {
  const response = await fetch(beside(file));
  const given = imports as WebAssembly.Imports;
  // A server that does not know the type of .wasm, and old browsers, take the slower way.
  const streamed = typeof WebAssembly.instantiateStreaming == 'function' && /^application\/wasm/.test(response.headers.get('content-type') ?? '');
  const { instance } = streamed
    ? await WebAssembly.instantiateStreaming(response, given)
    : await WebAssembly.instantiate(await response.arrayBuffer(), given);
  return instance.exports;
};

/** Loads a script that hands something over by calling `firsthand[name]`, the name being its own. */
const handedOver = async (name: string): Promise<any[]> => {
  let handed: any[] = [];
  page.firsthand[name] = (...args: any[]) => (handed = args);
  await insert(name + '.js');
  delete page.firsthand[name];
  return handed;
};

/** Starts a module; where a policy forbids WebAssembly, the same code as plain JavaScript. */
const start = async (name: string, bind: (exports: object) => void, imports: Imports): Promise<void> => {
  const exports = await instantiate(name + '.wasm', imports).catch(async () => {
    const [make] = await handedOver(name + '.nowasm');
    return make(imports);
  });
  bind(exports);
  exports.__wbindgen_start?.();
};

const load = async (): Promise<Core> => {
  await start('fh', __wbg_set_wasm, imports);
  return call;
};

/** Loads a module that comes on demand, with its script; returns the function that it is loaded for. */
const onDemand = async (name: string): Promise<any> => {
  const [bind, imports, wanted] = await handedOver(name);
  await start(name, bind, imports);
  return wanted;
};
const loadPerson = (): Promise<Digest> => onDemand('fh.id');
const loadSignals = (): Promise<Run> => onDemand('fh.signals');

const stub = (page.firsthand ??= createStub());
if (!stub.loaded) {
  stub.loaded = true;
  const settings = options();
  let banner: Promise<any> | undefined;

  /** Loads the banner once; it announces itself by `firsthand.__banner`. */
  const openBanner = (): Promise<any> =>
    (banner ??= new Promise((resolve) => {
      stub.__banner = (mount: any) => resolve(mount(stub.consent, { ...settings, lang: settings.banner, ...settings.bannerOptions }));
      insert('banner.js').catch(() => (banner = undefined));
    }));

  const open = (): void => void openBanner().then((handle) => handle.openPreferences());
  const isOff = settings.banner == 'off';
  startClient(stub, settings, load, loadPerson, loadSignals, isOff ? {} : { open }).then(() => {
    if (isOff) return;
    /** Also where the page has no way back to the choice of its own: the banner then brings one. */
    const show = (state: any): void => {
      const isChangeable = state.at || state.regime == 'opt_out';
      if (state.prompt || state.showOptOutHonoured || (isChangeable && !document.querySelector(OPENERS))) void openBanner();
    };
    show(stub.consent.get());
    stub.consent.on(show);
    document.addEventListener('click', (event) => {
      const link = (event.target as Element | null)?.closest?.(OPENERS);
      if (link && !banner) {
        event.preventDefault();
        open();
      }
    });
  });
}
