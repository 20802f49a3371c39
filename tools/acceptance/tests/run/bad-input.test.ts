import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, statSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import { API_VERSION, Registry, SluiceError, buffer, control, defineKernel, defineProgram, definePlugin, fd, io, kernel } from '@sluice/core';
import type { Program, ProgramIr, Session } from '@sluice/core';
import { plugin as fs } from '@sluice/fs/plugin';
import { describe, expect, onTestFinished, test } from 'vitest';
import { PRELUDE, inChild, said } from './child.ts';
import { CHUNK, copyFile, readRange, writeAt } from './programs.ts';
import { leaksNothing } from './resources.ts';
import { bytesOf, failure, file, folder, open, pattern, same } from './sessions.ts';

/** A folder with a file that nobody may touch, checked when the test ends. */
function guarded(): string {
  const dir = folder();
  const path = file(dir, 'bystander', 1000);
  onTestFinished(() => expect(bytesOf(path)).toEqual(pattern(1000)));
  return dir;
}

async function check(work: (s: Session, dir: string) => Promise<void>): Promise<void> {
  const s = await open();
  const dir = guarded();
  // What stays open in a session (devices, compiled programs) is there before the count begins.
  const warm = await s.grant(file(dir, 'warm', 4));
  await (await s.compile(readRange)).run({ input: warm, offset: 0, length: 4 }).then(({ results }) => results.data.close());
  await warm.close();
  await leaksNothing(s, () => work(s, dir));
}

describe('what cannot be granted', () => {
  test('a missing file', () => check(async (s, dir) => {
    const error = await failure(s.grant(join(dir, 'missing')), 'io/not-found');
    expect(error.message).toContain(join(dir, 'missing'));
    await failure(s.grant(join(dir, 'missing'), { rights: 'w' }), 'io/not-found');
    expect(existsSync(join(dir, 'missing'))).toBe(false);
  }));

  test('a directory', () => check(async (s, dir) => {
    await failure(s.grant(dir), 'io/is-directory');
    await failure(s.grant(dir, { rights: 'w', create: 'if-missing' }), 'io/is-directory');
    await failure(s.grant(dir, { rights: 'rw', create: 'truncate' }), 'io/is-directory');
  }));

  test('a part of the path that is a file', () => check(async (s, dir) => {
    await failure(s.grant(join(file(dir, 'plain', 1), 'below')), 'io/not-found');
  }));

  test('a file without permission', async () => {
    const dir = guarded();
    chmodSync(dir, 0o755);
    const path = file(dir, 'secret', 100);
    chmodSync(path, 0o400);
    const root = process.getuid?.() === 0;
    const child = await inChild(`${PRELUDE}
      import { readdirSync } from 'node:fs';
      const s = await session({ registry, backends: ['fs', 'cpu-ref'] });
      const count = () => [readdirSync('/proc/self/fd').length, readdirSync('/proc/self/task').length];
      await s.grant(${JSON.stringify(join(dir, 'bystander'))}).then((g) => g.close());
      const before = count();
      const codes = [await problem(s.grant(${JSON.stringify(path)}, { rights: 'w' })), await problem(s.grant(${JSON.stringify(path)}, { rights: 'rw', create: 'truncate' }))];
      const read = ${root} ? [await problem(s.grant(${JSON.stringify(path)}))] : [];
      const after = count();
      say([...codes, ...read].map((c) => c.code));
      say([before, after, s]);
      await s.close();
    `, root ? { uid: 65534 } : {});
    const [codes, [before, after, state]] = said(child) as [string[], [number[], number[], { memory: { used: number } }]];
    expect(codes).toEqual(Array.from({ length: root ? 3 : 2 }, () => 'io/permission'));
    expect([after, state.memory.used]).toEqual([before, 0]);
    expect(bytesOf(path)).toEqual(pattern(100));
  });

  test('a negative, fractional or huge offset or length', () => check(async (s, dir) => {
    const path = file(dir, 'data', 100);
    for (const value of [-1, -1n, 0.5, NaN, Infinity, 2 ** 53, 2n ** 63n, '1' as unknown as number]) {
      await failure(s.grant(path, { offset: value }), 'grant/range');
      await failure(s.grant(path, { length: value }), 'grant/range');
      await failure(s.grant(path, { rights: 'w', create: 'truncate', length: value }), 'grant/range');
    }
    await failure(s.grant(path, { rights: 'w', offset: 2n ** 62n, length: 2n ** 62n }), 'grant/range');
    expect(bytesOf(path)).toEqual(pattern(100));
  }));

  test('a range past the end of a file that is only read', () => check(async (s, dir) => {
    const error = await failure(s.grant(file(dir, 'data', 100), { offset: 50, length: 51 }), 'grant/range');
    expect(error.details).toEqual({ offset: '50', length: '51', size: '100' });
  }));

  test('rights, creation and sources that there are none of', () => check(async (s, dir) => {
    const path = file(dir, 'data', 100);
    await failure(s.grant(path, { rights: 'x' as 'r' }), 'session/option');
    await failure(s.grant(path, { rights: 'w', create: 'append' as 'no' }), 'session/option');
    await failure(s.grant(path, { create: 'truncate' }), 'grant/rights');
    await failure(s.grant({}), 'io/source');
    await failure(s.grant(new URL('https://example.invalid/x')), 'io/source');
    expect(bytesOf(path)).toEqual(pattern(100));
  }));
});

