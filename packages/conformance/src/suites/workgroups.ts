import { buffer, bufferType, control, defineKernel, defineProgram, handleType, kernel, meaningOf, scalar, u32 } from '@sluice/core';
import type { Op, OpDef, ProgramIr, Registry, RuntimeValue, ScalarValue } from '@sluice/core';
import { Draft, enumAttr, kernelOf, param, programOf } from '../ir/draft.ts';
import { decode, encode } from '../oracle/memory.ts';
import { edgesOf } from '../ops/edges.ts';
import { spell, usesOf } from '../ops/uses.ts';
import type { OpUse } from '../ops/uses.ts';
import { Unsupported, suite } from '../runner/suite.ts';
import type { Bench, Case } from '../runner/suite.ts';

import { execute, whyNot } from './execute.ts';
import { expectNumbers } from './expect.ts';

const SIZE = 64;

const sums = defineKernel('sums', { params: { data: 'buffer<u32, read>', out: 'buffer<u32, write>' }, workgroup: SIZE }, ({ data, out }, { global, local, workgroup }) => {
  const part = buffer.workgroup('u32', SIZE);
  part.store(local.x, data.load(global.x));
  control.barrier();
  for (let step = SIZE / 2; step >= 1; step /= 2) {
    control.if(local.x.lt(step), () => part.store(local.x, part.load(local.x).add(part.load(local.x.add(step)))));
    control.barrier();
  }
  control.if(local.x.eq(0), () => out.store(workgroup.x, part.load(0)));
});

const rotate = defineKernel('rotate', { params: { rounds: 'buffer<u32, read>', data: 'buffer<u32, read_write>' }, workgroup: SIZE }, ({ rounds, data }, { local, global }) => {
  const ring = buffer.workgroup('u32', SIZE);
  ring.store(local.x, data.load(global.x));
  control.barrier();
  // The bound is uniform because the buffer is read-only and the index a constant.
  control.for({ from: u32(0), to: rounds.load(0) }, () => {
    const next = ring.load(local.x.add(1).rem(SIZE));
    control.barrier();
    ring.store(local.x, next);
    control.barrier();
  });
  data.store(global.x, ring.load(local.x));
});

const handOver = defineKernel('hand-over', { params: { data: 'buffer<u32, read_write>' }, workgroup: SIZE }, ({ data }, { local, workgroup }) => {
  const at = workgroup.x.mul(SIZE);
  data.store(at.add(local.x), local.x.mul(local.x));
  control.barrier('storage');
  const other = data.load(at.add(u32(SIZE - 1).sub(local.x)));
  control.barrier('storage');
  data.store(at.add(local.x), other);
});

const words = (n: number, of: (i: number) => number) => Uint32Array.from({ length: n }, (_, i) => of(i));
const bytesOf = (w: Uint32Array) => new Uint8Array(w.buffer);

const BARRIERS: readonly Case[] = [
  {
    id: 'a tree of sums in workgroup memory',
    run: async (bench) => {
      const program = defineProgram('sums', { data: 'GpuBufferHandle' }, ({ data }) => {
        const out = buffer.alloc('u32', 4);
        kernel.launch(sums, SIZE * 4, { data, out });
        return { out };
      });
      const data = words(SIZE * 4, (i) => i * i + 1);
      const expected = words(4, (g) => data.slice(g * SIZE, (g + 1) * SIZE).reduce((a, b) => a + b, 0));
      expectNumbers('out', (await execute(bench, program, { data: bytesOf(data) }))['out'], expected);
    },
  },
  {
    id: 'barriers in a loop whose bound is uniform',
    run: async (bench) => {
      const program = defineProgram('rotate', { data: 'GpuBufferHandle', rounds: 'GpuBufferHandle' }, ({ data, rounds }) => {
        kernel.launch(rotate, SIZE * 2, { data, rounds });
        return { data };
      });
      const data = words(SIZE * 2, (i) => i * 7);
      const expected = words(SIZE * 2, (i) => (data[Math.floor(i / SIZE) * SIZE + ((i + 5) % SIZE)] as number));
      expectNumbers('data', (await execute(bench, program, { data: bytesOf(data), rounds: bytesOf(words(1, () => 5)) }))['data'], expected);
    },
  },
  {
    id: 'a storage barrier orders what a workgroup does to a buffer',
    run: async (bench) => {
      const program = defineProgram('hand-over', {}, () => {
        const data = buffer.alloc('u32', SIZE * 3);
        kernel.launch(handOver, SIZE * 3, { data });
        return { data };
      });
      expectNumbers('data', (await execute(bench, program, {}))['data'], words(SIZE * 3, (i) => (SIZE - 1 - (i % SIZE)) ** 2));
    },
  },
];

