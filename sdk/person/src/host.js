// What this module asks of the browser.

/** Lower case by Unicode's rules, whose tables the browser has already. */
export function lower(text) {
  return text.toLowerCase();
}
