import { truncateSync } from 'node:fs';
import { join } from 'node:path';
import { Registry, Timeline, buffer, control, defineKernel, defineProgram, fd, io, isSluiceError, kernel, parse, print } from '@sluice/core';
import type { Outcome, StreamItem, Transfer } from '@sluice/core';
import { plugin as cpuRef } from '@sluice/cpu-ref/plugin';
import { describe, expect, test, vi } from 'vitest';
import { increment } from './programs.ts';
import { leaksNothing } from './resources.ts';
import { bytesOf, failure, file, folder, gate, memoryUsed, open, pattern, same, settled } from './sessions.ts';
import { watchedStorage } from './watched-storage.ts';

const CHUNK = 4096;

const read = defineProgram('read', { input: fd('r'), offset: 'u64', length: 'u64' }, ({ input, offset, length }) => ({ data: io.dma_from_nvme(input, offset, length), length }));

/** Adds 1 to each u32, from one file into another. */
const addOne = defineProgram('add-one', { input: fd('r'), output: fd('w'), offset: 'u64', length: 'u64' }, ({ input, output, offset, length }) => {
  const data = io.dma_from_nvme(input, offset, length);
  kernel.launch(increment, length.div(4), { data, by: 1 });
  io.write_back_to_nvme(data, output, offset);
});

/** Traps at the u32 `bad`. */
const check = defineKernel('check', { params: { data: 'buffer<u32, read>', bad: 'u32' }, workgroup: 64 }, ({ data, bad }, { global: { x } }) => {
  control.assert(data.load(x).ne(bad), 'the bad one');
});
const checked = defineProgram('checked', { input: fd('r'), offset: 'u64', length: 'u64', bad: 'u32' }, ({ input, offset, length, bad }) => {
  const data = io.dma_from_nvme(input, offset, length);
  kernel.launch(check, length.div(4), { data, bad });
  return { data };
});

/** Bytes that come from elsewhere, each u32 with 1 added. */
const transform = defineProgram('transform', { data: 'GpuBufferHandle', by: 'u32' }, ({ data, by }) => {
  const out = buffer.alloc('u8', data.byteLength);
  buffer.copy(data, out);
  kernel.launch(increment, data.byteLength.div(4), { data: out, by });
  return { out };
});

async function watched(options: { window?: number; durability?: 'run' | 'op' | 'none' } = {}) {
  const { plugin, watch } = watchedStorage();
  const s = await open({ registry: new Registry().with(plugin).with(cpuRef), backends: ['watched', 'cpu-ref'], ...options });
  return { s, watch, dir: folder() };
}

const plusOne = (bytes: Uint8Array<ArrayBuffer>) => new Uint8Array(new Uint32Array(bytes.buffer).map((x) => x + 1).buffer);

async function collected<R>(items: AsyncIterable<StreamItem<R>>, take: (item: StreamItem<R>) => Promise<Uint8Array>): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  for await (const item of items) parts.push(await take(item));
  return new Uint8Array(Buffer.concat(parts));
}

/** Iterates to the end, and forgets what comes. */
async function drained(items: AsyncIterable<unknown>): Promise<number> {
  let count = 0;
  for await (const _ of items) count++;
  return count;
}

