// The slides of each lesson: keys, notes, paper, light and dark, served by the runner and as plain files.

import assert from 'node:assert/strict';
import { cpSync, mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { axe, clean, inTabs, openPage, remove, repository, screenshot, site, startStatic } from './support.mjs';

const book = site();
const { open } = book;

test('the page for teachers leads to the slides, and keys lead through them', { timeout: 60_000 }, async () => {
  const session = await open();
  const { page } = session;
  await page.goto(`${book.address}/for-teachers.html`);
  await page.locator('.wb-lesson[data-lesson="01-tcp"]').getByRole('link', { name: 'Slides of this lesson' }).click();
  const place = page.locator('#place');
  // The script writes it once the page is there.
  const placed = () => place.filter({ hasText: 'Slide' }).waitFor();
  await placed();
  assert.match(await place.textContent(), /^Slide 1 of \d+$/);
  assert.equal(await page.locator('.slide:visible').count(), 1);
  assert.match(await page.locator('.question:visible').textContent(), /where one message ends/);
  for (const [key, expected] of [['ArrowRight', 2], ['PageDown', 3], ['ArrowLeft', 2], ['Home', 1], ['ArrowLeft', 1], [' ', 2]]) {
    await page.keyboard.press(key);
    assert.match(await place.textContent(), new RegExp(`^Slide ${expected} of`), key);
  }
  await page.keyboard.press('End');
  assert.match(await page.locator('h1:visible').textContent(), /You can now/);
  const last = (await place.textContent()).match(/(\d+) of \1$/);
  assert.ok(last, 'the last slide');
  await page.reload();
  await placed();
  assert.match(await place.textContent(), new RegExp(`^Slide ${last[1]} of`), 'the place is kept in the address');
  await page.getByRole('button', { name: 'Back' }).click();
  assert.match(await place.textContent(), new RegExp(`^Slide ${last[1] - 1} of`));
  await clean(session);
});

test('a prediction hides its answer until the next slides, and notes are shown on request', { timeout: 60_000 }, async () => {
  const session = await open();
  const { page } = session;
  await page.goto(`${book.address}/slides/01-tcp.html`);
  const next = async heading => {
    for (let presses = 0; !(await page.locator('h1:visible').allTextContents()).join().includes(heading); presses += 1) {
      assert.ok(presses < 40, `there is no slide ${heading}`);
      await page.keyboard.press('ArrowRight');
    }
  };
  await next('Predict');
  assert.equal(await page.locator('.options li:visible').count(), 3);
  assert.equal(await page.locator('.right:visible, .why:visible').count(), 0);
  await screenshot(page, 'slide-predict');
  await next('What the demo printed');
  assert.match(await page.locator('pre:visible').first().textContent(), /two reads, one answer/);
  await next('The answer');
  assert.equal(await page.locator('.right:visible').count(), 1);
  await next('Length-prefixed frames');
  assert.equal(await page.locator('.notes:visible').count(), 0);
  await page.keyboard.press('n');
  assert.match(await page.locator('.notes:visible').textContent(), /One write is one read\./);
  assert.deepEqual(await axe(page), []);
  await screenshot(page, 'slide-notes');
  await clean(session);
});

test('on paper each slide has a page', { timeout: 60_000 }, async () => {
  const session = await open();
  const { page } = session;
  await page.goto(`${book.address}/slides/02-rpc.html`);
  const slides = await page.locator('.slide').count();
  const pdf = (await page.pdf({ preferCSSPageSize: true })).toString('latin1');
  const pages = pdf.match(/\/Type\s*\/Page\b/g).length;
  assert.ok(pages >= slides && pages <= 2 * slides, `${pages} pages for ${slides} slides`);
  await clean(session);
});

test('a deck works as plain files, and without a script it is one long page', { timeout: 60_000 }, async () => {
  const folder = mkdtempSync(join(tmpdir(), 'slides-'));
  mkdirSync(join(folder, 'slides'));
  for (const name of ['01-tcp.html', 'slides.css', 'slides.js', 'favicon.svg']) {
    const text = await (await fetch(`${book.address}/slides/${name}`)).text();
    writeFileSync(join(folder, 'slides', name), text.replace(/<meta name="workbook-token"[^>]*>/, ''));
  }
  cpSync(join(repository, 'book/src/images'), join(folder, 'images'), { recursive: true });
  const host = await startStatic(folder);
  after(() => host.stop().then(() => remove(folder)));
  const session = await openPage(book.browser, host.address);
  await session.page.goto(`${host.address}/slides/01-tcp.html#s3`);
  assert.match(await session.page.locator('#place').textContent(), /^Slide 3 of/);
  await clean(session);
  const bare = await openPage(book.browser, host.address, { javaScriptEnabled: false });
  await bare.page.goto(`${host.address}/slides/01-tcp.html`);
  assert.ok(await bare.page.locator('.slide:visible').count() > 10);
  await clean(bare);
});

test('axe finds nothing on any slide, in light, in dark and on a phone, and nothing runs off the side', { timeout: 300_000 }, async () => {
  const session = await open();
  await session.page.goto(`${book.address}/slides/index.html`);
  assert.deepEqual(await axe(session.page), []);
  const links = await session.page.$$eval('main a', all => all.map(link => link.href));
  assert.ok(links.length >= 18);
  await clean(session);
  for (const [scheme, width] of [['light', 1200], ['dark', 390]]) {
    await inTabs(() => open({ scheme, width }), links, async ({ page }, link) => {
      await page.goto(link);
      // All slides at once, notes too: as without the script.
      await page.evaluate(() => document.documentElement.classList.add('with-notes'));
      await page.$$eval('.slide', all => all.forEach(slide => { slide.hidden = false; }));
      await page.$$eval('img', all => Promise.all(all.map(image => image.decode())));
      assert.deepEqual(await axe(page), [], `${link}, ${scheme}`);
      assert.equal(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), true, `${link}, ${width} px`);
    });
  }
});
