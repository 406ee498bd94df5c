// The book as static files on any host: readable, quiet, without a single request of its own.

import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { axe, clean, inTabs, openBrowser, openPage, pagesOf, repository, screenshot, startStatic } from './support.mjs';

let host, browser;

before(async () => {
  const folder = process.env.STATIC_BOOK ?? join(repository, 'target/static-book');
  if (!existsSync(join(folder, 'index.html'))) {
    throw new Error(`there is no book in ${folder}: \`scripts/test book\` builds it with the real mdbook`);
  }
  host = await startStatic(folder);
  browser = await openBrowser();
}, { timeout: 120_000 });

after(async () => {
  await browser?.close();
  await host?.stop();
});

test('static pages work without a runner: no error, no request beyond their files', { timeout: 120_000 }, async () => {
  const first = await openPage(browser, host.address);
  const pages = await pagesOf(first.page, host.address);
  await clean(first);
  await inTabs(() => openPage(browser, host.address), pages, async ({ page, requests }, name) => {
    await page.goto(`${host.address}/${name}`, { waitUntil: 'load' });
    assert.deepEqual(await axe(page), [], name);
    assert.deepEqual(requests.filter(url => url.includes('/workbook/')), [], 'nothing is asked of a runner');
  });
});

test('a static card shows the commands and no button', { timeout: 60_000 }, async () => {
  const { page, trouble, close } = await openPage(browser, host.address);
  await page.goto(`${host.address}/01-tcp.html`);
  const card = page.locator('[data-exercise="frames"]');
  assert.match(await card.textContent(), /cargo workbook check frames/);
  assert.equal(await page.locator('button[data-check], button[data-run]').count(), 0);
  await screenshot(page, 'static-card');
  assert.deepEqual(trouble, []);
  await close();
});

test('the map of the course is a plain list, and leads back to the last page', { timeout: 60_000 }, async () => {
  const { page, trouble, close } = await openPage(browser, host.address);
  await page.goto(`${host.address}/02-rpc.html`);
  await page.goto(`${host.address}/welcome.html`);
  assert.ok(await page.locator('.wb-map ul ul a').count() > 30);
  assert.equal(await page.locator('.wb-mark').count(), 0);
  assert.equal(await page.locator('.wb-go-on a').getAttribute('href'), '02-rpc.html');
  assert.deepEqual(trouble, []);
  await close();
});

test('the page of the wire keeps its commands and shows no control', { timeout: 60_000 }, async () => {
  const { page, trouble, requests, close } = await openPage(browser, host.address);
  await page.goto(`${host.address}/wire.html`);
  assert.match(await page.locator('.wire-static').textContent(), /cargo workbook wire --listen/);
  assert.equal(await page.locator('.wb-wire button:not(.copy-button), .wb-wire input').count(), 0);
  assert.deepEqual(requests.filter(url => url.includes('/workbook/')), []);
  assert.deepEqual(trouble, []);
  await screenshot(page, 'wire-static');
  await close();
});

test('the phone book explains itself and shows no control', { timeout: 60_000 }, async () => {
  const { page, trouble, requests, close } = await openPage(browser, host.address);
  await page.goto(`${host.address}/phone-book.html`);
  assert.match(await page.locator('.phone-static').textContent(), /health\/state\/any\?index=/);
  assert.equal(await page.locator('.wb-phone button:not(.copy-button), .wb-phone input').count(), 0);
  assert.deepEqual(requests.filter(url => url.includes('/workbook/')), []);
  assert.deepEqual(trouble, []);
  await screenshot(page, 'phone-static');
  await close();
});

test('a static quiz can be answered, and without scripts every explanation is there', { timeout: 60_000 }, async () => {
  const { page, close } = await openPage(browser, host.address);
  await page.goto(`${host.address}/01-tcp.html`);
  const quiz = page.locator('.wb-quiz').first();
  await quiz.locator('input').first().check();
  await quiz.getByRole('button', { name: 'Answer' }).click();
  assert.ok(['right', 'wrong'].includes(await quiz.getAttribute('data-result')));
  await close();
  const bare = await openPage(browser, host.address, { javaScriptEnabled: false });
  await bare.page.goto(`${host.address}/01-tcp.html`);
  const details = bare.page.locator('.wb-quiz details');
  assert.ok(await details.count() >= 2);
  await details.first().locator('summary').click();
  assert.match(await details.first().textContent(), /Wrong\.|Right\./);
  await bare.close();
});
