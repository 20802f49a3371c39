import { buffer, control, defineKernel, neutral, Registry, scalar, subgroup, u32 } from '@sluice/core';
import type { Combine, KernelIr } from '@sluice/core';
import { describe, expect, test } from 'vitest';
import { plugin } from './plugin.ts';
import { failure, launch, open } from './testing/launching.ts';
import { problemsOf } from './testing/problems.ts';

const OUT = { out: 'buffer<u32, read_write>' } as const;
/** 10 invocations in subgroups of 4: the last one has 2 lanes. */
const SIZE = 10;
const LANES = 4;

async function lanes(k: KernelIr): Promise<readonly number[]> {
  const out = new Uint32Array(SIZE);
  await launch(k, 1, [out], { subgroupSize: LANES });
  return [...out];
}
const each = <T>(f: (lane: number, from: number, count: number) => T) => Array.from({ length: SIZE }, (_, l) => {
  const from = l - (l % LANES);
  return f(l % LANES, from, Math.min(LANES, SIZE - from));
});
const value = (l: number) => ((l + 3) * 0x9e3779b1) >>> 0;

test('size and lane, without a collective op and with one', async () => {
  expect(await lanes(defineKernel('place', { params: OUT, workgroup: SIZE }, ({ out }, { local }) => out.store(local.x, subgroup.lane().mul(100).add(subgroup.size()))))).toEqual(each((lane) => lane * 100 + 4));
  expect(await lanes(defineKernel('place', { params: OUT, workgroup: SIZE }, ({ out }, { local }) => {
    const lane = subgroup.lane();
    control.barrier();
    out.store(local.x, lane);
  }))).toEqual(each((lane) => lane));
  const out = new Uint32Array(40);
  await launch(defineKernel('usual', { params: OUT, workgroup: 40 }, ({ out }, { local }) => out.store(local.x, subgroup.lane().add(subgroup.size()))), 1, [out]);
  expect([out[31], out[32]]).toEqual([63, 32]);
});

test('votes and ballots are of one subgroup', async () => {
  const k = defineKernel('votes', { params: OUT, workgroup: SIZE }, ({ out }, { local }) => {
    const big = local.x.ge(3).and(local.x.ne(5));
    const bits = subgroup.ballot(big);
    out.store(local.x, subgroup.all(big).select(u32(1000), 0).add(subgroup.any(big).select(u32(100), 0)).add(bits.x).add(bits.y));
  });
  expect(await lanes(k)).toEqual(each((_, from, count) => {
    const big = Array.from({ length: count }, (__, i) => from + i >= 3 && from + i !== 5);
    return (big.every(Boolean) ? 1000 : 0) + (big.some(Boolean) ? 100 : 0) + big.reduce((sum, b, i) => sum + (b ? 2 ** i : 0), 0);
  }));
});

test('a ballot of 128 lanes fills four words', async () => {
  const out = new Uint32Array(4);
  await launch(defineKernel('words', { params: OUT, workgroup: 128 }, ({ out }, { local }) => {
    const bits = subgroup.ballot(local.x.and(1).eq(0).or(local.x.eq(127)));
    control.if(local.x.eq(0), () => [bits.x, bits.y, bits.z, bits.w].forEach((word, i) => out.store(i, word)));
  }), 1, [out], { subgroupSize: 128 });
  expect([...out]).toEqual([0x55555555, 0x55555555, 0x55555555, 0xd5555555]);
});

const sources = {
  shuffle: (_: number, asked: number) => asked, shuffle_xor: (lane: number, asked: number) => (lane ^ asked) >>> 0,
  shuffle_up: (lane: number, asked: number) => lane - asked, shuffle_down: (lane: number, asked: number) => lane + asked,
};
test.each(Object.entries(sources))('%s gives zero where there is no such lane', async (name, source) => {
  for (const asked of [0, 1, 2, 3, 4, 0xffffffff]) {
    const k = defineKernel('shuffled', { params: OUT, workgroup: SIZE }, ({ out }, { local }) => {
      out.store(local.x, subgroup[name as 'shuffle'](local.x.add(3).mul(0x9e3779b1), asked));
    });
    expect(await lanes(k)).toEqual(each((lane, from, count) => {
      const at = source(lane, asked);
      return at >= 0 && at < count ? value(from + at) : 0;
    }));
  }
});

test('each lane may ask for another one', async () => {
  const k = defineKernel('reversed', { params: OUT, workgroup: SIZE }, ({ out }, { local }) => out.store(local.x, subgroup.shuffle(local.x, u32(3).sub(subgroup.lane()))));
  expect(await lanes(k)).toEqual(each((lane, from, count) => (3 - lane < count ? from + 3 - lane : 0)));
});

test('broadcast', async () => {
  const k = defineKernel('told', { params: OUT, workgroup: SIZE }, ({ out }, { local }) => out.store(local.x, subgroup.broadcast(local.x.add(1), { lane: 2 })));
  expect(await lanes(k)).toEqual(each((_, from, count) => (count > 2 ? from + 3 : 0)));
});

