import { buffer, control, defineKernel, defineProgram, kernel, u32, u64 } from '@sluice/core';
import type { DeviceBuffer, Value } from '@sluice/core';
import { describe, expect, test } from 'vitest';
import { increment, incrementBuffer } from './programs.ts';
import { failure, memoryUsed, open, pattern } from './sessions.ts';

type Handle = Value<'GpuBufferHandle'>;
const words = (...values: number[]) => new Uint32Array(values);
const read = async (b: DeviceBuffer) => [...new Uint32Array((await b.read()).buffer)];
const add = (data: Handle, by: number) => kernel.launch(increment, data.byteLength.div(4), { data, by });

describe('handles that are stale or not the program\'s', () => {
  test('a handle that is freed twice, where that shows before the run', async () => {
    const s = await open();
    const twice = defineProgram('twice', {}, () => {
      const b = buffer.alloc('u8', 100);
      buffer.free(b);
      buffer.free(b);
    });
    const error = await failure(s.compile(twice), 'verify/invalid');
    expect(error.problems.map((p) => p.code)).toEqual(['verify/use-after-free']);
  });

  test('a handle that is freed twice, where only the run shows it', async () => {
    const s = await open();
    const twice = defineProgram('twice', { times: 'u32' }, ({ times }) => {
      const b = buffer.alloc('u8', 100);
      control.for({ to: times }, () => buffer.free(b));
    });
    const exe = await s.compile(twice);
    await exe.run({ times: 0 });
    await exe.run({ times: 1 });
    const error = await failure(exe.run({ times: 2 }), 'mem/stale-handle');
    expect(error.where).toMatchObject({ op: 'buffer.free', path: 'control.for[4]/body/buffer.free[0]' });
    expect(memoryUsed(s)).toBe(0);
  });

  test.each(['use', 'view', 'carried'] as const)('a use after a free that only the run shows: %s', async (how) => {
    const s = await open();
    const late = defineProgram('late', { free: 'bool' }, ({ free }) => {
      const b = buffer.alloc('u32', 4);
      const view = buffer.slice(b, 0, 16);
      const carried = control.if(free, () => b, () => b);
      control.if(free, () => buffer.free(b));
      add(how === 'use' ? b : how === 'view' ? view : carried, 1);
    });
    const exe = await s.compile(late);
    await exe.run({ free: false });
    await failure(exe.run({ free: true }), 'mem/stale-handle');
    expect(memoryUsed(s)).toBe(0);
  });

  test('a freed handle cannot be a result', async () => {
    const s = await open();
    const freed = defineProgram('freed', { free: 'bool' }, ({ free }) => {
      const [a, b] = [buffer.alloc('u32', 4), buffer.alloc('u32', 4)];
      control.if(free, () => buffer.free(b));
      return { a, b };
    });
    const exe = await s.compile(freed);
    await failure(exe.run({ free: true }), 'mem/stale-handle');
    expect(memoryUsed(s)).toBe(0);
    const { results } = await exe.run({ free: false });
    await Promise.all([results.a.close(), results.b.close()]);
  });

  test.each(['slice', 'whole slice', 'parameter', 'whole slice of a parameter'] as const)('freeing a %s is mem/wrong-kind, and frees nothing', async (what) => {
    const s = await open();
    const data = await s.buffer(words(1, 2, 3, 4));
    const frees = defineProgram('frees', { data: 'GpuBufferHandle' }, ({ data }) => {
      const own = buffer.alloc('u32', 4);
      buffer.free(what === 'slice' ? own.slice(4, 4) : what === 'whole slice' ? own.slice(0, 16) : what === 'parameter' ? data : data.slice(0, data.byteLength));
    });
    await failure((await s.compile(frees)).run({ data }), 'mem/wrong-kind');
    expect(await read(data)).toEqual([1, 2, 3, 4]);
    const { results } = await (await s.compile(incrementBuffer)).run({ data, by: 1, times: 1 });
    expect(await read(results.data)).toEqual([2, 3, 4, 5]);
    await Promise.all([data.close(), results.data.close()]);
  });

  test('a device buffer that was closed, one of another session, a look-alike', async () => {
    const [s, other] = [await open(), await open()];
    const exe = await s.compile(incrementBuffer);
    const [closed, foreign] = [await s.buffer(words(1)), await other.buffer(words(1))];
    await closed.close();
    await closed.close();
    const run = (data: unknown) => exe.run({ data: data as DeviceBuffer, by: 1, times: 1 });
    await failure(run(closed), 'mem/stale-handle');
    await failure(closed.read(), 'mem/stale-handle');
    for (const data of [foreign, { ...foreign }, structuredClone({ ...foreign, read: undefined, close: undefined })]) await failure(run(data), 'mem/foreign-handle');
    for (const data of [7, 'x', {}, null, () => {}]) await failure(run(data), 'run/argument');
    // The slot is used again, and the old object does not open it.
    const next = await s.buffer(words(2));
    expect((next as unknown as { slot: number }).slot).toBe((closed as unknown as { slot: number }).slot);
    await failure(closed.read(), 'mem/stale-handle');
    await Promise.all([next.close(), foreign.close()]);
  });
});

