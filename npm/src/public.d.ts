import type { Consent, Firsthand, Options, Person, Status, TrackOptions } from './types.js';

export type * from './types.js';

/** Starts the SDK; a second call returns the first one's promise. Settles when the core runs or has failed, never rejects. */
export declare function init(options: Options): Promise<void>;
/** Records an event; returns the id it has in all its copies. */
export declare function track(name: string, props?: object, options?: TrackOptions): string;
/** Records a page view. */
export declare function page(props?: object): string;
/** Tells who the visitor is; personal values become digests at once. */
export declare function identify(person: Person): void;
/** Forgets the visitor. */
export declare function reset(): void;
/** Sends what waits. On a server it settles at once. */
export declare function flush(): Promise<void>;
/** Returns the status; with an argument also switches logging to the console. */
export declare function debug(on?: boolean): Status;
/** Returns the status. */
export declare function status(): Status;
/** The visitor's choice. */
export declare const consent: Consent;
/** All of it as one object. */
export declare const firsthand: Firsthand;
