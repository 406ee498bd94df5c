// The served book in headless Chromium, as a reader meets it: checks, demos, quizzes, live state, by
// mouse and by keyboard, in light and dark, on a phone. One browser, one runner, in order.

import assert from 'node:assert/strict';
import { appendFileSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { axe, clean, colours, inTabs, notColours, pagesOf, save, screenshot, site, startRunner } from './support.mjs';

const book = site();
const { open } = book;
const exercise = (lesson, id) => join(book.course, 'lessons', lesson, 'exercises', id);
const solution = (lesson, id) => readFileSync(join(exercise(lesson, id), 'solution.rs'), 'utf8');

test('the text that one begins with is not started, and has not failed', { timeout: 240_000 }, async () => {
  const session = await open();
  const { page } = session;
  await page.goto(`${book.address}/00-start.html`);
  const card = page.locator('[data-exercise="hello"]');
  const badge = card.locator('.wb-badge', { hasText: /^not started$/ });
  await badge.waitFor();
  assert.equal(await card.locator('.wb-verdict[data-status="failed"]').count(), 0, 'nothing has failed yet');
  await card.locator('button[data-check="hello"]').click();
  await card.locator('.wb-verdict[data-status="untouched"]').waitFor({ timeout: 200_000 });
  const said = await card.locator('.wb-verdict').textContent();
  assert.match(said, /^Not startedThis is the text that you begin with/);
  assert.match(said, /You returned nothing/);
  assert.match(said, /check\.rs:\d+/);
  // The terminal has judged this answer before; the output is that of our own request.
  await card.locator('.wb-log', { hasText: 'test says_hello ... FAILED' }).waitFor({ state: 'attached', timeout: 60_000 });
  await badge.waitFor();
  await screenshot(page, 'check-untouched');
  await clean(session);
});

test('the first page has one Start button, and it leads to lesson 00', { timeout: 60_000 }, async () => {
  const session = await open();
  const { page } = session;
  await page.goto(`${book.address}/`);
  const start = page.locator('.start a');
  assert.equal(await start.count(), 1);
  const seen = await start.boundingBox();
  assert.ok(seen.y + seen.height < 900, `Start is on the first screen: ${seen.y}`);
  await start.click();
  await page.waitForURL(`${book.address}/00-start.html`);
  assert.match(await page.locator('a[rel="prev"]').textContent(), /Welcome/);
  await clean(session);
});

test('the page Set up says what is missing here and links to its sections', { timeout: 60_000 }, async () => {
  const session = await open();
  const { page } = session;
  await page.goto(`${book.address}/set-up.html`);
  const place = page.locator('.wb-doctor');
  await place.locator('li, p', { hasNotText: 'Looking' }).first().waitFor({ timeout: 30_000 });
  for (const link of await place.locator('a').all()) {
    assert.equal(await page.locator(await link.getAttribute('href')).count(), 1, 'the section is there');
  }
  await clean(session);
});

test('while a lesson is compiled for the first time, the card says how long that takes', { timeout: 60_000 }, async () => {
  const session = await open();
  const { page } = session;
  await page.goto(`${book.address}/06-grpc.html`);
  const [stated, said, later] = await page.locator('[data-exercise="deadline"]').evaluate(section => {
    const { line } = window.workbookCard({});
    // What cargo says about its first check, and about one after an edit.
    const after = output => {
      const box = { section, since: performance.now(), state: document.createElement('p') };
      line(box, output);
      return box.state.textContent;
    };
    return [section.dataset.build, after('   Compiling prost v0.14.1\n'), after('   Compiling l06-grpc v0.2.0 (/lessons)\n')];
  });
  assert.match(stated, /^\d+$/);
  assert.equal(said, `Compiling lesson 06 with its libraries; the first time takes about ${stated} s: prost (0 s) …`);
  assert.equal(later, 'Compiling lesson 06: l06-grpc (0 s) …');
  await clean(session);
});

test('a failing answer: badge, verdict and a page that is opened later say the same', { timeout: 120_000 }, async () => {
  const session = await open();
  const { page } = session;
  await page.goto(`${book.address}/00-start.html`);
  const card = page.locator('[data-exercise="hello"]');
  await card.locator('.wb-badge').waitFor();
  const file = join(exercise('00-start', 'hello'), 'exercise.rs');
  const stub = readFileSync(file, 'utf8');
  save(file, stub.replace('""', '"Hello, wire"'));
  await card.locator('.wb-verdict[data-status="failed"]').waitFor({ timeout: 100_000 });
  assert.match(await card.locator('.wb-verdict').textContent(), /a program compares bytes/);
  await card.locator('.wb-badge', { hasText: /^not passed yet$/ }).waitFor();
  await screenshot(page, 'check-failed');
  await page.reload();
  await card.locator('.wb-verdict-head', { hasText: 'Your last answer failed' }).waitFor();
  await card.locator('.wb-badge', { hasText: /^not passed yet$/ }).waitFor();
  // Back to the beginning: no verdict is left of the old text.
  save(file, stub);
  await card.locator('.wb-verdict-head').waitFor({ state: 'detached', timeout: 60_000 });
  await clean(session);
});

test('a save in the editor: card, sidebar and progress follow without a reload', { timeout: 120_000 }, async () => {
  const session = await open();
  const { page } = session;
  await page.goto(`${book.address}/00-start.html`);
  const card = page.locator('[data-exercise="hello"]');
  await card.locator('.wb-badge').waitFor();
  assert.match(await card.locator('.wb-badge').textContent(), /^not (started|passed yet)$/);
  save(join(exercise('00-start', 'hello'), 'exercise.rs'), solution('00-start', 'hello'));
  await page.locator('[data-exercise="hello"][data-state="passed"]').waitFor({ timeout: 60_000 });
  await card.locator('.wb-verdict[data-status="passed"]').waitFor();
  await card.locator('.wb-why').waitFor();
  assert.match(await card.locator('.wb-next a').getAttribute('href'), /^01-tcp\.html#exercise-/, 'the way to the next exercise');
  assert.ok((await card.locator('.wb-why').textContent()).length > 40, 'the why of the solution is told');
  const sidebar = page.locator('#sidebar .chapter a[href*="00-start"] .wb-count');
  assert.match(await sidebar.textContent(), /1\/1/);
  assert.equal(await page.locator('#wb-course progress').getAttribute('value'), '1');
  await screenshot(page, 'passed-live');
  await clean(session);
});

test('an answer that hangs is ended and told, and can be stopped by its button', { timeout: 240_000 }, async () => {
  const session = await open();
  const { page } = session;
  await page.goto(`${book.address}/01-tcp.html`);
  const card = page.locator('[data-exercise="frames"]');
  const file = join(exercise('01-tcp', 'frames'), 'exercise.rs');
  const hangs = solution('01-tcp', 'frames').replace('let mut digits = None;', 'let mut digits = None; while digits.is_none() { std::hint::spin_loop(); }');
  assert.notEqual(hangs, solution('01-tcp', 'frames'));
  save(file, hangs);
  await card.locator('.wb-verdict[data-status="timed-out"]').waitFor({ timeout: 200_000 });
  assert.match(await card.locator('.wb-verdict').textContent(), /did not finish/);
  await card.locator('button[data-check="frames"]').click();
  const stop = card.getByRole('button', { name: 'Stop' });
  await stop.waitFor();
  await card.locator('.wb-log', { hasText: 'running' }).waitFor({ state: 'attached' });
  await stop.click();
  await stop.waitFor({ state: 'hidden' });
  save(file, solution('01-tcp', 'frames'));
  await page.locator('[data-exercise="frames"][data-state="passed"]').waitFor({ timeout: 60_000 });
  await clean(session);
});

test('a prediction is locked in before the demo runs, and the narration is streamed', { timeout: 240_000 }, async () => {
  const session = await open();
  const { page } = session;
  await page.goto(`${book.address}/01-tcp.html`);
  const section = page.locator('.wb-predict[data-demo="01-tcp"]').first();
  const run = section.locator('button[data-run="01-tcp"]');
  await run.waitFor();
  assert.equal(await run.isDisabled(), true, 'no demo before a prediction');
  const result = page.locator('details.wb-result').first();
  await result.locator('summary').click();
  assert.equal(await result.evaluate(details => details.open), false, 'no result before a prediction');
  // By the keyboard: the page may still scroll to the question, and a click would miss it.
  await section.locator('input[type="radio"]').first().press('Space');
  assert.equal(await run.isDisabled(), true, 'picked is not locked in');
  await section.getByRole('button', { name: 'Lock in my prediction' }).click();
  assert.equal(await run.isDisabled(), false);
  assert.equal(await section.locator('input[type="radio"]').first().isDisabled(), true, 'locked in');
  assert.equal(await result.evaluate(details => details.open), true, 'the result is open after the prediction');
  await run.click();
  await section.locator('.wb-state', { hasText: 'The demo has ended.' }).waitFor({ timeout: 200_000 });
  const log = await section.locator('.wb-log').textContent();
  assert.ok(log.split('\n').length > 10, `a narration, not a line:\n${log}`);
  assert.equal(await section.locator('.wb-shown[data-answer="right"]').count(), 1, 'the right option is marked');
  const seen = await section.locator('.wb-log').evaluate(box => {
    const line = document.createRange();
    const at = box.textContent.indexOf('\n2. ') + 1;
    line.setStart(box.firstChild, at);
    line.setEnd(box.firstChild, at + 2);
    return line.getBoundingClientRect().top - box.getBoundingClientRect().top;
  });
  assert.ok(seen >= 0 && seen < 40, `the output begins at its scene: ${seen}`);
  await page.reload();
  await run.waitFor();
  assert.equal(await run.isDisabled(), false, 'the prediction is remembered');
  await screenshot(page, 'demo');
  await clean(session);
});

test('a quiz by keyboard alone', { timeout: 60_000 }, async () => {
  const session = await open();
  const { page } = session;
  await page.goto(`${book.address}/01-tcp.html`);
  const quiz = page.locator('.wb-quiz').first();
  await quiz.locator('fieldset').waitFor();
  // From the top of the page with the Tab key only, as a reader without a mouse.
  const inQuiz = () => quiz.evaluate(section => section.contains(document.activeElement) && document.activeElement.tagName === 'INPUT');
  let presses = 0;
  while (!(await inQuiz())) {
    await page.keyboard.press('Tab');
    presses += 1;
    assert.ok(presses < 400, 'Tab never reaches the quiz');
  }
  const right = await quiz.locator('.wb-option').evaluateAll(options => options.findIndex(option => option.dataset.answer === 'right'));
  await page.keyboard.press('Space');
  for (let step = 0; step < right; step += 1) {
    await page.keyboard.press('ArrowDown');
  }
  await page.keyboard.press('Tab');
  await page.keyboard.press('Enter');
  assert.equal(await quiz.getAttribute('data-result'), 'right');
  const explained = await quiz.locator('.wb-option .wb-explain').evaluateAll(all => all.map(node => !node.hidden && node.textContent.trim().length > 0));
  assert.ok(explained.length >= 2 && explained.every(Boolean), 'every option is explained');
  await screenshot(page, 'quiz');
  await clean(session);
});

test('the verdict of the Check button is reached by keyboard, and told to a screen reader', { timeout: 120_000 }, async () => {
  const session = await open();
  const { page } = session;
  await page.goto(`${book.address}/00-start.html`);
  await page.locator('button[data-check="hello"]').focus();
  await page.keyboard.press('Enter');
  await page.locator('[data-exercise="hello"] .wb-verdict[data-status="passed"]').waitFor({ timeout: 60_000 });
  assert.equal(await page.locator('[data-exercise="hello"] .wb-verdict').getAttribute('role'), 'status');
  await clean(session);
});

test('the text of a chapter is updated while it is read', { timeout: 60_000 }, async () => {
  const session = await open();
  const { page } = session;
  await page.goto(`${book.address}/glossary.html`);
  const other = await open();
  await other.page.goto(`${book.address}/01-tcp.html`);
  for (const each of [page, other.page]) {
    // From here on it hears of a new version.
    await each.locator('#wb-course progress').waitFor();
  }
  const listing = await other.page.locator('#content pre').first().elementHandle();
  const asked = other.page.waitForResponse(reply => reply.url().endsWith('/01-tcp.html'));
  const file = join(book.course, 'book/src/glossary.md');
  save(file, `${readFileSync(file, 'utf8')}\n\nA line that was not there before.\n`);
  await page.getByText('A line that was not there before.').waitFor({ timeout: 20_000 });
  // A page whose own text is the same keeps what it has.
  await (await asked).finished();
  await other.page.waitForTimeout(500);
  assert.ok(await listing.evaluate(node => node.isConnected), 'the unchanged page was replaced');
  await clean(session);
  await clean(other);
});

/** All pages of the book. */
async function everyPage() {
  const session = await open();
  const pages = await pagesOf(session.page, book.address);
  await clean(session);
  assert.ok(pages.length >= 9, `only ${pages}`);
  return pages;
}

test('the page of beliefs: met, overcome and met again, what is due, and what was answered here', { timeout: 60_000 }, async () => {
  mkdirSync(join(book.course, '.workbook'), { recursive: true });
  const lines = [
    ['budget', 'three-is-few'], ['budget'],
    ['dispatch', 'a-method-name-is-enough'], ['dispatch'], ['dispatch', 'a-method-name-is-enough'], ['dispatch'],
    ['echo', 'the-network-works'], ['echo'], ['echo', 'the-network-works'],
  ].map(([id, belief]) => JSON.stringify({
    v: 1, at: 1_700_000_000, id, kind: 'attempt', status: belief ? 'failed' : 'passed', seconds: 0.1, hash: '0', belief,
  }));
  appendFileSync(join(book.course, '.workbook', 'attempts.jsonl'), `\n${lines.join('\n')}\n`);
  const session = await open();
  const { page } = session;
  await page.goto(`${book.address}/beliefs.html`);
  await page.locator('.wb-answered', { hasText: 'You have answered no prediction' }).waitFor();
  const beliefs = page.locator('.wb-beliefs');
  await beliefs.getByText("The method's name alone says what to call.").first().waitFor();
  const text = await beliefs.textContent();
  assert.equal(await beliefs.locator('strong code', { hasText: 'unwrap' }).count(), 1, 'backticks are code');
  assert.match(text, /met once, in budget: overcome/);
  assert.match(text, /met 2 times, in dispatch: overcome, after it had come back/);
  assert.match(text, /met 2 times, in echo: it came back, and is open/);
  assert.ok(await beliefs.locator('h3 a', { hasText: '01 TCP: a stream of bytes' }).count() === 1, 'by lesson, with its title');
  const due = beliefs.locator('ul').first().locator('li', { hasText: 'Another exercise in which it can be met: retry-storm' });
  assert.equal(await due.locator('a').getAttribute('href'), '12-resilience.html#exercise-retry-storm');
  // The belief of `dispatch` is known to no other exercise.
  const same = beliefs.locator('ul').first().locator('li', { hasText: 'Reset this one and do it again: dispatch' });
  assert.equal(await same.locator('a').getAttribute('href'), '02-rpc.html#exercise-dispatch');
  await page.goto(`${book.address}/00-start.html`);
  const quiz = page.locator('[data-quiz]').first();
  const answer = async right => {
    await quiz.locator(`[data-answer="${right}"] input`).first().check();
    await quiz.locator('button').click();
  };
  await answer('wrong');
  await answer('right');
  const prediction = page.locator('[data-predict]').first();
  await prediction.locator('[data-answer="right"] input').first().check();
  await prediction.getByRole('button', { name: 'Lock in my prediction' }).click();
  await page.goto(`${book.address}/beliefs.html`);
  const answered = page.locator('.wb-answered');
  await answered.getByText('0 of 1 right at the first answer').waitFor();
  await answered.getByText('1 of 1 right at the first answer').waitFor();
  await answered.locator('li', { hasText: /, and right since then$/ }).waitFor();
  const links = await answered.locator('li a').evaluateAll(all => all.map(link => link.getAttribute('href')));
  assert.deepEqual(links, ['00-start.html', '00-start.html']);
  // A new version of the page's text keeps both lists.
  const file = join(book.course, 'book/src/beliefs.md');
  save(file, `${readFileSync(file, 'utf8')}\n\nA line that was not there before.\n`);
  await page.getByText('A line that was not there before.').waitFor({ timeout: 20_000 });
  await answered.getByText('0 of 1 right at the first answer').waitFor();
  await beliefs.getByText("The method's name alone says what to call.").first().waitFor();
  assert.deepEqual(await axe(page), []);
  await screenshot(page, 'beliefs');
  await clean(session);
});

// Dark and light differ in their colours, a phone in its layout; so each rule of axe runs where it can find something new.
for (const [scheme, rules] of [['light', {}], ['dark', colours]]) {
  test(`axe finds nothing on any page, ${scheme}`, { timeout: 240_000 }, async () => {
    await inTabs(() => open({ scheme }), await everyPage(), async ({ page }, name) => {
      await page.goto(`${book.address}/${name}`, { waitUntil: 'load' });
      await page.locator('#wb-course progress').waitFor();
      assert.deepEqual(await axe(page, rules), [], `${name}, ${scheme}`);
      await screenshot(page, `${name.replace('.html', '').replaceAll('/', '-')}-${scheme}`);
    });
  });
}

/**
 * What a reader on a phone would miss on the page that is open, all folds opened: the body wider than the screen, a table, listing
 * or picture that is cut off or does not show that it goes on, a picture with labels below 12 px.
 */
const missedOnPhone = () => {
  const missed = [];
  document.querySelectorAll('#content details').forEach(details => { details.open = true; });
  dispatchEvent(new Event('resize'));
  const over = document.documentElement.scrollWidth - document.documentElement.clientWidth;
  if (over > 0) {
    missed.push(`the page is ${over} px wider than the screen`);
  }
  const name = node => `${node.tagName} ${(node.currentSrc ?? node.textContent).trim().slice(-30)}`;
  for (const node of document.querySelectorAll('#content table, #content pre, #content p > img')) {
    const box = node.closest('.table-wrapper, .picture, pre');
    if (!node.checkVisibility() || node.closest('.wb-live')) {
      continue;
    }
    if (!box || !/auto|scroll/.test(getComputedStyle(box).overflowX)) {
      missed.push(`${name(node)} does not scroll`);
    } else if (box.scrollWidth > box.clientWidth + 1) {
      const shadow = node.tagName === 'PRE' ? getComputedStyle(box.closest('.code-block'), '::after').backgroundImage : getComputedStyle(box).backgroundAttachment;
      if (box.tabIndex !== 0 || !/gradient|local.*scroll/.test(shadow)) {
        missed.push(`${name(node)} goes on to the right and does not show it`);
      }
    }
  }
  const images = [...document.querySelectorAll('#content p > img[src$=".svg"]')].filter(image => image.checkVisibility());
  return Promise.all(images.map(async image => {
    const text = await (await fetch(image.src)).text();
    const drawing = new DOMParser().parseFromString(text, 'image/svg+xml').documentElement;
    const sizes = [...text.matchAll(/font(?:-size)?\s*[:=]\s*"?[^";}]*?([\d.]+)px|font-size="([\d.]+)"/g)].map(found => Number(found[1] ?? found[2]));
    const shown = Math.min(...sizes) * image.getBoundingClientRect().width / drawing.viewBox.baseVal.width;
    if (!(shown >= 12)) {
      missed.push(`${name(image)} has labels of ${shown.toFixed(1)} px`);
    }
  })).then(() => missed);
};

