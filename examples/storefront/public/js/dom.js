/** Builds elements without `innerHTML`, so the shop's security policy can forbid it. */

/** Returns a new element; attributes that are `null` or `false` are left out. */
export function h(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith('on')) made.addEventListener(name.slice(2), value);
    else made.setAttribute(name, value === true ? '' : value);
  }
  made.append(...children.flat().filter((child) => child !== null && child !== undefined));
  return made;
}

/** Returns the page's element with this id. */
export const byId = (id) => document.getElementById(id);
