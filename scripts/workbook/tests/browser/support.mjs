// Starts what the browser tests need: a copy of the course, the real runner over it, and a headless
// browser that keeps a list of everything it asked for and complained about.

import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { basename, dirname, extname, join, resolve } from 'node:path';
import { after, before } from 'node:test';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';

export const repository = resolve(dirname(fileURLToPath(import.meta.url)), '../../../..');
const target = join(repository, 'target');
const runnerProgram = join(target, 'debug', 'workbook');
// Where copies of the course are built. $WORKBOOK_TARGET, as scripts/test sets it, has the libraries already:
// `verify` and the tests of the runner build their copies there.
const builds = process.env.WORKBOOK_TARGET ? join(process.env.WORKBOOK_TARGET, 'workbook', 'target') : join(target, 'browser-tests');
export const screenshots = join(target, 'browser-screenshots');

const axeSource = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** A copy of the committed and uncommitted sources, so that no test touches a learner's files. */
export function copyOfTheCourse() {
  const course = mkdtempSync(join(tmpdir(), 'workbook-browser-'));
  const list = execFileSync('git', ['ls-files', '-co', '--exclude-standard'], { cwd: repository, encoding: 'utf8' });
  for (const file of list.split('\n').filter(Boolean)) {
    if (existsSync(join(repository, file))) {
      mkdirSync(dirname(join(course, file)), { recursive: true });
      cpSync(join(repository, file), join(course, file));
    }
  }
  // The tests begin with the stubs, also where answers are written here.
  for (const stub of list.split('\n').filter(file => /\/exercises\/[^/]+\/stub\.rs$/.test(file))) {
    cpSync(join(course, stub), join(course, dirname(stub), 'exercise.rs'));
  }
  // cargo tells packages apart by name, version and their place in the workspace. A version of its own keeps
  // what is built from this copy apart from that of other copies in the same target directory.
  const manifest = join(course, 'Cargo.toml');
  const own = basename(process.argv[1]).split('.')[0];
  const text = readFileSync(manifest, 'utf8');
  assert.match(text, /^version = "0\.1\.0"$/m);
  writeFileSync(manifest, text.replace(/^version = "0\.1\.0"$/m, `version = "0.1.0-browser-${own}"`));
  return course;
}

/**
 * The runner over `course`, ready: its address and a way to end it. The port is below those that Linux gives to the
 * client's end of a connection (32768 and more): one of them could be in use when a runner starts again on its own.
 */
export async function startRunner(course, port = 20000 + Math.floor(Math.random() * 12000)) {
  const child = spawn(runnerProgram, ['start', '--no-open', '--port', String(port)], {
    cwd: course,
    env: { ...process.env, CARGO_TARGET_DIR: builds, CI: '' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let printed = '';
  const address = await new Promise((found, failed) => {
    const late = setTimeout(() => failed(new Error(`the runner did not start:\n${printed}`)), 120_000);
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', chunk => {
        printed += chunk;
        const match = printed.match(/http:\/\/127\.0\.0\.1:\d+/);
        if (match) {
          clearTimeout(late);
          found(match[0]);
        }
      });
    }
    child.on('exit', code => failed(new Error(`the runner ended with ${code}:\n${printed}`)));
  });
  const stop = () => new Promise(ended => {
    if (child.exitCode !== null) {
      ended();
      return;
    }
    child.removeAllListeners('exit');
    child.on('exit', ended);
    child.kill('SIGTERM');
  });
  // As a power cut does: nothing is tidied up.
  const kill = () => new Promise(ended => {
    child.removeAllListeners('exit');
    child.on('exit', ended);
    child.kill('SIGKILL');
  });
  return { address, stop, kill, printed: () => printed };
}

/**
 * For the tests of one file: a copy of the course, the runner over it and a browser, there when the
 * first test begins. They end after the last one; then `lastly` may look at what is left.
 */
export function site(lastly = () => {}) {
  const all = {
    get address() {
      return all.runner.address;
    },
    open: options => openPage(all.browser, all.address, options),
  };
  before(async () => {
    all.course = copyOfTheCourse();
    all.runner = await startRunner(all.course);
    all.browser = await openBrowser();
  }, { timeout: 300_000 });
  after(async () => {
    await all.browser?.close();
    await all.runner?.stop();
    lastly();
    remove(all.course);
  });
  return all;
}

/** The command lines of the running programs that match, with those that only supervise them. */
export function programs(pattern) {
  const lines = readdirSync('/proc').filter(name => /^\d+$/.test(name)).map(pid => {
    try {
      return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
    } catch {
      return '';
    }
  });
  return lines.filter(line => pattern.test(line));
}

