// Packs every public package as it would be published and judges the tarball: publint for the manifest, attw for the types,
// and four things that neither looks at.
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { spawnSync } from 'node:child_process';
import { publicPackages, tool } from './workspace.mjs';

let faults = 0;
for (const { folder, manifest } of publicPackages) {
  const scratch = mkdtempSync(join(tmpdir(), 'sluice-pack-'));
  try {
    judge(manifest, pack(folder, scratch), scratch);
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}
process.exitCode = faults === 0 ? 0 : 1;

function pack(folder, scratch) {
  const packed = tool('pnpm', ['pack', '--pack-destination', scratch], folder);
  const tarball = readdirSync(scratch).find((name) => name.endsWith('.tgz'));
  if (!packed.ok || tarball === undefined) throw new Error(`pnpm pack failed in ${folder}:\n${packed.output}`);
  return join(scratch, tarball);
}

function judge({ name, exports }, tarball, scratch) {
  const found = faults;
  check(name, 'publint', tool('publint', ['--strict', tarball]));
  if (exports !== undefined) check(name, 'attw', tool('attw', [tarball, '--profile', 'esm-only', '--no-color']));

  spawnSync('tar', ['-xzf', tarball, '-C', scratch]);
  const manifest = readFileSync(join(scratch, 'package/package.json'), 'utf8');
  const files = readdirSync(join(scratch, 'package'));
  const licences = ['LICENSE', 'LICENSE-APACHE', 'LICENSE-MIT'].filter((file) => !files.includes(file));
  check(name, 'licence', { ok: licences.length === 0, output: `not in the tarball: ${licences.join(', ')}\n` });
  check(name, 'source condition', { ok: !manifest.includes('@sluice/source'), output: 'package.json still names @sluice/source\n' });
  check(name, 'workspace ranges', { ok: !manifest.includes('workspace:'), output: 'package.json still has a workspace: range\n' });
  if (files.includes('native') && process.platform === 'linux' && process.arch === 'x64') {
    const folder = join(scratch, 'package/native/prebuilds/linux-x64');
    check(name, 'prebuilt addon', { ok: existsSync(folder) && readdirSync(folder).some((file) => file.endsWith('.node')), output: 'native/prebuilds/linux-x64 has no addon: build it first (turbo run build:native)\n' });
  }
  if (faults === found) process.stdout.write(`${name}: ok\n`);
}

function check(name, what, { ok, output }) {
  if (ok) return;
  faults++;
  process.stdout.write(`${name}: ${what} failed\n${output}\n`);
}