/** What a workgroup does together. */
export const barriers = suite({ id: 'workgroups/barriers', summary: 'Barriers order workgroup memory and buffers, in straight lines, branches and loops.', tags: ['compute'], cases: () => BARRIERS });

/** Every atomic op: alone on an element at the edges of its types, and many on one element at once. */
export const atomics = suite({
  id: 'workgroups/atomics', summary: 'Every atomic gives the old value and stores what its meaning says; none is lost when many meet.', tags: ['compute'],
  cases: (registry) => [...registry.ops.values()].filter((def) => def.traits.includes('atomic')).map((def) => ({ id: def.id, run: (bench) => runAtomic(bench, def) })),
});

async function runAtomic(bench: Bench, def: OpDef): Promise<void> {
  const all = usesOf(def).filter((u) => u.operands[0]?.kind === 'buffer' && u.operands[0].access === 'read_write');
  const possible = all.filter((u) => whyNot(bench.capabilities, u) === undefined);
  const [first] = all;
  if (possible.length === 0 && first !== undefined) throw new Unsupported(whyNot(bench.capabilities, first));
  for (const use of possible) {
    await alone(bench, use);
    await together(bench, use);
  }
}

/** Each invocation on an element of its own. */
async function alone(bench: Bench, use: OpUse): Promise<void> {
  const [, , ...values] = use.operands;
  const [, , value] = use.operands;
  const meaning = meaningOf(use.def, use) as ((...v: readonly RuntimeValue[]) => RuntimeValue) | undefined;
  if (value === undefined || meaning === undefined) throw new Error(`${use.def.id} has no meaning`);
  const edges = edgesOf(value);
  const rows = edges.flatMap((old, i) => edges.map((v, k) => ({ old, args: values.map((_, n) => (n === values.length - 1 ? v : (edges[(i + (k % 2)) % edges.length] as RuntimeValue))) })));
  const program = atomicProgram(bench.registry, use, (draft, ops, at) => at);
  const args = Object.fromEntries(values.map((t, n) => [`value${n}`, encode(t, rows.map((r) => r.args[n] as RuntimeValue))]));
  const found = await execute(bench, program, { data: encode(value, rows.map((r) => r.old)), ...args, groups: Math.ceil(rows.length / SIZE) });
  for (const [i, { old, args: given }] of rows.entries()) {
    const size = (found['data'] as Uint8Array).length / rows.length;
    const stored = decode(value, found['data'] as Uint8Array, i * size);
    const came = decode(value, found['old'] as Uint8Array, i * size);
    const want = meaning(old, ...given);
    if (came !== old) throw new Error(`${spell(use)}: the old value is ${String(came)}, expected ${String(old)}`);
    if (stored !== want) throw new Error(`${spell(use)} on ${String(old)} with (${given.map(String).join(', ')}) stores ${String(stored)}, expected ${String(want)}`);
  }
}

