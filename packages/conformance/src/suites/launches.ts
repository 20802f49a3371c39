import { buffer, control, defineKernel, defineProgram, kernel, u32 } from '@sluice/core';
import { suite } from '../runner/suite.ts';
import type { Case } from '../runner/suite.ts';
import { execute } from './execute.ts';
import { expectCode, expectNumbers } from './expect.ts';

const SIZE = 4;
const bytes = (words: readonly number[]) => new Uint8Array(Uint32Array.from(words).buffer);

/** Counts invocations, and remembers the launch's own counts. */
const count = defineKernel('count', { params: { out: 'buffer<u32, read_write>' }, workgroup: SIZE }, ({ out }, { global, count: groups }) => {
  out.atomicAdd(0, 1);
  out.atomicMax(1, global.x);
  out.atomicMax(2, groups.x.mul(100).add(groups.y.mul(10)).add(groups.z));
});

const decide = defineKernel('decide', { params: { counts: 'buffer<u32, write>', x: 'u32' }, workgroup: 1 }, ({ counts, x }) => {
  for (const [i, n] of [x, u32(2), u32(1)].entries()) counts.store(i, n);
});

const readCounts = defineKernel('read-counts', { params: { counts: 'buffer<u32, read>', out: 'buffer<u32, read_write>' }, workgroup: 1 }, ({ counts, out }) => void out.atomicAdd(0, counts.load(0)));
const writeCounts = defineKernel('write-counts', { params: { counts: 'buffer<u32, read_write>' }, workgroup: 1 }, ({ counts }) => counts.store(0, 9));

/** Counts from byte `offset` of a buffer; what came of it. */
const indirect = defineProgram('indirect', { counts: 'GpuBufferHandle', offset: 'u64' }, ({ counts, offset }) => {
  const out = buffer.alloc('u32', 3);
  kernel.launch_indirect(count, counts, offset, { out });
  return { out };
});
const decided = defineProgram('decided', { x: 'u32' }, ({ x }) => {
  const [counts, out] = [buffer.alloc('u32', 3), buffer.alloc('u32', 3)];
  kernel.launch(decide, 1, { counts, x });
  kernel.launch_indirect(count, counts, 0, { out });
  // Counts that change behind it are nothing to it.
  kernel.launch(decide, 1, { counts, x: x.add(1) });
  return { out, counts };
});
const sliced = defineProgram('sliced', { counts: 'GpuBufferHandle' }, ({ counts }) => {
  const out = buffer.alloc('u32', 3);
  kernel.launch_indirect(count, counts.slice(4, 16), 4, { out });
  return { out };
});
/** Whether the kernel writes the counts is known only when it runs. */
const maybeAliased = defineProgram('maybe-aliased', { counts: 'GpuBufferHandle', same: 'bool', offset: 'u64' }, ({ counts, same, offset }) => {
  const other = buffer.alloc('u32', 5);
  const target = control.if(same, () => counts, () => other);
  kernel.launch_indirect(writeCounts, counts, 0, { counts: target.slice(offset, 4) });
  return { other };
});
const read = defineProgram('read', { counts: 'GpuBufferHandle' }, ({ counts }) => {
  const out = buffer.alloc('u32', 1);
  kernel.launch_indirect(readCounts, counts, 0, { counts, out });
  return { out };
});

const CASES: readonly Case[] = [
  {
    id: 'counts from a buffer, at any offset that is a multiple of 4',
    run: async (bench) => {
      const counts = bytes([7, 2, 3, 1, 4, 1]);
      for (const [offset, x, y, z] of [[0, 7, 2, 3], [4, 2, 3, 1], [8, 3, 1, 4], [12, 1, 4, 1]] as const) {
        expectNumbers(`from byte ${offset}`, (await execute(bench, indirect, { counts, offset: BigInt(offset) }))['out'], [x * y * z * SIZE, x * SIZE - 1, x * 100 + y * 10 + z]);
      }
      expectNumbers('from a slice', (await execute(bench, sliced, { counts }))['out'], [3 * 1 * 4 * SIZE, 3 * SIZE - 1, 314]);
    },
  },
  {
    id: 'a count of zero does nothing',
    run: async (bench) => {
      for (const counts of [[0, 1, 1], [1, 0, 1], [1, 1, 0], [0, 0, 0]]) expectNumbers(`counts ${counts.join(', ')}`, (await execute(bench, indirect, { counts: bytes(counts), offset: 0n }))['out'], [0, 0, 0]);
    },
  },
  {
    id: 'counts that a kernel writes just before',
    run: async (bench) => {
      for (const x of [0, 1, 5]) {
        const { out, counts } = await execute(bench, decided, { x });
        expectNumbers(`out of ${x}`, out, x === 0 ? [0, 0, 0] : [x * 2 * SIZE, x * SIZE - 1, x * 100 + 21]);
        expectNumbers('counts', counts, [x + 1, 2, 1]);
      }
    },
  },
  {
    id: 'a kernel that would write its own counts is refused; it may read them',
    run: async (bench) => {
      const counts = bytes([1, 1, 1, 1, 1]);
      expectNumbers('other', (await execute(bench, maybeAliased, { counts, same: false, offset: 4n }))['other'], [0, 9, 0, 0, 0]);
      await expectCode('a kernel that writes the counts', execute(bench, maybeAliased, { counts, same: true, offset: 0n }), 'launch/alias');
      await expectCode('one that writes another part of that buffer', execute(bench, maybeAliased, { counts, same: true, offset: 16n }), 'launch/alias');
      expectNumbers('out', (await execute(bench, read, { counts: bytes([3, 1, 1]) }))['out'], [9]);
    },
  },
  {
    id: 'counts that stand at no multiple of 4, or past the end, are refused',
    run: async (bench) => {
      const counts = bytes([1, 1, 1, 1]);
      await expectCode('an offset of 2', execute(bench, indirect, { counts, offset: 2n }), 'launch/misaligned');
      await expectCode('an offset of 8', execute(bench, indirect, { counts, offset: 8n }), 'mem/range');
      await expectCode('an offset that wraps', execute(bench, indirect, { counts, offset: 2n ** 64n - 4n }), 'mem/range');
    },
  },
];

/** Launches whose counts are in memory. */
export const indirectLaunches = suite({ id: 'launches/indirect', summary: 'As many workgroups as memory says when all that writes it is done; none for a zero; what cannot be is refused.', tags: ['compute'], cases: () => CASES });
