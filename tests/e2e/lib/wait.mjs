// Waits for a condition, never for a time: polls until it holds or the deadline passes.

/** Returns what `probe` gives once it is truthy; fails with what it gave last. */
export async function until(what, probe, deadlineMs = 20_000) {
  const end = Date.now() + deadlineMs;
  let last;
  for (;;) {
    last = await probe();
    if (last) return last;
    if (Date.now() > end) throw new Error(`not in time: ${what} (last: ${JSON.stringify(last)})`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
