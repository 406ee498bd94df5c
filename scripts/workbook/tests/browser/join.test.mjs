// The page "Join a class" of the runner: it starts the program of the class, a verdict arrives at the board, and the
// page shows the messages as they were sent.

import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { startClass } from './classroom.mjs';
import { axe, clean, openPage, remove, save, screenshot, site } from './support.mjs';

const book = site();
const all = {};
const phone = { width: 390, height: 844, isMobile: true, hasTouch: true };
// The first join builds the program of the class.
const BUILD = { timeout: 540_000 };

before(async () => {
  all.folder = mkdtempSync(join(tmpdir(), 'class-join-'));
  all.class = await startClass(all.folder);
}, { timeout: 600_000 });

after(async () => {
  await all.class?.stop();
  remove(all.folder);
});

async function openJoin(options) {
  const session = await book.open(options);
  await session.page.goto(`${book.address}/class-join.html`);
  await session.page.locator('.class-status', { hasText: /./ }).waitFor();
  return session;
}

async function openBoard() {
  const session = await openPage(book.browser, `https://${all.class.address}`, { ignoreHTTPSErrors: true });
  await session.page.goto(all.class.board);
  await session.page.getByRole('heading', { name: 'Members' }).waitFor();
  return session;
}

const fits = page => page.evaluate(() => document.documentElement.scrollWidth <= window.innerWidth);

test('state and actions need the token of the run', { timeout: 60_000 }, async () => {
  for (const options of [{}, { method: 'POST', body: '{}' }]) {
    for (const token of [undefined, '0'.repeat(32)]) {
      const path = options.method ? '/workbook/class/join' : '/workbook/class';
      const reply = await fetch(`${book.address}${path}`, { ...options, headers: token ? { 'X-Workbook-Token': token } : {} });
      assert.equal(reply.status, 403, `${path} ${token}`);
    }
  }
});

test('before the join nothing is sent, and a code that is none is refused', { timeout: 120_000 }, async () => {
  const session = await openJoin(phone);
  const { page } = session;
  await page.getByText('You have joined no class. Nothing is sent.').waitFor();
  assert.equal(await page.locator('.class-title').isVisible(), false);
  assert.deepEqual(await axe(page), []);
  assert.ok(await fits(page), 'the page does not scroll sideways');
  await screenshot(page, 'class-join-390');
  await page.getByLabel('Code of the class').fill('$(id)');
  await page.getByRole('button', { name: 'Join' }).click();
  await page.getByText('The code of a class looks like').waitFor();
  session.trouble.splice(0, session.trouble.length, ...session.trouble.filter(line => !line.includes('400 (Bad Request)')));
  await clean(session);
});

test('a verdict arrives at the board; an answer is shown on request; leaving ends it', { timeout: 600_000 }, async () => {
  const [session, board] = [await openJoin(), await openBoard()];
  const { page } = session;
  await page.getByLabel('Code of the class').fill(all.class.code);
  await page.getByLabel('Name in the class').fill('Ada');
  await page.getByRole('button', { name: 'Join' }).click();
  await page.getByText('Joining. The first time').waitFor();
  await page.getByText(`You are Ada in the class ${all.class.room}.`).waitFor(BUILD);
  // The very text that is sent after a check, before the first one is sent.
  await page.locator('.class-lines', { hasText: '"exercise":"frames","status":"failed"' }).waitFor();
  await page.locator('.class-sent', { hasText: '{"join":{"name":"Ada"}}' }).waitFor();
  const answer = join(book.course, 'lessons/00-start/exercises/hello/exercise.rs');
  const solution = readFileSync(join(book.course, 'lessons/00-start/exercises/hello/solution.rs'), 'utf8');
  save(answer, solution.replaceAll('hello, wire', 'Hello, wire'));
  await board.page.getByRole('row', { name: /^hello 0 1 0/ }).waitFor(BUILD);
  await page.locator('.class-sent li', { hasText: '"exercise":"hello","status":"failed"' }).waitFor();
  assert.ok(!(await page.locator('.class-sent').textContent()).includes('fn '), 'no code');
  await page.getByText('Results are sent as they come. No result waits.').waitFor();
  await page.getByLabel('Exercise').selectOption('hello');
  await page.getByRole('button', { name: 'Show my answer to the teacher' }).click();
  await page.getByText('The teacher has your answer.').waitFor({ timeout: 120_000 });
  await page.locator('.class-sent li', { hasText: '{"answer":{"exercise":"hello"' }).waitFor();
  assert.deepEqual(await axe(page), []);
  await page.setViewportSize({ width: 390, height: 844 });
  await page.locator('.class-status').scrollIntoViewIfNeeded();
  assert.ok(await fits(page), 'the page does not scroll sideways');
  await screenshot(page, 'class-joined-390');
  // Without the sending, a result waits; it is sent once the sending goes on.
  await page.getByRole('button', { name: 'Stop sending' }).click();
  await page.getByRole('button', { name: 'Send again' }).waitFor();
  save(answer, solution);
  await page.getByText('Nothing is sent at the moment. One result waits to be sent.').waitFor(BUILD);
  await page.getByRole('button', { name: 'Send again' }).click();
  await board.page.getByRole('row', { name: /^hello 1 0 0/ }).waitFor(BUILD);
  await page.getByRole('button', { name: 'Leave the class' }).click();
  await page.getByText('You have left the class. It keeps what you have sent.').waitFor({ timeout: 120_000 });
  await page.getByText('You have joined no class. Nothing is sent.').waitFor();
  await board.page.getByText('Ada, has left').waitFor();
  await clean(session);
  await clean(board);
});
