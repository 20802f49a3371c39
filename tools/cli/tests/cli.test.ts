import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { useInstalled } from './installed.ts';
import { COPY, SCALE } from './sources.ts';

const installed = useInstalled();
const { put } = installed;
const ok = (stdout: string) => ({ status: 0, stdout, stderr: '' });

describe('the command itself', () => {
  test('gives help and version on standard output', async () => {
    expect(await installed.run(['--version'])).toEqual(ok('0.1.0\n'));
    for (const args of [['--help'], ['-h'], ['help']]) {
      const { status, stdout, stderr } = await installed.run(args);
      expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
      for (const command of ['run', 'check', 'fmt', 'print', 'opt', 'lower', 'inspect', 'load', 'ops', 'doctor']) expect(stdout).toMatch(new RegExp(`^  ${command} +[A-Z]`, 'm'));
    }
  });

  test.each(['run', 'check', 'fmt', 'print', 'opt', 'lower', 'inspect', 'load', 'ops', 'doctor'])('%s --help names every option', async (command) => {
    const { status, stdout, stderr } = await installed.run([command, '--help']);
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(stdout).toContain(`Usage: sluice ${command}`);
    expect(stdout).toContain('--json');
    expect(stdout.split('\n').filter((line) => line.length > 100)).toEqual([]);
    expect((await installed.run(['help', command])).stdout).toBe(stdout);
  });

  test('a bad command line ends with status 2 and says what is wrong', async () => {
    expect(await installed.run(['rnu'])).toEqual({ status: 2, stdout: '', stderr: 'cli/usage: `rnu` is no command\n  available: run, trace, check, fmt, print, opt, lower, inspect, load, ops, cache, doctor, conform\n  fix: see `sluice --help`\n' });
    expect(await installed.run(['run'])).toEqual({ status: 2, stdout: '', stderr: 'cli/usage: no <program> is given\n  fix: see `sluice run --help`\n' });
    expect(await installed.run(['ops', 'x'])).toEqual({ status: 2, stdout: '', stderr: 'cli/usage: `x` is one argument too many\n  fix: see `sluice ops --help`\n' });
    expect(await installed.run(['check', 'x.ts', '--grant', 'a=b'])).toEqual({
      status: 2, stdout: '', stderr: "cli/usage: Unknown option '--grant'\n  available: --plugin, --json, --help\n  fix: see `sluice check --help`\n",
    });
    expect(await installed.run(['ops', '--json', '--markdown'])).toMatchObject({ status: 2, stderr: '' });
    expect((await installed.run([])).status).toBe(2);
  });

  test('standard output that cannot be written is a failure, and a reader that goes away is none', async (context) => {
    const lost = await installed.run(['ops'], { stdout: '/dev/null' });
    expect(lost).toEqual(ok(''));
    if (process.platform !== 'linux') context.skip('/dev/full is of Linux');
    for (const args of [['ops'], ['ops', '--json'], ['--version']]) {
      expect(await installed.run(args, { stdout: '/dev/full' })).toEqual({ status: 1, stdout: '', stderr: 'sluice: standard output could not be written: ENOSPC: no space left on device, write\n' });
    }
    expect(await installed.run(['ops', '--json'], { reader: 'gone' })).toEqual(ok(''));
  });

  test('with --json an error is one JSON value on standard output', async () => {
    const { status, stdout, stderr } = await installed.run(['run', 'missing.ts', '--json']);
    expect({ status, stderr }).toEqual({ status: 2, stderr: '' });
    expect(JSON.parse(stdout)).toMatchObject({ ok: false, error: { code: 'cli/no-program', family: 'program' } });
  });
});

