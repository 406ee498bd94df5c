// What the browser tests of a class share: the class as a process, and machines of learners.

import { execFileSync, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { repository } from './support.mjs';

const program = join(repository, 'target', 'debug', 'class');

/** Runs the program of the class in `folder`; returns what it prints. */
export function runClass(folder, ...words) {
  return execFileSync(program, words, { cwd: folder, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
}

/** Starts the class with the records in `folder`; its line of JSON says where it is. */
export async function startClass(folder) {
  const what = ['--workspace', '--bin', 'class', '--test', 'hello'];
  execFileSync('cargo', ['build', '--quiet', ...what], { cwd: repository, stdio: ['ignore', 'ignore', 'inherit'] });
  const words = ['open', '--json', '--no-mdns', '--port', '0', '--name', 'Course 7', '--file', join(folder, 'class.db')];
  const child = spawn(program, words, { cwd: repository, stdio: ['ignore', 'pipe', 'inherit'] });
  const told = await new Promise((found, failed) => {
    const late = setTimeout(() => failed(new Error('the class did not open')), 60_000);
    child.stdout.once('data', line => {
      clearTimeout(late);
      found(JSON.parse(line));
    });
    child.once('exit', code => failed(new Error(`the class ended with ${code}`)));
  });
  const stop = () => new Promise(ended => {
    child.removeAllListeners('exit');
    child.once('exit', ended);
    child.kill('SIGKILL');
  });
  return { ...told, stop };
}

/** A learner's machine in `folder`: one lesson, whose answer `text` was judged with `status`. */
export function machine(folder, text, status) {
  const lesson = join(folder, 'lessons', '00-start');
  const answers = join(lesson, 'exercises', 'hello');
  const kept = join(folder, '.workbook', 'passed');
  for (const each of [join(folder, 'book', 'src'), answers, kept]) {
    mkdirSync(each, { recursive: true });
  }
  writeFileSync(join(folder, 'book', 'book.toml'), '');
  copyFileSync(join(repository, 'lessons', '00-start', 'lesson.toml'), join(lesson, 'lesson.toml'));
  writeFileSync(join(answers, 'exercise.rs'), text);
  if (status === 'passed') {
    writeFileSync(join(kept, 'hello.rs'), text);
  }
  const hash = createHash('sha256').update(text).digest('hex');
  const line = { v: 1, at: 1_790_000_000, id: 'hello', kind: 'attempt', status, seconds: 0.1, hash };
  writeFileSync(join(folder, '.workbook', 'attempts.jsonl'), `${JSON.stringify(line)}\n`);
  return folder;
}
