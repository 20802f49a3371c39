import { inspect } from 'node:util';
import { expect, test } from 'vitest';
import { buffer, control, defineKernel, defineProgram, fd, io, kernel, print, Registry, session, u64, verify } from '../src/index.ts';
import { interned } from '../src/ir/interned.ts';

const fill = defineKernel('fill', { params: { y: 'buffer<f32, write>', from: 'f32' }, workgroup: [8, 2] }, ({ y, from }, { global }) => {
  const sum = control.for({ to: 3 }, from, (_, x) => x.mul(-0));
  control.if(global.x.lt(y.length), () => y.store(global.x, sum));
});
const program = defineProgram('demo', { out: fd('w'), from: 'f32' }, ({ out, from }) => {
  const y = buffer.alloc('f32', 4);
  kernel.launch(fill, 4, { y, from });
  io.write_back_to_nvme(y, out, u64(16));
  return { y };
});

test('a program prints as text, and inspects the same', () => {
  expect(print(program)).toMatchInlineSnapshot(`
    "kernel fill(%y: buffer<f32, write>, %from: f32) workgroup(8, 2, 1) {
      %2: u32 = kernel.global_id {axis = x}
      %3: u32 = buffer.length %y
      %4: u32 = arith.constant {value = 0: u32}
      %5: u32 = arith.constant {value = 3: u32}
      %6: u32 = arith.constant {value = 1: u32}
      %7: f32 = control.for %4, %5, %6, %from (%8: u32, %9: f32) {
        %10: f32 = arith.constant {value = -0: f32}
        %11: f32 = arith.mul %9, %10
        control.yield %11
      }
      %12: bool = arith.lt %2, %3
      control.if %12 () {
        buffer.store %y, %2, %7
        control.yield
      }
      control.return
    }

    program demo(%out: i32 {grant = w}, %from: f32) -> (y: GpuBufferHandle) {
      %2: u64 = arith.constant {value = 16: u64}
      %3: GpuBufferHandle = buffer.alloc %2 {init = zero}
      %4: u32 = arith.constant {value = 1: u32}
      %5: u32 = arith.constant {value = 1: u32}
      %6: u32 = arith.constant {value = 1: u32}
      kernel.launch %4, %5, %6, %3, %from {kernel = @fill}
      %7: u64 = arith.constant {value = 16: u64}
      io.write_back_to_nvme %3, %out, %7
      control.return %3
    }"
  `);
  expect(inspect(program)).toBe(print(program));
});

test('a program is JSON, with its bits', () => {
  const json = JSON.parse(JSON.stringify(program)) as { kernels: { body: { ops: { op: string; attrs?: unknown }[] } }[] };
  expect(json).toMatchObject({ kind: 'program', name: 'demo', params: [{ name: 'out', type: 'i32', attrs: { grant: { kind: 'enum', value: 'w' } } }, { name: 'from', type: 'f32' }], results: [{ name: 'y', type: 'GpuBufferHandle' }] });
  expect(JSON.stringify(json)).toContain('0x80000000');
});

test('a clone from another thread has types of its own, and is given ours', async () => {
  const cloned = structuredClone({ ...program });
  expect(verify(cloned, new Registry())).toEqual([]);
  const mended = interned(cloned);
  expect(verify(mended, new Registry())).toEqual([]);
  expect(print(mended)).toBe(print(program));
  expect(interned(program)).toBe(program);
  // compile() does it by itself: what is missing here is a backend, and nothing else.
  const s = await session({ registry: new Registry() });
  await expect(s.compile(cloned)).rejects.toMatchObject({ code: 'plan/not-runnable' });
  await s.close();
});

test('data from elsewhere is bounded before anything is done with it', async () => {
  const s = await session({ registry: new Registry() });
  // oxlint-disable-next-line no-explicit-any -- data that anybody may have made
  const hostile: readonly ((p: Record<string, any>) => void)[] = [
    (p) => void (p['kernels'] = Object.assign([], { length: 2 ** 28 })),
    (p) => void (p['body'].region.ops = new Array(2 ** 32 - 1)),
    (p) => void (p['body'].valueTypes = new Array(2 ** 31)),
    (p) => void (p['params'] = new Array(2 ** 30)),
    (p) => void p['body'].region.ops.push({ name: 0, operands: [], results: [], attrs: {}, regions: [p['body'].region] }),
  ];
  for (const spoil of hostile) {
    const cloned = structuredClone({ ...program });
    spoil(cloned);
    await expect(s.compile(cloned)).rejects.toMatchObject({ code: 'verify/invalid' });
    expect(verify(cloned, new Registry()).length).toBeGreaterThan(0);
  }
  await s.close();
});
