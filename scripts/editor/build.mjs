// Builds book/theme/editor.js of entry.mjs, its licences, and the hash that a test compares it with.
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const here = dirname(fileURLToPath(import.meta.url));
const theme = join(here, '../../book/theme');
const { metafile, outputFiles } = await build({
  entryPoints: [join(here, 'entry.mjs')],
  absWorkingDir: here,
  bundle: true,
  charset: 'utf8',
  format: 'esm',
  legalComments: 'none',
  metafile: true,
  minify: true,
  target: 'es2022',
  banner: { js: '/* CodeMirror and what it needs, MIT licensed: editor.LICENSES.txt. Made by scripts/editor; do not edit. */' },
  write: false,
});
const [{ contents }] = outputFiles;
const packages = [...new Set(Object.keys(metafile.inputs).map(file => file.match(/^node_modules\/((?:@[^/]+\/)?[^/]+)\//)?.[1]).filter(Boolean))].sort();
const licences = packages.map(name => {
  const folder = join(here, 'node_modules', name);
  const { version, license } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  const file = readdirSync(folder).find(each => /^licen[cs]e/i.test(each));
  if (!file || !existsSync(join(folder, file))) {
    throw new Error(`${name} has no licence file`);
  }
  return `${name} ${version} (${license})\n\n${readFileSync(join(folder, file), 'utf8').trim()}\n`;
});
writeFileSync(join(theme, 'editor.js'), contents);
writeFileSync(join(theme, 'editor.LICENSES.txt'), licences.join('\n----------------------------------------\n\n'));
writeFileSync(join(theme, 'editor.sha256'), `${createHash('sha256').update(contents).digest('hex')}  editor.js\n`);
console.log(`editor.js: ${(contents.length / 1024).toFixed(0)} KB of ${packages.length} packages`);