describe('a stream over a file', () => {
  test('gives the results of all chunks in order, right to the byte, with the last one shorter', async () => {
    const s = await open();
    const bytes = pattern(10 * CHUNK + 123);
    const input = await s.grant(file(folder(), 'in', bytes));
    await leaksNothing(s, async () => {
      const places: [number, bigint, number, bigint][] = [];
      const found = await collected(s.stream(read, { input }, { over: input, chunk: CHUNK }), async ({ index, offset, length, results, report }) => {
        places.push([index, offset, length, results.length]);
        expect(report.bytes.read).toBe(BigInt(length));
        return results.data.read();
      });
      expect(places).toEqual(Array.from({ length: 11 }, (_, i) => [i, BigInt(i * CHUNK), i === 10 ? 123 : CHUNK, BigInt(i === 10 ? 123 : CHUNK)]));
      expect(same(found, bytes)).toBe(true);
    });
    await input.close();
  });

  test('of no bytes has no items; a window of a grant is all that there is; a number of bytes needs no file', async () => {
    const s = await open();
    const dir = folder();
    const [empty, part] = [await s.grant(file(dir, 'empty', 0)), await s.grant(file(dir, 'in', 100), { offset: 10, length: 50 })];
    expect(await drained(s.stream(read, { input: empty }, { over: empty, chunk: CHUNK }))).toBe(0);
    const found = await collected(s.stream(read, { input: part }, { over: part, chunk: 16 }), ({ results }) => results.data.read());
    expect(same(found, pattern(100).subarray(10, 60))).toBe(true);
    const ranges = defineProgram('ranges', { offset: 'u64', length: 'u64' }, ({ offset, length }) => ({ end: offset.add(length) }));
    const ends: bigint[] = [];
    for await (const { results } of s.stream(ranges, {}, { over: 2n ** 40n + 1n, chunk: 2 ** 38 })) ends.push(results.end);
    expect(ends).toEqual([2n ** 38n, 2n ** 39n, 3n * 2n ** 38n, 2n ** 40n, 2n ** 40n + 1n]);
    await Promise.all([empty.close(), part.close()]);
  });

  test('runs a program in text form too', async () => {
    const s = await open();
    const input = await s.grant(file(folder(), 'in', 1000));
    const program = parse(print(read), s.registry);
    expect(await drained(s.stream(program, { input }, { over: input, chunk: 100 }))).toBe(10);
    await input.close();
  });

  test('writes a file, which is made durable once, in the end', async () => {
    const { s, watch, dir } = await watched();
    const bytes = pattern(8 * CHUNK);
    const [input, output] = [await s.grant(file(dir, 'in', bytes)), await s.grant(join(dir, 'out'), { rights: 'w', create: 'truncate' })];
    const progress: string[] = [];
    const trace = new Timeline();
    const stream = s.stream(addOne, { input, output }, { over: input, chunk: CHUNK, trace, onProgress: ({ chunks, done, total }) => progress.push(`${chunks} ${done} ${total}`) });
    expect(await drained(stream)).toBe(8);
    expect(same(bytesOf(join(dir, 'out')), plusOne(bytes))).toBe(true);
    expect(watch.begun.filter((t) => t.kind === 'sync')).toHaveLength(1);
    expect(watch.begun.at(-1)?.kind).toBe('sync');
    expect(progress).toEqual(Array.from({ length: 8 }, (_, i) => `${i + 1} ${(i + 1) * CHUNK} ${8 * CHUNK}`));
    expect(trace.events.filter((e) => e.kind === 'run')).toHaveLength(8);
    expect(trace.events.filter((e) => e.name === 'sync')).toHaveLength(1);
    await Promise.all([input.close(), output.close()]);
  });

  test.each([['op', 8], ['none', 0]] as const)('durability `%s` is what it is for runs', async (durability, syncs) => {
    const { s, watch, dir } = await watched({ durability });
    const [input, output] = [await s.grant(file(dir, 'in', 8 * CHUNK)), await s.grant(join(dir, 'out'), { rights: 'w', create: 'truncate' })];
    await drained(s.stream(addOne, { input, output }, { over: input, chunk: CHUNK }));
    expect(watch.begun.filter((t) => t.kind === 'sync')).toHaveLength(syncs);
    await Promise.all([input.close(), output.close()]);
  });
});

