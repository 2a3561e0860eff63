/** A page's data layer: what is on it, what comes, and which of it is ours. */
import { page, safely } from './link.js';

const ours = new WeakSet<object>();

/** The layer, made if the page has none yet: a tag manager takes over what is on it. */
const layer = (name: string): any[] => (page[name] ??= []);

/** Shows every entry, those that are there and those that will be. */
export const watchLayer = (name: string, look: (entry: any) => void): void => {
  const it = layer(name);
  const see = (entry: any): void => void safely(() => ours.has(entry) || look(entry));
  Array.prototype.slice.call(it).forEach(see);
  const push = it.push;
  it.push = function (...entries: any[]) {
    const answer = push.apply(this, entries);
    entries.forEach(see);
    return answer;
  };
};

/** What `gtag()` adds: Google's tags read nothing but an `arguments` object. */
function argumentsOf(..._words: unknown[]): IArguments {
  return arguments;
}

/** Adds a command as `gtag()` would. */
export const command = (name: string, ...words: unknown[]): void => {
  const entry = argumentsOf(...words);
  ours.add(entry);
  layer(name).push(entry);
};
