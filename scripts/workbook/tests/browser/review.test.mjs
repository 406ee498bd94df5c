// The teacher's review of answers: groups judged by the real runner, one answer at a time, and a note to its author.

import assert from 'node:assert/strict';
import { createPublicKey, verify } from 'node:crypto';
import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { machine, runClass, startClass } from './classroom.mjs';
import { axe, clean, openBrowser, openPage, remove, repository, screenshot } from './support.mjs';

const all = {};
const phone = { width: 390, height: 844, isMobile: true, hasTouch: true };

before(async () => {
  all.folder = mkdtempSync(join(tmpdir(), 'class-review-'));
  all.class = await startClass(all.folder);
  all.address = `https://${all.class.address}`;
  const right = readFileSync(join(repository, 'lessons/00-start/exercises/hello/solution.rs'), 'utf8');
  const wrong = right.replaceAll('hello, wire', 'Hello, wire');
  const records = ['--file', join(all.folder, 'class.db')];
  const learners = [['Ada', right, 'passed'], ['Bob', wrong, 'failed'], ['Eve', wrong, 'passed']];
  for (const [name, text, status] of learners) {
    const folder = machine(join(all.folder, name), text, status);
    runClass(folder, 'join', all.class.code, '--name', name, '--once');
    runClass(folder, 'hand-in', '--to', 'answers.json');
    runClass(repository, 'take', join(folder, 'answers.json'), ...records);
  }
  runClass(repository, 'review', 'hello', ...records);
  all.browser = await openBrowser();
}, { timeout: 600_000 });

after(async () => {
  await all.browser?.close();
  await all.class?.stop();
  remove(all.folder);
});

/** The review page of a browser that has opened the board before. */
async function openReview(options) {
  const session = await openPage(all.browser, all.address, { ignoreHTTPSErrors: true, ...options });
  await session.page.goto(all.class.board);
  await session.page.getByRole('heading', { name: 'Members' }).waitFor();
  await session.page.goto(`${all.address}/review?id=hello`);
  await session.page.getByRole('heading', { name: 'Review of hello' }).waitFor();
  return session;
}

/** Whether the signature in a signed certificate is good: Ed25519 of Node in place of our own, as class.md describes it. */
function isSigned(text) {
  const [page, block] = text.split('<!-- signature of the class\n');
  const [, x, signature] = block.match(/^key: (.*)\nsignature: (.*)\n-->\n$/);
  const key = createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x }, format: 'jwk' });
  const signed = `workbook class message, version 1\ncertificate of a class, version 1\n${page}`;
  return verify(null, Buffer.from(signed), key, Buffer.from(signature, 'base64url'));
}

const buttons = page => page.locator('#groups button').allTextContents();

test('the page needs the board’s address first', { timeout: 60_000 }, async () => {
  const { page, close } = await openPage(all.browser, all.address, { ignoreHTTPSErrors: true });
  await page.goto(`${all.address}/review?id=hello`);
  await page.getByText('Open the board with its whole address first').waitFor();
  assert.equal(await page.locator('#groups button').count(), 0);
  await close();
});

test('answers that are alike stand together, and one is shown at a time', { timeout: 60_000 }, async () => {
  const session = await openReview();
  const { page } = session;
  const groups = page.locator('#groups > ul > li');
  assert.match(await groups.first().textContent(), /^2 failed.*2 alike: /);
  assert.match(await groups.nth(1).textContent(), /^1 passed.*1 alike: /);
  assert.deepEqual(await buttons(page), ['Bob', 'Eve (claim does not hold)', 'Ada']);
  assert.ok(!(await page.locator('#shown').isVisible()), 'no answer before one is chosen');
  await page.getByRole('button', { name: 'Bob' }).click();
  await page.getByRole('heading', { name: 'Answer of Bob' }).waitFor();
  await page.locator('#answer pre', { hasText: 'Hello, wire' }).waitFor();
  assert.equal(await page.locator('#claim').textContent(), '');
  await page.getByRole('button', { name: /^Eve/ }).click();
  await page.getByText('The file claims “passed”, the judge says “failed”.').waitFor();
  await page.getByRole('button', { name: 'Ada' }).click();
  await page.getByRole('heading', { name: 'Answer of Ada' }).waitFor();
  assert.equal(await page.locator('#answer pre').count(), 1, 'one answer at a time');
  assert.ok(!(await page.locator('#message').isVisible()), 'a passed answer has no message');
  await clean(session);
});