describe('never more chunks than the window are under way', () => {
  test.each([1, 2, 5])('%d at once, that in the hands of the application among them', async (window) => {
    const { s, watch, dir } = await watched();
    const input = await s.grant(file(dir, 'in', 20 * CHUNK));
    const stream = s.stream(read, { input }, { over: input, chunk: CHUNK, window });
    await settled();
    expect(watch.begun).toHaveLength(0);
    let taken = 0;
    for await (const { results } of stream) {
      // Whoever takes nothing lets nothing begin: there are as many reads as there were results, and those of the window beside this one.
      await settled();
      expect(watch.begun.length).toBe(Math.min(20, taken + window));
      await vi.waitFor(() => expect(watch.inFlight).toBe(0));
      expect(memoryUsed(s)).toBe(Math.min(window, 20 - taken) * CHUNK);
      expect((await results.data.read()).length).toBe(CHUNK);
      taken++;
    }
    expect(taken).toBe(20);
    expect(memoryUsed(s)).toBe(0);
    await input.close();
  });

  test('all of them at once, while none is done', async () => {
    const { s, watch, dir } = await watched({ window: 3 });
    const held = gate();
    watch.before = () => held.opened;
    const input = await s.grant(file(dir, 'in', 20 * CHUNK));
    const draining = drained(s.stream(read, { input }, { over: input, chunk: CHUNK }));
    await vi.waitFor(() => expect(watch.begun.length).toBeGreaterThan(2));
    await settled();
    const then = [watch.begun.length, watch.inFlight];
    held.open();
    expect(await draining).toBe(20);
    expect(then).toEqual([3, 3]);
    expect(watch.most).toBe(3);
    await input.close();
  });

  test('results come in order, whichever chunk is done first', async () => {
    const { s, watch, dir } = await watched({ window: 4 });
    const bytes = pattern(16 * CHUNK);
    // The later of four is the faster.
    watch.before = async (t) => {
      const turns = t.kind === 'read' ? 4 - (Number(t.offset) / CHUNK) % 4 : 0;
      for (let i = 0; i < 5 * turns; i++) await new Promise((resolve) => setImmediate(resolve));
    };
    const input = await s.grant(file(dir, 'in', bytes));
    const found = await collected(s.stream(read, { input }, { over: input, chunk: CHUNK }), ({ results }) => results.data.read());
    expect(same(found, bytes)).toBe(true);
    await input.close();
  });
});

describe('a stream that is left', () => {
  test('by break: nothing begins any more, all is released, what was written is durable, and the next stream works', async () => {
    const { s, watch, dir } = await watched();
    const [input, output] = [await s.grant(file(dir, 'in', 20 * CHUNK)), await s.grant(join(dir, 'out'), { rights: 'w', create: 'truncate' })];
    for await (const { index } of s.stream(addOne, { input, output }, { over: input, chunk: CHUNK })) if (index === 2) break;
    const begun = watch.begun.length;
    expect(watch.begun.at(-1)?.kind).toBe('sync');
    expect([watch.inFlight, memoryUsed(s)]).toEqual([0, 0]);
    await settled();
    expect(watch.begun).toHaveLength(begun);
    expect(await drained(s.stream(addOne, { input, output }, { over: input, chunk: CHUNK }))).toBe(20);
    // A stream that held its files would keep these from closing.
    await Promise.all([input.close(), output.close()]);
  });

  test('by break while reads are on the device: it waits for them', async () => {
    const { s, watch, dir } = await watched({ window: 2 });
    const held = gate();
    watch.after = async (t, outcome) => {
      if (t.kind === 'read' && t.offset > 0n) await held.opened;
      return outcome;
    };
    const input = await s.grant(file(dir, 'in', 20 * CHUNK));
    let [breaks, left] = [false, false];
    const leaving = (async () => {
      for await (const _ of s.stream(read, { input }, { over: input, chunk: CHUNK })) {
        breaks = true;
        break;
      }
      left = true;
    })();
    await vi.waitFor(() => expect(breaks).toBe(true));
    await settled();
    const then = [left, memoryUsed(s)];
    held.open();
    await leaving;
    expect(then).toEqual([false, CHUNK]);
    expect(memoryUsed(s)).toBe(0);
    await input.close();
  });

  test('by an error of the loop itself, or by `return` before it began or in the middle of a result', async () => {
    const { s, watch, dir } = await watched();
    const input = await s.grant(file(dir, 'in', 20 * CHUNK));
    const options = { over: input, chunk: CHUNK };
    const own = new Error('of the loop');
    await expect((async () => {
      for await (const _ of s.stream(read, { input }, options)) throw own;
    })()).rejects.toBe(own);
    expect(memoryUsed(s)).toBe(0);
    const unused = s.stream(read, { input }, options);
    expect(await unused.return()).toEqual({ done: true, value: undefined });
    expect(await unused.next()).toEqual({ done: true, value: undefined });
    const begun = watch.begun.length;
    const held = gate();
    watch.after = async (_, outcome) => {
      await held.opened;
      return outcome;
    };
    await using busy = s.stream(read, { input }, options);
    const result = busy.next();
    await vi.waitFor(() => expect(watch.begun.length).toBeGreaterThan(begun));
    const ended = busy.return();
    held.open();
    expect(await result).toEqual({ done: true, value: undefined });
    expect(await ended).toEqual({ done: true, value: undefined });
    expect(memoryUsed(s)).toBe(0);
    await input.close();
  });

  test('in the hands of nobody: the session closes all the same', async () => {
    const { s, dir } = await watched();
    const [input, output] = [await s.grant(file(dir, 'in', 20 * CHUNK)), await s.grant(join(dir, 'out'), { rights: 'w', create: 'truncate' })];
    const [suspended, waiting] = [s.stream(addOne, { input, output }, { over: input, chunk: CHUNK }), s.stream(transform, { by: 1 }, { over: endless(() => gate().opened), chunk: CHUNK })];
    await suspended.next();
    const never = waiting.next();
    never.catch(() => {});
    await settled();
    await s.close();
    await failure(never, 'session/closed');
    await failure(suspended.next(), 'session/closed');
    expect(() => s.stream(read, { input }, { over: input, chunk: CHUNK })).toThrow(/closed/);
  });
});

