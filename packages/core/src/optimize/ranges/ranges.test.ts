import { expect, test } from 'vitest';
import { control } from '../../build/control.ts';
import { workgroupBuffer } from '../../build/kernel.ts';
import { u32 } from '../../build/value.ts';
import type { Kernel } from '../../ir/program.ts';
import { walkOps } from '../../ir/program.ts';
import type { Launch } from '../../registry/backend.ts';
import { kernelAfter, programOf, registry } from '../pass-fixture.ts';
import { inBounds, indexBounds } from './index-bounds.ts';

type Body = Parameters<typeof programOf>[0];
const kernelOf = (body: Body) => programOf(body).kernels[0] as Kernel;

/** For each access in program order: proved, checked at the launch, or guarded. */
function accesses(kernel: Kernel): readonly string[] {
  const { proved, checked, accesses: count } = indexBounds(kernel, registry);
  const found = [...walkOps(kernel.body.region)].filter((op) => /buffer\.(load|store|atomic)/.test(kernel.body.opNames[op.name] ?? ''));
  expect(found).toHaveLength(count);
  return found.map((op) => (proved.has(op) ? 'proved' : checked.has(op) ? 'checked' : 'guarded'));
}
const memory = (count: number): Launch['args'][number] => ({ kind: 'buffer', memory: { space: 'host', byteLength: count * 4 }, count });
const launch = (groups: number, input: number, out: number, n: number): Launch => ({ groups: [groups, 1, 1], args: [memory(input), memory(out), memory(0), { kind: 'scalar', value: n }] });

test('a guard proves what stands in it, and its negation what stands behind a way out', () => {
  expect(accesses(kernelOf(({ input, out }, { global: { x } }) => {
    control.if(x.lt(out.length), () => out.store(x, 1), () => out.store(x, 2));
    control.if(x.ge(input.length).or(x.ge(out.length)), () => control.return());
    out.store(x, input.load(x));
    out.store(x.add(1), 0);
  }))).toEqual(['proved', 'checked', 'proved', 'proved', 'checked']);
});

test('a loop to a length, to the lesser of two, and to a length of its own', () => {
  expect(accesses(kernelOf(({ input, out, n }) => {
    control.for({ to: input.length.min(n) }, (i) => out.store(i, input.load(i)));
    control.for({ from: n, to: out.length, step: 3 }, (i) => out.store(i, input.load(i)));
    control.for({ to: 8 }, (i) => out.store(i.and(3), 1));
  }))).toEqual(['proved', 'checked', 'checked', 'proved', 'checked']);
});

test('memory of a workgroup has a size that is known', () => {
  expect(accesses(kernelOf((_, { local: { x } }) => {
    const shared = workgroupBuffer('u32', 64);
    shared.store(x, 1);
    shared.store(x.add(1), shared.load(x.and(15).shl(2)));
    shared.store(x.rem(64), 1);
  }))).toEqual(['proved', 'proved', 'guarded', 'proved']);
});

test('a quotient by a constant is no greater than the quotient of what is greatest', () => {
  expect(accesses(kernelOf((_, { local: { x } }) => {
    const shared = workgroupBuffer('u32', 64);
    const row = x.div(16);
    shared.store(row.mul(16).add(15), 1);
    shared.store(row.mul(16).add(16), 1);
    shared.store(x.shr(4).mul(16).add(15), 1);
    shared.store(x.shr(36).mul(16).add(15), 1);
    shared.store(x.div(0).add(1), 1);
  }))).toEqual(['proved', 'guarded', 'proved', 'proved', 'guarded']);
});

test('a difference that does not wrap is no greater than what is subtracted from', () => {
  expect(accesses(kernelOf((_, { local: { x } }) => {
    const shared = workgroupBuffer('u32', 64);
    const four = u32(4);
    control.if(x.ge(four), () => shared.store(x.sub(four), 1), () => shared.store(x.sub(four), 1));
    control.if(x.gt(four), () => shared.store(x.sub(four), 1));
    shared.store(x.sub(four), 1);
  }))).toEqual(['proved', 'guarded', 'proved', 'guarded']);
});

test('what may wrap is guarded, and so is what came through memory', () => {
  expect(accesses(kernelOf(({ input, out, n }) => {
    out.store(n.sub(1), 1);
    out.store(input.load(0), 1);
    control.while({ i: n }, ({ i }) => i.lt(out.length), ({ i }) => {
      out.store(i, 1);
      return { i: i.add(1) };
    });
  }))).toEqual(['guarded', 'checked', 'guarded', 'guarded']);
});

test('a launch tells the greatest index; the counts decide', () => {
  const bounds = indexBounds(kernelOf(({ input, out, n }, { global: { x } }) => out.store(x.add(n), input.load(x.shr(1)))), registry);
  expect([...bounds.checked.values()]).toMatchObject([{ param: 0 }, { param: 1 }]);
  // 2 groups of 64: x is at most 127.
  expect(inBounds(bounds, launch(2, 128, 130, 2))).toBe(true);
  expect(inBounds(bounds, launch(2, 127, 130, 2))).toBe(false);
  expect(inBounds(bounds, launch(2, 128, 129, 2))).toBe(false);
  expect(inBounds(bounds, launch(2, 128, 0xffffffff, 0xffffffff - 126))).toBe(false);
});

test('the pass decides a guard within a guard, and a bound that is tested again', () => {
  const program = programOf(({ out, n }, { global: { x } }) => {
    control.if(x.lt(out.length), () => {
      control.if(x.lt(out.length), () => out.store(x, 1));
      control.if(x.gt(out.length), () => out.store(x, 2));
    });
    control.for({ to: n }, (i) => control.if(i.ge(n), () => out.store(i, 3), () => out.store(i, 4)));
  });
  expect(kernelAfter(program, 'core.range', 'core.fold', 'core.dce')).toMatchInlineSnapshot(`
    "kernel k(%input: buffer<u32, read>, %out: buffer<u32, read_write>, %f: buffer<f32, read_write>, %n: u32) workgroup(64, 1, 1) {
      %4: u32 = kernel.global_id {axis = x}
      %5: u32 = buffer.length %out
      %6: bool = arith.lt %4, %5
      control.if %6 () {
        %7: u32 = arith.constant {value = 1: u32}
        buffer.store %out, %4, %7
        control.yield
      }
      %8: u32 = arith.constant {value = 0: u32}
      %9: u32 = arith.constant {value = 1: u32}
      control.for %8, %n, %9 (%10: u32) {
        %11: u32 = arith.constant {value = 4: u32}
        buffer.store %out, %10, %11
        control.yield
      }
      control.return
    }"
  `);
});

test('what is decided in a branch is not behind it', () => {
  const program = programOf(({ out, n }) => {
    control.if(n.lt(5), () => out.store(0, n.lt(5).select(n, n)));
    out.store(1, n.lt(5).select(n, n));
  });
  const text = kernelAfter(program, 'core.range');
  expect(text.match(/arith\.lt/g)).toHaveLength(2);
});
