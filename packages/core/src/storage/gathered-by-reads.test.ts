import { expect, test } from 'vitest';
import type { Memory, OpenFile, Outcome, Storage } from '../registry/backend.ts';
import { gatheredByReads } from './gathered-by-reads.ts';

const memoryOf = (bytes: Uint8Array<ArrayBuffer>): Memory => ({ space: 'host', byteLength: bytes.length, bytes });
const words = (...values: readonly bigint[]) => memoryOf(new Uint8Array(BigUint64Array.from(values).buffer));
const file: OpenFile = { name: 'f', identity: '1:1', via: 'direct', viaReason: '', size: async () => 0n, close: async () => {} };

test('the bytes of each path are counted as what they are', async () => {
  const ways: readonly Outcome[] = [{ ok: true, direct: 3, buffered: 0, bounced: 0 }, { ok: true, direct: 0, buffered: 4, bounced: 0 }, { ok: true, direct: 0, buffered: 0, bounced: 5 }];
  const submit: Storage['submit'] = (batch, complete) => batch.forEach((_, i) => complete(i, ways[i]!));
  const outcome = await new Promise<Outcome>((resolve) => {
    gatheredByReads(submit)([{ kind: 'read', file, offset: 0n, memory: memoryOf(new Uint8Array(12)), pieces: { offsets: words(0n, 10n, 20n), lengths: words(3n, 4n, 5n) } }], (_, o) => resolve(o), new AbortController().signal);
  });
  expect(outcome).toEqual({ ok: true, direct: 3, buffered: 4, bounced: 5 });
});