describe('what cannot be read or written', () => {
  test('a range past the end of the file: io/short-read with the count', () => check(async (s, dir) => {
    const exe = await s.compile(readRange);
    const input = await s.grant(file(dir, 'data', 100));
    const error = await failure(exe.run({ input, offset: 60, length: 50 }), 'io/short-read');
    expect(error.details).toMatchObject({ requested: 50, transferred: 40, offset: '60' });
    expect(error.where).toMatchObject({ program: 'read-range', op: 'io.dma_from_nvme', path: 'io.dma_from_nvme[0]' });
    expect((await failure(exe.run({ input, offset: 200, length: 1 }), 'io/short-read')).details).toMatchObject({ transferred: 0 });
    await input.close();
  }));

  test('a range past the end of the grant: nothing is read', () => check(async (s, dir) => {
    const exe = await s.compile(readRange);
    const input = await s.grant(file(dir, 'data', 100), { offset: 10, length: 20 });
    const error = await failure(exe.run({ input, offset: 15, length: 6 }), 'io/range');
    expect(error.details).toEqual({ offset: '15', length: '6', granted: '20' });
    expect(error.where).toMatchObject({ op: 'io.dma_from_nvme' });
    await input.close();
  }));

  test('offsets and lengths over what a file can have', () => check(async (s, dir) => {
    const exe = await s.compile(readRange);
    const input = await s.grant(file(dir, 'data', 100));
    await failure(exe.run({ input, offset: 2n ** 63n - 1n, length: 1 }), 'io/range');
    await failure(exe.run({ input, offset: 2n ** 64n - 1n, length: 2n ** 64n - 1n }), 'io/range');
    await failure(exe.run({ input, offset: 0, length: 2n ** 62n }), 'mem/too-large');
    for (const value of [-1, -1n, 0.5, NaN, 2 ** 53, 2n ** 64n]) {
      await failure(exe.run({ input, offset: value, length: 1 }), 'run/argument');
      await failure(exe.run({ input, offset: 0, length: value }), 'run/argument');
    }
    await input.close();
  }));

  test('a write to a read-only grant', () => check(async (s, dir) => {
    const path = file(dir, 'data', 100);
    const output = await s.grant(path);
    const exe = await s.compile(writeAt);
    await failure(exe.run({ output, data: new Uint8Array(10), offset: 0 }), 'grant/rights');
    expect(bytesOf(path)).toEqual(pattern(100));
    await output.close();
  }));

  test('a write through a parameter that the program declares as read-only, whatever was granted', () => check(async (s, dir) => {
    const path = file(dir, 'data', 100);
    const sly = defineProgram('sly', { input: fd('r') }, ({ input }) => io.write_back_to_nvme(buffer.alloc('u8', 4), input, 0));
    const input = await s.grant(path, { rights: 'rw' });
    await failure((await s.compile(sly)).run({ input }), 'grant/rights');
    expect(bytesOf(path)).toEqual(pattern(100));
    await input.close();
  }));

  test('a grant that was revoked, before the run', () => check(async (s, dir) => {
    const input = await s.grant(file(dir, 'data', 100));
    await input.revoke();
    await failure((await s.compile(readRange)).run({ input, offset: 0, length: 1 }), 'grant/revoked');
    await failure((await s.compile(readRange)).bind({ input, offset: 0, length: 1 }), 'grant/revoked');
  }));

  test('a grant of another session, a look-alike, a number', () => check(async (s, dir) => {
    const exe = await s.compile(readRange);
    const other = await open();
    const foreign = await other.grant(file(dir, 'data', 100));
    for (const input of [foreign, { ...foreign }, foreign.fd as never, null as never, 'data' as never]) {
      await failure(exe.run({ input, offset: 0, length: 1 }), 'grant/unknown');
    }
    await other.close();
  }));

  test('a grant number that the run was not given', () => check(async (s, dir) => {
    const hidden = await s.grant(file(dir, 'hidden', 100));
    const given = await s.grant(file(dir, 'given', 100));
    const guess = withFd(readRange, hidden.fd);
    const error = await failure((await s.compile(guess)).run({ input: given, offset: 0, length: 1 }), 'grant/unknown');
    expect(error.available).toEqual([`${given.fd} (${given.name})`]);
    await Promise.all([hidden.close(), given.close()]);
  }));

  test('a file that is truncated in the middle of a read', () => check(async (s, dir) => {
    const path = file(dir, 'data', Number(CHUNK) * 8);
    const [input, output] = [await s.grant(path), await s.grant(join(dir, 'out'), { rights: 'w', create: 'if-missing' })];
    const exe = await s.compile(copyFile);
    let moved = 0;
    const error = await failure(exe.run({ input, output }, { onProgress: ({ op }) => {
      if (op === 'io.write_back_to_nvme' && ++moved === 2) truncateSync(path, Number(CHUNK) * 2 + 100);
    } }), 'io/short-read');
    expect(error.details['transferred']).toBeLessThan(Number(CHUNK));
    // Of the file that it was writing, the prefix that is in it.
    const [out] = error.details['files'] as readonly { readonly file: string; readonly offset: string; readonly written: number; readonly durable: number }[];
    expect(out).toMatchObject({ file: join(dir, 'out'), offset: '0', durable: 0 });
    expect(out!.written).toBeGreaterThanOrEqual(Number(CHUNK));
    expect(same(bytesOf(join(dir, 'out')).slice(0, out!.written), pattern(Number(CHUNK) * 8).slice(0, out!.written))).toBe(true);
    expect(error.message).toContain(`${out!.written} bytes from 0 on are written, 0 of them durable`);
    await Promise.all([input.close(), output.close()]);
  }));

  test('a full disk in the middle of a write: the prefix that was written is reported', async (context) => {
    const mount = folder();
    try {
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', mount], { stdio: 'ignore' });
    } catch {
      return context.skip('mounting a tmpfs takes root, with the capability to mount');
    }
    try {
      await check(async (s) => {
        const output = await s.grant(join(mount, 'out'), { rights: 'w', create: 'if-missing' });
        // One call of the backend: of several, which gets the last of the space is up to the kernel.
        const data = await s.buffer(pattern(3 << 19));
        const error = await failure((await s.compile(writeAt)).run({ output, data, offset: 0 }), 'io/no-space');
        const written = error.details['written'] as number;
        expect(written).toBeGreaterThan(0);
        expect(written).toBe(statSync(join(mount, 'out')).size);
        expect(error.details['durable']).toBe(written);
        expect(error.details['files']).toMatchObject([{ file: join(mount, 'out'), offset: '0', written, durable: written }]);
        expect(error.message).toContain(`${written} bytes are written`);
        expect(same(bytesOf(join(mount, 'out')), pattern(3 << 19).slice(0, written))).toBe(true);
        await Promise.all([output.close(), data.close()]);
      });
    } finally {
      execFileSync('umount', ['-l', mount]);
    }
  });

  test('a limit on file size in the middle of a write: the prefix that was written is reported', async (context) => {
    if (process.platform !== 'linux') return context.skip('what the process holds is told by /proc, which is of Linux');
    const dir = guarded();
    const out = join(dir, 'out');
    const child = await inChild(`${PRELUDE}
      import { readdirSync } from 'node:fs';
      process.on('SIGXFSZ', () => {});
      const s = await session({ registry, backends: ['fs', 'cpu-ref'], durability: 'op' });
      const output = await s.grant(${JSON.stringify(out)}, { rights: 'w', create: 'if-missing' });
      const write = defineProgram('write', { output: fd('w'), data: 'GpuBufferHandle' }, ({ output, data }) => io.write_back_to_nvme(data, output, 0));
      const exe = await s.compile(write);
      await exe.run({ output, data: new Uint8Array(4) });
      const count = () => [readdirSync('/proc/self/fd').length, readdirSync('/proc/self/task').length];
      say('warm'); // with the first output, Node opens what it writes to
      const before = count();
      say(await problem(exe.run({ output, data: new Uint8Array(3 << 20).fill(7) })));
      say([before, count()]);
      await s.close();
      say(s);
    `, { prefix: ['bash', '-c', 'ulimit -f 1000; exec "$@"', 'bash'] });
    const [, problem, [before, held], after] = said(child) as [string, { code: string; details: Record<string, number> }, [number[], number[]], { memory: { used: number } }];
    expect(held).toEqual(before);
    expect(problem.code).toBe('io/write-failed');
    expect(problem.details).toMatchObject({ errno: 'EFBIG', written: 1000 * 1024, durable: 1000 * 1024 });
    expect(statSync(out).size).toBe(1000 * 1024);
    expect(after.memory.used).toBe(0);
  });
});

