// The native engine without Node, under AddressSanitizer and UndefinedBehaviorSanitizer; its cases are in native/tests.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { unavailable } from './fixture.ts';

const native = fileURLToPath(new URL('../native', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'sluice-engine-'));
let notBuilt: string | undefined;

beforeAll(() => {
  const compiler = process.env['CXX'] ?? 'g++';
  if (process.platform !== 'linux') notBuilt = 'the engine is for Linux';
  try {
    execFileSync(compiler, ['--version'], { stdio: 'pipe' });
  } catch {
    notBuilt ??= `no C++ compiler here (${compiler}): install g++`;
  }
  if (notBuilt !== undefined) return;
  const sources = readdirSync(join(native, 'engine')).filter((name) => name.endsWith('.cc')).map((name) => join(native, 'engine', name));
  const flags = ['-std=c++17', '-g', '-O1', '-Wall', '-Wextra', '-Werror', '-fsanitize=address,undefined', '-fno-sanitize-recover=all', '-pthread'];
  execFileSync(compiler, [...flags, '-o', join(folder, 'engine_test'), join(native, 'tests/engine_test.cc'), ...sources], { stdio: 'pipe' });
}, 120_000);
afterAll(() => rmSync(folder, { recursive: true }));

test('the engine passes its cases with sanitizers', ({ skip }) => {
  skip(notBuilt !== undefined, notBuilt);
  skip(unavailable !== undefined, unavailable);
  const printed = execFileSync(join(folder, 'engine_test'), [folder], { encoding: 'utf8', timeout: 100_000, stdio: 'pipe' });
  expect(printed).not.toMatch(/FAIL|skip/u);
  expect(printed.match(/^ok /gmu)?.length).toBe(17);
}, 120_000);
