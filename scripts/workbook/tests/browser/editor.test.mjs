// The editor of an exercise card: typing, saving, checking, two editors at once, a runner that dies.
// One browser, one runner, in order.

import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { axe, clean, save, screenshot, site, startRunner, weightOf } from './support.mjs';

const book = site();
const { open } = book;
const folder = () => join(book.course, 'lessons/00-start/exercises/hello');
const file = () => join(folder(), 'exercise.rs');
const text = () => readFileSync(file(), 'utf8');
const stub = () => readFileSync(join(folder(), 'stub.rs'), 'utf8');
const solution = () => readFileSync(join(folder(), 'solution.rs'), 'utf8');
const kept = () => {
  const place = join(book.course, '.workbook/kept/hello');
  return existsSync(place) ? readdirSync(place).map(each => readFileSync(join(place, each), 'utf8')) : [];
};

/** Waits until `look` gives something true. */
async function until(look, what, limit = 20_000) {
  const end = Date.now() + limit;
  while (!await look()) {
    assert.ok(Date.now() < end, `in time: ${what}`);
    await pause(30);
  }
}

async function opened(session, { plain = false } = {}) {
  const { page } = session;
  await page.goto(`${book.address}/00-start.html`);
  if (plain) {
    await page.evaluate(() => localStorage.setItem('workbook-plain', 'true'));
  }
  const card = page.locator('[data-exercise="hello"]');
  await card.locator('.wb-badge').waitFor();
  await card.getByRole('button', { name: /^(Start|Edit here)$/ }).click();
  const field = card.getByRole('textbox', { name: 'exercise.rs of hello' });
  await field.waitFor();
  return { page, card, field, status: card.locator('.wb-edit-status') };
}

/** Puts `next` in the place of the whole text, as a paste does. */
async function replace(page, field, next) {
  await field.focus();
  await page.keyboard.press('Control+a');
  await page.keyboard.insertText(next);
}

// Before the page had an editor, chapter 01 weighed 154 KB; a tenth more is the limit.
const HEAVIEST = 154 * 1.1 * 1024;
test('chapter 01 weighs little more than before the editor, and the editor comes when it is opened', { timeout: 60_000 }, async () => {
  const session = await open();
  const { page, requests } = session;
  const files = await weightOf(page, `${book.address}/01-tcp.html`);
  const bytes = files.reduce((sum, file) => sum + file.bytes, 0);
  const list = files.map(file => `${(file.bytes / 1024).toFixed(1)} KB ${file.path}`).join('\n');
  assert.ok(files.length > 10 && bytes <= HEAVIEST, `${(bytes / 1024).toFixed(1)} KB, at most ${(HEAVIEST / 1024).toFixed(1)}:\n${list}`);
  await page.goto(`${book.address}/00-start.html`, { waitUntil: 'load' });
  await page.locator('[data-exercise="hello"] .wb-badge').waitFor();
  assert.deepEqual(requests.filter(url => /edit(or|ing)/.test(url)), [], 'no part of the editor');
  await page.locator('[data-exercise="hello"]').getByRole('button', { name: 'Start' }).click();
  await page.locator('.cm-content').waitFor();
  assert.ok(requests.some(url => /theme\/editor/.test(url)));
  assert.equal(await page.evaluate(() => document.querySelectorAll('[style*="cm-"], head style').length), 0, 'no style in the page itself');
  assert.equal(await page.evaluate(() => document.querySelector('.wb-edit-host > div').shadowRoot.adoptedStyleSheets.length > 0), true);
  // The console is quiet, so the policy was never met.
  await clean(session);
});