test('the projector gets one answer without its name, until it is taken away', { timeout: 60_000 }, async () => {
  const session = await openReview();
  const { page } = session;
  const wall = await page.context().newPage();
  await wall.goto(`${all.address}/projector`);
  await page.getByRole('button', { name: /^Eve/ }).click();
  await page.getByRole('button', { name: 'Show on the projector, without the name' }).click();
  await wall.locator('#answer pre', { hasText: 'Hello, wire' }).waitFor();
  for (const name of ['Ada', 'Bob', 'Eve']) {
    assert.ok(!(await wall.textContent('body')).includes(name), name);
  }
  await page.getByRole('button', { name: 'Take it away' }).click();
  await wall.locator('#answered').waitFor({ state: 'hidden' });
  await clean(session);
});

test('a note goes to the author of the answer alone', { timeout: 60_000 }, async () => {
  const session = await openReview();
  const { page } = session;
  await page.getByRole('button', { name: 'Bob' }).click();
  await page.getByLabel('A note to this learner alone').fill('Compare the first letter.');
  await page.getByRole('button', { name: 'Send' }).click();
  await page.getByText('The note is on its way to Bob.').waitFor();
  const heard = name => runClass(join(all.folder, name), 'join', '--once');
  assert.match(heard('Bob'), /A note to you: Compare the first letter\./);
  assert.doesNotMatch(heard('Ada'), /A note/);
  await clean(session);
});

test('a signed certificate verifies elsewhere, is one sheet on paper and fits a phone', { timeout: 60_000 }, async () => {
  const folder = join(all.folder, 'Ada');
  runClass(folder, 'certificate', '--to', 'ada.html');
  runClass(repository, 'sign', join(folder, 'ada.html'), '--file', join(all.folder, 'class.db'));
  const text = readFileSync(join(folder, 'ada-signed.html'), 'utf8');
  assert.ok(isSigned(text));
  assert.ok(!isSigned(text.replace('Ada', 'Eve')));
  const board = await openPage(all.browser, all.address, { ignoreHTTPSErrors: true });
  await board.page.goto(all.class.board);
  const { key } = JSON.parse(text.split('id="certificate">')[1].split('</script>')[0]).class;
  await board.page.locator('#key', { hasText: key }).waitFor();
  await clean(board);
  const session = await openPage(all.browser, 'file://', phone);
  const { page } = session;
  await page.goto(`file://${join(folder, 'ada-signed.html')}`);
  await page.getByRole('heading', { name: 'Ada' }).waitFor();
  await page.getByText('by the class “Course 7”').waitFor();
  assert.deepEqual(await axe(page), []);
  assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= window.innerWidth), 'it does not scroll sideways');
  await screenshot(page, 'class-certificate-390');
  const pdf = await page.pdf({ preferCSSPageSize: true });
  assert.match(pdf.toString('latin1'), /\/Count 1\b/, 'one sheet');
  await clean(session);
});

test('axe finds nothing on the review: light, dark and on a phone', { timeout: 120_000 }, async () => {
  for (const options of [{}, { scheme: 'dark' }, phone]) {
    const session = await openReview(options);
    const { page } = session;
    await page.getByRole('button', { name: /^Eve/ }).click();
    await page.getByRole('heading', { name: 'Answer of Eve' }).waitFor();
    assert.deepEqual(await axe(page), [], JSON.stringify(options));
    assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= window.innerWidth),
      `the page does not scroll sideways: ${JSON.stringify(options)}`);
    await screenshot(page, `class-review-${options.scheme ?? options.width ?? 'light'}`);
    await clean(session);
  }
});
