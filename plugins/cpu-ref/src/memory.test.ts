import { buffer, control, defineKernel, i32, u32 } from '@sluice/core';
import type { LaunchArg, Memory } from '@sluice/core';
import { describe, expect, test } from 'vitest';
import { allocate, failure, launch } from './testing/launching.ts';

const bind = (memory: Memory, count: number): LaunchArg => ({ kind: 'buffer', memory, count });

describe('elements', () => {
  test('u8 is widened on load and cut off on store', async () => {
    const bytes = new Uint8Array([0, 1, 127, 128, 255]);
    const [wide, narrow] = [new Uint32Array(5), new Uint8Array(5)];
    const kernel = defineKernel('bytes', { params: { bytes: 'buffer<u8, read>', wide: 'buffer<u32, write>', narrow: 'buffer<u8, write>' }, workgroup: 5 }, ({ bytes, wide, narrow }, { global: { x } }) => {
      const v = bytes.load(x);
      wide.store(x, v);
      narrow.store(x, v.mul(257).add(256));
    });
    await launch(kernel, 1, [bytes, wide, narrow]);
    expect([...wide]).toEqual([0, 1, 127, 128, 255]);
    expect([...narrow]).toEqual([0, 1, 127, 128, 255]);
  });

  test.each([
    ['i32', new Int32Array([-1, 0x7fffffff])], ['u32', new Uint32Array([0xffffffff, 1])], ['f32', new Float32Array([-0, 1.5])],
    ['i64', new BigInt64Array([-1n, 2n ** 63n - 1n])], ['u64', new BigUint64Array([2n ** 64n - 1n, 1n])],
  ] as const)('%s are loaded and stored as they are', async (type, from) => {
    const to = new (from.constructor as new (n: number) => typeof from)(2);
    const kernel = defineKernel('copy', { params: { from: `buffer<${type}, read>`, to: `buffer<${type}, write>` } as { from: 'buffer<u32, read>'; to: 'buffer<u32, write>' }, workgroup: 2 }, ({ from, to }, { global: { x } }) => to.store(x, from.load(x)));
    await launch(kernel, 1, [from, to]);
    expect(to).toEqual(from);
  });
});

describe('out of bounds', () => {
  const kernel = defineKernel('outside', { params: { data: 'buffer<u32, read_write>', old: 'buffer<u32, write>', index: 'u32' }, workgroup: 1 }, ({ data, old, index }) => {
    old.store(0, data.load(index));
    data.store(index, 7);
    old.store(1, data.atomicAdd(index, 7));
    old.store(2, data.atomicCompareExchange(index, 0, 7));
    old.store(3, data.length);
  });

  test.each([3, 4, 0x7fffffff, 0x80000000, 0xffffffff])('a load at %i of 3 gives 0, a store is dropped, an atomic gives 0 and does nothing', async (index) => {
    const whole = new Uint32Array([9, 1, 2, 3, 9]);
    const old = new Uint32Array([9, 9, 9, 9]);
    await launch(kernel, 1, [whole.subarray(1, 4), old, index]);
    expect([...whole]).toEqual([9, 1, 2, 3, 9]);
    expect([...old]).toEqual([0, 0, 0, 3]);
  });

  test('the same for an empty buffer, and for bigint and float elements', async () => {
    const out = new Float32Array([9, 9]);
    const kernel = defineKernel('empty', { params: { none: 'buffer<f32, read_write>', wide: 'buffer<u64, read_write>', out: 'buffer<f32, write>' }, workgroup: 1 }, ({ none, wide, out }) => {
      none.store(0, 5);
      wide.store(1, 5n);
      out.store(0, none.load(0));
      out.store(1, wide.load(1).to('f32'));
    });
    const wide = new BigUint64Array([3n]);
    await launch(kernel, 1, [new Float32Array(0), wide, out]);
    expect([...out]).toEqual([0, 0]);
    expect([...wide]).toEqual([3n]);
  });

  test('the same in workgroup memory', async () => {
    const out = new Uint32Array([9, 9, 9]);
    const kernel = defineKernel('shared', { params: { out: 'buffer<u32, write>' }, workgroup: 1 }, ({ out }) => {
      const shared = buffer.workgroup('u32', 2);
      shared.store(2, 5);
      out.store(0, shared.load(2));
      out.store(1, shared.atomicAdd(u32(2), 5));
      out.store(2, shared.length);
    });
    await launch(kernel, 1, [out]);
    expect([...out]).toEqual([0, 0, 2]);
  });
});

