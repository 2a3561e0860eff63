/** What the build puts in the place of these names. */
declare module 'firsthand-host' {
  export function bind(core: object): void;
  export function listen(changed: () => void, idle: () => void): void;
  export function timer(at: number): void;
  export function unlock(): void;
  export function gpc(): boolean;
  export function status(queued: number, held: number, reason?: string): string;
  export function bot(): string[];
  export function debug(isOn: boolean): void;
  export function ls_get(key: string): string;
  export function ls_set(key: string, value: string): void;
  export function ls_del(key: string): void;
  export function beacon(url: string, body: string): boolean;
  export function dropped(reason: string, events: number): void;
  export function log(text: string): void;
  export const DEADLINE_MS: number;
  export function within<T>(ms: number, step: (signal: AbortSignal) => Promise<T>): Promise<T>;
  export function post(url: string, body: string, signal: AbortSignal): Promise<[status: number, retryAfter: number, answer: unknown]>;
}
declare module 'firsthand-glue' {
  export const __wbg_set_wasm: (exports: object) => void;
  export const imports: Record<string, object>;
  export const call: (step: number, text: string, number: number) => string;
}
declare module 'firsthand-person-glue' {
  export const __wbg_set_wasm: (exports: object) => void;
  export const imports: Record<string, object>;
  export const digest: (lines: string, defaultCountry: string) => string;
}
declare module 'firsthand-person-wasm' {
  const base64: string;
  export default base64;
}
declare module 'firsthand-signals-glue' {
  export const __wbg_set_wasm: (exports: object) => void;
  export const imports: Record<string, object>;
  export const signal: (kind: string, text: string, sections: string, vendors: string) => string;
}
declare module 'firsthand-signals-wasm' {
  const base64: string;
  export default base64;
}
declare module 'firsthand-wasm' {
  const base64: string;
  export default base64;
}
declare module 'firsthand-plain' {
  const make: (imports: Record<string, object>) => object;
  export default make;
}
declare module 'firsthand-signals-plain' {
  const make: (imports: Record<string, object>) => object;
  export default make;
}
declare module 'firsthand-person-plain' {
  const make: (imports: Record<string, object>) => object;
  export default make;
}
/** Version of the package. */
declare const __VERSION__: string;