describe('a stream that is aborted rejects with the reason of the signal itself', () => {
  const reason = { why: 'enough' };
  const reasonOf = (work: Promise<unknown>) => work.then(() => expect.unreachable('it ended'), (e: unknown) => e);

  test.each(['before it begins', 'while a result is waited for', 'while the application has an item'] as const)('%s', async (when) => {
    const { s, watch, dir } = await watched();
    const input = await s.grant(file(dir, 'in', 50 * CHUNK));
    await leaksNothing(s, async () => {
      const controller = new AbortController();
      if (when === 'before it begins') controller.abort(reason);
      const stream = s.stream(read, { input }, { over: input, chunk: CHUNK, signal: controller.signal });
      watch.begun.length = 0;
      const got = await reasonOf((async () => {
        for await (const { index, results } of stream) {
          if (index !== 5) continue;
          if (when === 'while the application has an item') controller.abort(reason);
          else setImmediate(() => controller.abort(reason));
          // What one has is whole all the same.
          expect((await results.data.read()).length).toBe(CHUNK);
        }
      })());
      expect(got).toBe(reason);
      expect(memoryUsed(s)).toBe(0);
      if (when === 'before it begins') expect(watch.begun).toEqual([]);
      else expect(watch.begun.length).toBeLessThan(50);
    });
    await input.close();
  });

  test('and does not wait for a source that gives nothing', async () => {
    const s = await open();
    const controller = new AbortController();
    const result = s.stream(transform, { by: 1 }, { over: endless(() => gate().opened), chunk: CHUNK, signal: controller.signal }).next();
    await settled();
    controller.abort(reason);
    expect(await reasonOf(result)).toBe(reason);
  });
});

