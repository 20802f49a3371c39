import { link, readFile, stat, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { useInstalled } from './installed.ts';
import { COPY, SCALE } from './sources.ts';

const installed = useInstalled();
const { put } = installed;
const exists = (name: string) => stat(join(installed.project, name)).then(() => true, () => false);
const get = (name: string) => readFile(join(installed.project, name));

describe('sluice run', () => {
  test('runs a TypeScript program on files, with the plugins of its project', async () => {
    await put('copy.ts', COPY);
    await put('a.bin', 'some bytes');
    const { status, stdout, stderr } = await installed.run(['run', 'copy.ts', '--grant', 'source=a.bin', '--grant', 'target=b.bin']);
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(await get('b.bin')).toEqual(Buffer.from('some bytes'));
    expect(stdout).toMatch(/^program copy, memory in host; backends: fs/);
    expect(stdout).toMatch(/^io\.dma_from_nvme +1 +fs +native +buffered/m);
    expect(stdout).toMatch(/^size = 10$/m);
    expect(stdout).toMatch(/^moved 20 B in 2 transfers: 0 B direct, 20 B buffered, 0 B bounced \(read 10 B, written 10 B\)$/m);
    expect(stdout).toMatch(/^ran 0 launches in .* compiled in .*: .*B\/s$/m);
  });

  test('prints report, placement and results as JSON', async () => {
    await put('copy.ts', COPY);
    await put('a.bin', 'some bytes');
    const { stdout, stderr } = await installed.run(['run', 'copy.ts', '--grant', 'source=a.bin', '--grant', 'target=b.bin', '--json', '--backend', 'fs']);
    expect(stderr).toBe('');
    expect(JSON.parse(stdout)).toMatchObject({
      ok: true, program: 'copy', results: { size: '10' },
      report: { bytes: { direct: 0, buffered: 20, bounced: 0, read: 10, written: 10 }, transfers: 2, launches: 0, seconds: expect.any(Number), bytesPerSecond: expect.any(Number) },
      placement: { program: 'copy', space: 'host', files: [{ param: 'source', backend: 'fs', via: 'buffered' }, { param: 'target' }] },
    });
  });

  test('takes numbers, booleans and buffers, and gives results of each kind', async () => {
    await put('scale.ts', SCALE);
    await put('data.bin', new Uint8Array(Uint32Array.of(1, 2, 3).buffer));
    const args = ['run', 'scale.ts#scaled', '--arg', 'data=@data.bin', '--arg', 'by=0x10', '--arg', 'big=18446744073709551614', '--arg', 'flag=true', '--arg', 'f=0.5', '--backend', 'cpu-ref'];
    const { status, stdout, stderr } = await installed.run(args);
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(stdout).toContain('\nout = 12 B: 10 00 00 00 20 00 00 00 30 00 00 00\nbig = 18446744073709551615\nnot = false\nf = 0.5\n');
    const json = await installed.run([...args, '--json', '--out', 'out=scaled.bin']);
    expect(JSON.parse(json.stdout)).toMatchObject({ results: { out: { byteLength: 12, hex: '100000002000000030000000', path: join(installed.project, 'scaled.bin') }, big: '18446744073709551615', not: false, f: 0.5 } });
    expect(new Uint32Array((await get('scaled.bin')).buffer.slice(0, 12))).toEqual(Uint32Array.of(16, 32, 48));
  });

  test('paths may hold colons, equals signs and what looks like rights', async () => {
    await put('copy.ts', COPY);
    await put('a=b:c.bin:r', 'odd name');
    const { status, stderr } = await installed.run(['run', 'copy.ts', '--grant', 'source=a=b:c.bin:r:r', '--grant', 'target=t:w:w']);
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(await get('t:w')).toEqual(Buffer.from('odd name'));
  });

  test('a written file keeps its other bytes unless --truncate is given', async () => {
    await put('copy.ts', COPY);
    await put('a.bin', 'new');
    await put('b.bin', 'old content');
    const args = ['run', 'copy.ts', '--grant', 'source=a.bin', '--grant', 'target=b.bin'];
    await installed.run(args);
    expect(String(await get('b.bin'))).toBe('new content');
    await installed.run([...args, '--truncate']);
    expect(String(await get('b.bin'))).toBe('new');
  });

  test('nothing is made or emptied when an input is missing or the program cannot run', async () => {
    await put('copy.ts', COPY);
    await put('kept.bin', 'kept');
    const missing = await installed.run(['run', 'copy.ts', '--grant', 'target=kept.bin', '--grant', 'source=missing.bin', '--truncate']);
    expect(missing).toMatchObject({ status: 1, stdout: '' });
    expect(missing.stderr).toMatch(/^io\/not-found: .*missing\.bin/);
    expect(String(await get('kept.bin'))).toBe('kept');
    const unplaced = await installed.run(['run', 'copy.ts', '--grant', 'target=never.bin', '--grant', 'source=kept.bin', '--backend', 'cpu-ref']);
    expect(unplaced).toMatchObject({ status: 1, stdout: '' });
    expect(unplaced.stderr).toMatch(/^plan\/not-runnable/);
    expect(unplaced.stderr).toContain('linked backends: cpu-ref (never runs io ops)');
    expect(await exists('never.bin')).toBe(false);
  });

  test('--truncate empties nothing before every file is open, the program compiles and the arguments fit', async () => {
    await put('copy.ts', COPY);
    await put('two.ts', COPY.replace("target: fd('w')", "target: fd('w'), second: fd('w')").replace('source, target }', 'source, target, second }'));
    await put('a.bin', 'some bytes');
    await put('kept.bin', 'kept');
    const unopened = await installed.run(['run', 'two.ts', '--grant', 'source=a.bin', '--grant', 'target=kept.bin', '--grant', 'second=no-folder/x', '--truncate']);
    expect(unopened).toMatchObject({ status: 1, stdout: '', stderr: expect.stringMatching(/^io\/not-found: .*no-folder/) });
    const unplaced = await installed.run(['run', 'copy.ts', '--grant', 'source=a.bin', '--grant', 'target=kept.bin', '--truncate', '--backend', 'cpu-ref']);
    expect(unplaced).toMatchObject({ status: 1, stderr: expect.stringMatching(/^plan\/not-runnable/) });
    const unfit = await installed.run(['run', 'copy.ts', '--grant', 'source=kept.bin:w', '--grant', 'target=a.bin', '--truncate']);
    expect(unfit).toMatchObject({ status: 2, stderr: expect.stringMatching(/^cli\/usage: --grant source: the parameter declares `r`, and `w` lacks `r`/) });
    expect([String(await get('kept.bin')), String(await get('a.bin'))]).toEqual(['kept', 'some bytes']);
  });

  test.each(['same.bin', 'symbolic.bin', 'hard.bin'])('--truncate never empties a file that is read too: %s', async (name) => {
    await put('copy.ts', COPY);
    const file = await put('same.bin', 'precious');
    if (name === 'symbolic.bin') await symlink(file, join(installed.project, name));
    if (name === 'hard.bin') await link(file, join(installed.project, name));
    for (const source of ['same.bin', 'same.bin:rw']) {
      const refused = await installed.run(['run', 'copy.ts', '--grant', `source=${source}`, '--grant', `target=${name}`, '--truncate']);
      expect(refused).toMatchObject({ status: 1, stdout: '', stderr: expect.stringMatching(/^cli\/same-file: --truncate would empty `.*`, granted as `target`, which `source` reads\n/) });
    }
    expect(String(await get('same.bin'))).toBe('precious');
    // Without --truncate nothing is emptied, and a program may write what it reads.
    expect((await installed.run(['run', 'copy.ts', '--grant', 'source=same.bin', '--grant', `target=${name}`])).status).toBe(0);
    expect(String(await get('same.bin'))).toBe('precious');
  });

  test('rights that fall short are refused before any file is opened or made', async () => {
    await put('copy.ts', COPY);
    await put('a.bin', 'x');
    const { status, stderr } = await installed.run(['run', 'copy.ts', '--grant', 'source=unmade.bin:w', '--grant', 'target=a.bin:r']);
    expect(status).toBe(2);
    expect(stderr).toMatch(/^cli\/usage: --grant source: the parameter declares `r`, and `w` lacks `r`\n {2}--grant target: the parameter declares `w`, and `r` lacks `w`\n/);
    expect(await exists('unmade.bin')).toBe(false);
  });

  test('a program that is none is an error of the verifier, whatever is wrong with it', async () => {
    const programs = ['{ kind: "program", params: [], kernels: [], body: {} }', '{ kind: "program", name: "p", params: [{}], results: [], kernels: [], body: {} }'];
    for (const [i, program] of programs.entries()) {
      await put(`none${i}.mjs`, `export default ${program};`);
      const { status, stdout } = await installed.run(['run', `none${i}.mjs`, '--json']);
      expect({ status, ...JSON.parse(stdout) }).toMatchObject({ status: 1, ok: false, error: { code: 'verify/invalid' } });
    }
  });

  test('a program may be a CommonJS module', async () => {
    await put('answer.cjs', `const { defineProgram, u64 } = require('@sluice/core');\nexports.answer = defineProgram('answer', {}, () => ({ n: u64(42) }));\n`);
    expect(await installed.run(['run', 'answer.cjs#answer'])).toMatchObject({ status: 0, stdout: expect.stringMatching(/^n = 42$/m) });
  });

  test('everything that is wrong with the arguments is said at once', async () => {
    await put('scale.ts', SCALE);
    const { status, stderr } = await installed.run(['run', 'scale.ts#scaled', '--arg', 'by=4294967296', '--arg', 'by=1', '--arg', 'flag=yes', '--grant', 'data=x', '--arg', 'nope=1', '--arg', 'f']);
    expect(status).toBe(2);
    expect(stderr).toBe(
      [
        'cli/usage: --grant data: the parameter is GpuBufferHandle, not a file: use --arg data=@<file>',
        '  --arg by: `4294967296` is not a u32',
        '  --arg by=1: `by` is given twice',
        '  --arg flag: `yes` is not a bool',
        '  --arg nope=1: program `scaled` has no parameter `nope`',
        '  --arg f: no `name=` in front',
        '  `big` is not given',
        '  `f` is not given',
        '  fix: program `scaled` takes --arg data=@<file> --arg by=<u32> --arg big=<u64> --arg flag=<bool> --arg f=<f32>',
        '',
      ].join('\n'),
    );
  });

  test('a failed read of a buffer and a failed write of a result are errors', async () => {
    await put('scale.ts', SCALE);
    const args = (data: string, out: string) => ['run', 'scale.ts#scaled', '--arg', `data=@${data}`, '--arg', 'by=1', '--arg', 'big=1', '--arg', 'flag=true', '--arg', 'f=1', '--out', `out=${out}`, '--backend', 'cpu-ref'];
    expect(await installed.run(args('missing.bin', 'x.bin'))).toMatchObject({ status: 1, stderr: expect.stringMatching(/^cli\/file: `.*missing\.bin` cannot be read: ENOENT/) });
    await put('data.bin', 'abcd');
    expect(await installed.run(args('data.bin', 'no-folder/x.bin'))).toMatchObject({ status: 1, stderr: expect.stringMatching(/^cli\/file: `.*x\.bin` cannot be written: ENOENT/) });
    expect(await installed.run([...args('data.bin', 'x.bin'), '--out', 'out=y.bin'])).toMatchObject({ status: 2, stderr: expect.stringMatching(/^cli\/usage: --out out=y\.bin: `out` is given twice/) });
    expect(await installed.run(args('data.bin', 'no/such/x.bin'))).toMatchObject({ status: 1, stdout: '', stderr: expect.stringMatching(/^cli\/file: `.*x\.bin` cannot be written: ENOENT/) });
    expect(await installed.run(args('data.bin', '.'))).toMatchObject({ status: 1, stdout: '', stderr: expect.stringMatching(/^cli\/file: `.*` cannot be written: it is a folder/) });
    expect(await installed.run(args('data.bin', './data.bin'))).toMatchObject({ status: 1, stdout: '', stderr: expect.stringMatching(/^cli\/same-file: --out out would overwrite `.*data\.bin`, which is given as `data`/) });
    expect(await installed.run([...args('data.bin', 'x.bin'), '--out', 'big=x'])).toMatchObject({ status: 2, stderr: expect.stringMatching(/^cli\/usage: --out big=x: .*\n {2}fix: it returns out\n$/) });
  });

  test('SIGINT ends a run with status 130', async () => {
    await put(
      'endless.ts',
      `import { control, defineKernel, defineProgram, buffer, fd, io, kernel, u32 } from '@sluice/core';
       const spin = defineKernel('spin', { params: { out: 'buffer<u32, read_write>' }, workgroup: 1 }, ({ out }) => {
         control.while(u32(1), () => out.load(0).eq(0), (n) => n.add(1));
       });
       export default defineProgram('endless', { target: fd('w') }, ({ target }) => {
         const out = buffer.alloc('u32', 1);
         kernel.launch(spin, 1, { out });
         io.write_back_to_nvme(out, target, 0);
       });`,
    );
    const ended = await installed.run(['run', 'endless.ts', '--grant', 'target=never-written.bin', '--backend', 'fs,cpu-ref'], {
      during: async (kill) => {
        // The file is made just before the run begins.
        while (!(await exists('never-written.bin'))) await new Promise((resolve) => setTimeout(resolve, 20));
        kill('SIGINT');
      },
    });
    expect(ended).toEqual({ status: 130, stdout: '', stderr: 'cli/interrupted: stopped by SIGINT\n  fix: run it again: files that it was writing are incomplete\n' });
  });
});
