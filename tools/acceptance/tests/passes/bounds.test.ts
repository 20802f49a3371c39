import { Registry, bufferType, control, defineKernel, inBounds, indexBounds, print, rewrite, scalar, scalarAttribute, u32, verify } from '@sluice/core';
import type { BufferView, Compute, KernelIr, Memory, Value } from '@sluice/core';
import { plugin as cpuRef } from '@sluice/cpu-ref/plugin';
import { expect, test } from 'vitest';

/*
 * Generated kernels full of guards and loops, in which every access that is said to be in bounds is watched: a kernel
 * that is rewritten to set a flag where the index is not below the length. The flag must stay down.
 */
const registry = new Registry().with(cpuRef);
const compute = registry.backends.get('cpu-ref')?.open({ registry }).then((d) => d.compute as Compute);
const seeds = process.env['SEED'] === undefined ? Array.from({ length: 200 }, (_, i) => i + 1) : [Number(process.env['SEED'])];

let seen = { proved: 0, checked: 0, unguarded: 0, all: 0 };

test.each(seeds)('what is proved holds: SEED=%i', async (seed) => {
  const kernel = guarded(seed);
  const bounds = indexBounds(kernel, registry);
  for (const [groups, a, b, n] of [[1, 8, 5, 3], [3, 0, 1, 9], [2, 64, 40, 2], [4, 1000, 1000, 4]] as const) {
    const launch = { groups: [groups, 1, 1] as const, args: [buffer(a), buffer(b), { kind: 'scalar' as const, value: n }] };
    const unguarded = inBounds(bounds, launch);
    const watched = watch(kernel, unguarded ? new Set([...bounds.proved, ...bounds.checked.keys()]) : bounds.proved);
    expect(verify({ kind: 'program', name: 'p', params: [], results: [], kernels: [watched], body: NOTHING, span: undefined }, registry)).toEqual([]);
    const flag = buffer(1);
    const prepared = await (await compute as Compute).prepare(watched, { registry });
    await prepared.launch({ groups: launch.groups, args: [...launch.args, flag] }, new AbortController().signal);
    expect(new Uint32Array(flag.memory.bytes?.buffer as ArrayBuffer)[0], `SEED=${seed}, ${unguarded ? 'unguarded' : 'guarded'} ${JSON.stringify([groups, a, b, n])}\n${print(kernel)}`).toBe(0);
    seen = { proved: seen.proved + bounds.proved.size, checked: seen.checked + bounds.checked.size, unguarded: seen.unguarded + Number(unguarded), all: seen.all + bounds.accesses };
  }
});

test('the kernels above have accesses of every kind', () => {
  if (seeds.length === 1) return;
  expect(seen.proved).toBeGreaterThan(seen.all / 10);
  expect(seen.checked).toBeGreaterThan(seen.all / 10);
  expect(seen.all - seen.proved - seen.checked).toBeGreaterThan(seen.all / 10);
  expect(seen.unguarded).toBeGreaterThan(20);
});

const NOTHING: KernelIr['body'] = { opNames: ['control.return'], valueTypes: [], region: { args: [], ops: [{ name: 0, operands: [], results: [], attrs: {}, regions: [] }] }, debug: { names: new Map(), spans: new Map(), origins: new Map() } };

function buffer(count: number): { readonly kind: 'buffer'; readonly memory: Memory; readonly count: number } {
  return { kind: 'buffer', memory: { space: 'host', byteLength: count * 4, bytes: new Uint8Array(Math.max(16, Math.ceil(count / 4) * 16)) }, count };
}

/** The kernel with one more parameter, a flag that is set where an access of `which` is out of bounds. */
function watch(kernel: KernelIr, which: ReadonlySet<KernelIr['body']['region']['ops'][number]>): KernelIr {
  const type = bufferType(scalar('u32'), 'read_write');
  const flag = kernel.body.valueTypes.length;
  const body = { ...kernel.body, valueTypes: [...kernel.body.valueTypes, type], region: { ...kernel.body.region, args: [...kernel.body.region.args, flag] } };
  const watched = rewrite(body, registry, {
    visit(op, _, to) {
      if (!which.has(op)) return op;
      const [target = -1, index = -1] = op.operands;
      const [length, out, bit, zero, old] = ['u32', 'bool', 'u32', 'u32', 'u32'].map((t) => to.value(scalar(t as 'u32')));
      if (length === undefined || out === undefined || bit === undefined || zero === undefined || old === undefined) throw new Error('no value');
      to.insert(to.op('buffer.length', [target], [length]));
      to.insert(to.op('arith.ge', [index, length], [out]));
      to.insert(to.op('arith.cast', [out], [bit], { to: { kind: 'type', type: scalar('u32') } }));
      to.insert(to.op('arith.constant', [], [zero], { value: scalarAttribute('u32', 0) }));
      to.insert(to.op('buffer.atomic_or', [flag, zero, bit], [old]));
      return op;
    },
  });
  return { ...kernel, params: [...kernel.params, { name: 'flag', type, attrs: {} }], body: watched };
}

type U32 = Value<'u32'>;

/** Guards, loops and accesses over two buffers, at indices that may or may not be in bounds. */
function guarded(seed: number): KernelIr {
  let state = seed;
  const below = (n: number): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return (state >>> 8) % n;
  };
  return defineKernel(`guarded${seed}`, { params: { a: 'buffer<u32, read_write>', b: 'buffer<u32, read_write>', n: 'u32' }, workgroup: 4 }, ({ a, b, n }, { global, local }) => {
    const buffers: readonly BufferView<'u32', 'read_write'>[] = [a, b];
    const pick = <T>(list: readonly T[]): T => list[below(list.length)] as T;
    const block = (known: readonly U32[], depth: number): void => {
      const values = [...known];
      const value = () => pick(values);
      const limit = () => pick([a.length, b.length, n, a.length.min(b.length), value()]);
      const condition = () => {
        const one = () => value()[pick(['lt', 'le', 'gt', 'ge'] as const)](limit());
        return pick([one, one, one, () => one().and(one()), () => one().or(one()), () => one().not()])();
      };
      for (let i = 2 + below(4); i > 0; i--) {
        const at = below(depth > 0 ? 8 : 4);
        if (at === 0) values.push(pick([value().add(below(3)), value().min(limit()), value().and(7), value().shr(1), value().rem(5), value().mul(2), value().sub(1)]));
        else if (at === 1) pick(buffers).store(value(), value());
        else if (at === 2) values.push(pick(buffers).load(value()));
        else if (at === 3) pick(buffers).atomicAdd(value(), 1);
        else if (at === 4) control.if(condition(), () => block(values, depth - 1));
        else if (at === 5) control.if(condition(), () => block(values, depth - 1), () => block(values, depth - 1));
        else if (at === 6) control.if(condition(), () => control.return());
        else control.for({ from: pick([u32(0), value().and(3)]), to: limit().min(12), step: 1 + below(2) }, (j) => block([...values, j], depth - 1));
      }
    };
    block([global.x, local.x, n], 3);
  });
}
