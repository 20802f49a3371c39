import { Registry, buffer, control, defaultPasses, defineKernel, defineProgram, kernel, optimize, print, session, verify } from '@sluice/core';
import type { Program, Value } from '@sluice/core';
import { plugin as cpuRef } from '@sluice/cpu-ref/plugin';
import { expect, test } from 'vitest';

/* Programs of elementwise launches, as they are and fused: the same bytes, in fewer launches. */

const registry = new Registry().with(cpuRef);
const passes = [...defaultPasses, 'core.fuse', ...defaultPasses];
const io = { from: 'buffer<u32, read>', to: 'buffer<u32, write>' } as const;

const double = defineKernel('double', { params: io, workgroup: 4 }, ({ from, to }, { global: { x } }) => to.store(x, from.load(x).mul(2)));
const plus = defineKernel('plus', { params: { ...io, by: 'u32' }, workgroup: 4 }, ({ from, to, by }, { global: { x } }) => to.store(x, from.load(x).add(by)));
const guarded = defineKernel('guarded', { params: io, workgroup: 4 }, ({ from, to }, { global: { x } }) => {
  control.if(x.lt(from.length).and(from.load(x).and(1).eq(0)), () => to.store(x, from.load(x).add(100)));
});
const inPlace = defineKernel('in_place', { params: { data: 'buffer<u32, read_write>' }, workgroup: 4 }, ({ data }, { global: { x } }) => data.store(x, data.load(x).add(data.length)));
const neighbour = defineKernel('neighbour', { params: io, workgroup: 4 }, ({ from, to }, { global: { x } }) => to.store(x, from.load(x.add(1))));
const early = defineKernel('early', { params: io, workgroup: 4 }, ({ from, to }, { global: { x } }) => {
  control.if(x.ge(5), () => control.return());
  to.store(x, from.load(x));
});

type Out = { readonly out: Value<'GpuBufferHandle'> };
type Input = { readonly data: 'GpuBufferHandle' };

async function both(program: Program<Input, Out>, launches: readonly [before: number, after: number]): Promise<string> {
  const made = optimize(program, { registry, passes });
  expect(verify(made, registry)).toEqual([]);
  const seen = [];
  for (const given of [[], passes]) {
    const s = await session({ registry, backends: ['cpu-ref'], passes: given });
    const exe = await s.compile(program);
    const { results, report } = await exe.run({ data: Uint32Array.from({ length: 10 }, (_, i) => i * i) });
    seen.push({ launches: report.launches, bytes: await results.out.read() });
    await s.close();
  }
  expect(seen[1]?.bytes).toEqual(seen[0]?.bytes);
  expect(seen.map((r) => r.launches), print(made)).toEqual(launches);
  return print(made);
}

test('a chain becomes one launch, and what nothing else reads is not stored', async () => {
  const text = await both(defineProgram('chain', { data: 'GpuBufferHandle' }, ({ data }) => {
    const [a, b, out] = [buffer.alloc('u32', 10), buffer.alloc('u32', 10), buffer.alloc('u32', 10)];
    kernel.launch(double, 10, { from: data, to: a });
    kernel.launch(plus, 10, { from: a, to: b, by: 7 });
    kernel.launch(double, 10, { from: b, to: out });
    return { out };
  }), [3, 1]);
  expect(text.match(/buffer\.store/g)).toHaveLength(1);
  expect(text.match(/^kernel /gm)).toHaveLength(1);
});

test('what something else reads is stored; a shorter buffer in between cuts off', async () => {
  await both(defineProgram('kept', { data: 'GpuBufferHandle' }, ({ data }) => {
    const [a, out] = [buffer.alloc('u32', 6), buffer.alloc('u32', 16)];
    kernel.launch(double, 10, { from: data, to: a });
    kernel.launch(plus, 10, { from: a, to: out, by: 7 });
    buffer.copy(a, buffer.slice(out, 40, 24));
    return { out };
  }), [2, 1]);
  await both(defineProgram('cut', { data: 'GpuBufferHandle' }, ({ data }) => {
    const [a, out] = [buffer.alloc('u32', 6), buffer.alloc('u32', 12)];
    kernel.launch(double, 10, { from: data, to: a });
    kernel.launch(plus, 10, { from: a, to: out, by: 7 });
    return { out };
  }), [2, 1]);
});

test('stores in branches, and work in place', async () => {
  await both(defineProgram('mixed', { data: 'GpuBufferHandle' }, ({ data }) => {
    const [a, out] = [buffer.alloc('u32', 10), buffer.alloc('u32', 10)];
    kernel.launch(guarded, 10, { from: data, to: a });
    kernel.launch(inPlace, 10, { data: a });
    kernel.launch(plus, 10, { from: a, to: out, by: 1 });
    return { out };
  }), [3, 1]);
});

