// The weight of chapter 01 over the wire, and the time to its first paint, with an empty cache.
// Prints two lines; scripts/figures calls it.

import { copyOfTheCourse, openBrowser, openPage, remove, startRunner, weightOf } from './support.mjs';

const course = copyOfTheCourse();
const runner = await startRunner(course);
const browser = await openBrowser();
try {
  const { page } = await openPage(browser, runner.address);
  const files = await weightOf(page, `${runner.address}/01-tcp.html`);
  const bytes = files.reduce((sum, file) => sum + file.bytes, 0);
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
  console.log(`chapter 01 over the wire          ${(bytes / 1024).toFixed(0).padStart(6)} KB in ${files.length} files (goal: at most 169 KB)`);
  for (const file of files.slice(0, 5)) {
    console.log(`  ${(file.bytes / 1024).toFixed(1).padStart(7)} KB  ${file.path}`);
  }
  console.log(`time to first contentful paint    ${paints[3].toFixed(0).padStart(6)} ms (median of 7)`);
} finally {
  await browser.close();
  await runner.stop();
  remove(course);
}
