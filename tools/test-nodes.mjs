// Runs the tests on every supported line of Node, each from npm's `node` package, kept in node_modules/.cache.
// Versions may be given as arguments.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { root } from './workspace.mjs';

const supported = ['20.19.5', '22.23.3', '24.21.0', '26.10.0'];
const asked = process.argv.slice(2);

const results = (asked.length > 0 ? asked : supported).map((version) => {
  process.stdout.write(`\n== Node ${version}\n`);
  const node = install(version);
  const { status, stdout } = spawnSync(node, ['node_modules/vitest/vitest.mjs', 'run'], {
    cwd: root,
    env: { ...process.env, PATH: `${dirname(node)}${delimiter}${process.env.PATH ?? ''}` },
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
    maxBuffer: 1 << 28,
  });
  process.stdout.write(stdout);
  return { version, ok: status === 0, counts: stdout.trimEnd().split('\n').at(-1) };
});

process.stdout.write('\n');
for (const { version, ok, counts } of results) process.stdout.write(`Node ${version}: ${ok ? 'ok' : 'FAILED'}: ${counts}\n`);
process.exitCode = results.every(({ ok }) => ok) ? 0 : 1;

function install(version) {
  const folder = join(root, 'node_modules/.cache/node', version);
  const windows = process.platform === 'win32';
  const node = join(folder, 'node_modules/node/bin', windows ? 'node.exe' : 'node');
  const answers = () => existsSync(node) && spawnSync(node, ['--version'], { encoding: 'utf8' }).stdout.trim() === `v${version}`;
  if (answers()) return node;
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'package.json'), '{ "private": true }\n');
  spawnSync('npm', ['install', '--no-audit', '--no-fund', `node@${version}`], { cwd: folder, stdio: ['ignore', 2, 2], shell: windows });
  if (!answers()) throw new Error(`could not install node@${version}`);
  return node;
}
