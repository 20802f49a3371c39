import { buffer, control, defineProgram, fd, grant, io, mem, opCell, u32, u64 } from '@sluice/core';
import type { Grant, GrantOptions } from '@sluice/core';
import { Unsupported, suite } from '../runner/suite.ts';
import type { Bench, Case, ScratchFile } from '../runner/suite.ts';
import { execute } from './execute.ts';
import { expectBytes, expectCode, expectValue, pattern } from './expect.ts';

const readRange = defineProgram('read-range', { file: fd('r'), offset: 'u64', length: 'u64' }, ({ file, offset, length }) => ({ data: io.dma_from_nvme(file, offset, length) }));
const writeAt = defineProgram('write-at', { file: fd('w'), data: 'GpuBufferHandle', offset: 'u64' }, ({ file, data, offset }) => io.write_back_to_nvme(data, file, offset));
const mapWhole = defineProgram('map', { file: fd('r') }, ({ file }) => {
  const handle = mem.zerocopy_map(file);
  const data = buffer.alloc('u8', handle.byteLength);
  buffer.copy(handle, data);
  mem.unmap(handle);
  return { data };
});
const copyInChunks = defineProgram('copy', { from: fd('r'), to: fd('w') }, ({ from, to }) => {
  const size = grant.size(from);
  control.for({ from: u64(0), to: size, step: 1000n }, (at) => io.write_back_to_nvme(io.dma_from_nvme(from, at, size.sub(at).min(1000n)), to, at));
  return { size };
});
const overwrite = defineProgram('overwrite', { file: fd('rw') }, ({ file }) => {
  const before = io.dma_from_nvme(file, 10, 20);
  const ones = buffer.alloc('u8', 20);
  buffer.fill(ones, u32(0x01010101));
  io.write_back_to_nvme(ones, file, 20);
  const after = io.dma_from_nvme(file, 10, 20);
  return { before, after };
});
const gather = defineProgram('gather', { file: fd('r'), offsets: 'GpuBufferHandle', lengths: 'GpuBufferHandle', length: 'u64' }, ({ file, offsets, lengths, length }) => ({ data: io.gather(file, offsets, lengths, length) }));

async function scratch(bench: Bench, content: Uint8Array): Promise<ScratchFile> {
  if (bench.file === undefined) throw new Unsupported('the backend has no files');
  return bench.file(content);
}

/** Grants a file with that content for as long as `use` runs. */
async function granted<T>(bench: Bench, content: Uint8Array, options: GrantOptions, use: (file: Grant, scratch: ScratchFile) => Promise<T>): Promise<T> {
  const file = await scratch(bench, content);
  const held = await bench.session.grant(file.source, options);
  try {
    return await use(held, file);
  } finally {
    await held.close();
  }
}

/** Skips a case of an op that the backend says it has not. */
function needs(bench: Bench, op: string): void {
  const cell = opCell(bench.capabilities, op);
  if (cell.how === 'unavailable') throw new Unsupported(`${op}: ${cell.reason ?? 'unavailable'}`);
}

const SIZES = [0, 1, 511, 512, 513, 4095, 4096, 4097, 65536, 1_000_003, 4 * 2 ** 20 + 7];