test('on a phone nothing is cut off or runs off the side, labels are readable, and axe finds nothing', { timeout: 240_000 }, async () => {
  const phone = { width: 360, height: 740, isMobile: true, hasTouch: true };
  await inTabs(() => open(phone), await everyPage(), async ({ page }, name) => {
    await page.goto(`${book.address}/${name}`, { waitUntil: 'load' });
    await screenshot(page, `${name.replace('.html', '')}-phone`);
    assert.deepEqual(await axe(page, notColours), [], name);
    assert.deepEqual(await page.evaluate(missedOnPhone), [], name);
  });
});

test('on a phone a wide picture keeps readable labels and scrolls, and a wide table shows that it goes on', { timeout: 60_000 }, async () => {
  const session = await open({ width: 390, height: 844, isMobile: true, hasTouch: true });
  const { page } = session;
  await page.goto(`${book.address}/10-discover.html`, { waitUntil: 'load' });
  const picture = page.locator('.picture', { has: page.locator('img[src*="discover.svg"]') });
  const [shown, inside] = await picture.evaluate(box => [box.clientWidth, box.scrollWidth]);
  // Its smallest labels have 14.5 px in 740; 12 px are readable.
  assert.ok(inside >= 740 * 12 / 14.5, `${inside} px wide`);
  assert.ok(inside > shown, 'it scrolls');
  assert.equal(await picture.getAttribute('tabindex'), '0', 'also with the keyboard');
  assert.match(await picture.getAttribute('aria-label'), /scroll sideways/);
  await picture.scrollIntoViewIfNeeded();
  await screenshot(page, 'phone-picture');
  const table = page.locator('.table-wrapper').filter({ visible: true }).first();
  assert.match(await table.evaluate(box => getComputedStyle(box).backgroundAttachment), /local.*scroll/);
  await clean(session);
});

