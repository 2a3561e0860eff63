// The byte search: does a personal value stand anywhere, in any spelling a careless program would give it?
import { readdirSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';

/** Returns the spellings of one value as buffers, each with a name. */
export function spellings(value) {
  const texts = new Set([value, value.toLowerCase(), value.toUpperCase(), value.trim()]);
  const found = [];
  for (const text of texts) {
    const add = (name, buffer) => found.push({ name: `${name} of ${text}`, buffer });
    const bytes = Buffer.from(text, 'utf8');
    add('utf-8', bytes);
    add('utf-16', Buffer.from(text, 'utf16le'));
    add('hex', Buffer.from(bytes.toString('hex')));
    add('url-encoded', Buffer.from(encodeURIComponent(text)));
    add('form-encoded', Buffer.from(new URLSearchParams({ v: text }).toString().slice(2)));
    add('json-escaped', Buffer.from(JSON.stringify(text).slice(1, -1)));
    // Base64 of a value inside a longer text: three alignments, without the ends that depend on neighbours.
    for (let shift = 0; shift < 3; shift += 1) {
      const padded = Buffer.concat([Buffer.alloc(shift), bytes]);
      const whole = padded.toString('base64').replace(/=+$/, '');
      const inner = whole.slice(shift === 0 ? 0 : shift + 1, whole.length - 2);
      if (inner.length >= 6) {
        add(`base64+${shift}`, Buffer.from(inner));
        add(`base64url+${shift}`, Buffer.from(inner.replace(/\+/g, '-').replace(/\//g, '_')));
      }
    }
  }
  return found;
}

/** Returns which spellings of which values stand in which haystack: [{where, what}]. */
export function search(haystacks, values) {
  const hits = [];
  for (const value of values) {
    for (const { name, buffer } of spellings(value)) {
      for (const { where, bytes } of haystacks) {
        if (bytes.includes(buffer)) hits.push({ where, what: name });
      }
    }
  }
  return hits;
}

/** Returns every file below a folder as a haystack. */
export function files(folder) {
  return readdirSync(folder, { recursive: true })
    .map((name) => path.join(folder, name.toString()))
    .filter((file) => statSync(file).isFile())
    .map((file) => ({ where: path.relative(folder, file), bytes: readFileSync(file) }));
}
