// The captcha site of lesson 16, the whole of it: Consul, Redis, two services and the web as processes,
// and a browser in front. Only the code is cheated: the test reads it from Redis, as no visitor can.

import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { connect, createServer } from 'node:net';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { axe, clean, openBrowser, openPage, programs, repository, screenshot } from './support.mjs';

const program = join(repository, 'target', 'debug', 'l16-captcha');
const all = {};

/** A port that is free at the moment. */
async function freePort() {
  const server = createServer();
  await new Promise(done => server.listen(0, '127.0.0.1', done));
  const { port } = server.address();
  await new Promise(done => server.close(done));
  return port;
}

/** Starts the site; its line of JSON says where everything is. */
async function startSite() {
  // With the features of the whole workspace and its tests, as `scripts/test` builds it: else all of tokio is built again.
  const what = ['--workspace', '--bin', 'l16-captcha', '--test', 'hello'];
  execFileSync('cargo', ['build', '--quiet', ...what], { cwd: repository, stdio: ['ignore', 'ignore', 'inherit'] });
  const [web, one, two] = [await freePort(), await freePort(), await freePort()];
  const words = ['--no-open', '--json', '--until_stdin_ends', '--web', `127.0.0.1:${web}`, '--services', `127.0.0.1:${one},127.0.0.1:${two}`];
  const child = spawn(program, words, { cwd: repository, stdio: ['pipe', 'pipe', 'pipe'] });
  let printed = '';
  const places = await new Promise((found, failed) => {
    const late = setTimeout(() => failed(new Error(`the site did not start:\n${printed}`)), 120_000);
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', chunk => {
        printed += chunk;
        const line = printed.match(/^\{.*\}$/m);
        if (line) {
          clearTimeout(late);
          found(JSON.parse(line[0]));
        }
      });
    }
    child.on('exit', code => failed(new Error(`the site ended with ${code}:\n${printed}`)));
  });
  const stop = () => new Promise(ended => {
    child.removeAllListeners('exit');
    if (child.exitCode !== null || child.signalCode !== null) {
      ended();
      return;
    }
    child.on('exit', ended);
    child.stdin.end();
  });
  return { places, pid: child.pid, stop, printed: () => printed };
}

/** What Redis says to one command: a text, a number, or null. */
function redis(...words) {
  const [host, port] = all.site.places.redis.split(':');
  const command = `*${words.length}\r\n${words.map(word => `$${Buffer.byteLength(word)}\r\n${word}\r\n`).join('')}`;
  return new Promise((found, failed) => {
    const socket = connect(Number(port), host, () => socket.write(command));
    let reply = '';
    socket.setEncoding('utf8');
    socket.on('error', failed);
    socket.on('close', () => failed(new Error('Redis has closed')));
    socket.on('data', chunk => {
      reply += chunk;
      const line = reply.match(/^([$:+-])(.*)\r\n/);
      if (!line) {
        return;
      }
      const [head, kind, value] = line;
      const length = kind === '$' ? Number(value) : 0;
      if (kind === '-') {
        failed(new Error(value));
      } else if (kind !== '$' || length < 0) {
        found(kind === '$' ? null : kind === ':' ? Number(value) : value);
      } else if (reply.length >= head.length + length + 2) {
        found(reply.slice(head.length, head.length + length));
      } else {
        return;
      }
      socket.end();
    });
  });
}

before(async () => {
  all.site = await startSite();
  all.address = `http://${all.site.places.web}`;
  all.browser = await openBrowser();
}, { timeout: 600_000 });

after(async () => {
  await all.browser?.close();
  await all.site?.stop();
  assert.deepEqual(programs(new RegExp(`${program} `)), [], `nothing outlives the site:\n${all.site?.printed()}`);
});

/** A person of their own: the page with its captcha on it. */
async function arrive(options, path = '/') {
  const person = await openPage(all.browser, all.address, options);
  await person.page.goto(`${all.address}${path}`);
  return person;
}

