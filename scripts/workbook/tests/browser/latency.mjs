// From a key in the editor of a card to what comes back, as the page shows it: exercise `frames`, median of 7 rounds.
// Prints three lines; scripts/figures calls it.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { copyOfTheCourse, openBrowser, openPage, remove, startRunner } from './support.mjs';

const ROUNDS = 7;
const course = copyOfTheCourse();
const runner = await startRunner(course);
const browser = await openBrowser();
const median = all => all.toSorted((a, b) => a - b)[Math.floor(all.length / 2)];

/** Milliseconds, on the page's own clock, from now until `wanted` is true of the card. */
const until = (card, wanted) => card.evaluate((node, wanted) => new Promise(found => {
  const begun = performance.now();
  const is = new Function('card', `return ${wanted}`);
  const look = () => is(node) ? found(performance.now() - begun) : requestAnimationFrame(look);
  look();
}), wanted);

try {
  // `new Function` above is the measurement's own, not the page's.
  const { page } = await openPage(browser, runner.address, { bypassCSP: true });
  await page.goto(`${runner.address}/01-tcp.html`);
  const card = page.locator('[data-exercise="frames"]');
  await card.locator('.wb-badge').waitFor();
  await card.getByRole('button', { name: /^(Start|Edit here)$/ }).click();
  const field = card.getByRole('textbox', { name: 'exercise.rs of frames' });
  await field.focus();
  await page.keyboard.press('Control+a');
  await page.keyboard.insertText(readFileSync(join(course, 'lessons/01-tcp/exercises/frames/solution.rs'), 'utf8'));
  await page.keyboard.press('Control+Enter');
  const passed = card.locator('.wb-verdict[data-status="passed"]');
  await passed.waitFor({ timeout: 300_000 });
  await card.getByText('It compiles.').waitFor({ timeout: 300_000 });
  const figures = { saved: [], compiled: [], verdict: [] };
  for (let round = 0; round < ROUNDS; round += 1) {
    await page.keyboard.press('Control+End');
    await page.keyboard.type(` // ${round}`);
    figures.saved.push(await until(card, `card.querySelector('.wb-edit-status').textContent.startsWith('Saved')`));
    // The words about the text before stay until the compiler begins.
    const begun = await until(card, `card.querySelector('.wb-edit-noted').textContent !== 'It compiles.'`);
    figures.compiled.push(figures.saved.at(-1) + begun + await until(card, `card.querySelector('.wb-edit-noted').textContent === 'It compiles.'`));
    await page.keyboard.type('!');
    await page.keyboard.press('Control+Enter');
    figures.verdict.push(await until(card, `!card.querySelector('.wb-older') && card.querySelector('.wb-verdict[data-status="passed"]')`));
    await page.waitForTimeout(500);
  }
  const line = (what, all) => console.log(`${what.padEnd(46)}${median(all).toFixed(0).padStart(6)} ms (${Math.min(...all).toFixed(0)} to ${Math.max(...all).toFixed(0)})`);
  line('last key to saved in exercise.rs', figures.saved);
  line('last key to the word of the compiler', figures.compiled);
  line('last key and Ctrl+Enter to the verdict', figures.verdict);
} finally {
  await browser.close();
  await runner.stop();
  remove(course);
}