describe('who owns a handle', () => {
  test('what a program returns belongs to the caller, and outlives the run and the executable', async () => {
    const s = await open();
    const make = defineProgram('make', {}, () => {
      const data = buffer.alloc('u32', 4);
      buffer.fill(data, u32(7));
      return { data, same: data, part: data.slice(4, 8) };
    });
    const exe = await s.compile(make);
    const { results } = await exe.run({});
    await exe.close();
    expect(memoryUsed(s)).toBe(16);
    expect(results.data.byteLength).toBe(16n);
    expect(await read(results.part)).toEqual([7, 7]);
    await results.data.close();
    expect(await read(results.same)).toEqual([7, 7, 7, 7]);
    await results.same.close();
    expect(await read(results.part)).toEqual([7, 7]);
    expect(memoryUsed(s)).toBe(16);
    await results.part.close();
    expect(memoryUsed(s)).toBe(0);
  });

  test('a parameter is the caller\'s before, during and after the run', async () => {
    const s = await open();
    const exe = await s.compile(incrementBuffer);
    const data = await s.buffer(words(1, 2));
    const { results } = await exe.run({ data, by: 10, times: 3 });
    expect(await read(data)).toEqual([31, 32]);
    // The result is the same memory under another handle.
    await data.close();
    expect(await read(results.data)).toEqual([31, 32]);
    await results.data.close();
    expect(memoryUsed(s)).toBe(0);
  });

  test('a buffer may be closed as soon as `run` has been called', async () => {
    const s = await open();
    const exe = await s.compile(incrementBuffer);
    const data = await s.buffer(words(1, 2));
    const running = exe.run({ data, by: 10, times: 3 });
    await data.close();
    const { results } = await running;
    expect(await read(results.data)).toEqual([31, 32]);
    await results.data.close();
  });

  test('typed arrays are copied in, with their own offset and length', async () => {
    const s = await open();
    const exe = await s.compile(incrementBuffer);
    const source = words(1, 2, 3, 4);
    for (const [data, expected] of [[source, [2, 3, 4, 5]], [source.subarray(1, 3), [3, 4]], [source.buffer, [2, 3, 4, 5]], [new DataView(source.buffer, 4, 4), [3]], [new Uint8Array(), []]] as const) {
      const { results } = await exe.run({ data, by: 1, times: 1 });
      expect(await read(results.data)).toEqual(expected);
      await results.data.close();
    }
    expect([...source]).toEqual([1, 2, 3, 4]);
  });

  test('the same buffer may be passed for two parameters', async () => {
    const s = await open();
    const sum = defineKernel('sum', { params: { a: 'buffer<u32, read>', b: 'buffer<u32, read>', out: 'buffer<u32, write>' }, workgroup: 1 }, ({ a, b, out }, { global: { x } }) => out.store(x, a.load(x).add(b.load(x))));
    const twice = defineProgram('twice', { a: 'GpuBufferHandle', b: 'GpuBufferHandle' }, ({ a, b }) => {
      const out = buffer.alloc('u32', 2);
      kernel.launch(sum, 2, { a, b, out });
      return { out };
    });
    const data = await s.buffer(words(3, 4));
    const { results } = await (await s.compile(twice)).run({ a: data, b: data });
    expect(await read(results.out)).toEqual([6, 8]);
    await Promise.all([data.close(), results.out.close()]);
  });
});

