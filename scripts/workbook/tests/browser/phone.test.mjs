// The page "The phone book": every change of a Consul is on the screen in a second, as text and never as
// HTML; it says so when there is no Consul, keeps the last list when one goes, and goes on by itself.

import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { test } from 'node:test';
import { axe, clean, save, screenshot, site } from './support.mjs';

// Nothing that happens to listen on this machine takes part.
process.env.CONSUL_HTTP_ADDR = '127.0.0.1:1';
process.env.WORKBOOK_PHONE_PORT = '2';
delete process.env.WORKBOOK_SERVICES_STATE;
const book = site();

/** A Consul as far as the page needs one: instances {id, name, state, output, tags}. */
class Consul {
  index = 10;
  instances = [];
  port = 0;
  asked = 0;

  async start() {
    this.server = createServer((request, response) => this.answer(request, response));
    await new Promise(done => this.server.listen(this.port, '127.0.0.1', done));
    this.port = this.server.address().port;
    return this;
  }

  stop() {
    this.server.closeAllConnections();
    return new Promise(done => this.server.close(done));
  }

  get address() {
    return `127.0.0.1:${this.port}`;
  }

  /** Replaces or adds an instance; `null` takes it away. */
  put(id, instance) {
    this.instances = this.instances.filter(each => each.id !== id);
    if (instance) {
      this.instances.push({ id, name: 'web', state: 'passing', output: '', tags: [], port: 9000, check: 'alive', ...instance });
    }
    this.index += 1;
  }

  answer(request, response) {
    this.asked += 1;
    response.setHeader('X-Consul-Index', String(this.index));
    response.end(JSON.stringify(this.body(decodeURIComponent(request.url))));
  }

  body(path) {
    if (path === '/v1/catalog/services') {
      return Object.fromEntries(this.instances.map(each => [each.name, []]));
    }
    assert.ok(path.startsWith('/v1/health/service/'), `${path} is not what the phone book needs`);
    const name = path.slice('/v1/health/service/'.length);
    return this.instances.filter(each => each.name === name).map(each => ({
      Node: { Node: 'one', Address: '127.0.0.1' },
      Service: { ID: each.id, Service: name, Port: each.port, Tags: each.tags },
      Checks: [{
        Node: 'one', CheckID: each.state === 'maintenance' ? `_service_maintenance:${each.id}` : `c:${each.id}`, Name: each.check,
        Status: each.state, Output: each.output, Notes: each.state === 'maintenance' ? each.output : '', ServiceID: each.id, Type: 'tcp',
      }],
    }));
  }
}

function note(address) {
  const folder = join(book.course, 'target/services');
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'new'), JSON.stringify({ addr: address, side: 'real', pid: 1, version: '1.8.7' }));
  renameSync(join(folder, 'new'), join(folder, 'consul.json'));
}

/** As if no Consul had been started. */
const forget = () => rmSync(join(book.course, 'target/services'), { recursive: true, force: true });

async function openPhone(options) {
  const session = await book.open(options);
  await session.page.goto(`${book.address}/phone-book.html`);
  return session;
}

const row = (page, id) => page.locator(`.phone-instance[data-id="${id}"]`);
const inState = (page, id, state) => page.locator(`.phone-instance[data-id="${id}"][data-state="${state}"]`).waitFor();
const phase = (page, name) => page.locator(`[data-phase="${name}"]`).waitFor();