describe('programs that are wrong', () => {
  const rename = (program: ProgramIr, from: string, to: string): Program => ({ ...program, body: { ...program.body, opNames: program.body.opNames.map((n) => (n === from ? to : n)) } });

  test('an op that nobody registered', () => check(async (s) => {
    const error = await failure(s.compile(rename(readRange, 'io.dma_from_nvme', 'acme.dma')), 'verify/invalid');
    expect(error.problems.map((p) => p.code)).toEqual(['verify/unknown-op']);
    expect(error.family).toBe('program');
  }));

  test('an op with wrong types', () => check(async (s) => {
    const wrong: Program = { ...readRange, body: { ...readRange.body, region: { ...readRange.body.region, ops: readRange.body.region.ops.map((op, i) => (i === 0 ? { ...op, operands: [0, 0, 2] } : op)) } } };
    const error = await failure(s.compile(wrong), 'verify/invalid');
    expect(error.problems.map((p) => p.code)).toEqual(['verify/operand-type']);
  }));

  test('a kernel with a barrier in divergent control flow', () => check(async (s) => {
    const divergent = defineKernel('divergent', { params: { out: 'buffer<u32, write>' }, workgroup: 64 }, ({ out }, { local: { x } }) => {
      control.if(x.lt(32), () => control.barrier());
      out.store(x, x);
    });
    const error = await failure(s.compile(defineProgram('bad', {}, () => kernel.launch(divergent, 64, { out: buffer.alloc('u32', 64) }))), 'verify/invalid');
    expect(error.problems.map((p) => p.code)).toEqual(['verify/divergent-barrier']);
    expect(error.problems[0]?.where).toMatchObject({ kernel: 'divergent', op: 'control.barrier' });
  }));

  test('no program at all', () => check(async (s) => {
    for (const junk of [undefined, null, 3, 'program', {}, []]) await failure(s.compile(junk as Program), 'verify/malformed').catch(async () => failure(s.compile(junk as Program), 'verify/invalid'));
  }));

  test('arguments that are missing, unknown or of the wrong kind', () => check(async (s, dir) => {
    const input = await s.grant(file(dir, 'data', 100));
    const exe = await s.compile(readRange);
    const run = exe.run as (args?: unknown) => Promise<unknown>;
    for (const args of [undefined, null, 3, {}, { input, offset: 0 }, { input, offset: 0, length: undefined }, { input, offset: 0, length: 1, more: 1 }, { input, offset: '0', length: 1 }, { input, offset: true, length: 1 }]) {
      await failure(run(args), 'run/argument');
    }
    await input.close();
  }));
});

