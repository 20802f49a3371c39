import { expect, test } from 'vitest';
import { buffer, defineProgram, Registry, session } from '../src/index.ts';

const alloc = defineProgram('alloc', { n: 'u64' }, ({ n }) => ({ bytes: buffer.alloc('u32', n).byteLength }));

test('a count whose bytes do not fit in 64 bits is too large, and does not wrap to a small one', async () => {
  const s = await session({ registry: new Registry() });
  const exe = await s.compile(alloc);
  expect((await exe.run({ n: 3 })).results.bytes).toBe(12n);
  for (const n of [2n ** 62n, 2n ** 62n + 1n, 2n ** 64n - 1n]) await expect(exe.run({ n })).rejects.toMatchObject({ code: 'mem/too-large' });
  expect(JSON.parse(JSON.stringify(s))).toMatchObject({ memory: { used: 0 } });
  await s.close();
});
