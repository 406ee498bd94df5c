// The way through the course: the map, the last place, the sidebar, one's own service. One browser, one runner, in order.

import assert from 'node:assert/strict';
import { appendFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { axe, clean, colours, screenshot, site } from './support.mjs';

const book = site();
const { open } = book;

/** Puts attempts into the record, as checks do. */
function attempts(...pairs) {
  mkdirSync(join(book.course, '.workbook'), { recursive: true });
  const lines = pairs.map(([id, status]) => JSON.stringify({ v: 1, at: 1_700_000_000, id, kind: 'attempt', status, seconds: 0.1, hash: '0' }));
  appendFileSync(join(book.course, '.workbook', 'attempts.jsonl'), `${lines.join('\n')}\n`);
}

/** Presses Tab until `selector` has the focus. */
async function tabTo(page, selector, most = 150) {
  for (let presses = 0; !(await page.evaluate(wanted => document.activeElement.matches(wanted), selector)); presses += 1) {
    assert.ok(presses < most, `Tab never reaches ${selector}`);
    await page.keyboard.press('Tab');
  }
}

/** Axe in dark and on a phone, and nothing wider than the phone. */
async function elsewhere(path, ready, name) {
  for (const [scheme, width, rules] of [['dark', 1200, colours], ['light', 390, {}], ['dark', 390, colours]]) {
    const session = await open({ scheme, width });
    const { page } = session;
    await page.goto(`${book.address}/${path}`);
    await page.locator(ready).first().waitFor();
    assert.deepEqual(await axe(page, rules), [], `${scheme}, ${width} px`);
    assert.equal(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), true, `${width} px: nothing runs off the side`);
    await page.locator(ready).first().scrollIntoViewIfNeeded();
    await screenshot(page, `${name}-${scheme}-${width}`);
    await clean(session);
  }
}

