import { mkdtempSync, readFileSync, readdirSync, renameSync, rmSync, truncateSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { diskCache } from './cache.ts';

function folder(): string {
  const path = mkdtempSync(join(tmpdir(), 'sluice-cache-'));
  onTestFinished(() => rmSync(path, { recursive: true, force: true }));
  return path;
}
const key = (n: number) => n.toString(16).padStart(64, '0');
const bytes = (n: number, length = 100) => Uint8Array.from({ length }, (_, i) => (n * 31 + i * 7) % 251);
const entryOf = (dir: string, n: number) => join(dir, `${key(n)}.entry`);

test('what was put is there for another cache of the folder, which is made when it is needed', async () => {
  const dir = join(folder(), 'a', 'b');
  const cache = diskCache(dir);
  expect(await cache.get(key(1))).toBeUndefined();
  expect(await cache.contents()).toEqual({ entries: 0, bytes: 0 });
  await cache.put(key(1), bytes(1));
  await cache.put(key(2), new Uint8Array());
  expect(await diskCache(dir).get(key(1))).toEqual(bytes(1));
  expect(await diskCache(dir).get(key(2))).toEqual(new Uint8Array());
  expect((await cache.contents()).entries).toBe(2);
  await cache.put(key(1), bytes(3));
  expect(await cache.get(key(1))).toEqual(bytes(3));
});

test('an entry that is damaged anywhere, cut short or under the name of another is none, and is removed', async () => {
  const dir = folder();
  const cache = diskCache(dir);
  await cache.put(key(1), bytes(1));
  const whole = readFileSync(entryOf(dir, 1));
  const without = async (what: string) => {
    expect(await cache.get(key(1)), what).toBeUndefined();
    expect(readdirSync(dir), what).toEqual([]);
  };
  for (let at = 0; at < whole.length; at++) {
    const damaged = Uint8Array.from(whole);
    damaged[at] = (damaged[at] as number) ^ 0x10;
    writeFileSync(entryOf(dir, 1), damaged);
    await without(`byte ${at}`);
  }
  for (let length = 0; length < whole.length; length++) {
    writeFileSync(entryOf(dir, 1), whole);
    truncateSync(entryOf(dir, 1), length);
    await without(`${length} bytes`);
  }
  await cache.put(key(2), bytes(2));
  renameSync(entryOf(dir, 2), entryOf(dir, 1));
  await without('another name');
  await cache.put(key(1), bytes(1));
  expect(await cache.get(key(1))).toEqual(bytes(1));
});

test('all entries take no more than they may: what was not used for longest goes first', async () => {
  const dir = folder();
  const probe = diskCache(join(dir, 'probe'));
  await probe.put(key(0), bytes(0));
  const { bytes: one } = await probe.contents();
  const cache = diskCache(join(dir, 'cache'), { bytes: 3 * one });
  for (const n of [1, 2, 3]) {
    await cache.put(key(n), bytes(n));
    utimesSync(entryOf(cache.folder, n), n, n);
  }
  // Used again: now 2 is the oldest.
  expect(await cache.get(key(1))).toEqual(bytes(1));
  await cache.put(key(4), bytes(4));
  expect(await Promise.all([1, 2, 3, 4].map(async (n) => (await cache.get(key(n))) !== undefined))).toEqual([true, false, true, true]);
  expect(await cache.contents()).toEqual({ entries: 3, bytes: 3 * one });
  await cache.put(key(5), bytes(5, 4 * one));
  expect(await cache.get(key(5))).toBeUndefined();
  expect((await cache.contents()).entries).toBe(3);
  expect(await cache.prune(one)).toEqual({ entries: 2, bytes: 2 * one });
  expect(await cache.prune(0)).toEqual({ entries: 1, bytes: one });
  expect(await cache.contents()).toEqual({ entries: 0, bytes: 0 });
});

test('what a process left unfinished goes when it is old, and files that are no entries stay', async () => {
  const dir = folder();
  const cache = diskCache(dir);
  await cache.put(key(1), bytes(1));
  const [old, fresh, other] = [join(dir, `${key(2)}.0123456789abcdef.unfinished`), join(dir, `${key(2)}.fedcba9876543210.unfinished`), join(dir, 'notes.txt')];
  for (const path of [old, fresh, other]) writeFileSync(path, 'x');
  utimesSync(old, 1, 1);
  utimesSync(other, 1, 1);
  await cache.prune(0);
  expect(readdirSync(dir).sort()).toEqual([fresh, other].map((path) => path.slice(dir.length + 1)).sort());
});

test('many at once, on the same few keys: each finds a whole entry or none', async () => {
  const dir = folder();
  const caches = Array.from({ length: 8 }, () => diskCache(dir, { bytes: 2000 }));
  let found = 0;
  await Promise.all(caches.map(async (cache, c) => {
    for (let i = 0; i < 40; i++) {
      const n = (i * 3 + c) % 5;
      if ((i + c) % 2 === 0) await cache.put(key(n), bytes(n, 300));
      else {
        const got = await cache.get(key(n));
        if (got !== undefined) {
          found++;
          expect(got).toEqual(bytes(n, 300));
        }
      }
    }
  }));
  expect(found).toBeGreaterThan(0);
  await caches[0]!.prune(2000);
  expect((await caches[0]!.contents()).bytes).toBeLessThanOrEqual(2000);
  expect(readdirSync(dir).filter((name) => name.endsWith('.unfinished'))).toEqual([]);
});

test.each([
  ['a folder that is none', () => diskCache('')],
  ['no number of bytes', () => diskCache('x', { bytes: -1 })],
])('%s', (_, make) => {
  expect(make).toThrow(expect.objectContaining({ code: 'session/option' }));
});

test('a key that is none, and a folder that cannot be made', async () => {
  const dir = folder();
  writeFileSync(join(dir, 'file'), 'x');
  await expect(diskCache(dir).get('../../etc/passwd')).rejects.toMatchObject({ code: 'cache/failed' });
  await expect(diskCache(join(dir, 'file', 'in')).put(key(1), bytes(1))).rejects.toMatchObject({ code: expect.stringMatching(/^io\//) as string });
});
