import { bufferType, buffer, byteSize, control, defineKernel, defineProgram, handleType, kernel, scalar, u32 } from '@sluice/core';
import type { Op, ProgramIr, Registry, Type } from '@sluice/core';
import { Draft, enumAttr, kernelOf, param, programOf } from '../ir/draft.ts';
import { ELEMENTS } from '../ops/uses.ts';
import { suite } from '../runner/suite.ts';
import type { Case } from '../runner/suite.ts';
import { agree, execute } from './execute.ts';
import { expectBytes, expectNumbers, pattern } from './expect.ts';

const bytes = (words: readonly number[]) => new Uint8Array(Uint32Array.from(words).buffer);

/** The rules of memory, in numbers that anyone can check, and for every element that a buffer may have. */
export const memory = suite({
  id: 'memory/rules', summary: 'Bounds, padding, conversions, views and zeroes, as docs/reference and the ops\' summaries state them.', tags: ['compute'],
  cases: (registry) => [...RULES, ...ELEMENTS.map((element): Case => ({ id: `elements of ${element.spelling}`, run: async (bench) => void (await agree(bench, shifted(registry, element), { input: inputOf(element), small: inputOf(element).slice(0, 2 * (byteSize(element) ?? 0)) })) }))],
});

/** Bytes of which every float is an ordinary number. */
function inputOf(element: Type): Uint8Array {
  return pattern(7 * (byteSize(element) ?? 0), 7).map((b, i) => (/f16|f32|bf16/.test(element.spelling) && i % 2 === 1 ? b & 0x3f : b));
}

/** Stores element i + 1 at i, for more invocations than there are elements, of a whole buffer, of a slice, and of one that is too short. */
function shifted(registry: Registry, element: Type): ProgramIr {
  const k = new Draft(registry);
  const ops: Op[] = [];
  const params = [param('from', bufferType(element, 'read')), param('to', bufferType(element, 'read_write'))];
  const [from = -1, to = -1] = params.map((p) => k.value(p.type));
  const at = k.one(ops, 'kernel.global_id', [], { axis: enumAttr('x') });
  const value = k.one(ops, 'buffer.load', [from, k.one(ops, 'arith.add', [at, k.u32(ops, 1)])]);
  k.op(ops, 'buffer.store', [to, at, value]);
  k.op(ops, 'control.return', []);
  const shift = kernelOf('shift', params, [4, 1, 1], k.body([from, to], ops));
  const host = new Draft(registry);
  const body: Op[] = [];
  const [input = -1, small = -1] = [host.value(handleType), host.value(handleType)];
  const u64 = (n: number) => host.constant(body, scalar('u64'), BigInt(n));
  const size = byteSize(element) ?? 0;
  const groups = [3, 1, 1].map((n) => host.u32(body, n));
  const launch = (a: number, b: number) => host.op(body, 'kernel.launch', [...groups, a, b], { kernel: { kind: 'symbol', name: 'shift' } });
  const whole = host.one(body, 'buffer.alloc', [u64(7 * size)]);
  launch(input, whole);
  const base = host.one(body, 'buffer.alloc', [u64(4 * size)]);
  const middle = host.one(body, 'buffer.slice', [base, u64(size), u64(2 * size)]);
  launch(input, middle);
  launch(input, small);
  const empty = host.one(body, 'buffer.alloc', [u64(0)]);
  launch(empty, host.one(body, 'buffer.alloc', [u64(size)]));
  host.op(body, 'control.return', [whole, base, small]);
  return programOf('shifted', [param('input', handleType), param('small', handleType)], ['whole', 'base', 'small'].map((name) => ({ name, type: handleType })), [shift], host.body([input, small], body));
}

const lengths = defineKernel('lengths', { params: { a: 'buffer<u8, read>', b: 'buffer<u32, read>', out: 'buffer<u32, write>' }, workgroup: 1 }, ({ a, b, out }) => {
  out.store(0, a.length);
  out.store(1, b.length);
  out.store(2, out.length);
  out.store(3, b.load(1));
});

const wild = defineKernel('wild', { params: { data: 'buffer<u32, read_write>', out: 'buffer<u32, write>' }, workgroup: 1 }, ({ data, out }) => {
  for (const [i, at] of [4, 5, 1 << 30, 0x7fffffff, 0x80000000, 0xffffffff].entries()) {
    out.store(i, data.load(u32(at)).add(7));
    data.store(u32(at), 99);
  }
  out.store(6, data.atomicAdd(u32(4), 5).add(7));
  out.store(7, data.atomicAdd(u32(0xffffffff), 5).add(7));
});

const narrow = defineKernel('narrow', { params: { bytes: 'buffer<u8, read_write>' }, workgroup: 64 }, ({ bytes }, { global: { x } }) => {
  bytes.store(x, x.mul(3).add(250));
});