/** All invocations on one element: in the end it must be as if they had come one after the other, in some order. */
async function together(bench: Bench, use: OpUse): Promise<void> {
  const [, , value] = use.operands;
  const meaning = meaningOf(use.def, use) as ((...v: readonly RuntimeValue[]) => RuntimeValue) | undefined;
  if (value?.kind !== 'scalar' || meaning === undefined || use.operands.length !== 3) return;
  const count = SIZE * 4;
  const of = (i: number): ScalarValue => (value.bits === 64 ? BigInt(i * 3 + 1) : i * 3 + 1);
  const given = Array.from({ length: count }, (_, i) => of(i));
  const program = atomicProgram(bench.registry, use, (draft, ops) => draft.u32(ops, 0));
  const found = await execute(bench, program, { data: encode(value, [of(0), ...Array.from({ length: count - 1 }, () => of(0))]), value0: encode(value, given), groups: 4 });
  const data = found['data'] as Uint8Array;
  const last = decode(value, data);
  const olds = Array.from({ length: count }, (_, i) => decode(value, found['old'] as Uint8Array, (i * value.bits) / 8) as ScalarValue);
  // Each old value is what another invocation stored, or the first: followed from the start, the chain ends in the last.
  const inOrder = given.reduce<RuntimeValue>((a, b) => meaning(a, b), of(0));
  const commutes = given.toReversed().reduce<RuntimeValue>((a, b) => meaning(a, b), of(0)) === inOrder;
  if (commutes && last !== inOrder) throw new Error(`${spell(use)} by ${count} invocations ends in ${String(last)}, expected ${String(inOrder)}`);
  const stored = new Set<RuntimeValue>([of(0), ...olds.map((old, i) => meaning(old, given[i] as ScalarValue))]);
  const stray = olds.find((old) => !stored.has(old));
  if (stray !== undefined) throw new Error(`${spell(use)}: an invocation saw ${String(stray)}, which nobody stored`);
  if (!stored.has(last)) throw new Error(`${spell(use)} ends in ${String(last)}, which nobody stored`);
}

/** Every invocation: `old[i] = op(data, place(i), values[i])`. */
function atomicProgram(registry: Registry, use: OpUse, place: (draft: Draft, ops: Op[], at: number) => number): ProgramIr {
  const [first, , ...values] = use.operands;
  if (first?.kind !== 'buffer') throw new RangeError('an atomic without a buffer');
  const k = new Draft(registry);
  const ops: Op[] = [];
  const params = [param('data', first), ...values.map((t, i) => param(`value${i}`, bufferType(t, 'read'))), param('old', bufferType(first.element, 'write'))];
  const args = params.map((p) => k.value(p.type));
  const at = k.one(ops, 'kernel.global_id', [], { axis: enumAttr('x') });
  const given = values.map((_, i) => k.one(ops, 'buffer.load', [args[i + 1] as number, at]));
  const old = k.one(ops, use.def.id, [args[0] as number, place(k, ops, at), ...given], use.attrs);
  k.op(ops, 'buffer.store', [args.at(-1) as number, at, old]);
  k.op(ops, 'control.return', []);
  const host = new Draft(registry);
  const body: Op[] = [];
  const hostParams = [param('data', handleType), ...values.map((_, i) => param(`value${i}`, handleType)), param('groups', scalar('u32'))];
  const ids = hostParams.map((p) => host.value(p.type));
  const length = host.one(body, 'buffer.byte_length', [ids[0] as number]);
  const oldOut = host.one(body, 'buffer.alloc', [length]);
  const one = host.u32(body, 1);
  host.op(body, 'kernel.launch', [ids.at(-1) as number, one, one, ...ids.slice(0, -1), oldOut], { kernel: { kind: 'symbol', name: 'atomic' } });
  host.op(body, 'control.return', [ids[0] as number, oldOut]);
  return programOf('atomic', hostParams, [{ name: 'data', type: handleType }, { name: 'old', type: handleType }], [kernelOf('atomic', params, [SIZE, 1, 1], k.body(args, ops))], host.body(ids, body));
}