const WAYS: Readonly<Record<Combine, (a: number, b: number) => number>> = {
  add: (a, b) => (a + b) >>> 0, mul: (a, b) => Math.imul(a, b) >>> 0, min: Math.min, max: Math.max, and: (a, b) => (a & b) >>> 0, or: (a, b) => (a | b) >>> 0, xor: (a, b) => (a ^ b) >>> 0,
};
describe.each(Object.entries(WAYS))('%s', (name, f) => {
  const combine = name as Combine;
  const of = (how: 'reduce' | 'inclusive_scan' | 'exclusive_scan') =>
    lanes(defineKernel('combined', { params: OUT, workgroup: SIZE }, ({ out }, { local }) => out.store(local.x, subgroup[how](local.x.add(3).mul(0x9e3779b1), { combine }))));
  const fold = (from: number, count: number) => Array.from({ length: count }, (_, i) => value(from + i)).reduce((a, b) => f(a, b), Number(neutral(combine, scalar('u32'))));
  test('reduce', async () => expect(await of('reduce')).toEqual(each((_, from, count) => fold(from, count))));
  test('inclusive_scan', async () => expect(await of('inclusive_scan')).toEqual(each((lane, from) => fold(from, lane + 1))));
  test('exclusive_scan', async () => expect(await of('exclusive_scan')).toEqual(each((lane, from) => fold(from, lane))));
});

test.each(['i32', 'u32', 'i64', 'u64', 'f16', 'f32'] as const)('scans of %s start from what changes nothing', async (type) => {
  const ways = type.startsWith('f') ? (['add', 'mul', 'min', 'max'] as const) : (['add', 'mul', 'min', 'max', 'and', 'or', 'xor'] as const);
  const k = defineKernel('neutral', { params: OUT, workgroup: 2 }, ({ out }, { local }) => {
    ways.forEach((combine, i) => {
      const x = local.x.add(5).to(type as 'u32');
      const first = subgroup.shuffle(subgroup.exclusive_scan(x, { combine }), 0);
      const back = combine === 'add' ? first.add(x) : combine === 'mul' ? first.mul(x) : combine === 'min' ? first.min(x) : combine === 'max' ? first.max(x) : combine === 'and' ? first.and(x) : combine === 'or' ? first.or(x) : first.xor(x);
      out.store(local.x.add(i * 2), back.eq(x).select(u32(1), 0));
    });
  });
  const out = new Uint32Array(ways.length * 2);
  await launch(k, 1, [out]);
  expect([...out]).toEqual(ways.flatMap(() => [1, 1]));
});

test('in a loop: an op does not see what the next one gives', async () => {
  const k = defineKernel('rounds', { params: OUT, workgroup: SIZE }, ({ out }, { local }) => {
    const shared = buffer.workgroup('u32', SIZE);
    const last = control.for({ to: 5 }, local.x, (i, x) => {
      shared.store(local.x, x);
      return subgroup.shuffle_xor(x, 1).add(subgroup.reduce(i, { combine: 'add' }));
    });
    out.store(local.x, last);
  });
  let x = each((lane, from) => lane + from);
  for (let i = 0; i < 5; i++) x = each((lane, from, count) => ((lane ^ 1) < count ? (x[from + (lane ^ 1)] ?? 0) : 0) + i * count);
  expect(await lanes(k)).toEqual(x);
});

test('stands in control flow that is uniform over the workgroup; what it gives is not', () => {
  const registry = new Registry().with(plugin);
  const problems = (k: KernelIr) => problemsOf(k, registry);
  const branch = defineKernel('branch', { params: OUT, workgroup: 4 }, ({ out }, { local }) => control.if(local.x.eq(0), () => out.store(0, subgroup.reduce(local.x, { combine: 'add' }))));
  expect(problems(branch)).toEqual([expect.stringMatching(/^verify\/divergent-collective: `subgroup.reduce` stands in control flow that is not uniform over the workgroup: `control.if` .* depends on `kernel.local_id`/)]);
  const decided = defineKernel('decided', { params: OUT, workgroup: 4 }, ({ out }, { local }) => {
    control.if(subgroup.any(local.x.eq(0)), () => control.barrier());
    out.store(0, 1);
  });
  expect(problems(decided)).toEqual([expect.stringMatching(/^verify\/divergent-barrier: `control.barrier` .* depends on `subgroup.any`/)]);
  const fine = defineKernel('fine', { params: OUT, workgroup: 4 }, ({ out }, { workgroup }) => control.if(workgroup.x.eq(0), () => out.store(0, subgroup.reduce(out.load(0), { combine: 'xor' }))));
  expect(problems(fine)).toEqual([]);
  expect(() => defineKernel('floats', { params: OUT, workgroup: 1 }, ({ out }) => void subgroup.reduce(out.load(0).to('f32'), { combine: 'xor' as 'add' }))).toThrow(expect.objectContaining({ code: 'build/types', message: expect.stringContaining('not on f32') as string }) as Error);
});

test.each([0, 3, 256, NaN])('a subgroup of %s lanes is refused', async (subgroupSize) => {
  expect(await failure(open({ subgroupSize }))).toMatchObject({ code: 'session/option', message: `subgroupSize is ${subgroupSize}` });
});
