import { buffer, bufferType, byteSize, control, defineKernel, defineProgram, handleType, kernel, scalar, u32 } from '@sluice/core';
import type { Op, ProgramIr, Registry, Type, ValueId } from '@sluice/core';
import { Draft, enumAttr, kernelOf, param, programOf } from '../ir/draft.ts';
import { ELEMENTS } from '../ops/uses.ts';
import { suite } from '../runner/suite.ts';
import type { Case } from '../runner/suite.ts';
import { agree, execute } from './execute.ts';
import { expectNumbers, pattern } from './expect.ts';

const SIZE = 16;
const WIDE = 0xffffffff;
const words = (n: number, of: (i: number) => number) => Uint32Array.from({ length: n }, (_, i) => of(i));
const bytesOf = (w: Uint32Array) => new Uint8Array(w.buffer);

/** Bytes of which every float is an ordinary number. */
function inputOf(element: Type, count: number): Uint8Array {
  return pattern(count * (byteSize(element) ?? 0), 7).map((b, i) => (/f16|f32/.test(element.spelling) && i % 2 === 1 ? b & 0x3f : b));
}

/** From, to and count of copies between buffers of 7 elements: none, all, a part, over either end, and from nowhere. */
const COPIES: readonly (readonly [to: number, from: number, count: number])[] = [[0, 0, 7], [2, 1, 3], [3, 3, 0], [0, 5, 4], [5, 0, 4], [7, 0, 1], [0, 7, 2], [WIDE, 0, 3], [0, WIDE, 3], [1, 0, WIDE]];

/** A program that makes each of these copies into a buffer of its own that a fill wrote before. */
function copies(registry: Registry, element: Type): ProgramIr {
  const k = new Draft(registry);
  const ops: Op[] = [];
  const params = [param('to', bufferType(element, 'read_write')), param('from', bufferType(element, 'read')), ...['at', 'start', 'count'].map((n) => param(n, scalar('u32')))];
  const [to = -1, from = -1, at = -1, start = -1, count = -1] = params.map((p) => k.value(p.type));
  k.op(ops, 'buffer.async_copy', [to, at, from, start, count]);
  k.op(ops, 'buffer.async_wait', []);
  k.op(ops, 'control.return', []);
  const copying = kernelOf('copying', params, [SIZE, 1, 1], k.body([to, from, at, start, count], ops));
  const host = new Draft(registry);
  const body: Op[] = [];
  const input = host.value(handleType);
  const outs = COPIES.map((numbers) => {
    const out = host.one(body, 'buffer.alloc', [host.constant(body, scalar('u64'), BigInt(7 * (byteSize(element) ?? 0)))]);
    host.op(body, 'buffer.fill', [out, host.u32(body, 0x11111111)]);
    const groups = [1, 1, 1].map((n) => host.u32(body, n));
    host.op(body, 'kernel.launch', [...groups, out, input, ...numbers.map((n) => host.u32(body, n))], { kernel: { kind: 'symbol', name: 'copying' } });
    return out;
  });
  host.op(body, 'control.return', outs);
  return programOf('copies', [param('input', handleType)], outs.map((_, i) => ({ name: `copy ${COPIES[i]?.join(' ') ?? ''}`.replaceAll(' ', '_'), type: handleType })), [copying], host.body([input], body));
}

const tiles = defineKernel('tiles', { params: { data: 'buffer<u32, read>', out: 'buffer<u32, write>' }, workgroup: SIZE }, ({ data, out }, { local, workgroup }) => {
  const tile = buffer.workgroup('u32', SIZE);
  control.for({ to: 4 }, (i) => {
    const start = workgroup.x.mul(SIZE * 4).add(i.mul(SIZE));
    buffer.async_copy(tile, 0, data, start, SIZE);
    buffer.async_wait();
    out.store(start.add(local.x), tile.load(u32(SIZE - 1).sub(local.x)).add(1));
    control.barrier();
  });
});

const outward = defineKernel('outward', { params: { out: 'buffer<u32, write>' }, workgroup: SIZE }, ({ out }, { local, workgroup }) => {
  const [tile, other] = [buffer.workgroup('u32', SIZE), buffer.workgroup('u32', SIZE)];
  tile.store(local.x, local.x.mul(3).add(workgroup.x));
  control.barrier();
  // Two copies, one wait; the second one goes on from memory that the first one reads as well.
  buffer.async_copy(out, workgroup.x.mul(SIZE * 2), tile, 0, SIZE);
  buffer.async_copy(other, 0, tile, 4, SIZE);
  buffer.async_wait();
  out.store(workgroup.x.mul(SIZE * 2).add(SIZE).add(local.x), other.load(local.x));
});