describe('a last element that reaches past the bytes', () => {
  const rotate = defineKernel('rotate', { params: { data: 'buffer<u32, read_write>' }, workgroup: 1 }, ({ data }) => {
    control.for({ from: u32(0), to: data.length }, (i) => data.store(i, data.load(i).add(0x01010101)));
  });

  test('of an allocation reads zeros there until it is stored to; the padding keeps what was stored', async () => {
    const memory = allocate(6);
    memory.bytes.fill(0x10, 0, 6);
    await launch(rotate, 1, [bind(memory, 2)]);
    expect([...memory.bytes]).toEqual([0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0]);
    await launch(rotate, 1, [bind(memory, 2)]);
    expect([...memory.bytes.subarray(4, 8)]).toEqual([0x12, 0x12, 2, 2]);
  });

  test('of a slice reads zeros there and never touches its neighbour', async () => {
    const base = allocate(16);
    base.bytes.fill(0x10);
    const slice: Memory = { space: 'host', byteLength: 6, bytes: base.bytes.subarray(4, 10) };
    await launch(rotate, 1, [bind(slice, 2)]);
    expect([...base.bytes]).toEqual([16, 16, 16, 16, 17, 17, 17, 17, 17, 17, 16, 16, 16, 16, 16, 16]);
  });

  test('of a slice at the very end of its memory is there too, and what was written comes back though the run fails', async () => {
    const base = allocate(16);
    const slice: Memory = { space: 'host', byteLength: 2, bytes: base.bytes.subarray(14, 16) };
    const failing = defineKernel('failing', { params: { data: 'buffer<u32, read_write>', step: 'u32' }, workgroup: 1 }, ({ data, step }) => {
      data.store(0, 0xaabbccdd);
      control.for({ from: u32(0), to: data.length, step }, () => {});
    });
    expect(await failure(launch(failing, 1, [bind(slice, 1), 0]))).toMatchObject({ code: 'run/zero-step' });
    expect([...base.bytes.subarray(12)]).toEqual([0, 0, 0xdd, 0xcc]);
  });

  test('of a slice that is only read stays as it is', async () => {
    const base = allocate(16);
    base.bytes.fill(0x10);
    const out = new Uint32Array(1);
    const read = defineKernel('read', { params: { data: 'buffer<u32, read>', out: 'buffer<u32, write>' }, workgroup: 1 }, ({ data, out }) => out.store(0, data.load(1)));
    await launch(read, 1, [bind({ space: 'host', byteLength: 5, bytes: base.bytes.subarray(0, 5) }, 2), out]);
    expect([...out]).toEqual([0x10]);
  });
});

test('two slices of one memory share its bytes', async () => {
  const base = allocate(32);
  new Uint32Array(base.bytes.buffer).set([1, 2, 3, 4, 5, 6, 7, 8]);
  const part = (at: number): LaunchArg => bind({ space: 'host', byteLength: 8, bytes: base.bytes.subarray(at, at + 8) }, 2);
  const kernel = defineKernel('move', { params: { from: 'buffer<u32, read>', to: 'buffer<u32, write>' }, workgroup: 2 }, ({ from, to }, { global: { x } }) => to.store(x, from.load(x)));
  await launch(kernel, 1, [part(4), part(20)]);
  expect([...new Uint32Array(base.bytes.buffer)]).toEqual([1, 2, 3, 4, 5, 2, 3, 8]);
});