describe('handles and aborts, with files open', () => {
  const frees = (what: 'twice' | 'slice' | 'parameter') => defineProgram('frees', { output: fd('w'), data: 'GpuBufferHandle', times: 'u32' }, ({ output, data, times }) => {
    const own = buffer.alloc('u8', 64);
    io.write_back_to_nvme(own, output, 0);
    control.for({ to: times }, () => buffer.free(what === 'twice' ? own : what === 'slice' ? own.slice(0, 8) : data));
  });

  test.each([['twice', 'mem/stale-handle'], ['slice', 'mem/wrong-kind'], ['parameter', 'mem/wrong-kind']] as const)('a free that is wrong: %s', (what, code) => check(async (s, dir) => {
    const [output, data] = [await s.grant(join(dir, 'out'), { rights: 'w', create: 'if-missing' }), await s.buffer(pattern(8))];
    await failure((await s.compile(frees(what))).run({ output, data, times: 2 }), code);
    expect(await data.read()).toEqual(pattern(8));
    await Promise.all([data.close(), output.close()]);
  }));

  test('a stale handle', () => check(async (s, dir) => {
    const [output, data] = [await s.grant(file(dir, 'out', 10), { rights: 'w' }), await s.buffer(pattern(8))];
    await data.close();
    await failure((await s.compile(writeAt)).run({ output, data, offset: 0 }), 'mem/stale-handle');
    expect(bytesOf(join(dir, 'out'))).toEqual(pattern(10));
    await output.close();
  }));

  test.each(['before', 'during', 'after'] as const)('abort %s a transfer: the reason of the signal itself', (when) => check(async (s, dir) => {
    const reason = { when };
    const path = file(dir, 'in', Number(CHUNK) * 8);
    const [input, output] = [await s.grant(path), await s.grant(join(dir, 'out'), { rights: 'w', create: 'if-missing' })];
    const exe = await s.compile(copyFile);
    const controller = new AbortController();
    if (when === 'before') controller.abort(reason);
    let seen = 0;
    const ended = await exe.run({ input, output }, { signal: controller.signal, onProgress: () => ++seen === 3 && when === 'during' && controller.abort(reason) }).then(() => 'resolved', (error: unknown) => error);
    controller.abort(reason);
    expect(ended).toBe(when === 'after' ? 'resolved' : reason);
    const copied = bytesOf(join(dir, 'out')).length;
    expect(when === 'before' ? copied === 0 : when === 'during' ? copied < Number(CHUNK) * 8 : copied === Number(CHUNK) * 8).toBe(true);
    expect(same(bytesOf(path), pattern(Number(CHUNK) * 8))).toBe(true);
    await Promise.all([input.close(), output.close()]);
  }));
});