describe('handles through control flow', () => {
  test('carried through a loop: each one lives until nothing can use it', async () => {
    const s = await open();
    const grow = defineProgram('grow', { times: 'u32' }, ({ times }) => {
      const first = buffer.alloc('u32', 1);
      const { data } = control.for({ to: times }, { data: first }, (i, { data }) => {
        const next = buffer.alloc('u32', data.byteLength.div(4).add(1));
        buffer.copy(data, next);
        add(next, 1);
        return { data: next };
      });
      return { data };
    });
    const exe = await s.compile(grow);
    for (const times of [0, 1, 5]) {
      const { results } = await exe.run({ times });
      expect(await read(results.data)).toEqual(Array.from({ length: times + 1 }, (_, i) => (times === 0 ? 0 : i === 0 ? times : times - i + 1)));
      expect(memoryUsed(s)).toBe(4 * (times + 1));
      await results.data.close();
    }
  });

  test('two carried handles that change places', async () => {
    const s = await open();
    const swap = defineProgram('swap', { times: 'u32' }, ({ times }) => {
      const [a, b] = [buffer.alloc('u32', 1), buffer.alloc('u32', 1)];
      buffer.fill(a, u32(1));
      buffer.fill(b, u32(2));
      return control.for({ to: times }, { a, b }, (_, { a, b }) => ({ a: b, b: a }));
    });
    const exe = await s.compile(swap);
    for (const times of [0, 1, 2, 7]) {
      const { results } = await exe.run({ times });
      expect([await read(results.a), await read(results.b)]).toEqual(times % 2 === 0 ? [[1], [2]] : [[2], [1]]);
      await Promise.all([results.a.close(), results.b.close()]);
    }
  });

  test('one handle carried twice, and handed on into both places', async () => {
    const s = await open();
    const both = defineProgram('both', {}, () => {
      const a = buffer.alloc('u32', 1);
      return control.for({ to: 3 }, { x: a, y: a }, (_, { x }) => {
        add(x, 1);
        return { x, y: x };
      });
    });
    const { results } = await (await s.compile(both)).run({});
    expect([await read(results.x), await read(results.y)]).toEqual([[3], [3]]);
    await results.x.close();
    expect(memoryUsed(s)).toBe(4);
    await results.y.close();
  });

  test('out of branches, taken and not', async () => {
    const s = await open();
    const choose = defineProgram('choose', { first: 'bool', given: 'GpuBufferHandle' }, ({ first, given }) => {
      const kept = buffer.alloc('u32', 3);
      const data = control.if(first, () => {
        const made = buffer.alloc('u32', 2);
        buffer.fill(made, u32(5));
        return made;
      }, () => given);
      buffer.fill(kept, u32(1));
      return { data };
    });
    const exe = await s.compile(choose);
    const given = await s.buffer(words(9));
    for (const first of [true, false]) {
      const { results } = await exe.run({ first, given });
      expect(await read(results.data)).toEqual(first ? [5, 5] : [9]);
      await results.data.close();
      expect(memoryUsed(s)).toBe(4);
    }
    await given.close();
  });

  test.each(['break', 'continue'] as const)('%s out of a branch in a loop leaks nothing', async (how) => {
    const s = await open();
    const leave = defineProgram('leave', { at: 'u32' }, ({ at }) => {
      const start = buffer.alloc('u32', 1);
      return control.for({ to: 6 }, { data: start, n: u32(0) }, (i, { data, n }) => {
        const scratch = buffer.alloc('u32', 100);
        control.if(i.ge(at), () => {
          const inner = buffer.alloc('u32', 50);
          add(inner, 1);
          control[how]({ data, n });
        });
        add(scratch, 1);
        const next = buffer.alloc('u32', 1);
        buffer.copy(data, next);
        add(next, 1);
        return { data: next, n: n.add(1) };
      });
    });
    const exe = await s.compile(leave);
    for (const at of [0, 3, 9]) {
      const { results } = await exe.run({ at });
      const steps = Math.min(at, 6);
      expect(results.n).toBe(steps);
      expect(await read(results.data)).toEqual([steps]);
      expect(memoryUsed(s)).toBe(4);
      await results.data.close();
    }
  });

  test('a program returns at its end and nowhere else', async () => {
    const s = await open();
    const early = defineProgram('early', { n: 'u32' }, ({ n }) => control.if(n.eq(0), () => void control.return()));
    const error = await failure(s.compile(early), 'verify/invalid');
    expect(error.problems.map((p) => p.code)).toEqual(['verify/terminator']);
  });

  test('a while loop with handles in its condition and its state', async () => {
    const s = await open();
    const halve = defineProgram('halve', { size: 'u64' }, ({ size }) => {
      const first = buffer.alloc('u8', size);
      return control.while({ data: first, steps: u32(0) }, ({ data }) => data.byteLength.gt(1), ({ data, steps }) => {
        const next = buffer.alloc('u8', data.byteLength.div(2));
        buffer.copy(data.slice(0, data.byteLength.div(2)), next);
        return { data: next, steps: steps.add(1) };
      });
    });
    const { results } = await (await s.compile(halve)).run({ size: 1000 });
    expect([results.steps, results.data.byteLength]).toEqual([9, 1n]);
    expect(memoryUsed(s)).toBe(1);
    await results.data.close();
  });

  test('unused results, block arguments and parameters are let go', async () => {
    const s = await open();
    const idle = defineProgram('idle', { given: 'GpuBufferHandle' }, () => {
      const a = buffer.alloc('u8', 10);
      buffer.alloc('u8', 20);
      control.for({ to: 2 }, { a }, () => ({ a: buffer.alloc('u8', 30) }));
      control.if(u32(1).eq(1), () => buffer.alloc('u8', 5), () => a);
    });
    await (await s.compile(idle)).run({ given: pattern(10) });
    expect(memoryUsed(s)).toBe(0);
  });

  test('64-bit arithmetic on the host is exact', async () => {
    const s = await open();
    const wide = defineProgram('wide', { a: 'u64', b: 'i64', n: 'u32' }, ({ a, b, n }) => ({
      sum: a.add(1), product: a.mul(a), quotient: a.div(10), shifted: a.shr(n), low: a.to('u32'), signed: a.to('i64'),
      negative: b.sub(1), halved: b.div(2), rest: b.rem(10), folded: control.for({ from: u64(2n ** 62n), to: u64(2n ** 62n + 3n) }, u64(0), (i, c) => c.add(i)),
      back: control.for({ from: b, to: b.sub(10), step: -3 }, b.sub(b), (i, c) => c.add(i)),
    }));
    const a = 2n ** 64n - 3n;
    const b = -(2n ** 40n) - 7n;
    const { results } = await (await s.compile(wide)).run({ a, b, n: 63 });
    expect(results).toEqual({
      sum: a + 1n, product: BigInt.asUintN(64, a * a), quotient: a / 10n, shifted: 1n, low: 2 ** 32 - 3, signed: -3n,
      negative: b - 1n, halved: b / 2n, rest: b % 10n, folded: 3n * 2n ** 62n + 3n, back: 4n * b - 18n,
    });
  });
});