test('without a Consul it says what to type; then every change shows, and its going and coming', { timeout: 120_000 }, async () => {
  forget();
  const session = await openPhone();
  const { page } = session;
  await page.locator('.phone-command:visible', { hasText: 'cargo workbook services up' }).waitFor();
  assert.match(await page.locator('.phone-status').textContent(), /No Consul answers/);
  assert.match(await page.locator('.phone-tried').textContent(), /127\.0\.0\.1:1, named by CONSUL_HTTP_ADDR: connection refused/);
  assert.equal(await page.locator('.phone-columns').isVisible(), false);
  const able = async name => (await page.getByRole('button', { name, exact: true }).getAttribute('aria-disabled')) !== 'true';
  assert.deepEqual([await able('Start a Consul'), await able('Stop it')], [true, false]);
  await screenshot(page, 'phone-none');

  const consul = await new Consul().start();
  consul.put('consul', { name: 'consul' });
  consul.put('w1', { tags: ['http', 'v1'] });
  note(consul.address);
  await phase(page, 'live');
  assert.match(await page.locator('.phone-status').textContent(), new RegExp(`Live: Consul at ${consul.address}.*services.*the real Consul`));
  assert.deepEqual([await able('Start a Consul'), await able('Stop it')], [false, true]);
  await inState(page, 'w1', 'passing');
  assert.match(await row(page, 'w1').textContent(), /passing.*w1.*127\.0\.0\.1:9000.*on one.*http v1.*since before \d\d:\d\d:\d\d.*alive/);
  assert.equal(await page.locator('details.phone-card .phone-instance').isVisible(), false, 'Consul itself is folded');

  const asked = Date.now();
  consul.put('w1', { state: 'critical', output: 'dial tcp: connection refused' });
  await inState(page, 'w1', 'critical');
  console.log(`# a check that turned was on the screen after ${Date.now() - asked} ms`);
  assert.ok(Date.now() - asked < 5_000);
  const events = page.locator('.phone-events li');
  assert.match(await events.first().textContent(), /^\d\d:\d\d:\d\d\.\d{3}w1: passing → critical: dial tcp: connection refused$/);
  assert.match(await page.locator('.phone-totals').textContent(), /2 names, 2 instances.*1 passing.*1 critical/);
  await page.locator('.phone-head + .phone-columns ~ [role="status"]', { hasText: 'w1: passing → critical' }).waitFor();

  // What a reader has unfolded stays unfolded and keeps the focus, also when rows around it change.
  const saw = row(page, 'w1').locator('summary').first();
  await saw.focus();
  await page.keyboard.press('Enter');
  consul.put('a1', { name: 'api' });
  consul.put('w0', {});
  await inState(page, 'w0', 'passing');
  await inState(page, 'a1', 'passing');
  assert.deepEqual(await page.locator('.phone-name').allTextContents(), ['api', 'web', 'consul']);
  assert.equal(await page.evaluate(() => document.activeElement.closest('.phone-instance')?.dataset.id), 'w1');
  assert.match(await row(page, 'w1').locator('pre:visible').textContent(), /dial tcp/);
  consul.put('w0', { state: 'maintenance', output: 'lunch' });
  await inState(page, 'w0', 'maintenance');
  consul.put('a1', null);
  await row(page, 'a1').waitFor({ state: 'detached' });
  assert.match(await events.first().textContent(), /a1: gone, it was passing/);
  await screenshot(page, 'phone-live');

  await consul.stop();
  await phase(page, 'away');
  assert.match(await page.locator('.phone-status').textContent(), /does not answer any more.*last known/);
  await inState(page, 'w1', 'critical');
  await page.locator('.phone-age', { hasText: /No answer for [1-9]\d* s/ }).waitFor();
  await screenshot(page, 'phone-away');
  consul.put('w1', {});
  await consul.start();
  await phase(page, 'live');
  await inState(page, 'w1', 'passing');
  assert.equal(await page.locator('.phone-age').isVisible(), false);
  await clean(session);
  await consul.stop();
});

test('what peers wrote is text, however long, and much of it is bounded', { timeout: 120_000 }, async () => {
  const consul = await new Consul().start();
  const evil = '<img src=x onerror="document.title=\'pwned\'"><script>document.title="pwned"</script>';
  consul.put(evil, { name: evil, tags: [evil], check: evil, state: 'critical', output: evil.repeat(15_000) });
  note(consul.address);
  const session = await openPhone();
  const { page } = session;
  await phase(page, 'live');
  const card = page.locator('.phone-card').first();
  await card.locator('.phone-output summary').first().click();
  assert.equal(await card.locator('img, script').count(), 0);
  assert.ok((await card.locator('.phone-name').textContent()).startsWith('<img src=x onerror='));
  assert.ok((await card.locator('pre').textContent()).length < 2_100);
  assert.equal(await page.locator('img, script:not([src])').count(), 0);
  assert.notEqual(await page.title(), 'pwned');
  const over = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  assert.ok(over <= 0, `${over} px wider than the screen`);

  consul.put(evil, null);
  for (let n = 0; n < 3_000; n += 1) {
    consul.instances.push({ id: `w${String(n).padStart(4, '0')}`, name: 'web', state: n === 2_999 ? 'critical' : 'passing', output: 'x'.repeat(3_000), tags: ['a'], port: 1, check: 'alive' });
  }
  consul.index += 1;
  await page.locator('.phone-totals', { hasText: '3000 instances' }).waitFor();
  assert.equal(await page.locator('.phone-instance').count(), 100);
  await page.locator('.phone-more', { hasText: '… and 2900 more of this name' }).waitFor();
  await inState(page, 'w2999', 'critical');
  assert.match(await page.locator('.phone-events li').first().textContent(), /… and \d+ more changes/);
  await clean(session);
  await consul.stop();
});