test('typing saves the file, the compiler answers, and a check passes: from the page alone', { timeout: 300_000 }, async () => {
  const session = await open();
  const { page, card, field, status } = await opened(session);
  const wrong = stub().replace('""', 'wire_is_not_a_name');
  assert.notEqual(wrong, stub());
  await replace(page, field, wrong);
  await until(() => text() === wrong, 'saved');
  await status.filter({ hasText: 'Saved in exercise.rs' }).waitFor();
  await card.locator('.wb-badge', { hasText: 'not passed yet' }).waitFor();
  const note = card.locator('.wb-notes li[data-level="error"]');
  await note.first().waitFor({ timeout: 240_000 });
  const line = wrong.split('\n').findIndex(each => each.includes('wire_is_not_a_name')) + 1;
  assert.match(await note.first().textContent(), new RegExp(`^Line ${line}: cannot find value`));
  await page.locator('.cm-lintRange-error').waitFor();
  await screenshot(page, 'editor-error');
  await note.first().getByRole('button').click();
  // Typing one key after the other, with the runner's own pace.
  await replace(page, field, solution());
  await page.keyboard.press('Control+End');
  // The first key is the page's own for its search.
  await page.keyboard.type('// the end', { delay: 60 });
  await until(() => text().endsWith('// the end'), 'the last key is in the file');
  await card.locator('.wb-edit-noted', { hasText: 'It compiles.' }).waitFor({ timeout: 100_000 });
  assert.equal(await card.locator('.wb-notes li').count(), 0);
  await page.keyboard.press('Control+Enter');
  await card.locator('.wb-verdict[data-status="passed"]').waitFor({ timeout: 200_000 });
  await card.locator('.wb-badge', { hasText: 'passed' }).waitFor();
  await card.getByRole('link', { name: /^Next: / }).waitFor();
  await screenshot(page, 'editor-passed');
  // A change after the verdict: the verdict says that it is older.
  await field.press('Control+End');
  await page.keyboard.type(' of it');
  await card.locator('.wb-older').waitFor();
  await until(() => text().endsWith('of it'), 'saved');
  await clean(session);
});

test('the keyboard alone: in, check, out by Tab', { timeout: 120_000 }, async () => {
  const session = await open();
  const { page } = session;
  await page.goto(`${book.address}/00-start.html`);
  const card = page.locator('[data-exercise="hello"]');
  await card.locator('.wb-badge').waitFor();
  await card.getByRole('button', { name: 'Edit here' }).focus();
  await page.keyboard.press('Enter');
  await page.locator('.cm-content').waitFor();
  const focused = () => page.evaluate(() => {
    const outer = document.activeElement;
    return (outer.shadowRoot?.activeElement ?? outer).className || outer.textContent;
  });
  await until(async () => /cm-content/.test(await focused()), 'the focus is in the editor');
  const before = text();
  await page.keyboard.press('Tab');
  assert.doesNotMatch(await focused(), /cm-content/, 'Tab leaves');
  await page.keyboard.press('Shift+Tab');
  assert.match(await focused(), /cm-content/, 'and Shift+Tab comes back');
  await page.keyboard.press('Shift+Tab');
  assert.doesNotMatch(await focused(), /cm-content/, 'and goes out at the other end');
  assert.equal(text(), before);
  await clean(session);
});

for (const [scheme, width] of [['light', 1200], ['dark', 1200], ['light', 390], ['dark', 390]]) {
  test(`axe finds nothing in the open editor: ${scheme}, ${width} px`, { timeout: 120_000 }, async () => {
    const session = await open({ scheme, width });
    const { page, card, field } = await opened(session);
    await replace(page, field, `${solution()}fn unused_here() {}\nlet x = 1;\n`);
    await card.locator('.wb-notes li[data-level="error"]').first().waitFor({ timeout: 100_000 });
    await card.locator('.wb-edit summary').click();
    const seen = await page.evaluate(() => document.querySelector('.wb-edit-host > div').shadowRoot.querySelectorAll('.cm-line').length);
    assert.ok(seen > 3);
    assert.deepEqual(await axe(page), []);
    assert.equal(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), true, 'nothing is wider than the screen');
    await card.locator('.wb-edit').scrollIntoViewIfNeeded();
    await screenshot(page, `editor-${scheme}-${width}`);
    await replace(page, field, solution());
    await until(() => text() === solution(), 'saved');
    await clean(session);
  });
}