const CASES: readonly Case[] = [
  ...SIZES.map((size): Case => ({
    id: `reads of a file of ${size} bytes`,
    run: (bench) => granted(bench, pattern(size), {}, async (file) => {
      const spans = [[0, size], [0, 0], [size, 0], [1, size - 1], [0, size - 1], [511, 2], [4095, 4098], [512, 512], [Math.floor(size / 2), Math.floor(size / 3)]] as const;
      for (const [offset, length] of spans) {
        if (offset < 0 || length < 0 || offset + length > size) continue;
        expectBytes(`${length} bytes from ${offset}`, (await execute(bench, readRange, { file, offset: BigInt(offset), length: BigInt(length) }))['data'], pattern(size).subarray(offset, offset + length));
      }
    }),
  })),
  ...[0, 1, 511, 4096, 4097, 100_000].map((length): Case => ({
    id: `a write of ${length} bytes leaves every other byte alone`,
    run: async (bench) => {
      for (const offset of [0, 3, 512, 9_000, 10_000, 12_345]) {
        await granted(bench, pattern(10_000), { rights: 'rw' }, async (file, on) => {
          const data = pattern(length, 9);
          await execute(bench, writeAt, { file, data, offset: BigInt(offset) });
          const expected = new Uint8Array(length === 0 ? 10_000 : Math.max(10_000, offset + length));
          expected.set(pattern(10_000));
          if (length > 0) expected.set(data, offset);
          expectBytes(`the file after a write at ${offset}`, await on.read(), expected);
        });
      }
    },
  })),
  {
    id: 'the end of the file before the length is a short read, with the count',
    run: (bench) => granted(bench, pattern(5000), {}, async (file) => {
      const error = await expectCode('a read past the end', execute(bench, readRange, { file, offset: 4096n, length: 2000n }), 'io/short-read');
      expectValue('the message has the count', error.message.includes('904'), true);
      await expectCode('a read from past the end', execute(bench, readRange, { file, offset: 6000n, length: 1n }), 'io/short-read');
    }),
  },
  {
    id: 'a range outside the grant fails before any byte moves',
    run: (bench) => granted(bench, pattern(5000), { rights: 'rw', offset: 1000, length: 2000 }, async (file, on) => {
      expectBytes('the window', (await execute(bench, readRange, { file, offset: 0n, length: 2000n }))['data'], pattern(5000).subarray(1000, 3000));
      await expectCode('a read over its end', execute(bench, readRange, { file, offset: 1n, length: 2000n }), 'io/range');
      await expectCode('a write over its end', execute(bench, writeAt, { file, data: pattern(11), offset: 1990n }), 'io/range');
      await expectCode('an offset that wraps', execute(bench, readRange, { file, offset: 2n ** 63n - 1n, length: 2n }), 'io/range');
      expectBytes('the file', await on.read(), pattern(5000));
    }),
  },
  {
    id: 'a grant without the right, or revoked, is refused',
    run: (bench) => granted(bench, pattern(100), {}, async (file) => {
      await expectCode('a write through a read grant', execute(bench, writeAt, { file, data: pattern(4), offset: 0n }), 'grant/rights');
      await file.revoke();
      await expectCode('a read through a revoked grant', execute(bench, readRange, { file, offset: 0n, length: 4n }), 'grant/revoked');
    }),
  },
  {
    id: 'reads and writes of overlapping ranges keep the order of the program',
    run: (bench) => granted(bench, pattern(64), { rights: 'rw' }, async (file, on) => {
      const { before, after } = await execute(bench, overwrite, { file });
      expectBytes('before', before, pattern(64).subarray(10, 30));
      const expected = pattern(64).fill(1, 20, 40);
      expectBytes('after', after, expected.subarray(10, 30));
      expectBytes('the file', await on.read(), expected);
    }),
  },
  {
    id: 'a file copied in chunks, several in flight',
    run: (bench) => granted(bench, pattern(123_457), {}, (from) => granted(bench, new Uint8Array(0), { rights: 'rw' }, async (to, on) => {
      const { size } = await execute(bench, copyInChunks, { from, to });
      expectValue('the size', size, 123_457n);
      expectBytes('the copy', await on.read(), pattern(123_457));
    })),
  },
  {
    id: 'a map shows the file, and ends with the unmap',
    run: async (bench) => {
      needs(bench, 'mem.zerocopy_map');
      for (const size of [0, 1, 4096, 10_001]) await granted(bench, pattern(size), {}, async (file) => expectBytes('the map', (await execute(bench, mapWhole, { file }))['data'], pattern(size)));
    },
  },
  {
    id: 'a gather packs stretches of the file in order',
    run: async (bench) => {
      needs(bench, 'io.gather');
      const spans = [[7, 3], [0, 0], [4000, 1000], [512, 512], [9_999, 1], [0, 10]] as const;
      const words = (list: readonly number[]) => new Uint8Array(BigUint64Array.from(list.map(BigInt)).buffer);
      const expected = Uint8Array.from(spans.flatMap(([at, n]) => [...pattern(10_000).subarray(at, at + n)]));
      await granted(bench, pattern(10_000), {}, async (file) => {
        const given = { file, offsets: words(spans.map(([at]) => at)), lengths: words(spans.map(([, n]) => n)) };
        expectBytes('the gather', (await execute(bench, gather, { ...given, length: BigInt(expected.length) }))['data'], expected);
        await expectCode('lengths that do not add up', execute(bench, gather, { ...given, length: BigInt(expected.length + 1) }), 'io/range');
      });
    },
  },
];

/** The `io` dialect on any storage backend. */
export const ioDialect = suite({ id: 'io/transfers', summary: 'Exactly the bytes that were asked for, at any offset and length; grants, ends of files and order.', tags: ['storage'], cases: () => CASES });