const scratch = defineKernel('scratch', { params: { out: 'buffer<u32, write>' }, workgroup: 4 }, ({ out }, { local, global }) => {
  const own = buffer.workgroup('u32', 8);
  out.store(global.x, own.load(local.x));
  control.barrier();
  own.store(local.x, 77);
  own.store(local.x.add(4), 77);
});

const increment = defineKernel('increment', { params: { data: 'buffer<u32, read_write>' }, workgroup: 4 }, ({ data }, { global: { x } }) => data.store(x, data.load(x).add(1)));

const RULES: readonly Case[] = [
  {
    id: 'a view has ceil(bytes / size) elements, and bytes past its end read as zero',
    run: async (bench) => {
      const program = defineProgram('lengths', { a: 'GpuBufferHandle' }, ({ a }) => {
        const out = buffer.alloc('u32', 4);
        kernel.launch(lengths, 1, { a: a.slice(0, 5), b: a.slice(0, 6), out });
        return { out };
      });
      expectNumbers('out', (await execute(bench, program, { a: bytes([0x01020304, 0x05060708, 0xffffffff]) }))['out'], [5, 2, 4, 0x0708]);
    },
  },
  {
    id: 'out of bounds, a load gives zero, a store is dropped, an atomic gives zero and does nothing',
    run: async (bench) => {
      const program = defineProgram('wild', { data: 'GpuBufferHandle' }, ({ data }) => {
        const out = buffer.alloc('u32', 8);
        kernel.launch(wild, 1, { data, out });
        return { data, out };
      });
      const found = await execute(bench, program, { data: bytes([1, 2, 3, 4]) });
      expectNumbers('data', found['data'], [1, 2, 3, 4]);
      expectNumbers('out', found['out'], Array.from({ length: 8 }, () => 7));
    },
  },
  {
    id: 'a store past the end of a slice leaves what lies behind it alone',
    run: async (bench) => {
      const program = defineProgram('neighbours', { data: 'GpuBufferHandle' }, ({ data }) => {
        kernel.launch(increment, 16, { data: data.slice(16, 8) });
        return { data };
      });
      expectNumbers('data', (await execute(bench, program, { data: bytes([1, 2, 3, 4, 5, 6, 7, 8]) }))['data'], [1, 2, 3, 4, 6, 7, 7, 8]);
    },
  },
  {
    id: 'stores to different bytes of one word do not race',
    run: async (bench) => {
      const program = defineProgram('narrow', {}, () => {
        const data = buffer.alloc('u8', 1000);
        kernel.launch(narrow, 1000, { bytes: data });
        return { data };
      });
      expectBytes('data', (await execute(bench, program, {}))['data'], Uint8Array.from({ length: 1000 }, (_, i) => i * 3 + 250));
    },
  },
  {
    id: 'workgroup memory is zero when each workgroup starts',
    run: async (bench) => {
      const program = defineProgram('scratch', {}, () => {
        const out = buffer.alloc('u32', 32, { init: 'none' });
        kernel.launch(scratch, 32, { out });
        return { out };
      });
      expectNumbers('out', (await execute(bench, program, {}))['out'], new Uint32Array(32));
    },
  },
  {
    id: 'memory that comes back from a freed buffer reads as zero',
    run: async (bench) => {
      const program = defineProgram('reuse', {}, () => {
        const old = buffer.alloc('u32', 64);
        buffer.fill(old, u32(0xdeadbeef));
        buffer.free(old);
        const data = buffer.alloc('u32', 64);
        kernel.launch(increment, 4, { data });
        return { data };
      });
      for (let i = 0; i < 3; i++) expectNumbers('data', (await execute(bench, program, {}))['data'], Uint32Array.from({ length: 64 }, (_, k) => Number(k < 4)));
    },
  },
  {
    id: 'a launch on no workgroups does nothing, and launches see what those before them wrote',
    run: async (bench) => {
      const program = defineProgram('ordered', { times: 'u32' }, ({ times }) => {
        const data = buffer.alloc('u32', 4);
        kernel.launch(increment, { groups: [0, 1, 1] }, { data });
        control.for({ to: times }, () => kernel.launch(increment, 4, { data }));
        return { data };
      });
      expectNumbers('data', (await execute(bench, program, { times: 9 }))['data'], [9, 9, 9, 9]);
    },
  },
  {
    id: 'a fill repeats the bytes of its value and is cut off at the end; a copy leaves the rest of its target',
    run: async (bench) => {
      const program = defineProgram('bytes', { source: 'GpuBufferHandle' }, ({ source }) => {
        const target = buffer.alloc('u8', 11);
        buffer.fill(target, u32(0x04030201));
        buffer.copy(source, target.slice(2, 5));
        return { target };
      });
      expectBytes('target', (await execute(bench, program, { source: Uint8Array.from([9, 8, 7]) }))['target'], Uint8Array.from([1, 2, 9, 8, 7, 2, 3, 4, 1, 2, 3]));
    },
  },
];