for (const plain of [false, true]) {
  const kind = plain ? 'text area' : 'editor';
  const conflict = async (session, what) => {
    save(file(), solution());
    const { page, card, field } = await opened(session, { plain });
    const mine = `${solution()}// mine ${kind} ${what}\n`;
    const theirs = `// theirs ${kind} ${what}\n${solution()}`;
    // The other program saves in the moment between the page's last look and its save.
    await page.route('**/workbook/text/hello', route => {
      save(file(), theirs);
      return route.continue();
    }, { times: 1 });
    await replace(page, field, mine);
    const fight = card.locator('.wb-conflict');
    await fight.getByText('Nothing has been overwritten').waitFor();
    assert.equal(text(), theirs, 'the file is as the other program left it');
    return { page, card, field, fight, mine, theirs };
  };

  test(`${kind}: a file changed by another program is not overwritten`, { timeout: 120_000 }, async () => {
    const session = await open();
    const { page, fight, card, mine, theirs } = await conflict(session, 'one');
    assert.deepEqual(await axe(page), []);
    await fight.scrollIntoViewIfNeeded();
    await screenshot(page, `editor-conflict-${plain ? 'plain' : 'merge'}`);
    await fight.getByRole('button', { name: 'Take mine' }).click();
    await until(() => text() === mine, 'mine is in the file');
    assert.ok(kept().includes(theirs), 'the other text is kept');
    await card.locator('.wb-edit-status', { hasText: 'Saved' }).waitFor();
    session.trouble.splice(0, session.trouble.length, ...session.trouble.filter(each => !/status of 409/.test(each)));
    await clean(session);
  });

  test(`${kind}: the text of the file is taken, and one's own is kept`, { timeout: 120_000 }, async () => {
    const session = await open({ width: 390 });
    const { field, fight, mine, theirs } = await conflict(session, 'two');
    await screenshot(session.page, `editor-conflict-${plain ? 'plain' : 'merge'}-390`);
    await fight.getByRole('button', { name: 'Take the file’s', exact: true }).first().click();
    await until(() => kept().includes(mine), 'mine is kept');
    assert.equal(text(), theirs);
    await field.waitFor();
    session.trouble.splice(0, session.trouble.length, ...session.trouble.filter(each => !/status of 409/.test(each)));
    await clean(session);
  });

  test(`${kind}: a merged text is saved`, { timeout: 120_000 }, async () => {
    const session = await open();
    const { page, fight, theirs } = await conflict(session, 'three');
    const merge = fight.getByRole('textbox', { name: plain ? 'Your text' : 'Your text, to merge', exact: true });
    const both = `${theirs}// mine as well\n`;
    await replace(page, merge, both);
    await fight.getByRole('button', { name: 'Save the merged text' }).click();
    await until(() => text() === both, 'both are in the file');
    session.trouble.splice(0, session.trouble.length, ...session.trouble.filter(each => !/status of 409/.test(each)));
    await clean(session);
  });
}

test('an open editor without changes follows the file', { timeout: 60_000 }, async () => {
  save(file(), solution());
  const session = await open();
  const { page, card, field } = await opened(session);
  save(file(), `// from outside\n${solution()}`);
  await field.getByText('// from outside').waitFor({ timeout: 30_000 });
  await card.locator('.wb-edit-status', { hasText: 'Another program' }).waitFor();
  await page.close();
  await session.close();
});

test('hint, solution, reset and undo stand on the card, and agree with each other', { timeout: 200_000 }, async () => {
  const mine = `${solution()}// mine\n`;
  save(file(), mine);
  const session = await open();
  const { page, card } = await opened(session);
  const { length: hints } = await card.locator('.wb-hint').all();
  for (let at = 1; at <= hints; at += 1) {
    await card.getByRole('button', { name: `Hint ${at} of ${hints}` }).click();
    await card.locator('.wb-hint[open]').nth(at - 1).waitFor();
  }
  await card.getByText(`${hints} hint`).waitFor();
  await card.getByRole('button', { name: 'Reset', exact: true }).click();
  await card.getByRole('button', { name: 'Yes, reset' }).click();
  await until(() => text() === stub(), 'the stub is back');
  await until(async () => (await page.locator('.cm-content').textContent()).includes(stub().split('\n').find(each => each.startsWith('pub fn'))), 'the editor shows it');
  await card.getByRole('button', { name: 'Undo the reset' }).click();
  await until(() => text() === mine, 'the text is back');
  await card.getByRole('button', { name: 'Undo the reset' }).waitFor({ state: 'hidden' });
  await card.getByRole('button', { name: 'Solution' }).click();
  // Before a pass it asks first.
  const yes = card.getByRole('button', { name: 'Show the solution' });
  const shown = card.locator('.wb-solution', { hasText: solution().trim().split('\n').at(-2).trim() });
  await shown.or(yes).first().waitFor();
  if (await yes.isVisible()) {
    await yes.click();
  }
  await shown.waitFor();
  await card.getByRole('button', { name: 'Close the editor' }).click();
  await page.locator('.cm-content').waitFor({ state: 'detached' });
  await screenshot(page, 'card-passed');
  await clean(session);
});