test('another Consul by address, with the keyboard alone; each page looks where it was told', { timeout: 120_000 }, async () => {
  forget();
  const first = await new Consul().start();
  first.put('one', {});
  const second = await new Consul().start();
  second.put('two', {});
  note(first.address);
  const session = await openPhone();
  const other = await openPhone();
  const { page } = session;
  await inState(page, 'one', 'passing');
  await page.locator('#phone-address').focus();
  await page.keyboard.type('8.8.8.8:8500');
  await page.keyboard.press('Enter');
  await page.locator('.phone-refused', { hasText: 'only looks at this machine' }).waitFor();
  session.trouble.splice(0).forEach(line => assert.match(line, /400 \(Bad Request\)/, 'the browser itself notes the refusal'));
  await page.keyboard.press('Control+A');
  await page.keyboard.type(second.address);
  await page.keyboard.press('Tab');
  assert.equal(await page.evaluate(() => document.activeElement.textContent), 'Look there');
  await page.keyboard.press('Enter');
  await inState(page, 'two', 'passing');
  await inState(other.page, 'one', 'passing');
  assert.equal(await row(page, 'one').count(), 0);
  assert.equal(await page.locator('.phone-refused').textContent(), '');
  await page.keyboard.press('Tab');
  assert.equal(await page.evaluate(() => document.activeElement.textContent), 'Find it for me');
  await page.keyboard.press('Enter');
  await inState(page, 'one', 'passing');
  // The next stop after the form is in the list or the events: everything that scrolls can be reached.
  await page.locator('.phone-scroll').focus();
  assert.equal(await page.evaluate(() => document.activeElement.getAttribute('aria-label')), 'What has happened');

  // A new version of the text: the list moves over to it and goes on.
  const file = join(book.course, 'book/src/phone-book.md');
  save(file, `${readFileSync(file, 'utf8')}\n\nA line that was not there before.\n`);
  await page.getByText('A line that was not there before.').waitFor({ timeout: 30_000 });
  assert.equal(await page.locator('.phone-static').count(), 0);
  first.put('one', { state: 'warning' });
  await inState(page, 'one', 'warning');
  await clean(session);
  await clean(other);
  await first.stop();
  await second.stop();
});

test('the buttons give the command, and its words are shown', { timeout: 60_000 }, async () => {
  forget();
  const session = await openPhone();
  const { page } = session;
  await phase(page, 'searching');
  const asked = [];
  await page.route('**/workbook/services/up', (route, request) => {
    asked.push(request.method(), request.headers()['x-workbook-token']?.length);
    return route.fulfill({ status: 409, contentType: 'application/json', body: '{"error": "The last command is still under way."}' });
  });
  await page.getByRole('button', { name: 'Start a Consul', exact: true }).press('Enter');
  await page.getByText('The last command is still under way.').waitFor();
  assert.deepEqual(asked, ['POST', 32]);
  session.trouble.splice(0).forEach(line => assert.match(line, /409 \(Conflict\)/, 'the browser itself notes the refusal'));
  await clean(session);
});

test('a page of another chapter asks for nothing of it', { timeout: 60_000 }, async () => {
  const { page, trouble, requests, close } = await book.open();
  await page.goto(`${book.address}/wire.html`);
  await page.locator('#wire-subject option').first().waitFor({ state: 'attached' });
  assert.deepEqual(requests.filter(url => (url.includes('phone') || url.includes('/workbook/services')) && !url.endsWith('.css')), []);
  assert.deepEqual(trouble, []);
  await close();
});

for (const [name, options] of [
  ['light', { scheme: 'light' }],
  ['dark', { scheme: 'dark' }],
  ['phone', { scheme: 'light', width: 360, height: 740, isMobile: true, hasTouch: true }],
  ['still', { scheme: 'dark', reducedMotion: 'reduce' }],
]) {
  test(`axe finds nothing, with and without a Consul, ${name}`, { timeout: 120_000 }, async () => {
    forget();
    const session = await openPhone(options);
    const { page } = session;
    await phase(page, 'searching');
    await page.locator('.phone-command:visible').waitFor();
    assert.deepEqual(await axe(page), [], 'without');
    const consul = await new Consul().start();
    consul.put('consul', { name: 'consul' });
    consul.put('greeter-1', { name: 'greeter', tags: ['grpc', 'consul'], output: 'TCP connect 127.0.0.1:9001: Success' });
    consul.put('greeter-2', { name: 'greeter', state: 'critical', output: 'dial tcp 127.0.0.1:9002: connect: connection refused' });
    consul.put('greeter-3', { name: 'greeter', state: 'maintenance', output: 'a new version' });
    consul.put('web-1', { state: 'warning', output: 'load 0.93' });
    note(consul.address);
    await phase(page, 'live');
    consul.put('web-1', { state: 'passing', output: 'load 0.12' });
    consul.put('web-2', {});
    await inState(page, 'web-2', 'passing');
    await page.locator('.phone-events li').nth(2).waitFor();
    // The colours of a row that has just turned fade.
    await page.waitForTimeout(options.reducedMotion ? 0 : 2_600);
    if (options.reducedMotion) {
      assert.equal(await page.evaluate(() => document.getAnimations().length), 0, 'nothing moves');
    }
    assert.deepEqual(await axe(page), [], 'with a list');
    const over = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
    assert.ok(over <= 0, `${over} px wider than the screen`);
    await page.locator('.wb-phone').evaluate(node => node.scrollIntoView({ behavior: 'instant' }));
    await screenshot(page, `phone-live-${name}`);
    await consul.stop();
    await phase(page, 'away');
    await page.locator('.phone-age', { hasText: /[1-9] s/ }).waitFor();
    assert.deepEqual(await axe(page), [], 'with an old list');
    await screenshot(page, `phone-away-${name}`);
    await clean(session);
  });
}