describe('what cannot be bound is refused', () => {
  const kernel = defineKernel('one', { params: { data: 'buffer<u32, read>' }, workgroup: 1 }, () => {});
  test('a slice between two elements', async () => {
    const odd: Memory = { space: 'host', byteLength: 4, bytes: allocate(16).bytes.subarray(2, 6) };
    expect(await failure(launch(kernel, 1, [bind(odd, 1)]))).toMatchObject({ code: 'launch/misaligned' });
  });
  test('memory that the CPU cannot address', async () => {
    expect(await failure(launch(kernel, 1, [bind({ space: 'moon', byteLength: 4 }, 1)]))).toMatchObject({ code: 'run/kernel-failed', message: expect.stringContaining('space moon') as string });
  });
  test('a scalar for a buffer, and too few arguments', async () => {
    expect(await failure(launch(kernel, 1, [5]))).toMatchObject({ code: 'run/kernel-failed', message: '`data` is a buffer<u32, read> and was given a scalar' });
    expect(await failure(launch(kernel, 1, []))).toMatchObject({ code: 'run/kernel-failed', message: '`data` is a buffer<u32, read> and was given nothing' });
  });
});

describe('atomics', () => {
  test('give the old value and store what their meaning says, for i32 and u32', async () => {
    const [u, s] = [new Uint32Array(9), new Int32Array(9)];
    const kernel = defineKernel('atomics', { params: { u: 'buffer<u32, read_write>', s: 'buffer<i32, read_write>', old: 'buffer<u32, write>' }, workgroup: 1 }, ({ u, s, old }) => {
      const olds = [
        u.atomicAdd(0, 3), u.atomicSub(1, 3), u.atomicMin(2, 3), u.atomicMax(3, 3), u.atomicAnd(4, 6), u.atomicOr(5, 6), u.atomicXor(6, 6), u.atomicExchange(7, 3), u.atomicCompareExchange(8, 5, 3),
      ];
      olds.forEach((v, i) => old.store(i, v));
      s.atomicAdd(0, 3); s.atomicSub(1, 3); s.atomicMin(2, -3); s.atomicMax(3, -3); s.atomicAnd(4, -2); s.atomicOr(5, -2); s.atomicXor(6, -1); s.atomicExchange(7, -3); s.atomicCompareExchange(8, 4, -3);
    });
    u.fill(5).set([0xffffffff, 2], 0);
    s.fill(5).set([0x7fffffff, -0x80000000], 0);
    const old = new Uint32Array(9);
    await launch(kernel, 1, [u, s, old]);
    expect([...old]).toEqual([0xffffffff, 2, 5, 5, 5, 5, 5, 5, 5]);
    expect([...u]).toEqual([2, 0xffffffff, 3, 5, 4, 7, 3, 3, 3]);
    expect([...s]).toEqual([-0x7ffffffe, 0x7ffffffd, -3, 5, 4, -1, -6, -3, 5]);
  });

  test('of many invocations lose nothing', async () => {
    const bins = new Uint32Array(4);
    const kernel = defineKernel('count', { params: { bins: 'buffer<u32, read_write>' }, workgroup: 64 }, ({ bins }, { global: { x } }) => void bins.atomicAdd(x.rem(4), 1));
    await launch(kernel, 1000, [bins]);
    expect([...bins]).toEqual([16000, 16000, 16000, 16000]);
  });

  test('take the parameters of their op and no more: a negative literal is one operand', async () => {
    const s = new Int32Array([10]);
    const kernel = defineKernel('minus', { params: { s: 'buffer<i32, read_write>' }, workgroup: 1 }, ({ s }) => void s.atomicSub(0, i32(-5)));
    await launch(kernel, 1, [s]);
    expect([...s]).toEqual([15]);
  });
});
