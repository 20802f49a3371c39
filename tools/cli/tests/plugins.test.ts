import { describe, expect, test } from 'vitest';
import { useInstalled } from './installed.ts';
import { COPY, WAITING } from './sources.ts';

const installed = useInstalled();
const { put } = installed;

function lowerings(stdout: string, id: string): unknown {
  return (JSON.parse(stdout) as { id: string; lowerings: unknown }[]).find((op) => op.id === id)?.lowerings;
}

describe('plugins', () => {
  test('are found by a short name, a package name or a path, and fall back to those of the command line', async () => {
    await put('copy.ts', COPY);
    await put('waiting.ts', WAITING);
    await put('a.bin', 'x');
    const grants = ['--grant', 'source=a.bin', '--grant', 'target=b.bin'];
    expect(await installed.run(['run', 'copy.ts', ...grants, '--plugin', 'fs,./waiting.ts'])).toMatchObject({ status: 0 });
    expect(await installed.run(['run', 'copy.ts', ...grants, '--plugin', '@sluice/fs'])).toMatchObject({ status: 0 });
    const none = await installed.run(['run', 'copy.ts', ...grants, '--plugin', 'cpu-ref']);
    expect(none).toMatchObject({ status: 1, stderr: expect.stringMatching(/has no lowering on any linked backend/) });
    const elsewhere = await installed.run(['ops', '--json', '--plugin', 'fs'], { cwd: installed.bare });
    expect(lowerings(elsewhere.stdout, 'io.dma_from_nvme')).toEqual({ nativeModule: ['fs'] });
  });

  test('one that is not installed or throws is an error with what to do', async () => {
    await put('copy.ts', COPY);
    await put('a.bin', 'x');
    const grants = ['--grant', 'source=a.bin', '--grant', 'target=b.bin'];
    expect((await installed.run(['run', 'copy.ts', ...grants, '--plugin', 'sluice-no-such-plugin'])).stderr).toMatch(/^cli\/no-plugin: plugin `sluice-no-such-plugin` is not installed; looked for from .*\n {2}fix: correct the name, or add the package that you mean, .*\n$/);
    expect((await installed.run(['run', 'copy.ts', ...grants, '--plugin', 'cuda'])).stderr).toMatch(/^cli\/no-plugin: plugin `@sluice\/cuda` is not installed \(memory of NVIDIA devices\); looked for from .*\n {2}fix: it is not published: pack the folder plugins\/cuda /);
    await put('throwing.ts', `throw new Error('no driver');\n`);
    expect((await installed.run(['run', 'copy.ts', ...grants, '--plugin', './throwing.ts'])).stderr).toMatch(/^cli\/load-failed: .*no driver\n {2}--> throwing\.ts:1:7\n/);
    expect((await installed.run(['run', 'copy.ts', ...grants, '--plugin', './absent.ts'])).stderr).toMatch(/^cli\/no-plugin: plugin `\.\/absent\.ts`: `.*absent\.ts` does not exist\n/);
    const listed = await installed.run(['ops', '--plugin', 'fs,sluice-no-such-plugin']);
    expect(listed).toMatchObject({ status: 1, stdout: expect.stringContaining('io.dma_from_nvme'), stderr: expect.stringMatching(/^cli\/no-plugin: plugin `sluice-no-such-plugin` is not installed/) });
    await put('future.ts', `import { definePlugin } from '@sluice/core';\nexport const plugin = definePlugin({ name: 'future', version: '9.0.0', api: 9, register() {} });\n`);
    expect((await installed.run(['run', 'copy.ts', ...grants, '--plugin', './future.ts'])).stderr).toMatch(/^registry\/api-mismatch: future 9\.0\.0/);
  });
});

describe('sluice ops', () => {
  test('--json is the documented list', async () => {
    const { status, stdout, stderr } = await installed.run(['ops', '--json']);
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    const list = JSON.parse(stdout) as { id: string; lowerings: object }[];
    expect(list.find((op) => op.id === 'io.write_back_to_nvme')).toEqual({
      id: 'io.write_back_to_nvme', dialect: 'io', category: 'intrinsic',
      signature: { inputs: [{ name: 'handle', type: 'GpuBufferHandle' }, { name: 'fd', type: 'i32' }, { name: 'offset', type: 'u64' }], outputs: [], attrs: [] },
      lowerings: { nativeModule: ['fs'] },
    });
    expect(lowerings(stdout, 'mem.zerocopy_map')).toEqual({});
    expect(lowerings(stdout, 'arith.add')).toEqual({ cpuRef: ['cpu-ref'] });
    expect(list.map((op) => op.id)).toEqual(list.map((op) => op.id).sort());
    for (const op of list) expect(Object.keys(op)).toEqual(['id', 'dialect', 'category', 'signature', 'lowerings']);
  });

  test('the table and the Markdown say who lowers what, and which lowerings wait', async () => {
    await put('waiting.ts', WAITING);
    const { status, stdout } = await installed.run(['ops', '--plugin', 'fs,cpu-ref,./waiting.ts']);
    expect(status).toBe(0);
    expect(stdout).toMatch(/^op +category +signature +cpu-ref +fs +note$/m);
    expect(stdout).toMatch(/^arith\.add +intrinsic +\(a: T, b: T\) -> \(result: T\) +cpuRef +-$/m);
    expect(stdout).toMatch(/^io\.dma_from_nvme +intrinsic +\(fd: i32, offset: u64, length: u64\) -> \(handle: GpuBufferHandle\) +- +nativeModule +structured intrinsic: no CPU path$/m);
    expect(stdout).toMatch(/^buffer\.copy .* +- +- +the session runs it$/m);
    expect(stdout).toMatch(/^waiting: waiting lowers `acme\.gelu` for fs, and op `acme\.gelu` is not registered$/m);
    expect(stdout).toMatch(/^waiting: waiting lowers `arith\.sub` for absent, and backend `absent` is not registered$/m);
    const markdown = await installed.run(['ops', '--plugin', 'fs,cpu-ref,./waiting.ts', '--markdown']);
    expect(markdown.stdout).toContain('| op | category | signature | cpu-ref | fs | note |\n| --- | --- | --- | --- | --- | --- |\n');
    expect(markdown.stdout).toContain('| `buffer.alloc` | intrinsic | `(byte_length: u64) {init: zero \\| none} -> (handle: GpuBufferHandle)` | - | - | the session runs it |\n');
  });
});
