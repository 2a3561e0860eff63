// What a browser keeps and what leaves it, seen from outside the SDK: its storage, and every request.

/** Returns all that a page of this origin keeps, and the cookies of the whole context. What the browser denies counts as nothing kept. */
export async function stored(page, context) {
  const kept = await page.evaluate(async () => {
    const read = async (step) => {
      try {
        return await step();
      } catch {
        return {};
      }
    };
    return {
      local: await read(() => ({ ...localStorage })),
      session: await read(() => ({ ...sessionStorage })),
      databases: await read(async () => (await indexedDB.databases()).map(({ name }) => name)),
      caches: await read(() => caches.keys()),
      workers: await read(async () => (await navigator.serviceWorker.getRegistrations()).length),
    };
  });
  return { ...kept, cookies: await context.cookies() };
}

/** What `stored` returns of a new browser. */
export const NOTHING_STORED = { local: {}, session: {}, databases: [], caches: [], workers: 0, cookies: [] };

/** Where nothing may ever be kept. */
export const elsewhere = ({ session, databases, caches, workers }) =>
  [session, databases, caches].flatMap((found) => Object.values(found)).concat(workers > 0 ? ['a service worker'] : []);

/** Writes down the address of every request of a page from now on, whatever comes of it. */
export function watch(page) {
  const addresses = [];
  page.on('request', (request) => addresses.push(request.url()));
  return addresses;
}

/** Returns the addresses of requests that went to none of the origins. */
export const foreign = (addresses, origins) =>
  addresses.filter((address) => /^(https?|wss?):/.test(address) && !origins.includes(new URL(address).origin));
