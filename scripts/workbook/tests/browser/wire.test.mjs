// The page "See the wire" over the real lesson 01 and the real wire: a call becomes arrows, the dial
// turns while it runs, everything can be done with the keyboard, and nothing is left after Stop.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { axe, clean, programs, save, screenshot, site } from './support.mjs';

const ours = /browser-tests\/debug\/(wire|l\d\d-)/;
const nothingRuns = (words) => assert.deepEqual(programs(ours), [], words);
const book = site(() => nothingRuns('nothing outlives the runner'));

async function openWire(options) {
  const session = await book.open(options);
  await session.page.goto(`${book.address}/wire.html`);
  await session.page.locator('#wire-subject option').first().waitFor({ state: 'attached' });
  return session;
}

const button = (page, name) => page.getByRole('button', { name, exact: true });
const rows = (page, event) => page.locator(`.wire-row[data-event="${event}"]`);
const says = locator => locator.locator('.wire-says').allTextContents();

async function begin(page, lesson = '01-tcp') {
  await page.selectOption('#wire-subject', lesson);
  await button(page, 'Start').click();
  await page.locator('[data-phase="running"]').waitFor({ timeout: 400_000 });
}

async function end(page) {
  await button(page, 'Stop').click();
  await page.locator('[data-phase="idle"]').waitFor({ timeout: 30_000 });
  nothingRuns('nothing is left after Stop');
}

test('a call becomes arrows; split, delay and cut show at once', { timeout: 500_000 }, async () => {
  const session = await openWire();
  const { page } = session;
  assert.equal(await page.locator('#wire-split').isDisabled(), true, 'no dial without a wire');
  assert.match(await page.locator('.wire-empty').textContent(), /Start a capture/);
  await begin(page);
  assert.match(await page.locator('.wire-programs').textContent(), /building lesson 01-tcp/, 'the build is told');

  await page.locator('[data-call="0"]').click();
  await rows(page, 'closed').waitFor();
  const whole = await says(rows(page, 'line'));
  assert.deepEqual(whole, ['"wire\\n"', '"wire hello world\\n"'], 'one arrow there, one back');
  const ways = await rows(page, 'line').evaluateAll(all => all.map(row => row.dataset.way));
  assert.deepEqual(ways, ['client-to-server', 'server-to-client']);
  await page.locator('.wire-programs', { hasText: 'client  wire hello world' }).waitFor();

  await rows(page, 'line').nth(1).click();
  const detail = page.locator('.wire-detail');
  assert.match(await detail.textContent(), /server to client, 17 bytes/);
  assert.match(await detail.textContent(), /77 69 72 65 20 68 65 6c\s+wire hel/);

  // The slider by keyboard, as any slider: three steps of 50 ms.
  await page.locator('#wire-split').check();
  await page.locator('#wire-delay').focus();
  for (let step = 0; step < 3; step += 1) {
    await page.keyboard.press('ArrowRight');
  }
  await rows(page, 'chaos').filter({ hasText: 'split' }).filter({ hasText: '150ms' }).waitFor();
  await page.locator('[data-call="0"]').click();
  await rows(page, 'closed').nth(1).waitFor();
  assert.ok(await rows(page, 'line-part').count() >= 4, 'it came in pieces');
  assert.ok(await page.locator('.wire-gap').count() >= 2, 'the delay is to be seen');
  const connections = await page.locator('.wire-connection > [aria-hidden]').allTextContents();
  assert.ok(connections.includes('#1') && connections.includes('#2'), 'connections are told apart');

  await button(page, 'Behave again').click();
  await rows(page, 'chaos').filter({ hasText: 'none' }).waitFor();
  await page.locator('#wire-cut').check();
  await rows(page, 'chaos').filter({ hasText: 'cut after 12 bytes' }).waitFor();
  await page.locator('[data-call="0"]').click();
  await rows(page, 'cut').waitFor();
  await page.locator('.wire-programs', { hasText: /Connection reset/ }).waitFor();
  await screenshot(page, 'wire-cut');

  await button(page, 'Clear').click();
  assert.equal(await page.locator('.wire-row').count(), 0);
  await end(page);
  await clean(session);
});

test('with the keyboard alone', { timeout: 300_000 }, async () => {
  const session = await openWire();
  const { page } = session;
  await page.locator('#wire-subject').focus();
  await page.keyboard.type('Lesson 01');
  const focused = () => page.evaluate(() => document.activeElement.textContent);
  const tabTo = async (text) => {
    for (let presses = 0; (await focused()) !== text; presses += 1) {
      assert.ok(presses < 60, `Tab never reaches ${text}`);
      await page.keyboard.press('Tab');
    }
  };
  await tabTo('Start');
  await page.keyboard.press('Enter');
  await page.locator('[data-phase="running"]').waitFor({ timeout: 400_000 });
  assert.equal(await focused(), 'Start', 'the focus stays');
  await tabTo('Greet wire');
  await page.keyboard.press('Enter');
  await rows(page, 'closed').waitFor();
  const inRows = () => page.evaluate(() => document.activeElement.classList.contains('wire-row'));
  for (let presses = 0; !(await inRows()); presses += 1) {
    assert.ok(presses < 20, 'Tab never reaches the picture');
    await page.keyboard.press('Tab');
  }
  await page.keyboard.press('Home');
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('ArrowDown');
  assert.match(await focused(), /connection 1, client to server: "wire\\n"/);
  await page.keyboard.press('Enter');
  assert.equal(await page.evaluate(() => document.activeElement.className), 'wire-detail');
  assert.match(await focused(), /77 69 72 65 0a/);
  await page.keyboard.press('Escape');
  assert.ok(await inRows(), 'back at the arrow');
  // One stop in the picture, however many rows there are.
  await page.keyboard.press('Tab');
  assert.equal(await focused(), 'Pause');
  await page.keyboard.press('Enter');
  assert.equal(await focused(), 'Go on');
  await page.locator('[data-call="0"]').click();
  await page.locator('.wire-picture .wb-status', { hasText: 'Paused.' }).filter({ hasText: /[5-9] more/ }).waitFor();
  const shown = await page.locator('.wire-row').count();
  await button(page, 'Go on').click();
  await page.waitForFunction(before => document.querySelectorAll('.wire-row').length > before, shown);
  await end(page);
  await clean(session);
});