const idOf = page => page.locator('input[name="id"]').inputValue();
const verdictOf = page => page.getByRole('status').innerText();
const answerBox = page => page.getByRole('textbox');

async function keyOf({ page }) {
  const cookies = await page.context().cookies();
  const session = cookies.find(cookie => cookie.name === 'session');
  assert.ok(session.httpOnly && session.sameSite === 'Strict', JSON.stringify(session));
  return `captcha:${session.value}:${await idOf(page)}`;
}

/** The right answer, from the inside: the picture has to be there first. */
async function codeOf(person) {
  await pictureOrQuestion(person.page);
  const value = await redis('GET', await keyOf(person));
  assert.match(value ?? 'nothing', /^\S+ \d{4}$/);
  return value.split(' ')[1];
}

async function pictureOrQuestion(page) {
  const picture = page.locator('#picture');
  if (!(await picture.isVisible())) {
    assert.match(await page.locator('#question').innerText(), /\w+ \w+/);
    return;
  }
  for (let tries = 0; !(await picture.evaluate(image => image.complete && image.naturalWidth > 0)); tries += 1) {
    assert.ok(tries < 200, 'no picture');
    await page.waitForTimeout(50);
  }
  const size = await picture.evaluate(image => [image.naturalWidth, image.naturalHeight]);
  assert.deepEqual(size, [128, 64]);
}

const another = code => code.replaceAll(/\d/g, digit => String((Number(digit) + 5) % 10));

/** Waits for a page or a script: whichever, the verdict says this. */
const told = (page, words) => page.getByRole('status').filter({ hasText: words }).waitFor({ state: 'attached', timeout: 20_000 });

/** What the site says to a program with the cookie of this person. */
async function api({ page }, path, data) {
  const url = `${all.address}/api/v1.0/${path}`;
  const { request } = page.context();
  const reply = data ? await request.post(url, { data }) : await request.get(url);
  return (await reply.json()).errno;
}

for (const [name, options] of [['with scripts', {}], ['without scripts', { javaScriptEnabled: false }]]) {
  const scripts = options.javaScriptEnabled !== false;

  test(`${name}: a right answer is accepted once`, { timeout: 120_000 }, async () => {
    const person = await arrive(options);
    const { page, requests } = person;
    assert.equal(await verdictOf(page), '');
    assert.equal(await api(person, 'session'), '4101', 'not let in yet');
    const [id, key, code] = [await idOf(page), await keyOf(person), await codeOf(person)];
    await answerBox(page).fill(code);
    await page.getByRole('button', { name: 'Check' }).click();
    await told(page, /That is right/);
    assert.equal(await page.title(), 'You are in: Are you a person?');
    assert.equal(await api(person, 'session'), '0', 'let in');
    assert.equal(await redis('GET', key), null, 'the code is used up');
    assert.equal(await api(person, 'verify', { id, answer: code }), '4002', 'not a second time');
    assert.equal(requests.filter(url => url === `${all.address}/`).length, 1);
    assert.equal(requests.some(url => url.endsWith('/verify') && !url.includes('/api/')), !scripts, 'a form without scripts');
    await clean(person);
  });

  test(`${name}: after a wrong answer the code is worth nothing, and there is a new picture`, { timeout: 120_000 }, async () => {
    const person = await arrive(options);
    const { page } = person;
    const [id, code] = [await idOf(page), await codeOf(person)];
    await answerBox(page).fill(another(code));
    await answerBox(page).press('Enter');
    await told(page, 'That was not right. Here is another one.');
    assert.notEqual(await idOf(page), id);
    assert.equal(await api(person, 'verify', { id, answer: code }), '4002', 'the old code is gone');
    assert.equal(await api(person, 'session'), '4101');
    const next = await codeOf(person);
    assert.equal(await answerBox(page).inputValue(), '', 'ready for the next one');
    assert.ok(await answerBox(page).evaluate(box => box === document.activeElement), 'the next key belongs to it');
    await answerBox(page).fill(next);
    await answerBox(page).press('Enter');
    await told(page, /That is right/);
    await clean(person);
  });

  test(`${name}: a question for visitors who cannot see the picture`, { timeout: 120_000 }, async () => {
    const person = await arrive(options);
    const { page } = person;
    await page.getByRole('link', { name: 'I cannot see the picture' }).click();
    await page.locator('#question').filter({ hasText: /\w/ }).waitFor();
    assert.equal(await page.locator('#picture').isVisible(), false);
    const code = await codeOf(person);
    const [content, id] = [await page.content(), await idOf(page)];
    // Without the id: four of its digits may be the same by chance.
    assert.ok(!content.replaceAll(id, '').includes(code), 'the answer is not on the page');
    await answerBox(page).fill(another(code));
    await answerBox(page).press('Enter');
    await told(page, 'That was not right.');
    assert.equal(await page.locator('#picture').isVisible(), false, 'a question again');
    await page.getByRole('link', { name: 'Another one' }).click();
    await told(page, /^\s*$/);
    await page.getByRole('link', { name: 'Show me a picture instead' }).click();
    await page.locator('#picture').waitFor();
    await codeOf(person);
    await page.getByRole('link', { name: 'I cannot see the picture' }).click();
    await page.locator('#question').filter({ hasText: /\w/ }).waitFor();
    // As a visitor types it: spaces are no part of an answer.
    await answerBox(page).fill([...await codeOf(person)].join(' '));
    await answerBox(page).press('Enter');
    await told(page, /That is right/);
    await clean(person);
  });
}

