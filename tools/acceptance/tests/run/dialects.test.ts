import { join } from 'node:path';
import { API_VERSION, Registry, arith, buffer, control, defineDialect, defineKernel, defineOp, definePlugin, defineProgram, fd, functionsOf, grant, io, kernel, u32, u64 } from '@sluice/core';
import type { In, OpSpec, Plugin, TransferBuilder, Value } from '@sluice/core';
import { plugin as cpuRef } from '@sluice/cpu-ref/plugin';
import { plugin as fs } from '@sluice/fs/plugin';
import { describe, expect, test } from 'vitest';
import { increment } from './programs.ts';
import { bytesOf, failure, file, folder, gate, memoryUsed, open, pattern, settled } from './sessions.ts';
import { watchedStorage } from './watched-storage.ts';

type Handle = Value<'GpuBufferHandle'>;
const common = { dialect: 'acme', version: '1.0.0', summary: 'An op for tests.' } as const;
const handle = { name: 'handle', type: 'GpuBufferHandle' } as const;
const fdOperand = { name: 'fd', type: 'i32' } as const;

describe('composite ops', () => {
  const clamp = defineOp({
    ...common, id: 'acme.clamp', category: 'composite', level: 'both', typeVars: { T: ['u32', 'u64', 'i32'] },
    operands: [{ name: 'x', type: 'T' }, { name: 'low', type: 'T' }, { name: 'high', type: 'T' }], results: [{ name: 'result', type: 'T' }], traits: ['pure'],
    compose: ([x, low, high]) => arith.min(arith.max(x as unknown as Value<'u32'>, low as unknown as Value<'u32'>), high as unknown as Value<'u32'>),
  } satisfies OpSpec);
  /** Made of another composite, with control flow and two results. */
  const steps = defineOp({
    ...common, id: 'acme.steps', category: 'composite', level: 'both',
    operands: [{ name: 'n', type: 'u32' }], results: [{ name: 'count', type: 'u32' }, { name: 'last', type: 'u32' }],
    compose: ([n]) => {
      const { count, last } = control.while({ count: u32(0), last: call.clamp(n as unknown as Value<'u32'>, 1, 1000) }, ({ last }) => last.ne(1), ({ count, last }) => ({
        count: count.add(1),
        last: last.rem(2).eq(0).select(last.div(2), last.mul(3).add(1)),
      }));
      return [count, last];
    },
  } satisfies OpSpec);
  /** On handles: a copy with every byte raised; host only. */
  const raised = defineOp({
    ...common, id: 'acme.raised', category: 'composite', level: 'host', operands: [handle, { name: 'unused', type: 'bool' }], results: [{ name: 'copy', type: 'GpuBufferHandle' }],
    compose: ([source]) => {
      const copy = buffer.alloc('u8', (source as unknown as Handle).byteLength);
      buffer.copy(source as unknown as Handle, copy);
      return copy;
    },
  } satisfies OpSpec);
  const endless = defineOp({
    ...common, id: 'acme.endless', category: 'composite', level: 'both', operands: [{ name: 'x', type: 'u32' }], results: [{ name: 'y', type: 'u32' }],
    compose: ([x]) => call.endless(x as unknown as Value<'u32'>),
  } satisfies OpSpec);
  const rendezvous = defineOp({
    ...common, id: 'acme.rendezvous', category: 'composite', level: 'kernel', operands: [{ name: 'x', type: 'u32' }], results: [],
    compose: ([x]) => control.if((x as unknown as Value<'u32'>).lt(3), () => control.barrier()),
  } satisfies OpSpec);
  const twoForOne = defineOp({
    ...common, id: 'acme.two_for_one', category: 'composite', level: 'both', operands: [], results: [{ name: 'y', type: 'u32' }], compose: () => [u32(1), u32(2)],
  } satisfies OpSpec);

  const dialect = defineDialect({ id: 'acme', version: '1.0.0', ops: [clamp, steps, raised, endless, rendezvous, twoForOne] });
  const call = functionsOf(dialect) as unknown as {
    clamp<T extends 'u32' | 'u64'>(x: Value<T>, low: In<T>, high: In<T>): Value<T>;
    steps(n: Value<'u32'>): readonly [count: Value<'u32'>, last: Value<'u32'>];
    raised(source: Handle, unused: Value<'bool'>): Handle;
    endless(x: Value<'u32'>): Value<'u32'>;
    rendezvous(x: Value<'u32'>): void;
    two_for_one(): Value<'u32'>;
  };
  const plugin = definePlugin({ name: '@acme/dialect', version: '1.0.0', api: API_VERSION, register: (hooks) => hooks.dialect(dialect) });
  const session = () => open({ registry: new Registry().with(cpuRef).with(plugin), backends: ['cpu-ref'] });
  const collatz = (n: number) => {
    let count = 0;
    for (let x = Math.min(Math.max(n, 1), 1000); x !== 1; x = x % 2 === 0 ? x / 2 : 3 * x + 1) count++;
    return count;
  };

  test('in a kernel: inlined for a backend that does not lower them, at every depth of nesting', async () => {
    const s = await session();
    const run = defineKernel('run', { params: { out: 'buffer<u32, write>' }, workgroup: 8 }, ({ out }, { global: { x } }) => {
      control.if(x.lt(60), () => {
        const [count, last] = call.steps(x);
        out.store(x, control.for({ to: 2 }, count, (_, c) => call.clamp(c.add(last), 3, 100)));
      });
    });
    const program = defineProgram('program', {}, () => {
      const out = buffer.alloc('u32', 64);
      kernel.launch(run, 64, { out });
      return { out };
    });
    const { results } = await (await s.compile(program)).run({});
    const twice = (c: number) => [0, 0].reduce((x) => Math.min(Math.max(x + 1, 3), 100), c);
    expect([...new Uint32Array((await results.out.read()).buffer)]).toEqual(Array.from({ length: 64 }, (_, i) => (i < 60 ? twice(collatz(i)) : 0)));
    await results.out.close();
  });

  test('in a program: with results, loops, handles and an operand that nothing uses', async () => {
    const s = await session();
    const program = defineProgram('program', { n: 'u32', wide: 'u64', data: 'GpuBufferHandle' }, ({ n, wide, data }) => {
      const [count, last] = call.steps(n);
      const sum = control.for({ to: n }, u32(0), (i, c) => c.add(call.clamp(i, 2, 4)));
      const copy = call.raised(data, n.gt(3));
      kernel.launch(increment, 1, { data: copy, by: 1 });
      return { count, last, sum, clamped: call.clamp(wide, u64(5), u64(2n ** 40n)), copy };
    });
    const { results } = await (await s.compile(program)).run({ n: 27, wide: 2n ** 50n, data: new Uint32Array([7]) });
    expect(results).toMatchObject({ count: 111, last: 1, sum: 2 + 2 + 2 + 3 + 23 * 4, clamped: 2n ** 40n });
    expect([...new Uint32Array((await results.copy.read()).buffer)]).toEqual([8]);
    await results.copy.close();
    expect(memoryUsed(s)).toBe(0);
  });

  test('one that is made of itself, and one that gives the wrong number of results', async () => {
    const s = await session();
    const error = await failure(s.compile(defineProgram('program', {}, () => ({ y: call.endless(u32(1)) }))), 'plan/no-lowering');
    expect(error.message).toContain('`acme.endless` is composed of itself');
    await failure(s.compile(defineProgram('program', {}, () => ({ y: call.two_for_one() }))), 'build/result');
  });

  test('what one is made of is verified as the author\'s own ops are', async () => {
    const s = await session();
    const hidden = defineKernel('hidden', { params: { out: 'buffer<u32, write>' }, workgroup: 8 }, ({ out }, { local: { x } }) => {
      call.rendezvous(x);
      out.store(x, 1);
    });
    const error = await failure(s.compile(defineProgram('program', {}, () => kernel.launch(hidden, 8, { out: buffer.alloc('u32', 8) }))), 'verify/invalid');
    expect(error.problems.map((p) => p.code)).toEqual(['verify/divergent-barrier']);
  });
});