describe('an error in any stage ends the stream with that error, when all is released', () => {
  const fails = (kind: Transfer['kind'], at: number, watch: ReturnType<typeof watchedStorage>['watch']) => {
    watch.after = async (t, outcome): Promise<Outcome> => {
      if (t.kind !== kind || (t.kind !== 'sync' && Number(t.offset) !== at * CHUNK)) return outcome;
      const { SluiceError } = await import('@sluice/core');
      return { ok: false, transferred: 0, error: new SluiceError({ code: `io/${kind}-failed`, message: `the device failed the ${kind}`, fix: 'look at the device' }) };
    };
  };

  test.each(['read', 'write'] as const)('a %s that fails: the results before it come first', async (kind) => {
    const { s, watch, dir } = await watched();
    const [input, output] = [await s.grant(file(dir, 'in', 20 * CHUNK)), await s.grant(join(dir, 'out'), { rights: 'w', create: 'truncate' })];
    fails(kind, 6, watch);
    let items = 0;
    const error = await failure((async () => {
      for await (const _ of s.stream(addOne, { input, output }, { over: input, chunk: CHUNK })) items++;
    })(), `io/${kind}-failed`);
    expect(items).toBe(6);
    expect(error.where).toMatchObject({ program: 'add-one', op: kind === 'read' ? 'io.dma_from_nvme' : 'io.write_back_to_nvme' });
    expect([watch.inFlight, memoryUsed(s)]).toEqual([0, 0]);
    const begun = watch.begun.length;
    await settled();
    expect(watch.begun).toHaveLength(begun);
    await Promise.all([input.close(), output.close()]);
  });

  test('a sync that fails in the end', async () => {
    const { s, watch, dir } = await watched();
    const [input, output] = [await s.grant(file(dir, 'in', 3 * CHUNK)), await s.grant(join(dir, 'out'), { rights: 'w', create: 'truncate' })];
    fails('sync', 0, watch);
    await failure(drained(s.stream(addOne, { input, output }, { over: input, chunk: CHUNK })), 'io/sync-failed');
    await Promise.all([input.close(), output.close()]);
  });

  test('a kernel that traps, and a file that ends too soon', async () => {
    const s = await open();
    const dir = folder();
    const words = Uint32Array.from({ length: 20 * CHUNK / 4 }, (_, i) => i);
    const path = file(dir, 'in', new Uint8Array(words.buffer));
    const input = await s.grant(path);
    let items = 0;
    const trapped = await failure((async () => {
      for await (const { results } of s.stream(checked, { input, bad: 7 * CHUNK / 4 + 5 }, { over: input, chunk: CHUNK })) {
        expect((await results.data.read()).length).toBe(CHUNK);
        items++;
      }
    })(), 'run/trap');
    expect(trapped.message).toContain('the bad one');
    expect([items, memoryUsed(s)]).toEqual([7, 0]);
    truncateSync(path, 10 * CHUNK + 1);
    await failure(drained(s.stream(read, { input }, { over: input, chunk: CHUNK })), 'io/short-read');
    expect(memoryUsed(s)).toBe(0);
    await input.close();
  });

  test('the first one in the order of chunks, whichever happened first', async () => {
    const { s, watch, dir } = await watched({ window: 4 });
    const later = gate();
    watch.before = (t) => (t.kind === 'read' && Number(t.offset) === CHUNK ? later.opened : undefined);
    watch.after = (t, outcome) => {
      if (t.kind !== 'read' || Number(t.offset) < CHUNK) return outcome;
      if (Number(t.offset) === 2 * CHUNK) setImmediate(() => later.open());
      return outcome;
    };
    const bytes = pattern(10 * CHUNK);
    const words = new Uint32Array(bytes.buffer);
    // Chunk 2 traps at once; chunk 1, which is held up, does so later.
    words[CHUNK / 4] = 0xbad;
    words[2 * CHUNK / 4 + 1] = 0xbad;
    const input = await s.grant(file(dir, 'in', bytes));
    let items = 0;
    const error = await failure((async () => {
      for await (const _ of s.stream(checked, { input, bad: 0xbad }, { over: input, chunk: CHUNK })) items++;
    })(), 'run/trap');
    expect(items).toBe(1);
    expect(error.message).toMatch(/\b0\b/);
    await input.close();
  });

  test('what a callback throws, or rejects with', async () => {
    const s = await open();
    const input = await s.grant(file(folder(), 'in', 20 * CHUNK));
    const own = new Error('of the callback');
    for (const onProgress of [() => { throw own; }, () => Promise.reject(own) as unknown as void]) {
      await expect(drained(s.stream(read, { input }, { over: input, chunk: CHUNK, onProgress }))).rejects.toBe(own);
    }
    expect(memoryUsed(s)).toBe(0);
    await input.close();
  });

  test('what is no stream at all', async () => {
    const s = await open();
    const input = await s.grant(file(folder(), 'in', CHUNK));
    const options = { over: input, chunk: CHUNK };
    const locked = new ReadableStream<Uint8Array>();
    locked.getReader();
    const codeOf = (make: () => unknown) => {
      try {
        make();
      } catch (error) {
        return isSluiceError(error) ? error.code : error;
      }
      return undefined;
    };
    for (const odd of [{ over: input }, { ...options, chunk: 0 }, { ...options, window: 0 }, { ...options, over: -1 }, { ...options, over: 2n ** 63n }, { ...options, over: 'path' }, { ...options, depth: 4 }, { ...options, over: locked }]) {
      expect(codeOf(() => s.stream(read, { input }, odd as typeof options)), JSON.stringify(Object.keys(odd))).toBe('session/option');
    }
    const typed = () => [
      // @ts-expect-error: `input` is missing
      s.stream(read, {}, options),
      // @ts-expect-error: the stream gives `offset`
      s.stream(read, { input, offset: 0 }, options),
      // @ts-expect-error: `data` is the program's own parameter where the chunks are ranges
      s.stream(transform, { by: 1 }, options),
      // @ts-expect-error: a scalar has no bytes
      s.stream(read, { input }, options).readable('length'),
    ];
    expect(typed).toBeTypeOf('function');
    const whole = defineProgram('whole', { input: fd('r') }, () => {});
    await failure(s.stream(whole, { input }, options).next(), 'run/argument');
    await failure(s.stream(read, { input, offset: 0n } as { input: typeof input }, options).next(), 'run/argument');
    await failure(s.stream(read, {} as { input: typeof input }, options).next(), 'run/argument');
    await failure(s.stream(transform, { by: 1, data: new Uint8Array(1) } as { by: number }, { over: endless(), chunk: 4 }).next(), 'run/argument');
    await input.close();
  });
});