test('the map marks what was tried and passed, and the first page leads back to the last place', { timeout: 60_000 }, async () => {
  attempts(['hello', 'failed'], ['hello', 'passed'], ['echo', 'failed']);
  const session = await open();
  const { page } = session;
  await page.goto(`${book.address}/welcome.html`);
  await page.locator('.wb-map .wb-mark').first().waitFor();
  assert.equal(await page.locator('.wb-go-on').isVisible(), false, 'nowhere yet');
  const state = id => page.locator(`.wb-map a[href$="#exercise-${id}"] .wb-mark`).getAttribute('data-state');
  assert.deepEqual([await state('hello'), await state('echo'), await state('frames')], ['passed', 'tried', 'open']);
  const links = await page.locator('.wb-map ul ul a').count();
  assert.equal(await page.locator('.wb-map ul ul .wb-mark').count(), links, 'every core exercise has its mark');
  assert.match(await page.locator('.wb-map a[href$="#exercise-echo"]').textContent(), /^echo◐ \(tried\)$/);
  assert.deepEqual(await axe(page), []);

  // With the keyboard: from the map to an exercise, and there to one of its buttons.
  await tabTo(page, '.wb-map a[href$="#exercise-frames"]');
  await page.keyboard.press('Enter');
  await page.waitForURL(/01-tcp\.html#exercise-frames$/);
  await page.locator('[data-exercise="frames"] .wb-badge').waitFor();
  await page.locator('button[data-check="frames"]').focus();
  await page.goto(`${book.address}/glossary.html`);
  await page.goto(`${book.address}/`);
  const back = page.locator('.wb-go-on a');
  assert.equal(await back.textContent(), 'Go on where you were: 01 TCP: a stream of bytes, frames');
  await tabTo(page, '.wb-go-on a');
  await page.keyboard.press('Enter');
  await page.waitForURL(/01-tcp\.html#exercise-frames$/);
  await page.goto(`${book.address}/02-rpc.html`);
  await page.goto(`${book.address}/welcome.html`);
  assert.equal(await back.textContent(), 'Go on where you were: 02 RPC from scratch');
  await back.waitFor();
  await screenshot(page, 'go-on');
  assert.deepEqual(await axe(page), []);
  await clean(session);
  await elsewhere('welcome.html', '.wb-map .wb-mark', 'map');
});

test('the sidebar lists the exercises and stop points of the open chapter, with their state', { timeout: 60_000 }, async () => {
  attempts(['frames', 'failed']);
  const session = await open();
  const { page } = session;
  await page.goto(`${book.address}/01-tcp.html`);
  await page.locator('.wb-inside .wb-mark').first().waitFor();
  assert.equal(await page.locator('.wb-inside').count(), 1, 'of this chapter alone');
  const links = await page.locator('.wb-inside a').evaluateAll(all => all.map(link => link.getAttribute('href')));
  const parts = await page.evaluate(() => [...document.querySelectorAll('#content .wb-title, #content [id^="stop-"]')].map(part => `#${part.id}`));
  assert.deepEqual(links, parts, 'in the order of the text');
  assert.ok(links.filter(link => link.startsWith('#stop-')).length === 2, `${links}`);
  assert.equal(await page.locator('.wb-inside a', { hasText: 'Stop point: One client and one server talk, and both know when to stop.' }).count(), 1);
  const mark = page.locator('.wb-inside a[href="#exercise-frames"] .wb-mark');
  assert.equal(await mark.getAttribute('data-state'), 'tried');
  await page.locator('#sidebar-toggle').focus();
  await tabTo(page, '.wb-inside a[href="#stop-2"]');
  await page.keyboard.press('Enter');
  await page.waitForFunction(() => document.getElementById('stop-2').getBoundingClientRect().top < innerHeight);
  assert.deepEqual(await axe(page), []);
  await screenshot(page, 'sidebar-inside');
  // The record of this page follows a check that another program has made.
  attempts(['frames', 'passed']);
  await page.reload();
  await page.locator('.wb-inside a[href="#exercise-frames"] .wb-mark[data-state="passed"]').waitFor();
  await clean(session);

  const phone = await open({ scheme: 'dark', width: 390, height: 844, isMobile: true, hasTouch: true });
  await phone.page.goto(`${book.address}/01-tcp.html`);
  await phone.page.locator('.wb-inside .wb-mark').first().waitFor({ state: 'attached' });
  await phone.page.locator('#sidebar-toggle').click();
  await phone.page.locator('.wb-inside a[href="#exercise-frames"]').scrollIntoViewIfNeeded();
  assert.deepEqual(await axe(phone.page), []);
  await screenshot(phone.page, 'sidebar-inside-phone');
  await phone.page.locator('.wb-inside a[href="#exercise-frames"]').click();
  await phone.page.waitForFunction(() => document.documentElement.classList.contains('sidebar-hidden'));
  await clean(phone);
});

test('the headings of a page stand beside the text at 1280 px, and folded above it on a phone', { timeout: 60_000 }, async () => {
  const session = await open({ width: 1280 });
  const { page } = session;
  await page.goto(`${book.address}/01-tcp.html`);
  const list = page.locator('#on-this-page');
  const seen = await list.locator('ol').boundingBox();
  const text = await page.locator('#content').boundingBox();
  assert.ok(seen.x >= text.x + text.width && seen.x + seen.width <= 1280, `beside the text: ${seen.x}, ${text.x + text.width}`);
  assert.ok(text.width >= 600, `the text keeps its width: ${text.width}`);
  const headings = await page.locator('#content h2[id], #content h3[id]').evaluateAll(all => all.map(each => `#${each.id}`));
  assert.deepEqual(await list.locator('a').evaluateAll(all => all.map(link => link.getAttribute('href'))), headings);
  assert.deepEqual(await axe(page), []);
  await screenshot(page, 'headings-1280');
  await clean(session);

  for (const scheme of ['light', 'dark']) {
    const phone = await open({ scheme, width: 390, height: 844, isMobile: true, hasTouch: true });
    await phone.page.goto(`${book.address}/01-tcp.html`);
    const fold = phone.page.locator('#on-this-page');
    assert.equal(await fold.locator('ol').isVisible(), false, 'folded');
    const first = await phone.page.locator('#content h1').boundingBox();
    assert.ok((await fold.boundingBox()).y < first.y, 'above the text');
    await tabTo(phone.page, '#on-this-page summary');
    await phone.page.keyboard.press('Enter');
    await fold.locator('ol').waitFor();
    assert.deepEqual(await axe(phone.page), []);
    await screenshot(phone.page, `headings-390-${scheme}`);
    await phone.page.keyboard.press('Tab');
    await phone.page.keyboard.press('Enter');
    assert.equal(await phone.page.evaluate(() => location.hash), headings[0]);
    assert.equal(await phone.page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), true);
    await clean(phone);
  }
});

test('one chapter on paper: results and tables are open, and nothing is left that needs a screen', { timeout: 60_000 }, async () => {
  const session = await open({ scheme: 'dark' });
  const { page } = session;
  await page.goto(`${book.address}/01-tcp.html`);
  await page.locator('.wb-card .wb-badge').first().waitFor();
  const folded = '.content > details, .content details.wb-result';
  const open_ = () => page.locator(folded).evaluateAll(all => all.filter(details => details.open).length);
  const before = await open_();
  assert.equal(before, 0, 'all folded on the screen');
  // The button, by the keyboard; the dialog of the browser is not there in a test.
  await page.evaluate(() => {
    window.print = () => { window.asked = true; };
    addEventListener('beforeprint', () => { window.openOnPaper = document.querySelectorAll('.content > details[open], .content details.wb-result[open]').length; });
  });
  await tabTo(page, '#print-page');
  await page.keyboard.press('Enter');
  assert.equal(await page.evaluate(() => window.asked), true);
  // The browser itself prints, and says so before and after.
  const pdf = await page.pdf({ format: 'A4' });
  assert.ok(pdf.length > 50_000, `${pdf.length} bytes`);
  const [count, results] = await page.evaluate(selector => [document.querySelectorAll(selector).length, window.openOnPaper], folded);
  assert.ok(count >= 2, `a table and a result: ${count}`);
  assert.equal(results, count, 'all open on paper');
  assert.equal(await open_(), before, 'folded again on the screen');

  await page.emulateMedia({ media: 'print' });
  await page.evaluate(() => dispatchEvent(new Event('beforeprint')));
  const seen = await page.evaluate(() => [...document.querySelectorAll('button, select, textarea, summary, nav, header, [role="status"], input:not([type="radio"], [type="checkbox"])')]
    .filter(node => node.checkVisibility()).map(node => `${node.tagName} ${node.textContent.trim().slice(0, 30)}`));
  assert.deepEqual(seen.filter(node => !/^SUMMARY/.test(node)), [], 'no control');
  assert.equal(seen.length, count, 'the titles of what was folded');
  assert.equal(await page.evaluate(() => getComputedStyle(document.body).backgroundColor), 'rgb(255, 255, 255)');
  assert.equal(await page.locator('.wb-card .wb-title').first().isVisible(), true, 'the cards are there');
  await page.locator('details.wb-result').first().scrollIntoViewIfNeeded();
  await screenshot(page, 'print-chapter');
  await clean(session);
});

test('search ranks the definition first, then headings, then the glossary, then the text', { timeout: 60_000 }, async () => {
  const session = await open();
  const { page } = session;
  await page.goto(`${book.address}/welcome.html`);
  await page.locator('#wb-course progress').waitFor();
  await page.keyboard.press('/');
  await page.locator('#search-status', { hasText: /^$/ }).waitFor({ state: 'attached' });
  for (const [asked, definition] of [['lease', 'lease'], ['backpressure', 'backpressure'], ['deadlines', 'deadline'], ['idempotent', 'idempotent'], ['health check', 'health-check']]) {
    await page.fill('#search-input', asked);
    await page.locator(`#search-results li:first-child a[href$="glossary.html#${definition}"]`).waitFor();
    const places = await page.locator('#search-results a').evaluateAll((all, asked) => all.map(link => {
      const words = asked.replace(/s$/, '').split(' ');
      const title = link.querySelector('.search-title').textContent.toLowerCase();
      const named = words.every(word => title.split(' » ').at(-1).includes(word));
      return link.getAttribute('href').startsWith('glossary.html') ? (named ? 0 : 2) : named ? 1 : 3;
    }), asked);
    assert.deepEqual(places, places.toSorted(), `${asked}: ${places}`);
    assert.ok(places.includes(1) && places.includes(3), `${asked}: a heading and a text: ${places}`);
  }
  assert.deepEqual(await axe(page), []);
  await screenshot(page, 'search');
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('Enter');
  await page.waitForURL(/glossary\.html#health-check$/);
  await clean(session);
});

// Stage 1 of one's own service, by lines: `greeting` is what it says before the name.
const service = greeting => `import os, socketserver
class Client(socketserver.StreamRequestHandler):
    def handle(self):
        for line in self.rfile:
            if line.endswith(b"\\n"):
                name = line[:-1].removesuffix(b"\\r")
                self.wfile.write(b"${greeting} " + name + b"\\n" if name else b"error: empty name\\n")
class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
host, port = os.environ["TCP_ADDR"].split(":")
Server((host, int(port)), Client).serve_forever()
`;

test('a stage of one’s own service is checked from the page, and the picture of the site fills up', { timeout: 200_000 }, async () => {
  const folder = join(book.course, 'my-service');
  mkdirSync(folder);
  writeFileSync(join(folder, 'own.toml'), 'start = ["python3", "main.py"]\n');
  writeFileSync(join(folder, 'main.py'), service('hi'));
  const session = await open();
  const { page } = session;
  await page.goto(`${book.address}/own.html`);
  const stage = page.locator('[data-stage="1"]');
  const part = page.locator('.wb-site [data-stage-id="own-lines"]');
  await part.getByText('open').waitFor();
  assert.equal(await page.locator('[data-stage]').getByRole('button', { name: 'Check' }).count(), 15);
  await stage.getByRole('button', { name: 'Check' }).click();
  await stage.getByText('Not passed. The verdict is below.').waitFor({ timeout: 150_000 });
  assert.match(await stage.locator('.wb-log').textContent(), /hi Ali/);
  assert.equal(await part.getAttribute('data-passed'), 'false');
  writeFileSync(join(folder, 'main.py'), service('hello'));
  await stage.getByRole('button', { name: 'Check again' }).click();
  await part.getByText('✓ passed').waitFor({ timeout: 60_000 });
  await stage.getByText('✓ passed').waitFor();
  assert.deepEqual(await axe(page), []);
  await part.scrollIntoViewIfNeeded();
  await screenshot(page, 'own-site');
  await stage.scrollIntoViewIfNeeded();
  await screenshot(page, 'own-stage');
  await clean(session);
  await elsewhere('own.html', '.wb-site [data-passed="true"]', 'own-site');
});
