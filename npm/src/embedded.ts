/** Starts a module that is part of the script, as base64: the npm package's way. */

type Imports = Record<string, object>;
/** The same module as plain JavaScript, in a chunk of its own. */
type Plain = () => Promise<{ default: (imports: Imports) => object }>;

/** Starts the module; where a policy forbids WebAssembly, or the browser has none, as plain JavaScript. */
export const startEmbedded = async (base64: string, bind: (exports: object) => void, imports: Imports, plain: Plain): Promise<void> => {
  let exports: any;
  try {
    const bytes = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
    const { instance } = await WebAssembly.instantiate(bytes, imports as WebAssembly.Imports);
    exports = instance.exports;
  } catch {
    exports = (await plain()).default(imports);
  }
  bind(exports);
  exports.__wbindgen_start?.();
};
