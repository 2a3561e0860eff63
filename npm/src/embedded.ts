/** Starts a module that is part of the script, as base64: the npm package's way. */

/** The functions around a module, as wasm-bindgen writes them. */
interface Glue {
  __wbg_set_wasm(exports: object): void;
}

export const startEmbedded = async (base64: string, glue: Glue, imports: Record<string, object>): Promise<void> => {
  const bytes = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
  const { instance } = await WebAssembly.instantiate(bytes, imports as WebAssembly.Imports);
  glue.__wbg_set_wasm(instance.exports);
  (instance.exports as any).__wbindgen_start?.();
};