test('a reason that is an error of ours, or one that a callback throws, is handed on as it is, whatever was written', () => check(async (s, dir) => {
  const exe = await s.compile(copyFile);
  for (const by of ['signal', 'callback'] as const) {
    const reason = new SluiceError({ code: 'run/argument', message: 'enough', fix: 'more' });
    const [input, output] = [await s.grant(file(dir, by, Number(CHUNK) * 8)), await s.grant(join(dir, `${by}.out`), { rights: 'w', create: 'if-missing' })];
    const controller = new AbortController();
    let written = 0;
    const ended = await exe.run({ input, output }, { signal: controller.signal, onProgress: ({ op }) => {
      if (op !== 'io.write_back_to_nvme' || ++written < 2) return;
      if (by === 'callback') throw reason;
      controller.abort(reason);
    } }).then(() => 'resolved', (error: unknown) => error);
    expect(ended).toBe(reason);
    expect(reason.message).toBe('enough');
    await Promise.all([input.close(), output.close()]);
  }
}));

describe('plugins that do not fit', () => {
  const plugin = (name: string, api: number = API_VERSION) => definePlugin({ name, version: '1.0.0', api, register: (hooks) => hooks.space({ id: 'acme', summary: 'A space.' }) });

  test('of an incompatible api', () => check(async () => {
    const base = new Registry().with(fs);
    const error = await failure((async () => base.with(plugin('@acme/old', 0)))(), 'registry/api-mismatch');
    expect(error.message).toContain('@acme/old');
    expect(base.plugins.map((p) => p.name)).toEqual(['@sluice/fs']);
  }));

  test('two that clash: the error names both, and neither is added', () => check(async () => {
    const base = new Registry().with(plugin('@acme/one'));
    const error = await failure((async () => base.with(plugin('@acme/two')))(), 'registry/clash');
    expect(error.message).toMatch(/@acme\/one 1\.0\.0 and @acme\/two 1\.0\.0/);
    expect(base.plugins.map((p) => p.name)).toEqual(['@acme/one']);
  }));
});

/** `program` with a constant in place of its first parameter as the file of its first op. */
function withFd(program: ProgramIr, number: number): Program {
  const { body } = program;
  const id = body.valueTypes.length;
  const constant = { name: body.opNames.length, operands: [], results: [id], attrs: { value: { kind: 'scalar', type: body.valueTypes[0], bits: BigInt(number) } }, regions: [] };
  const ops = body.region.ops.map((op, i) => (i === 0 ? { ...op, operands: [id, ...op.operands.slice(1)] } : op));
  return { ...program, body: { ...body, opNames: [...body.opNames, 'arith.constant'], valueTypes: [...body.valueTypes, body.valueTypes[0]], region: { ...body.region, ops: [constant, ...ops] } } } as Program;
}