/** Bytes without end, in pieces that fit nothing. */
async function* endless(before: () => Promise<void> | void = () => {}): AsyncGenerator<Uint8Array, void> {
  for (let at = 0; ; at += 1000) {
    await before();
    yield pattern(1000, at);
  }
}

describe('Web Streams', () => {
  /** `bytes` in pieces of changing sizes, and how many were asked for. */
  function readable(bytes: Uint8Array, more: { failWith?: unknown } = {}) {
    const state = { pulled: 0, cancelled: undefined as unknown, at: 0 };
    const stream = new ReadableStream<Uint8Array>({
      pull(controller) {
        if (state.at >= bytes.length) return more.failWith === undefined ? controller.close() : controller.error(more.failWith);
        const size = 1 + (state.pulled++ * 977) % 3001;
        controller.enqueue(bytes.subarray(state.at, state.at + size));
        state.at += size;
      },
      cancel(reason) {
        state.cancelled = reason ?? 'for no reason';
      },
    }, { highWaterMark: 0 });
    return { stream, state };
  }

  test('from a ReadableStream through a kernel to a WritableStream, right to the byte, whatever the pieces', async () => {
    const s = await open();
    const bytes = pattern(40 * CHUNK + 4 * 33);
    const { stream } = readable(bytes);
    const parts: Uint8Array[] = [];
    await leaksNothing(s, async () => {
      await s.stream(transform, { by: 1 }, { over: stream, chunk: CHUNK }).readable('out').pipeTo(new WritableStream({ write: (part) => void parts.push(part) }));
    });
    expect(parts.map((p) => p.length)).toEqual([...Array.from({ length: 40 }, () => CHUNK), 4 * 33]);
    expect(same(new Uint8Array(Buffer.concat(parts)), plusOne(bytes))).toBe(true);
    expect(stream.locked).toBe(false);
  });

  test('a reader that is slow holds up the source', async () => {
    const s = await open();
    const { stream, state } = readable(pattern(100 * CHUNK));
    const reader = s.stream(transform, { by: 1 }, { over: stream, chunk: CHUNK, window: 2 }).readable('out').getReader();
    await settled();
    expect(state.pulled).toBe(0);
    for (let i = 1; i < 10; i++) {
      await reader.read();
      await settled();
      expect(state.at).toBeLessThanOrEqual((i + 2) * CHUNK + 3001);
    }
    await reader.cancel('enough');
    expect([state.cancelled, stream.locked, memoryUsed(s)]).toEqual(['for no reason', false, 0]);
  });

  test('what comes while the application has an item fills the window, and no more is asked for', async () => {
    const s = await open();
    const held = gate();
    let asked = 0;
    const source = (async function* () {
      for (;;) {
        if (asked++ === 1) await held.opened;
        yield pattern(CHUNK, asked);
      }
    })();
    await using stream = s.stream(transform, { by: 1 }, { over: source, chunk: CHUNK, window: 2 });
    await stream.next();
    await settled();
    expect(asked).toBe(2);
    held.open();
    await settled();
    expect(asked).toBe(2);
    await stream.next();
    await settled();
    expect(asked).toBe(3);
  });

  test('a source that fails ends the stream with its own error, behind the results of what came before', async () => {
    const s = await open();
    const own = new Error('of the source');
    const { stream } = readable(pattern(5 * CHUNK), { failWith: own });
    let bytes = 0;
    await expect((async () => {
      for await (const { length } of s.stream(transform, { by: 1 }, { over: stream, chunk: CHUNK })) bytes += length;
    })()).rejects.toBe(own);
    expect(bytes).toBe(5 * CHUNK);
    expect(memoryUsed(s)).toBe(0);
  });

  test('a sink that fails ends all of it; a break cancels the source; pieces that are no bytes are refused', async () => {
    const s = await open();
    const own = new Error('of the sink');
    const first = readable(pattern(50 * CHUNK));
    await expect(s.stream(transform, { by: 1 }, { over: first.stream, chunk: CHUNK }).readable('out').pipeTo(new WritableStream({ write: () => Promise.reject(own) }))).rejects.toBe(own);
    expect(first.state.at).toBeLessThan(50 * CHUNK);
    expect(first.state.cancelled).toBeDefined();
    const second = readable(pattern(50 * CHUNK));
    for await (const _ of s.stream(transform, { by: 1 }, { over: second.stream, chunk: CHUNK })) break;
    expect(second.state.cancelled).toBeDefined();
    const text = new ReadableStream<unknown>({ start: (c) => c.enqueue('text') }) as ReadableStream<Uint8Array>;
    await failure(s.stream(transform, { by: 1 }, { over: text, chunk: CHUNK }).next(), 'run/argument');
    const unused = readable(pattern(10));
    await s.stream(transform, { by: 1 }, { over: unused.stream, chunk: CHUNK }).return();
    expect([unused.state.cancelled, unused.stream.locked]).toEqual(['for no reason', false]);
    expect(memoryUsed(s)).toBe(0);
  });

  test('a result that is no buffer cannot be read as bytes', async () => {
    const s = await open();
    const input = await s.grant(file(folder(), 'in', 2 * CHUNK));
    const stream = s.stream(read, { input }, { over: input, chunk: CHUNK });
    await failure(stream.readable('length' as 'data').getReader().read(), 'run/argument');
    expect(memoryUsed(s)).toBe(0);
    await input.close();
  });

  test('an async iterable is a source too, and is told when nobody wants more of it', async () => {
    const s = await open();
    let closed = false;
    const source = (async function* () {
      try {
        yield* endless();
      } finally {
        closed = true;
      }
    })();
    for await (const { index } of s.stream(transform, { by: 1 }, { over: source, chunk: CHUNK })) if (index === 3) break;
    await settled();
    expect(closed).toBe(true);
  });
});
