import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { cp } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildFake } from '@sluice/cuda/fake';
import { build } from 'esbuild';
import { describe, expect, test } from 'vitest';
import { useInstalled } from './installed.ts';
import { AVAILABLE, backend } from './sources.ts';

const installed = useInstalled();
const { put } = installed;

describe('sluice doctor', () => {
  test('proves what is installed by running it, and names what is not', async () => {
    for (const cwd of [installed.project, installed.bare]) {
      const { status, stdout, stderr } = await installed.run(['doctor', '--json'], { cwd });
      expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
      const { ok: verdict, plugins } = JSON.parse(stdout) as { ok: boolean; plugins: { name: string }[] };
      expect(verdict).toBe(true);
      expect(plugins.map((p) => p.name)).toEqual(['@sluice/cpu-ref', '@sluice/fs', '@sluice/io-uring', '@sluice/wgsl', '@sluice/gds', '@sluice/cuda']);
      for (const p of plugins) expect(Object.keys(p)).toEqual(['name', 'version', 'available', 'reason', 'fix', 'verified']);
      expect(plugins[0]).toMatchObject({ version: '0.1.0', available: true, fix: null, verified: true, reason: expect.stringMatching(cwd === installed.bare ? /the right 4097 values \(comes with sluice; not installed in this folder\)$/ : /the right 4097 values$/) });
      expect(plugins[1]).toMatchObject({ version: '0.1.0', available: true, fix: null, verified: true, reason: expect.stringMatching(/read and written back/) });
      expect(plugins[2]).toEqual({ name: '@sluice/io-uring', version: null, available: false, reason: 'not installed (storage, Linux)', fix: 'it is not published: pack the folder plugins/io-uring of the Sluice workspace, and add the tarball to the project', verified: false });
      expect(plugins[3]).toEqual({ name: '@sluice/wgsl', version: null, available: false, reason: 'not installed (compute, WebGPU)', fix: 'it is not published: pack the folder plugins/wgsl of the Sluice workspace, and add the tarball to the project', verified: false });
      expect(plugins.slice(4)).toEqual([['gds', 'storage, NVIDIA'], ['cuda', 'memory of NVIDIA devices']].map(([name, runs]) => ({ name: `@sluice/${name}`, version: null, available: false, reason: `not installed (${runs})`, fix: `it is not published: pack the folder plugins/${name} of the Sluice workspace, and add the tarball to the project`, verified: false })));
      // What a registry has under these names is not ours.
      expect(stdout).not.toMatch(/\b(npm|npx|pnpm|yarn)\b/);
    }
  });

  test('the report for people says the same', async () => {
    const { status, stdout, stderr } = await installed.run(['doctor']);
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(stdout).toMatch(/^ok {6}@sluice\/fs 0\.1\.0\n {8}fs: .*read and written back$/m);
    expect(stdout).toMatch(/^- {7}@sluice\/io-uring\n {8}not installed \(storage, Linux\)\n {8}fix: it is not published: /m);
    expect(stdout).toMatch(/^ok: compute on cpu-ref; storage on fs$/m);
  });

  test('without a folder for temporary files storage is not tried, and nothing is said against it', async () => {
    const { status, stdout, stderr } = await installed.run(['doctor'], { env: { TMPDIR: join(installed.bare, 'missing') } });
    expect(status).toBe(1);
    expect(stdout).toMatch(/^\? {7}@sluice\/fs 0\.1\.0\n {8}fs: not tried: no folder for the files of the test program can be made in `.*missing`: ENOENT.*\n {8}fix: set TMPDIR to/m);
    expect(stdout).toMatch(/^not ok: compute on cpu-ref; storage on nothing$/m);
    expect(stderr).toMatch(/^cli\/no-temporary-folder: /);
  });

  test('a backend that gives wrong bytes is found out', async () => {
    await put('liar.mjs', backend(`${AVAILABLE}, open: async () => ({ backend: 'acme', close: async () => {}, storage: { spaces: ['host'],
      open: async (path) => { await writeFile(path, '', { flag: 'a' }); return { name: path, identity: path, via: 'buffered', viaReason: '', size: async () => 100003n, close: async () => {} }; },
      submit: (batch, complete) => batch.forEach((t, i) => complete(i, { ok: true, direct: 0, buffered: t.memory?.byteLength ?? 0, bounced: 0 })) } })`));
    const { status, stdout } = await installed.run(['doctor', '--json', '--plugin', 'fs,./liar.mjs']);
    expect(status).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject({ ok: false, plugins: [{ name: '@sluice/fs', verified: true }, { name: 'acme', version: '1.2.3', available: true, verified: false, reason: 'acme: backend `acme` gave 0 bytes as `target`, expected 100003; byte 0 is missing, expected 0' }] });
    const people = await installed.run(['doctor', '--plugin', 'fs,./liar.mjs']);
    expect(people).toMatchObject({ status: 1, stdout: expect.stringMatching(/^FAILED {2}acme 1\.2\.3$/m), stderr: expect.stringMatching(/^cli\/wrong-bytes: /) });
    expect(people.stdout).toMatch(/^not ok: compute on nothing; storage on fs$/m);
  });

  test('one that cannot run here is no failure of the machine, unless it is the one that was asked for', async () => {
    await put('unable.mjs', backend(`probe: async () => ({ available: false, reason: 'no such device', fix: 'buy one' }), open: async () => { throw new Error('never') }`));
    const only = await installed.run(['doctor', '--json', '--plugin', './unable.mjs']);
    expect(only.status).toBe(1);
    expect(JSON.parse(only.stdout)).toEqual({ ok: false, plugins: [{ name: 'acme', version: '1.2.3', available: false, reason: 'acme: no such device', fix: 'buy one', verified: false }] });
    await put('throws.mjs', backend(`probe: async () => { throw new Error('boom') }, open: async () => { throw new Error('never') }`));
    expect(JSON.parse((await installed.run(['doctor', '--json', '--plugin', './throws.mjs'])).stdout)).toMatchObject({ ok: false, plugins: [{ available: false, reason: 'acme: its probe threw: boom' }] });
  });

  test('what an NVIDIA device lacks for direct transfers is explained, with the remedies; without one, how to get it', async ({ skip }) => {
    const plugins = fileURLToPath(new URL('../../../plugins', import.meta.url));
    const folder = join(installed.project, 'nvidia');
    skip(!['cuda', 'gds'].every((name) => existsSync(join(plugins, `${name}/native/prebuilds/linux-${process.arch}/${name}.node`))), 'the addons of @sluice/cuda and @sluice/gds are not built');
    await build({
      entryPoints: ['cuda', 'gds'].map((name) => ({ in: join(plugins, `${name}/src/plugin.ts`), out: name })), outdir: join(folder, 'dist'), outExtension: { '.js': '.mjs' },
      external: ['@sluice/core'], conditions: process.env['TEST_DIST'] === '1' ? [] : ['@sluice/source'], bundle: true, splitting: true, format: 'esm', platform: 'node', target: 'node20', logLevel: 'error',
    });
    for (const name of ['cuda', 'gds']) await cp(join(plugins, name, 'native/prebuilds'), join(folder, 'native/prebuilds'), { recursive: true });
    const doctor = (env: Readonly<Record<string, string>>) => installed.run(['doctor', '--plugin', './nvidia/dist/cuda.mjs,./nvidia/dist/gds.mjs'], { env });
    const without = await doctor({});
    skip(without.stdout.includes('cuda: CUDA'), 'there is a device here');
    expect(without.stdout).toMatch(/^- {7}@sluice\/cuda 0\.1\.0\n {8}cuda: there is no NVIDIA driver here: libcuda\.so\.1 does not load .*\n {8}fix: install the NVIDIA driver /m);
    for (const name of ['libcuda.so.1', 'libcufile.so.0'] as const) {
      const built = buildFake(folder, name);
      skip(typeof built !== 'string', JSON.stringify(built));
    }
    const { stdout } = await doctor({ LD_LIBRARY_PATH: folder });
    expect(stdout).toMatch(/^ok {6}@sluice\/cuda 0\.1\.0\n {8}cuda: CUDA 13\.0 on Fake 0 .*; 100003 bytes were put into memory of cuda and read back; it runs no kernels$/m);
    expect(stdout).toMatch(/^ok {6}@sluice\/gds 0\.1\.0\n {8}gds: cuFile 1\.15, through memory of the host \(compatibility mode\); nvidia-fs is not loaded \(to mend it: .*modprobe nvidia-fs.*\); .*read and written back$/m);
    expect(stdout).toMatch(/compute on nothing; storage on gds$/m);
  });

  test('a ring that is denied is explained, call by call, with the remedy', async ({ skip }) => {
    const native = fileURLToPath(new URL('../../../plugins/io-uring/native', import.meta.url));
    skip(process.platform !== 'linux', 'io_uring is of Linux');
    skip(!existsSync(join(native, `prebuilds/linux-${process.arch}/io-uring.node`)), 'the addon of @sluice/io-uring is not built');
    const ring = join(installed.project, 'ring');
    await build({
      stdin: { contents: `export { plugin } from '@sluice/io-uring/plugin';`, resolveDir: fileURLToPath(new URL('..', import.meta.url)) }, outfile: join(ring, 'dist/plugin.mjs'),
      external: ['@sluice/core'], conditions: process.env['TEST_DIST'] === '1' ? [] : ['@sluice/source'], bundle: true, format: 'esm', platform: 'node', target: 'node20', logLevel: 'error',
    });
    await cp(join(native, 'prebuilds'), join(ring, 'native/prebuilds'), { recursive: true });
    const deny = join(ring, 'deny');
    try {
      execFileSync('cc', ['-o', deny, join(native, 'tests/deny.c')], { stdio: 'pipe' });
    } catch (error) {
      skip(`no C compiler here: ${String(error)}`);
    }
    const doctor = (...rule: string[]) => installed.run(['doctor', '--plugin', 'cpu-ref,fs,./ring/dist/plugin.mjs'], { under: rule.length === 0 ? [] : [deny, ...rule] });
    const free = await doctor();
    skip(!/^ok {6}@sluice\/io-uring/m.test(free.stdout), `io_uring is denied here anyway: ${free.stdout}`);
    expect(free.stdout).toMatch(/^ {8}io-uring: io_uring of Linux .*read and written back$/m);
    for (const [rule, reason, remedy] of [
      ['setup=EPERM', 'io_uring_setup failed with EPERM', 'kernel.io_uring_disabled'],
      ['enter=EPERM', 'io_uring_enter failed with EPERM', 'seccomp profile'],
      ['register=ENOSYS', 'io_uring_register failed with ENOSYS', 'use a newer kernel'],
    ] as const) {
      const { status } = spawnSync(deny, [rule, process.execPath, '-e', "require('net').createServer().listen(0, '127.0.0.1', () => process.exit(0))"]);
      if (status !== 0) continue; // Node itself ends: from 22 on libuv has a ring of its own
      const { stdout } = await doctor(rule);
      expect(stdout).toMatch(/^ok {6}@sluice\/fs/m);
      expect(stdout).toMatch(new RegExp(`^- {7}@sluice/io-uring 0\\.1\\.0\\n {8}io-uring: ${reason}\\n {8}fix: .*${remedy}.*@sluice/fs`, 'm'));
    }
  });

  test('plugins that clash are shown with their error, and the others still run', async () => {
    await put('one.mjs', backend(`${AVAILABLE}, open: async () => { throw new Error('never') }`));
    await put('two.mjs', backend(`${AVAILABLE}, open: async () => { throw new Error('never') }`).replace("name: 'acme'", "name: 'acme-two'"));
    const { status, stdout, stderr } = await installed.run(['doctor', '--plugin', 'fs,./one.mjs,./two.mjs']);
    expect(status).toBe(1);
    expect(stdout).toMatch(/^ok {6}@sluice\/fs/m);
    expect(stdout).toMatch(/^FAILED {2}acme 1\.2\.3$/m);
    expect(stdout).toMatch(/^FAILED {2}acme-two 1\.2\.3$/m);
    expect(stderr).toMatch(/registry\/clash: .*\n/);
    expect(stderr).toContain('acme 1.2.3 and acme-two 1.2.3 both register backend `acme`');
  });
});