test('another page, and a new version of the text, keep the running capture', { timeout: 300_000 }, async () => {
  const first = await openWire();
  await begin(first.page);
  await first.page.locator('[data-call="1"]').click();
  await rows(first.page, 'closed').waitFor();
  const second = await openWire();
  await second.page.locator('[data-phase="running"]').waitFor();
  await rows(second.page, 'closed').waitFor();
  assert.deepEqual(await says(second.page.locator('.wire-row')), await says(first.page.locator('.wire-row')));
  await second.page.locator('#wire-half-close').check();
  await rows(first.page, 'chaos').waitFor();
  assert.equal(await first.page.locator('#wire-half-close').isChecked(), true, 'one dial for all pages');

  const file = join(book.course, 'book/src/wire.md');
  save(file, `${readFileSync(file, 'utf8')}\n\nA line that was not there before.\n`);
  await first.page.getByText('A line that was not there before.').waitFor({ timeout: 30_000 });
  assert.equal(await rows(first.page, 'chaos').count(), 1, 'the picture has moved over');
  assert.equal(await first.page.locator('.wire-static').count(), 0);
  await first.page.locator('[data-call="0"]').click();
  await rows(first.page, 'half-close').waitFor();
  await end(first.page);
  await second.page.locator('[data-phase="idle"]').waitFor();
  await clean(first);
  await clean(second);
});

for (const [name, options] of [
  ['light', { scheme: 'light' }],
  ['dark', { scheme: 'dark' }],
  ['phone', { scheme: 'light', width: 360, height: 740, isMobile: true, hasTouch: true }],
]) {
  test(`axe finds nothing while a capture runs, ${name}`, { timeout: 300_000 }, async () => {
    const session = await openWire(options);
    const { page } = session;
    assert.deepEqual(await axe(page), [], 'before the start');
    await begin(page);
    await page.locator('#wire-split').check();
    await rows(page, 'chaos').waitFor();
    await page.locator('[data-call="0"]').click();
    await rows(page, 'closed').waitFor();
    await page.locator('.wire-row').nth(3).click();
    await page.locator('.wire-picture .wb-status', { hasText: 'The last: closed' }).waitFor();
    assert.deepEqual(await axe(page), [], 'with a picture');
    const over = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
    assert.ok(over <= 0, `${over} px wider than the screen`);
    await page.locator('.wire-picture').evaluate(node => node.scrollIntoView());
    await screenshot(page, `wire-running-${name}`);
    await end(page);
    await clean(session);
  });
}

test('a capture is saved, opened again without a runner’s help, and replayed', { timeout: 300_000 }, async () => {
  const session = await book.open();
  const { page } = session;
  await page.goto(`${book.address}/02-rpc.html`);
  await page.locator('#content').getByRole('link', { name: 'See the wire' }).first().click();
  await page.waitForURL(/wire\.html\?lesson=02-rpc$/);
  await page.locator('#wire-subject option').first().waitFor({ state: 'attached' });
  await page.waitForFunction(() => document.getElementById('wire-subject').value === '02-rpc');
  await begin(page);
  await page.locator('[data-call="0"]').click();
  await rows(page, 'closed').waitFor();
  const before = await says(page.locator('.wire-row'));
  const saving = page.waitForEvent('download');
  await button(page, 'Save').click();
  const saved = await saving;
  assert.equal(saved.suggestedFilename(), 'capture-01-tcp.json');
  const file = await saved.path();
  await end(page);

  await page.reload();
  await button(page, 'Clear').click();
  const choose = async (name, text) => {
    const chooser = page.waitForEvent('filechooser');
    await button(page, 'Open a file').click();
    await (await chooser).setFiles(text === undefined ? file : { name, mimeType: 'application/json', buffer: Buffer.from(text) });
  };
  const status = page.locator('.wire-file [role="status"]');
  await choose('shopping.json', '["milk"]');
  await status.getByText('shopping.json is no capture of this page.').waitFor();
  await choose('large.json', ' '.repeat(4 * 1024 * 1024 + 1));
  await status.getByText(/large\.json is larger than 4 MB/).waitFor();
  await choose();
  await status.getByText(/from a file\./).waitFor();
  await rows(page, 'closed').waitFor();
  assert.deepEqual(await says(page.locator('.wire-row')), before, 'the same picture');
  await button(page, 'Replay').click();
  await status.getByText('The replay has ended.').waitFor({ timeout: 30_000 });
  await rows(page, 'closed').waitFor();
  assert.deepEqual(await says(page.locator('.wire-row')), before, 'and again');
  // What is no text and no number in a file is left out, and nothing of it becomes HTML.
  await choose('odd.json', JSON.stringify({ capture: 'sockets-to-services', version: 1, rows: [null, 7, { event: 'line', says: '<img src=x>', conn: {}, time_us: 'soon' }] }));
  await page.locator('.wire-says', { hasText: '<img src=x>' }).waitFor();
  assert.deepEqual(await axe(page), []);
  await screenshot(page, 'wire-file');
  await clean(session);
});