test('axe finds nothing on the page for printing, which has the texts of all others', { timeout: 240_000 }, async () => {
  const session = await open();
  await session.page.goto(`${book.address}/print.html`, { waitUntil: 'load' });
  assert.deepEqual(await axe(session.page, notColours), []);
  await screenshot(session.page, 'print-light');
  await clean(session);
});

test('search finds a word and loads its index only then', { timeout: 60_000 }, async () => {
  const session = await open();
  const { page, requests } = session;
  await page.goto(`${book.address}/welcome.html`);
  await page.locator('#wb-course progress').waitFor();
  assert.deepEqual(requests.filter(url => url.includes('searchindex')), [], 'no index before a search');
  await page.keyboard.press('/');
  await page.keyboard.type('socket', { delay: 20 });
  await page.locator('#search-results li').first().waitFor({ timeout: 20_000 });
  await clean(session);
});

test('when the runner goes away the page says so, and a new one is told from the old', { timeout: 120_000 }, async () => {
  const session = await open();
  const { page } = session;
  await page.goto(`${book.address}/welcome.html`);
  await page.locator('#wb-course progress').waitFor();
  await book.runner.stop();
  await page.locator('.wb-banner').waitFor({ timeout: 60_000 });
  await screenshot(page, 'runner-gone');
  assert.deepEqual(session.foreign(), []);
  await session.close();
  book.runner = await startRunner(book.course);
});
