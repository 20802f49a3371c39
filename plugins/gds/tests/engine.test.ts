// The native engine without Node and without a device, under sanitizers; its cases are in native/tests.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, expect, test } from 'vitest';

const native = fileURLToPath(new URL('../native', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'sluice-gds-engine-'));
afterAll(() => rmSync(folder, { recursive: true }));

const compiler = process.env['CXX'] ?? 'g++';
const notBuilt = whyNot(compiler);

for (const sanitizer of ['address,undefined', 'thread']) test(`the engine passes its cases with -fsanitize=${sanitizer}`, ({ skip }) => {
  skip(notBuilt !== undefined, notBuilt);
  const sources = ['engine', 'file', 'transfer'].map((name) => join(native, `engine/${name}.cc`));
  const program = join(folder, sanitizer.slice(0, 6));
  execFileSync(compiler, ['-std=c++17', '-g', '-O1', '-Wall', '-Wextra', '-Werror', `-fsanitize=${sanitizer}`, '-fno-sanitize-recover=all', '-pthread', '-o', program, join(native, 'tests/engine_test.cc'), ...sources], { stdio: 'pipe' });
  const printed = execFileSync(program, [`${program}.file`], { encoding: 'utf8', timeout: 100_000, stdio: 'pipe' });
  expect(printed).toBe('ok random transfers\nok ends and errors\nok cancelled and stopped\n');
}, 120_000);

/** Why it cannot be built here. */
function whyNot(program: string): string | undefined {
  if (process.platform !== 'linux') return 'the engine is for Linux';
  try {
    execFileSync(program, ['--version'], { stdio: 'pipe' });
    return undefined;
  } catch {
    return `no C++ compiler here (${program}): install g++`;
  }
}
