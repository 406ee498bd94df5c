// A class on one laptop: the teacher's board, the projector, and phones that vote twice, in a browser that accepts the
// certificate which was made on the spot.

import assert from 'node:assert/strict';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { startClass } from './classroom.mjs';
import { axe, clean, openBrowser, openPage, remove, screenshot } from './support.mjs';

const all = {};

before(async () => {
  all.folder = mkdtempSync(join(tmpdir(), 'class-browser-'));
  all.class = await startClass(all.folder);
  all.address = `https://${all.class.address}`;
  all.browser = await openBrowser();
}, { timeout: 600_000 });

after(async () => {
  await all.browser?.close();
  await all.class?.stop();
  remove(all.folder);
});

const open = options => openPage(all.browser, all.address, { ignoreHTTPSErrors: true, ...options });
const phone = { width: 390, height: 844, isMobile: true, hasTouch: true };

async function openBoard(options) {
  const session = await open(options);
  await session.page.goto(all.class.board);
  await session.page.getByRole('heading', { name: 'Board: Course 7' }).waitFor();
  return session;
}

/** A phone that has typed the room code. */
async function openPhone(options = phone) {
  const session = await open(options);
  await session.page.goto(`${all.address}/join`);
  await session.page.getByLabel('Room code').fill(all.class.room.toLowerCase());
  await session.page.getByRole('button', { name: 'Join' }).click();
  await session.page.locator('#inside').waitFor();
  return session;
}

const fits = page => page.evaluate(() => document.documentElement.scrollWidth <= window.innerWidth);

test('the board needs its token, and keeps it out of the address', { timeout: 60_000 }, async () => {
  const without = await open();
  await without.page.goto(`${all.address}/board`);
  await without.page.getByText('This page needs the whole address').waitFor();
  assert.ok(!(await without.page.getByRole('heading', { name: 'Members' }).isVisible()));
  await without.close();
  const session = await openBoard();
  assert.equal(session.page.url(), `${all.address}/board`);
  await session.page.locator('.code', { hasText: all.class.code }).waitFor();
  const drawn = await session.page.locator('#picture').evaluate(async picture => {
    await picture.decode();
    return picture.naturalWidth;
  });
  assert.ok(drawn >= 200, `the QR code is ${drawn} wide`);
  await clean(session);
});

test('a poll: phones vote, discuss and vote again; the projector shows both at the end', { timeout: 120_000 }, async () => {
  const [board, wall, one, two] = [await openBoard(), await open(), await openPhone(), await openPhone()];
  // The projector's page is opened from the board, in the same browser: it has the same cookie.
  await wall.page.context().addCookies(await board.page.context().cookies());
  await wall.page.goto(`${all.address}/projector`);
  await one.page.getByText('No poll is open').waitFor();
  const quiz = await board.page.locator('#question option', { hasText: 'quiz' }).first().getAttribute('value');
  await board.page.locator('#question').selectOption(quiz);
  await board.page.getByRole('button', { name: 'Start the poll' }).click();
  const vote = async ({ page }, letter) => {
    await page.getByRole('button', { name: new RegExp(`^${letter}\\b`) }).click();
    await page.getByText(`Your vote: ${letter}.`).waitFor();
  };
  await vote(one, 'A');
  await vote(two, 'A');
  await vote(two, 'B');
  await wall.page.getByText('First vote: alone · 2 votes').waitFor();
  assert.equal(await wall.page.locator('.bar').count(), 0, 'no bar before the end');
  await board.page.getByRole('button', { name: 'Stop the vote: discuss' }).click();
  await one.page.getByText('Discuss with your neighbour').waitFor();
  assert.equal(await one.page.locator('#options button').count(), 0, 'no vote while they discuss');
  await board.page.getByRole('button', { name: 'Vote again' }).click();
  await vote(one, 'B');
  await vote(two, 'B');
  await screenshot(one.page, 'class-phone');
  assert.deepEqual(await axe(one.page), []);
  assert.ok(await fits(one.page), 'the phone does not scroll sideways');
  await board.page.getByRole('button', { name: 'Show both votes', exact: true }).click();
  await wall.page.getByText('Vote 2: 100 % (2)').waitFor();
  await wall.page.getByText('Vote 1: 50 % (1)').first().waitFor();
  await wall.page.getByText('Right.').waitFor();
  await screenshot(wall.page, 'class-projector');
  assert.deepEqual(await axe(wall.page), []);
  assert.equal(await wall.page.getByRole('button').count(), 0, 'no control on the projector');
  await board.page.getByRole('button', { name: 'End the poll' }).first().click();
  await one.page.getByText('No poll is open').waitFor();
  // A phone that comes back is still the same voter.
  await one.page.goto(`${all.address}/join`);
  await one.page.getByText('No poll is open').waitFor();
  for (const session of [board, wall, one, two]) {
    await clean(session);
  }
});

test('a wrong room code is refused with a reason', { timeout: 60_000 }, async () => {
  const session = await open(phone);
  await session.page.goto(`${all.address}/join`);
  await session.page.getByLabel('Room code').fill('BBBBBB');
  await session.page.getByRole('button', { name: 'Join' }).click();
  await session.page.getByText('this class has another room code').waitFor();
  assert.ok(await session.page.getByLabel('Room code').isVisible());
  await session.close();
});

test('a line, a stop point and a lesson reach phones and projector', { timeout: 60_000 }, async () => {
  const [board, one] = [await openBoard(), await openPhone()];
  await board.page.getByLabel('A line to all').fill('Break at <b>ten</b>.');
  await board.page.getByRole('button', { name: 'Send' }).click();
  await one.page.getByText('Break at <b>ten</b>.').waitFor();
  await board.page.getByLabel('Stop point').fill('after frames');
  await board.page.getByRole('button', { name: 'Set' }).click();
  await one.page.getByText('Stop point: after frames').waitFor();
  await board.page.getByRole('combobox', { name: 'Lesson' }).selectOption('01-tcp');
  await board.page.getByRole('button', { name: 'Open or close' }).click();
  await board.page.getByRole('rowheader', { name: 'frames' }).waitFor();
  await clean(board);
  await clean(one);
});

test('axe finds nothing on the three pages: light, dark and on a phone', { timeout: 120_000 }, async () => {
  for (const options of [{}, { scheme: 'dark' }, phone]) {
    const board = await openBoard(options);
    await board.page.getByRole('rowheader', { name: 'frames' }).waitFor();
    for (const path of ['/board', '/projector', '/join']) {
      await board.page.goto(`${all.address}${path}`);
      await board.page.locator('section >> visible=true').or(board.page.locator('#enter >> visible=true')).first().waitFor();
      assert.deepEqual(await axe(board.page), [], `${path} ${JSON.stringify(options)}`);
      assert.ok(await fits(board.page), `${path} does not scroll sideways: ${JSON.stringify(options)}`);
      await screenshot(board.page, `class${path.replace('/', '-')}-${options.scheme ?? options.width ?? 'light'}`);
    }
    await clean(board);
  }
});