describe('storage ops of a third party', () => {
  /** Reads `length` bytes behind a header of 16; says of the file only that it reads it. */
  const readRecord = defineOp({
    ...common, id: 'acme.read_record', category: 'extension', level: 'host', operands: [fdOperand, { name: 'index', type: 'u64' }, { name: 'length', type: 'u64' }], results: [handle],
    effects: [{ kind: 'file-read', fd: 'fd' }, { kind: 'alloc', on: 'handle', byteLength: 'length' }, { kind: 'write', on: 'handle' }], providers: ['@acme/records'],
  } satisfies OpSpec);
  /** Reads half as much as the buffer has. */
  const readHalf = defineOp({
    ...common, id: 'acme.read_half', category: 'extension', level: 'host', operands: [fdOperand, { name: 'offset', type: 'u64' }, { name: 'length', type: 'u64' }, { name: 'size', type: 'u64' }], results: [handle],
    effects: [{ kind: 'file-read', fd: 'fd', offset: 'offset', length: 'length' }, { kind: 'alloc', on: 'handle', byteLength: 'size' }, { kind: 'write', on: 'handle' }],
  } satisfies OpSpec);
  const writeRecord = defineOp({
    ...common, id: 'acme.write_record', category: 'extension', level: 'host', operands: [handle, fdOperand, { name: 'offset', type: 'u64' }], results: [],
    effects: [{ kind: 'read', on: 'handle' }, { kind: 'file-write', fd: 'fd', offset: 'offset', length: 'handle' }],
  } satisfies OpSpec);
  const flush = defineOp({ ...common, id: 'acme.flush', category: 'extension', level: 'host', operands: [fdOperand], results: [], effects: [{ kind: 'file-write', fd: 'fd' }] } satisfies OpSpec);
  const dialect = defineDialect({ id: 'acme', version: '1.0.0', ops: [readRecord, readHalf, writeRecord, flush] });
  const acme = functionsOf(dialect) as unknown as {
    read_record(fd: unknown, index: unknown, length: unknown): Handle;
    read_half(fd: unknown, offset: unknown, length: unknown, size: unknown): Handle;
    write_record(handle: Handle, fd: unknown, offset: unknown): void;
    flush(fd: unknown): void;
  };

  const builders: Readonly<Record<string, TransferBuilder>> = {
    'acme.read_record': (_, c) => ({ kind: 'read', file: c.file('fd'), offset: 16n + c.u64('index') * c.u64('length'), memory: c.memory('handle') }),
    'acme.read_half': (_, c) => {
      const whole = c.memory('handle');
      const byteLength = Number(c.u64('length'));
      return { kind: 'read', file: c.file('fd'), offset: c.u64('offset'), memory: { space: whole.space, byteLength, ...(whole.bytes === undefined ? {} : { bytes: whole.bytes.subarray(0, byteLength) }) } };
    },
    'acme.write_record': (_, c) => ({ kind: 'write', file: c.file('fd'), offset: c.u64('offset'), memory: c.memory('handle') }),
    'acme.flush': (_, c) => ({ kind: 'sync', file: c.file('fd') }),
  };
  /** Lowers the dialect to transfers of a backend that is somebody else's. */
  const lowered = (backend: string, changed: Readonly<Record<string, TransferBuilder>> = {}): Plugin => definePlugin({
    name: '@acme/records', version: '1.0.0', api: API_VERSION,
    register(hooks) {
      hooks.dialect(dialect);
      for (const [op, build] of Object.entries({ ...builders, ...changed })) hooks.lowering(op, { slot: 'nativeModule', backend, build });
    },
  });
  const program = defineProgram('records', { input: fd('r'), output: fd('rw'), index: 'u64' }, ({ input, output, index }) => {
    const data = acme.read_record(input, index, u64(8));
    acme.write_record(data, output, u64(4));
    acme.flush(output);
    io.write_back_to_nvme(acme.read_half(output, u64(4), u64(4), u64(12)), output, 20);
    return { size: grant.size(output) };
  });

  test('run on the transfers of the backend that they are lowered for', async () => {
    const s = await open({ registry: new Registry().with(fs).with(lowered('fs')), backends: ['fs'] });
    const dir = folder();
    const exe = await s.compile(program);
    expect(exe.placement.ops.filter((o) => o.op.startsWith('acme.')).map((o) => [o.op, o.backend, o.how, o.path?.via])).toEqual(['read_record', 'write_record', 'flush', 'read_half'].map((n) => [`acme.${n}`, 'fs', 'native', 'buffered']));
    const [input, output] = [await s.grant(file(dir, 'in', 100), { offset: 10 }), await s.grant(join(dir, 'out'), { rights: 'rw', create: 'truncate' })];
    await (await s.buffer(new Uint8Array(12).fill(0xff))).close(); // what the pool has of that size
    const { results } = await exe.run({ input, output, index: 2 });
    const record = pattern(100).slice(10 + 16 + 16, 10 + 16 + 24);
    expect(results.size).toBe(32n);
    expect(bytesOf(join(dir, 'out'))).toEqual(new Uint8Array([0, 0, 0, 0, ...record, ...new Uint8Array(8), ...record.slice(0, 4), ...new Uint8Array(8)]));
    await Promise.all([input.close(), output.close()]);
  });

  test('an effect on a whole file is ordered with every other on it', async () => {
    const { plugin, watch } = watchedStorage();
    const s = await open({ registry: new Registry().with(plugin).with(lowered('watched')), backends: ['watched'] });
    const dir = folder();
    const held = gate();
    watch.before = () => (watch.begun.length === 1 ? held.opened : undefined);
    const ordered = defineProgram('ordered', { output: fd('rw'), data: 'GpuBufferHandle' }, ({ output, data }) => {
      io.write_back_to_nvme(data, output, 1000);
      acme.flush(output);
      io.write_back_to_nvme(data, output, 0);
      return { back: acme.read_record(output, u64(0), u64(8)) };
    });
    const output = await s.grant(join(dir, 'out'), { rights: 'rw', create: 'truncate' });
    const running = (await s.compile(ordered)).run({ output, data: pattern(24) });
    await settled();
    expect(watch.begun.map((t) => t.kind)).toEqual(['write']);
    held.open();
    const { results } = await running;
    expect(watch.begun.map((t) => t.kind)).toEqual(['write', 'sync', 'write', 'read', 'sync']);
    expect(await results.back.read()).toEqual(pattern(24).slice(16));
    await Promise.all([results.back.close(), output.close()]);
  });

  test('rights and windows bind them as they bind everyone', async () => {
    const s = await open({ registry: new Registry().with(fs).with(lowered('fs')), backends: ['fs'] });
    const dir = folder();
    const path = file(dir, 'data', 100);
    const read = defineProgram('read', { input: fd('r'), index: 'u64' }, ({ input, index }) => void acme.read_record(input, index, u64(8)));
    const write = defineProgram('write', { input: fd('r') }, ({ input }) => acme.flush(input));
    const input = await s.grant(path, { offset: 10, length: 40 });
    const exe = await s.compile(read);
    await exe.run({ input, index: 2 });
    await failure(exe.run({ input, index: 3 }), 'plan/bad-lowering');
    await failure((await s.compile(write)).run({ input }), 'grant/rights');
    await input.close();
  });

  test.each([
    ['outside of the effects that the record names', { 'acme.write_record': ((_, c) => ({ kind: 'write', file: c.file('fd'), offset: c.u64('offset') + 1n, memory: c.memory('handle') })) satisfies TransferBuilder }, 'writes 8 bytes at 5 of the grant'],
    ['in the other direction', { 'acme.write_record': ((_, c) => ({ kind: 'read', file: c.file('fd'), offset: c.u64('offset'), memory: c.memory('handle') })) satisfies TransferBuilder }, 'which is not among the op\'s effects'],
    ['on an operand that there is none of', { 'acme.write_record': ((_, c) => ({ kind: 'write', file: c.file('file'), offset: c.u64('offset'), memory: c.memory('handle') })) satisfies TransferBuilder }, 'no effect on a file `file`'],
    ['with a value that there is none of', { 'acme.write_record': ((_, c) => ({ kind: 'write', file: c.file('fd'), offset: c.u64('at'), memory: c.memory('handle') })) satisfies TransferBuilder }, 'no operand or result `at`'],
  ] as const)('a lowering that moves %s is at fault, and moves nothing', async (_, changed, message) => {
    const s = await open({ registry: new Registry().with(fs).with(lowered('fs', changed)), backends: ['fs'] });
    const dir = folder();
    const [input, output] = [await s.grant(file(dir, 'in', 100)), await s.grant(join(dir, 'out'), { rights: 'rw', create: 'truncate' })];
    const error = await failure((await s.compile(program)).run({ input, output, index: 0 }), 'plan/bad-lowering');
    expect(error.message).toContain(message);
    expect(error.where).toMatchObject({ op: 'acme.write_record' });
    expect(bytesOf(join(dir, 'out'))).toEqual(new Uint8Array());
    await Promise.all([input.close(), output.close()]);
  });

  test('without the lowering, the gap names the package that has it', async () => {
    const only = definePlugin({ name: '@acme/records', version: '1.0.0', api: API_VERSION, register: (hooks) => hooks.dialect(dialect) });
    const s = await open({ registry: new Registry().with(fs).with(only), backends: ['fs'] });
    const error = await failure(s.compile(program), 'plan/not-runnable');
    expect(error.problems.map((p) => p.where?.op)).toEqual(['acme.read_record', 'acme.write_record', 'acme.flush', 'acme.read_half']);
    expect(error.problems[0]?.fix).toBe("import '@acme/records', or any plugin that lowers the acme dialect");
  });

  test('a session op of a third party is not one: the session knows its own alone', async () => {
    const rogue = defineOp({ ...common, id: 'acme.rogue', category: 'extension', level: 'host', operands: [], results: [], traits: ['session'] } satisfies OpSpec);
    const d = defineDialect({ id: 'acme', version: '1.0.0', ops: [rogue] });
    const plugin = definePlugin({ name: '@acme/rogue', version: '1.0.0', api: API_VERSION, register: (hooks) => hooks.dialect(d) });
    const s = await open({ registry: new Registry().with(fs).with(plugin), backends: ['fs'] });
    const error = await failure(s.compile(defineProgram('p', {}, () => { (functionsOf(d) as unknown as { rogue(): void }).rogue(); })), 'plan/not-runnable');
    expect(error.problems.map((p) => p.code)).toEqual(['plan/no-lowering']);
  });
});