test('with the keyboard alone', { timeout: 120_000 }, async () => {
  const person = await arrive();
  const { page } = person;
  const code = await codeOf(person);
  const focused = () => page.evaluate(() => document.activeElement.id || document.activeElement.textContent.trim());
  const tabTo = async name => {
    for (let presses = 0; (await focused()) !== name; presses += 1) {
      assert.ok(presses < 10, `Tab never reaches ${name}`);
      await page.keyboard.press('Tab');
    }
    const outline = await page.evaluate(() => getComputedStyle(document.activeElement).outlineStyle);
    assert.equal(outline, 'solid', `${name}: the focus is to be seen`);
  };
  await tabTo('answer');
  await page.keyboard.type(another(code));
  await tabTo('Check');
  await page.keyboard.press('Space');
  await told(page, 'That was not right.');
  await tabTo('again');
  const before = await idOf(page);
  await page.keyboard.press('Enter');
  await told(page, /^\s*$/);
  assert.notEqual(await idOf(page), before);
  assert.equal(await focused(), 'answer', 'to type at once');
  await tabTo('question-way');
  await page.keyboard.press('Enter');
  await page.locator('#question').filter({ hasText: /\w/ }).waitFor();
  assert.equal(await focused(), 'answer');
  await page.keyboard.type(await codeOf(person));
  await page.keyboard.press('Enter');
  await told(page, /That is right/);
  assert.equal(await focused(), 'verdict', 'the focus is where the news is');
  await tabTo('again');
  await page.keyboard.press('Enter');
  await answerBox(page).waitFor();
  await clean(person);
});