describe('programs', () => {
  test('come from every kind of module, by default export or by name', async () => {
    const plain = COPY.replace(/^interface.*$/m, '');
    for (const name of ['p.js', 'p.mjs', 'p.mts', 'odd#name.mjs']) {
      await put(name, plain);
      expect(await installed.run(['check', name])).toEqual(ok('program copy: ok; 0 kernels, 6 ops\ntakes --grant source=<path> --grant target=<path>\n'));
    }
    await put('named.mts', SCALE);
    expect((await installed.run(['check', 'named.mts#scaled'])).stdout).toMatch(/^program scaled: ok; 1 kernel, \d+ ops$/m);
  });

  test('a module without that program says which ones it has', async () => {
    const file = await put('scale.ts', SCALE);
    expect(await installed.run(['check', 'scale.ts'])).toEqual({ status: 2, stdout: '', stderr: `cli/no-program: \`${file}\` has no default export\n  available: ${file}#scaled\n  fix: name one of the programs that it exports\n` });
    expect((await installed.run(['check', 'scale.ts#other'])).stderr).toMatch(/^cli\/no-program: the export `other` of .* is no program\n/);
    expect((await installed.run(['check', installed.project])).stderr).toMatch(/^cli\/no-program: .* is not a file\n/);
    await put('data.txt', '');
    expect((await installed.run(['check', 'data.txt'])).stderr).toMatch(/^cli\/no-program: .* is not a module, text or wire file\n/);
  });

  test('an error of the front end shows the line of the author', async () => {
    await put('foreign.ts', `interface A { b: 1 }\nimport { defineProgram, arith } from '@sluice/core';\n\nexport default defineProgram('p', { n: 'u32' }, ({ n }) => {\n  arith.add(n, 2.5);\n});\n`);
    const { status, stderr } = await installed.run(['check', 'foreign.ts']);
    expect(status).toBe(1);
    expect(stderr).toMatch(/^build\/literal-range: 2\.5 is not a u32\n/);
  });

  test('a module that throws or does not parse shows where', async () => {
    await put('throws.ts', `type T = number;\nconst x: T = 1;\nexport default (x as unknown as { f(): void }).f();\n`);
    expect(await installed.run(['check', 'throws.ts'])).toEqual({
      status: 1, stdout: '',
      stderr: `cli/load-failed: \`${join(installed.project, 'throws.ts')}\` could not be loaded: TypeError: x.f is not a function\n  --> throws.ts:3:48\n   3 | export default (x as unknown as { f(): void }).f();\n     |                                                ^\n  fix: mend the module\n`,
    });
    await put('syntax.ts', 'const a: number = 1;\nconst = 2;\n');
    expect((await installed.run(['check', 'syntax.ts'])).stderr).toMatch(/^cli\/load-failed: .*syntax\.ts` could not be loaded: Expected identifier .*\n {2}--> syntax\.ts:2:7\n {3}2 \| const = 2;\n {5}\| {7}\^\n {2}fix: mend the module\n$/);
    await put('syntax.mjs', 'const a = 1;\nconst = 2;\n');
    expect((await installed.run(['check', 'syntax.mjs'])).stderr).toMatch(/^cli\/load-failed: .*syntax\.mjs` could not be loaded: Expected identifier .*\n {2}--> syntax\.mjs:2:7\n/);
    // Node 20 speaks of a cycle where the package is none of ES modules.
    await put('package/package.json', '{}');
    await put('package/bad.ts', '\nexport const x = ;\n');
    await put('package/imports-bad.ts', `import './bad.js';\n`);
    for (const name of ['bad.ts', 'imports-bad.ts']) {
      expect((await installed.run(['check', `package/${name}`])).stderr).toMatch(/^cli\/load-failed: .* could not be loaded: Unexpected ";"\n {2}--> package\/bad\.ts:2:18\n/);
    }
    await put('imports.ts', `import 'no-such-package';\n`);
    expect((await installed.run(['check', 'imports.ts'])).stderr).toMatch(/^cli\/load-failed: .*no-such-package.*\n {2}fix: install what it imports/);
  });

  test('with --json nothing that a module prints is on standard output', async () => {
    await put('loud.ts', `console.log('one');\nprocess.stdout.write('two\\n');\nsetTimeout(() => console.info('late'), 0);\n${COPY}`);
    await put('a.bin', 'x');
    const { status, stdout, stderr } = await installed.run(['run', 'loud.ts', '--json', '--grant', 'source=a.bin', '--grant', 'target=b.bin']);
    expect({ status, stderr }).toEqual({ status: 0, stderr: 'one\ntwo\nlate\n' });
    expect(JSON.parse(stdout)).toMatchObject({ ok: true, results: { size: '1' } });
    expect((await installed.run(['check', 'loud.ts'])).stdout).toMatch(/^one\ntwo\n/);
  });

  test('a module that ends the process or never finishes is an error that says so', async () => {
    await put('exits.ts', 'process.exit(0);\n');
    expect(await installed.run(['check', 'exits.ts'])).toEqual({
      status: 1, stdout: '', stderr: `cli/load-failed: \`${join(installed.project, 'exits.ts')}\` ended the process with status 0 while it was loaded\n  fix: take the call of process.exit out of the module, or out of what it imports\n`,
    });
    await put('waits.ts', 'await new Promise(() => {});\nexport default 1;\n');
    expect(await installed.run(['check', 'waits.ts'])).toMatchObject({ status: 1, stdout: '', stderr: expect.stringMatching(/^cli\/load-failed: `.*waits\.ts` never finishes loading: a top-level `await`/) });
    const json = await installed.run(['check', 'waits.ts', '--json']);
    expect({ status: json.status, stderr: json.stderr, output: JSON.parse(json.stdout) as unknown }).toMatchObject({ status: 1, stderr: '', output: { ok: false, error: { code: 'cli/load-failed' } } });
  });

  test('check shows every problem of a program that does not verify', async () => {
    await put(
      'divergent.ts',
      `import { control, defineKernel, defineProgram, kernel, buffer } from '@sluice/core';
const k = defineKernel('k', { params: { b: 'buffer<u32, read_write>' }, workgroup: 64 }, ({ b }, { local: { x } }) => {
  control.if(x.lt(7), () => control.barrier());
  b.store(x, 1);
});
export default defineProgram('divergent', {}, () => {
  kernel.launch(k, 64, { b: buffer.alloc('u32', 64) });
});
`,
    );
    const { status, stdout, stderr } = await installed.run(['check', 'divergent.ts']);
    expect({ status, stdout }).toEqual({ status: 1, stdout: 'program divergent: 1 problem\n' });
    expect(stderr).toMatch(/^verify\/divergent-barrier: /);
    expect(stderr).toContain('   3 |   control.if(x.lt(7), () => control.barrier());');
    const json = JSON.parse((await installed.run(['check', 'divergent.ts', '--json'])).stdout) as unknown;
    expect(json).toMatchObject({ ok: false, program: 'divergent', kernels: 1, problems: [{ code: 'verify/divergent-barrier', where: { kernel: 'k' } }] });
  });
});
