// The weight of chapter 01 over the wire, and the time to its first paint, with an empty cache.
// Prints two lines; scripts/figures calls it.

import { copyOfTheCourse, openBrowser, openPage, remove, startRunner } from './support.mjs';

const course = copyOfTheCourse();
const runner = await startRunner(course);
const browser = await openBrowser();
try {
  const { page } = await openPage(browser, runner.address);
  const network = await page.context().newCDPSession(page);
  await network.send('Network.enable');
  const files = new Map();
  const urls = new Map();
  network.on('Network.responseReceived', ({ requestId, response }) => urls.set(requestId, new URL(response.url).pathname));
  network.on('Network.loadingFinished', ({ requestId, encodedDataLength }) => files.set(requestId, encodedDataLength));
  await page.goto(`${runner.address}/01-tcp.html`, { waitUntil: 'load' });
  await page.waitForTimeout(1000);
  const bytes = [...files.values()].reduce((sum, each) => sum + each, 0);
  const paints = [];
  for (let round = 0; round < 7; round += 1) {
    const fresh = await openPage(browser, runner.address);
    await fresh.page.goto(`${runner.address}/01-tcp.html`, { waitUntil: 'load' });
    paints.push(await fresh.page.evaluate(() => new Promise(found => {
      const entry = performance.getEntriesByName('first-contentful-paint')[0];
      if (entry) {
        found(entry.startTime);
        return;
      }
      new PerformanceObserver(list => found(list.getEntries()[0].startTime)).observe({ type: 'paint', buffered: true });
    })));
    await fresh.close();
  }
  paints.sort((a, b) => a - b);
  console.log(`chapter 01 over the wire          ${(bytes / 1024).toFixed(0).padStart(6)} KB in ${files.size} files (goal: at most 400 KB)`);
  for (const [id, size] of [...files].sort((a, b) => b[1] - a[1]).slice(0, 5)) {
    console.log(`  ${(size / 1024).toFixed(1).padStart(7)} KB  ${urls.get(id)}`);
  }
  console.log(`time to first contentful paint    ${paints[3].toFixed(0).padStart(6)} ms (median of 7)`);
} finally {
  await browser.close();
  await runner.stop();
  remove(course);
}
