import { writeFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import type { Transfer } from '@sluice/core';
import { expectBytes, memory, memoryOf, openFixture, randomBytes, submit } from '../tests/fixture.ts';

const fixture = openFixture();
const { path } = fixture;
const words = (values: readonly number[]) => memoryOf(new Uint8Array(BigUint64Array.from(values.map(BigInt)).buffer));

test('pieces fill the memory one after the other, beside other transfers', async () => {
  const data = randomBytes(31, 100_000);
  writeFileSync(path('pieces'), data);
  const file = await fixture.storage.open(path('pieces'), { rights: 'r', create: 'no' });
  const offsets = [50_000, 3, 99_999, 0, 7];
  const lengths = [10_000, 0, 1, 4097, 333];
  const into = memory(14_431);
  const plain = memory(100);
  const gather: Transfer = { kind: 'read', file, offset: 0n, memory: into, pieces: { offsets: words(offsets), lengths: words(lengths) } };
  const none: Transfer = { kind: 'read', file, offset: 0n, memory: memory(0), pieces: { offsets: words([]), lengths: words([]) } };
  const outcomes = await submit(fixture.storage, [none, gather, { kind: 'read', file, offset: 5n, memory: plain }]);
  expect(outcomes).toMatchObject([{ ok: true, buffered: 0 }, { ok: true, buffered: 14_431 }, { ok: true, buffered: 100 }]);
  expectBytes(into.bytes.subarray(0, 14_431), Buffer.concat(offsets.map((offset, i) => data.subarray(offset, offset + lengths[i]!))));
  expectBytes(plain.bytes.subarray(0, 100), data.subarray(5, 105));
  await file.close();
});

test('the prefix of a gather ends where the first piece does that the file is too short for', async () => {
  writeFileSync(path('short pieces'), randomBytes(32, 1000));
  const file = await fixture.storage.open(path('short pieces'), { rights: 'r', create: 'no' });
  const gather: Transfer = { kind: 'read', file, offset: 100n, memory: memory(600), pieces: { offsets: words([0, 850, 5000]), lengths: words([300, 200, 100]) } };
  expect(await submit(fixture.storage, [gather])).toMatchObject([{ ok: false, transferred: 350, error: { code: 'io/short-read' } }]);
  await file.close();
});