test('in a loop, what an earlier iteration stored is still seen', async () => {
  await both(defineProgram('loop', { data: 'GpuBufferHandle' }, ({ data }) => {
    const [a, out] = [buffer.alloc('u32', 10), buffer.alloc('u32', 10)];
    buffer.copy(data, a);
    control.for({ to: 3 }, () => {
      kernel.launch(inPlace, 10, { data: a });
      kernel.launch(plus, 10, { from: a, to: out, by: 1 });
    });
    return { out };
  }), [6, 3]);
});

test('not where an invocation needs what another one wrote, where one leaves early, or where memory may be the same', async () => {
  await both(defineProgram('neighbours', { data: 'GpuBufferHandle' }, ({ data }) => {
    const [a, out] = [buffer.alloc('u32', 10), buffer.alloc('u32', 10)];
    kernel.launch(double, 10, { from: data, to: a });
    kernel.launch(neighbour, 10, { from: a, to: out });
    return { out };
  }), [2, 2]);
  await both(defineProgram('early', { data: 'GpuBufferHandle' }, ({ data }) => {
    const [a, out] = [buffer.alloc('u32', 10), buffer.alloc('u32', 10)];
    kernel.launch(early, 10, { from: data, to: a });
    kernel.launch(double, 10, { from: a, to: out });
    return { out };
  }), [2, 2]);
  await both(defineProgram('views', { data: 'GpuBufferHandle' }, ({ data }) => {
    const out = buffer.alloc('u32', 20);
    kernel.launch(double, 10, { from: data, to: buffer.slice(out, 4, 40) });
    kernel.launch(inPlace, 10, { data: buffer.slice(out, 0, 40) });
    return { out };
  }), [2, 2]);
  await both(defineProgram('carried', { data: 'GpuBufferHandle' }, ({ data }) => {
    const [a, out] = [buffer.alloc('u32', 10), buffer.alloc('u32', 10)];
    control.for({ to: 2 }, { h: a }, (_, { h }) => {
      kernel.launch(double, 10, { from: data, to: a });
      kernel.launch(neighbour, 10, { from: h, to: out });
      return { h };
    });
    return { out };
  }), [4, 4]);
  await both(defineProgram('sizes', { data: 'GpuBufferHandle' }, ({ data }) => {
    const [a, out] = [buffer.alloc('u32', 10), buffer.alloc('u32', 10)];
    kernel.launch(double, 5, { from: data, to: a });
    kernel.launch(double, 10, { from: a, to: out });
    return { out };
  }), [2, 2]);
});

const seeds = process.env['SEED'] === undefined ? Array.from({ length: 80 }, (_, i) => i + 1) : [Number(process.env['SEED'])];

test.each(seeds)('generated programs of launches: SEED=%i', async (seed) => {
  let state = seed;
  const below = (n: number): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return (state >>> 8) % n;
  };
  const program = defineProgram('generated', { data: 'GpuBufferHandle' }, ({ data }) => {
    const handles: Value<'GpuBufferHandle'>[] = [data, buffer.alloc('u32', 6 + below(8)), buffer.alloc('u32', 10), buffer.alloc('u32', 10)];
    const out = buffer.alloc('u32', 40);
    const pick = () => handles[below(handles.length)] as Value<'GpuBufferHandle'>;
    const launches = (n: number): void => {
      for (let i = 0; i < n; i++) {
        const [from, to] = [pick(), handles[1 + below(handles.length - 1)] as Value<'GpuBufferHandle'>];
        const count = below(5) === 0 ? 6 : 10;
        const kind = below(7);
        if (kind === 6) kernel.launch(inPlace, count, { data: to });
        else if (from === to) continue;
        else if (kind === 0) kernel.launch(plus, count, { from, to, by: below(9) });
        else kernel.launch([double, double, guarded, neighbour, early][kind - 1] ?? double, count, { from, to });
      }
    };
    launches(3 + below(4));
    control.for({ to: below(3) }, () => launches(1 + below(3)));
    launches(below(4));
    handles.slice(1).forEach((h, i) => buffer.copy(buffer.slice(h, 0, 24), buffer.slice(out, i * 40, 40)));
    return { out };
  });
  const runs = [];
  for (const given of [[], passes]) {
    const s = await session({ registry, backends: ['cpu-ref'], passes: given });
    const { results } = await (await s.compile(program)).run({ data: Uint32Array.from({ length: 10 }, (_, i) => i * i) });
    runs.push(await results.out.read());
    await s.close();
  }
  expect(runs[1], `SEED=${seed}\n${print(optimize(program, { registry, passes }))}`).toEqual(runs[0]);
});