test('what axe looks for, and how it looks', { timeout: 300_000 }, async () => {
  for (const [name, options] of [
    ['light', { scheme: 'light', width: 900, height: 760 }],
    ['dark', { scheme: 'dark', width: 900, height: 760 }],
    ['phone', { scheme: 'light', width: 320, height: 700, isMobile: true, hasTouch: true }],
    ['phone-dark', { scheme: 'dark', width: 390, height: 780, isMobile: true, hasTouch: true }],
  ]) {
    const person = await arrive(options);
    const { page } = person;
    const look = async state => {
      assert.deepEqual(await axe(page), [], `${name}, ${state}`);
      const over = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
      assert.ok(over <= 0, `${name}, ${state}: ${over} px wider than the screen`);
      await screenshot(page, `captcha-${state}-${name}`);
    };
    const code = await codeOf(person);
    await look('picture');
    await answerBox(page).fill(another(code));
    await answerBox(page).press('Enter');
    await told(page, 'That was not right.');
    await codeOf(person);
    await look('wrong');
    await page.getByRole('link', { name: 'I cannot see the picture' }).click();
    await page.locator('#question').filter({ hasText: /\w/ }).waitFor();
    await look('question');
    await answerBox(page).fill(await codeOf(person));
    await answerBox(page).press('Enter');
    await told(page, /That is right/);
    await look('in');
    await page.goto(`${all.address}/`);
    await told(page, /You are let in already/);
    await look('again');
    await clean(person);
    const lost = await arrive(options, '/nothing');
    assert.deepEqual(await axe(lost.page), [], `${name}, a page that is not there`);
    await screenshot(lost.page, `captcha-lost-${name}`);
    await lost.close();
  }
});

test('another browser cannot answer it, and a page of another origin cannot either', { timeout: 120_000 }, async () => {
  const [one, two] = [await arrive(), await arrive()];
  const [id, code] = [await idOf(one.page), await codeOf(one)];
  assert.equal(await api(two, 'verify', { id, answer: code }), '4002', 'not in this session');
  const foreign = await one.page.context().request.post(`${all.address}/api/v1.0/verify`, {
    data: { id, answer: code },
    headers: { origin: 'http://127.0.0.1:1' },
  });
  assert.equal(foreign.status(), 403);
  assert.equal(await api(one, 'verify', { id, answer: code }), '0', 'neither has used it up');
  await clean(one);
  await clean(two);
});

test('a visitor who asks for too many pictures is told to wait, and loses no answer', { timeout: 120_000 }, async () => {
  const person = await arrive();
  const { page } = person;
  const [id, code] = [await idOf(page), await codeOf(person)];
  let reply;
  for (let number = 0; reply?.status() !== 429; number += 1) {
    assert.ok(number < 100, 'there is no limit');
    reply = await page.context().request.get(`${all.address}/api/v1.0/imagecode/too-many-${number}`);
  }
  assert.ok(Number(reply.headers()['retry-after']) > 0);
  await page.getByRole('link', { name: 'Another one' }).click();
  await told(page, 'No picture came.');
  await page.getByRole('link', { name: 'I cannot see the picture' }).click();
  await told(page, 'That was too often.');
  assert.equal(await api(person, 'verify', { id, answer: code }), '0', 'the one that was drawn still counts');
  for (const line of person.trouble) {
    assert.match(line, /status of 429/);
  }
  await person.close();
});

// The last one: a real Redis does not come back. The embedded one lives in the program that has started all
// the others; it is stopped for a while, so it does not refuse but says nothing.
test('without Redis no visitor is let in, and the page says so', { timeout: 120_000 }, async t => {
  const person = await arrive();
  const still = await arrive({ javaScriptEnabled: false });
  const codes = [await codeOf(person), await codeOf(still)];
  const { pid, places } = all.site;
  const embedded = places.pids.redis === pid;
  process.kill(places.pids.redis, embedded ? 'SIGSTOP' : 'SIGKILL');
  t.after(() => embedded && process.kill(pid, 'SIGCONT'));
  for (const [{ page }, code] of [[person, codes[0]], [still, codes[1]]]) {
    await answerBox(page).fill(code);
    await answerBox(page).press('Enter');
    await told(page, 'no visitor is let in');
    assert.match(await page.title(), /^Not yet/);
  }
  assert.deepEqual(await axe(person.page), []);
  await screenshot(person.page, 'captcha-away');
  // The browser notes what failed, and these may be the only ones.
  for (const line of [...person.trouble, ...still.trouble]) {
    assert.match(line, /status of 503/);
  }
  assert.deepEqual([...person.foreign(), ...still.foreign()], []);
  await person.close();
  await still.close();
});