/** Serves the files of `folder` and nothing else, as any static host would. */
export async function startStatic(folder) {
  const types = { '.html': 'text/html', '.css': 'text/css', '.js': 'text/javascript', '.svg': 'image/svg+xml', '.json': 'application/json' };
  const server = createServer((request, response) => {
    const path = decodeURIComponent(new URL(request.url, 'http://x').pathname);
    const file = join(folder, path.endsWith('/') ? `${path}index.html` : path);
    if (!file.startsWith(folder) || !existsSync(file)) {
      response.writeHead(404).end();
      return;
    }
    response.writeHead(200, { 'content-type': types[extname(file)] ?? 'application/octet-stream' });
    response.end(readFileSync(file));
  });
  await new Promise(done => server.listen(0, '127.0.0.1', done));
  return { address: `http://127.0.0.1:${server.address().port}`, stop: () => new Promise(done => server.close(done)) };
}

/** A headless browser without any connection of its own. */
export async function openBrowser() {
  return chromium.launch({
    executablePath: process.env.CHROME_BIN || '/usr/bin/chromium',
    args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
      '--disable-component-update', '--disable-sync'],
  });
}

/** A page that remembers its console errors and every request that left `address`. */
export async function openPage(browser, address, { scheme = 'light', width = 1200, height = 900, ...more } = {}) {
  const context = await browser.newContext({ colorScheme: scheme, viewport: { width, height }, ...more });
  const page = await context.newPage();
  const trouble = [];
  const requests = [];
  page.on('console', message => {
    if (['error', 'warning'].includes(message.type())) {
      trouble.push(`${page.url()}: ${message.text()}`);
    }
  });
  page.on('pageerror', error => trouble.push(`${page.url()}: ${error}`));
  page.on('request', request => requests.push(request.url()));
  const foreign = () => requests.filter(url => !url.startsWith(`${address}/`) && !url.startsWith('data:') && !url.startsWith('blob:'));
  return { page, trouble, requests, foreign, close: () => context.close() };
}

/**
 * What the page at `url` weighs with an empty cache: the bytes of each file as they come over the wire, headers and
 * compression counted, by path, the heaviest first. What the page asks for within a second after it has loaded counts.
 */
export async function weightOf(page, url) {
  const network = await page.context().newCDPSession(page);
  await network.send('Network.enable');
  const paths = new Map();
  const files = [];
  network.on('Network.responseReceived', ({ requestId, response }) => paths.set(requestId, new URL(response.url).pathname));
  network.on('Network.loadingFinished', ({ requestId, encodedDataLength }) => files.push({ path: paths.get(requestId), bytes: encodedDataLength }));
  await page.goto(url, { waitUntil: 'load' });
  await page.waitForTimeout(1000);
  await network.detach();
  return files.sort((a, b) => b.bytes - a.bytes);
}

/** Ends a page that has been good. */
export async function clean({ trouble, foreign, close }) {
  assert.deepEqual(trouble, [], 'the console is quiet');
  assert.deepEqual(foreign(), [], 'no request to another host');
  await close();
}

const ofColours = ['color-contrast', 'link-in-text-block'];
/** The rules of axe about colours, which are most of its time. */
export const colours = { runOnly: ofColours };
/** All other rules. */
export const notColours = { rules: Object.fromEntries(ofColours.map(rule => [rule, { enabled: false }])) };

/**
 * What axe finds wrong, one line a place; with `options`, only what these rules find. The page's own policy stays
 * in force: axe comes by CDP.
 */
export async function axe(page, options = {}) {
  await page.evaluate(axeSource);
  const { violations } = await page.evaluate(options => globalThis.axe.run(document, { resultTypes: ['violations'], ...options }), options);
  return violations.flatMap(({ id, impact, nodes }) => nodes.map(node => `${id} (${impact}): ${node.target.join(' ')}: ${node.failureSummary}`));
}

/** Calls `look(session, item)` for each item, in two tabs side by side that `open` has opened; both must be `clean`. */
export async function inTabs(open, items, look) {
  const left = [...items];
  await Promise.all([1, 2].map(async () => {
    const session = await open();
    while (left.length > 0) {
      await look(session, left.shift());
    }
    await clean(session);
  }));
}

export async function screenshot(page, name) {
  mkdirSync(screenshots, { recursive: true });
  await page.screenshot({ path: join(screenshots, `${name}.png`), fullPage: false });
}

/** The html pages of the book, from its own table of contents. */
export async function pagesOf(page, address) {
  await page.goto(`${address}/welcome.html`);
  await page.waitForSelector('#sidebar .chapter a', { state: 'attached' });
  const links = await page.$$eval('#sidebar .chapter a[href]', all => all.map(link => link.pathname));
  return [...new Set(links)].map(path => path.slice(1));
}

/** Saves as an editor does: a new file, renamed over the old one. */
export function save(file, text) {
  writeFileSync(`${file}.new`, text);
  renameSync(`${file}.new`, file);
}

export const remove = folder => rmSync(folder, { recursive: true, force: true });