/** Copies that a workgroup starts as one and waits for. */
export const asyncCopies = suite({
  id: 'workgroups/async-copies', summary: 'A copy of a workgroup is done behind the wait: every element, any offset and count, in bounds or not, in loops and side by side.', tags: ['compute'],
  cases: (registry): readonly Case[] => [
    ...ELEMENTS.map((element): Case => ({ id: `elements of ${element.spelling}`, run: async (bench) => void (await agree(bench, copies(registry, element), { input: inputOf(element, 7) })) })),
    {
      id: 'into workgroup memory, in a loop',
      run: async (bench) => {
        const program = defineProgram('tiles', { data: 'GpuBufferHandle' }, ({ data }) => {
          const out = buffer.alloc('u32', SIZE * 8);
          kernel.launch(tiles, { groups: 2 }, { data, out });
          return { out };
        });
        const data = words(SIZE * 8, (i) => i * i);
        expectNumbers('out', (await execute(bench, program, { data: bytesOf(data) }))['out'], words(SIZE * 8, (i) => (data[i - (i % SIZE) + SIZE - 1 - (i % SIZE)] as number) + 1));
      },
    },
    {
      id: 'out of workgroup memory, and two of them behind one wait',
      run: async (bench) => {
        const program = defineProgram('outward', {}, () => {
          const out = buffer.alloc('u32', SIZE * 4);
          kernel.launch(outward, { groups: 2 }, { out });
          return { out };
        });
        const tile = (group: number, i: number) => (i < SIZE ? i * 3 + group : 0);
        expectNumbers('out', (await execute(bench, program, {}))['out'], words(SIZE * 4, (i) => {
          const [group, at] = [Math.floor(i / (SIZE * 2)), i % (SIZE * 2)];
          return at < SIZE ? tile(group, at) : tile(group, at - SIZE + 4);
        }));
      },
    },
  ],
});

/** Loads elements at these indices for a whole workgroup, and stores what each invocation got. */
function uniformLoads(registry: Registry, element: Type): ProgramIr {
  const indices = [0, 6, 7, 8, WIDE];
  const k = new Draft(registry);
  const ops: Op[] = [];
  const params = [param('from', bufferType(element, 'read')), param('to', bufferType(element, 'write'))];
  const [from = -1, to = -1] = params.map((p) => k.value(p.type));
  const global = k.one(ops, 'kernel.global_id', [], { axis: enumAttr('x') });
  const first = k.one(ops, 'arith.mul', [global, k.u32(ops, indices.length)]);
  for (const [i, index] of indices.entries()) {
    const value: ValueId = k.one(ops, 'control.uniform_load', [from, k.u32(ops, index)]);
    k.op(ops, 'buffer.store', [to, k.one(ops, 'arith.add', [first, k.u32(ops, i)]), value]);
  }
  k.op(ops, 'control.return', []);
  const loading = kernelOf('loading', params, [4, 1, 1], k.body([from, to], ops));
  const host = new Draft(registry);
  const body: Op[] = [];
  const input = host.value(handleType);
  const out = host.one(body, 'buffer.alloc', [host.constant(body, scalar('u64'), BigInt(8 * indices.length * (byteSize(element) ?? 0)))]);
  host.op(body, 'kernel.launch', [...[2, 1, 1].map((n) => host.u32(body, n)), input, out], { kernel: { kind: 'symbol', name: 'loading' } });
  host.op(body, 'control.return', [out]);
  return programOf('uniform-loads', [param('input', handleType)], [{ name: 'out', type: handleType }], [loading], host.body([input], body));
}

const elect = defineKernel('elect', { params: { out: 'buffer<u32, read_write>' }, workgroup: SIZE }, ({ out }, { local, workgroup }) => {
  const chosen = buffer.workgroup('u32', SIZE);
  const last = control.for({ to: SIZE }, u32(1), (i, sum) => {
    chosen.store(local.x, sum.add(local.x).add(workgroup.x));
    // A barrier before and after: it sees what invocation i stored, and the store of the next round comes behind.
    const told = control.uniform_load(chosen, i);
    return told.rem(1009);
  });
  // What it gives is uniform, so that a barrier may depend on it.
  control.if(control.uniform_load(chosen, 0).gt(0), () => control.barrier());
  out.store(workgroup.x.mul(SIZE).add(local.x), last.add(control.uniform_load(out, WIDE)));
});

/** One element, read once for a workgroup. */
export const uniformLoad = suite({
  id: 'workgroups/uniform-loads', summary: 'One element for the whole workgroup: every element, out of bounds too, and what stood before it is seen by it.', tags: ['compute'],
  cases: (registry): readonly Case[] => [
    ...ELEMENTS.map((element): Case => ({ id: `elements of ${element.spelling}`, run: async (bench) => void (await agree(bench, uniformLoads(registry, element), { input: inputOf(element, 7) })) })),
    {
      id: 'it is a barrier, and uniform',
      run: async (bench) => {
        const program = defineProgram('elect', {}, () => {
          const out = buffer.alloc('u32', SIZE * 2);
          kernel.launch(elect, { groups: 2 }, { out });
          return { out };
        });
        const last = (group: number) => Array.from({ length: SIZE }, (_, i) => i).reduce((sum, i) => (sum + i + group) % 1009, 1);
        expectNumbers('out', (await execute(bench, program, {}))['out'], words(SIZE * 2, (i) => last(Math.floor(i / SIZE))));
      },
    },
  ],
});
