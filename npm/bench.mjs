// Measures what a page pays: load and start on the main thread, and one track(). Prints JSON.
import { ready, shopPage, startBrowser, startShop } from './test/harness.mjs';

// Cross-origin isolation gives the page a clock of 5 µs instead of 100.
const headers = { 'cross-origin-opener-policy': 'same-origin', 'cross-origin-embedder-policy': 'require-corp' };
const shop = await startShop({ '*': { html: shopPage({ attributes: 'data-regime="none"' }), headers } });
const chrome = await startBrowser();
try {
  const page = await chrome.open();
  const client = await page.createCDPSession();
  const starts = [];
  await page.goto(shop.url + '/');
  await ready(page);
  for (let round = 0; round < 10; round += 1) {
    await client.send('Tracing.start', { categories: 'devtools.timeline,v8,disabled-by-default-v8.compile', transferMode: 'ReportEvents' });
    const events = [];
    client.on('Tracing.dataCollected', ({ value }) => events.push(...value));
    await page.goto(shop.url + '/?round=' + round);
    await ready(page);
    const done = new Promise((resolve) => client.once('Tracing.tracingComplete', resolve));
    await client.send('Tracing.end');
    await done;
    client.removeAllListeners('Tracing.dataCollected');
    const own = events.filter(
      ({ name, dur, args }) => dur && /^(EvaluateScript|FunctionCall|v8\.compile)$/.test(name) && String(args?.data?.url ?? args?.fileName).includes('/sdk/'),
    );
    starts.push(own.reduce((sum, { dur }) => sum + dur, 0) / 1000);
  }
  const track = await page.evaluate(async () => {
    const times = [];
    for (let index = 0; index < 10_000; index += 1) {
      // The outbox is drained as on a busy page; its overflow is another measurement.
      if (index % 20 === 0) await window.firsthand.flush();
      const before = performance.now();
      window.firsthand.track('view_item', { currency: 'EUR', value: 29.9, items: [{ item_id: 'mug-01', item_name: 'Mug', price: 29.9, quantity: 1 }] });
      times.push((performance.now() - before) * 1000);
    }
    times.sort((a, b) => a - b);
    const total = times.reduce((sum, time) => sum + time, 0);
    return { median_us: times[5000], p99_us: times[9900], mean_us: total / times.length };
  });
  starts.sort((a, b) => a - b);
  const numbers = { track, load_and_start_ms: { median: starts[5], max: starts[9] } };
  process.stdout.write(JSON.stringify(numbers, null, 2) + '\n');
} finally {
  await chrome.close();
  await shop.close();
}
