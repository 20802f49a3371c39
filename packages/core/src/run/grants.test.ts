import { describe, expect, test } from 'vitest';
import type { OpenFile, Rights, Storage } from '../registry/backend.ts';
import { FILE_LIMIT, grantWindow } from './grant-window.ts';
import { GrantRecord } from './grants.ts';

function fileOf(identity = 'dev:ino', size = 100n): OpenFile & { closed: number } {
  return { name: 'data.bin', identity, via: 'buffered', viaReason: 'a test', closed: 0, size: async () => size, async close() { this.closed++; } };
}

function recordOf(rights: Rights, offset = 0n, length?: bigint, file = fileOf()) {
  let closed = 0;
  const record = new GrantRecord('data.bin', 'first', file, { rights, offset, length }, () => closed++);
  return { record, file, closed: () => closed };
}

const code = (work: () => unknown) => {
  try {
    return JSON.stringify(work(), (_, v: unknown) => (typeof v === 'bigint' ? Number(v) : v));
  } catch (error) {
    return (error as { code: string }).code;
  }
};

describe('what the options ask for', () => {
  test('is checked', () => {
    expect(grantWindow({})).toEqual({ rights: 'r', create: 'no', offset: 0n, length: undefined });
    expect(grantWindow({ rights: 'rw', create: 'truncate', offset: 5, length: 2n ** 62n })).toEqual({ rights: 'rw', create: 'truncate', offset: 5n, length: 2n ** 62n });
    expect(code(() => grantWindow({ offset: FILE_LIMIT }))).toBe(code(() => grantWindow({ offset: FILE_LIMIT })));
    expect([code(() => grantWindow({ offset: FILE_LIMIT + 1n })), code(() => grantWindow({ offset: 1, length: FILE_LIMIT })), code(() => grantWindow({ length: -1 }))]).toEqual(['grant/range', 'grant/range', 'grant/range']);
  });
});

describe('places in the file', () => {
  test('rights: what was granted, and what the program declares', () => {
    const { record } = recordOf('rw');
    expect(code(() => record.place(1n, 2n, false, 'r'))).toBe('{"from":1,"to":3}');
    expect(code(() => record.place(1n, 2n, true, 'r'))).toBe('grant/rights');
    expect(code(() => record.place(1n, 2n, true, 'rw'))).toBe('{"from":1,"to":3}');
    expect(code(() => recordOf('r').record.place(1n, 2n, true, 'rw'))).toBe('grant/rights');
    expect(code(() => recordOf('w').record.place(1n, 2n, false, 'rw'))).toBe('grant/rights');
  });

  test('ranges: within the window, and below 2^63', () => {
    const { record } = recordOf('r', 10n, 20n);
    expect(code(() => record.place(0n, 20n, false, 'r'))).toBe('{"from":10,"to":30}');
    expect(code(() => record.place(20n, 0n, false, 'r'))).toBe('{"from":30,"to":30}');
    expect(code(() => record.place(0n, 21n, false, 'r'))).toBe('io/range');
    expect(code(() => record.place(21n, 0n, false, 'r'))).toBe('io/range');
    expect(code(() => record.place(2n ** 64n - 1n, 1n, false, 'r'))).toBe('io/range');
    const open = recordOf('r', 1n).record;
    expect(open.place(FILE_LIMIT - 2n, 1n, false, 'r').to).toBe(FILE_LIMIT);
    expect(code(() => open.place(FILE_LIMIT - 1n, 1n, false, 'r'))).toBe('io/range');
  });

  test('without an offset or a length it is the whole window', () => {
    expect(recordOf('r', 10n, 20n).record.place(undefined, 5n, false, 'r')).toEqual({ from: 10n, to: 30n });
    expect(recordOf('r', 10n).record.place(5n, undefined, false, 'r')).toEqual({ from: 10n, to: FILE_LIMIT });
  });
});

describe('revoking', () => {
  test('closes the files of every backend when nothing uses them', async () => {
    const { record, file, closed } = recordOf('r');
    const second = fileOf();
    const storage = { open: async () => second } as unknown as Storage;
    await record.open('second', storage);
    expect(await record.open('second', storage)).toBe(second);
    record.use();
    const revoking = record.revoke();
    await Promise.resolve();
    expect([file.closed, second.closed, code(() => record.refuseRevoked()), code(() => record.place(0n, 1n, false, 'r'))]).toEqual([0, 0, 'grant/revoked', 'grant/revoked']);
    record.leave();
    await revoking;
    await record.revoke();
    expect([file.closed, second.closed, closed()]).toEqual([1, 1, 1]);
    await expect(record.open('third', storage)).rejects.toMatchObject({ code: 'grant/revoked' });
  });

  test('waits for a backend that is opening the file, and closes what it gives', async () => {
    const { record } = recordOf('r');
    const second = fileOf();
    let give: (f: OpenFile) => void = () => {};
    const opening = record.open('second', { open: () => new Promise<OpenFile>((resolve) => (give = resolve)) } as unknown as Storage);
    const revoking = record.revoke();
    give(second);
    await Promise.all([opening, revoking]);
    expect(second.closed).toBe(1);
  });

  test('another file under the same name is refused, closed, and asked for again the next time', async () => {
    const { record } = recordOf('r');
    const other = fileOf('dev:other');
    const files = [other, fileOf()];
    const storage = { open: async () => files.shift() as OpenFile } as unknown as Storage;
    await expect(record.open('second', storage)).rejects.toMatchObject({ code: 'grant/changed' });
    expect(other.closed).toBe(1);
    await record.open('second', storage);
    await record.revoke();
  });
});