// $EDITOR_KILLS is another number of kills, each of them about 4 s.
const kills = Number(process.env.EDITOR_KILLS ?? 5);
test('a runner that is killed while one types loses nothing', { timeout: 300_000 + kills * 10_000 }, async () => {
  save(file(), solution());
  const session = await open();
  const { page, field } = await opened(session);
  await field.press('Control+End');
  let expected = solution();
  for (let round = 0; round < kills; round += 1) {
    const piece = `// round ${round} of the kills, typed on and on\n`;
    const typing = page.keyboard.insertText(`// round ${round} `).then(() => page.keyboard.type('of the kills, typed on and on', { delay: 25 }));
    await pause(100 + (round * 137) % 900);
    await book.runner.kill();
    await typing;
    await page.keyboard.press('Enter');
    expected += piece;
    // All that was typed more than a second ago is in the file or in the browser.
    await pause(1000);
    const draft = await page.evaluate(() => localStorage.getItem('workbook-draft-hello'));
    assert.equal(text() === expected || JSON.parse(draft)?.text === expected, true, `round ${round}: ${text()} ${draft}`);
    const { address } = book;
    book.runner = await startRunner(book.course, Number(new URL(address).port));
    assert.equal(book.address, address, 'the port was free');
    if (round % 2) {
      await page.reload();
      await page.locator('[data-exercise="hello"]').getByRole('button', { name: /^(Start|Edit here)$/ }).click();
      await field.waitFor();
    }
    await until(() => text() === expected, `round ${round}: the text is in the file`, 30_000).catch(async error => {
      throw new Error(`${error.message}\n${text()}\n${expected}\n${await page.locator('.wb-edit').textContent()}`);
    });
    await field.press('Control+End');
  }
  await page.close();
  await session.close();
});

test('a text is saved when the page has the token of a runner that is gone', { timeout: 60_000 }, async () => {
  save(file(), solution());
  const session = await open();
  const { page, field } = await opened(session);
  await page.evaluate(() => { document.querySelector('meta[name="workbook-token"]').content = 'of the runner before'; });
  await field.press('Control+End');
  await page.keyboard.insertText('// typed with the old token\n');
  await until(() => text().endsWith('// typed with the old token\n'), 'the text is in the file');
  await page.close();
  await session.close();
});

test('the file opens in an editor of one’s own: by a link, or by a command for a terminal', { timeout: 60_000 }, async () => {
  const session = await open();
  const { page, card } = await opened(session);
  await card.getByText('Your own editor, and settings').click();
  const link = card.getByRole('link', { name: 'Open in my editor' });
  assert.equal(await link.getAttribute('href'), `vscode://file${encodeURI(file())}`);
  await card.getByLabel('My editor').selectOption('terminal');
  await card.getByText(`"$EDITOR" '${file()}'`).waitFor();
  await card.getByRole('button', { name: 'Copy the command' }).waitFor();
  assert.equal(await link.isVisible(), false);
  await page.reload();
  await card.getByRole('button', { name: /^(Start|Edit here)$/ }).click();
  await card.getByText('Your own editor, and settings').click();
  await card.getByText(`"$EDITOR" '${file()}'`).waitFor();
  await clean(session);
});
