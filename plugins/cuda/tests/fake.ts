import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** A fake library, as its tests steer it. */
export interface Fake {
  /** The next call but `skip` fails with `result`; `sticky`: and so does every one behind it. */
  fail(call: string, result: number, skip: number, sticky: boolean): void;
  set(name: string, value: number): void;
  /** What was set, what is alive, and how often each call was made. */
  state(): Readonly<Record<string, number>>;
  reset(): void;
}

/** Libraries that are built for tests: by the name that the addons ask the system for. */
const SOURCES = { 'libcuda.so.1': '../native/tests/fake_cuda.cc', 'libcufile.so.0': '../../gds/native/tests/fake_cufile.cc' } as const;

/**
 * Builds a fake library and loads it into this process: whoever asks for its name after that gets it, as the loader knows a
 * library by its SONAME. Nothing of the addons knows of it. Or says why it cannot be.
 */
export function loadFake(name: keyof typeof SOURCES, ...defines: readonly string[]): Fake | string {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-fake-'));
  try {
    const built = buildFake(folder, name, ...defines);
    if (typeof built !== 'string') return built.notBuilt;
    const loaded = { exports: {} };
    process.dlopen(loaded, built);
    return loaded.exports as Fake;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Builds a fake library in `folder`; gives its path. */
export function buildFake(folder: string, name: keyof typeof SOURCES, ...defines: readonly string[]): string | { readonly notBuilt: string } {
  if (process.platform !== 'linux') return { notBuilt: 'the addon is for Linux' };
  const compiler = process.env['CXX'] ?? 'g++';
  const { include_dir: headers } = createRequire(import.meta.url)('node-api-headers') as { readonly include_dir: string };
  const source = fileURLToPath(new URL(SOURCES[name], import.meta.url));
  const output = join(folder, name);
  try {
    execFileSync(compiler, ['-std=c++17', '-O1', '-Wall', '-shared', '-fPIC', '-fno-gnu-unique', `-I${headers}`, `-Wl,-soname,${name}`, ...defines.map((d) => `-D${d}`), '-o', output, source], { stdio: 'pipe' });
  } catch (error) {
    return { notBuilt: `${compiler} does not build the fake: ${String((error as { stderr?: unknown }).stderr ?? error)}` };
  }
  return output;
}
