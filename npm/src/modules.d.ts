/** What the build puts in the place of these names. */
declare module 'firsthand-host' {
  export function bind(core: object): void;
  export function listen(changed: () => void, idle: () => void): void;
  export function timer(ms: number): void;
  export function unlock(): void;
  export function gpc(): boolean;
  export function context(): string;
  export function ls_get(key: string): string | undefined;
  export function ls_set(key: string, value: string): boolean;
  export function ls_del(key: string): void;
  export function beacon(url: string, body: string): boolean;
  export function log(text: string): void;
}
declare module 'firsthand-glue' {
  export const __wbg_set_wasm: (exports: object) => void;
  export const start: (options: string) => void;
  export const navigate: (href: string, referrer: string) => boolean;
  export const track: (name: string, props: string, transaction: string, refund: string, id: string, at: number) => string;
  export const identify: (values: string) => string;
  export const consent_view: () => string;
  export const choose: (answers: string, basis: string, afterGpcNotice: boolean) => string;
  export const reset: () => void;
  export const flush: () => void;
  export const status: () => string;
  export const set_debug: (on: boolean) => void;
  export const hidden: () => void;
  export const left: () => void;
  export const returned: () => void;
  export const woke: () => void;
  export const storage_changed: (key: string) => void;
  export const tick: () => void;
  export const locked: (isOurs: boolean) => void;
  export const sent: (status: number, retryAfter: number, duplicates: number, rejected: string) => void;
}
declare module 'firsthand-wasm' {
  const base64: string;
  export default base64;
}
