import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { Registry, buffer, control, defineProgram, fd, grant, io, kernel, session, u64 } from '@sluice/core';
import { plugin as cpuRef } from '@sluice/cpu-ref/plugin';
import { describe, expect, test } from 'vitest';
import { PRELUDE, inChild, said } from './child.ts';
import { CHUNK, copyFile, increment, readRange, spinLong } from './programs.ts';
import { leaksNothing } from './resources.ts';
import { failure, file, folder, gate, memoryUsed, open, registry, same, bytesOf, settled } from './sessions.ts';
import { watchedStorage } from './watched-storage.ts';

async function watched(options: { memory?: number; window?: number } = {}) {
  const { plugin, watch } = watchedStorage();
  const s = await open({ registry: new Registry().with(plugin).with(cpuRef), backends: ['watched', 'cpu-ref'], ...options });
  return { s, watch, dir: folder() };
}

/** What `work` rejects with, whatever it is. */
const reasonOf = (work: Promise<unknown>): Promise<unknown> => work.then(() => expect.unreachable('it resolved'), (reason: unknown) => reason);

describe('a run that is aborted rejects with the reason of the signal itself', () => {
  const reason = { why: 'a reason that is no error' };

  test('before it starts: no byte moves', async () => {
    const { s, watch, dir } = await watched();
    const input = await s.grant(file(dir, 'in', 100));
    const exe = await s.compile(readRange);
    expect(await reasonOf(exe.run({ input, offset: 0, length: 1 }, { signal: AbortSignal.abort(reason) }))).toBe(reason);
    const late = new AbortController();
    const running = exe.run({ input, offset: 0, length: 1 }, { signal: late.signal });
    late.abort(reason);
    expect(await reasonOf(running)).toBe(reason);
    expect(watch.begun).toEqual([]);
    await input.close();
  });

  test('in the middle of transfers: files are closed, memory is back, and the next run works', async () => {
    const s = await open();
    const dir = folder();
    const exe = await s.compile(copyFile);
    const path = file(dir, 'in', Number(CHUNK) * 32);
    const warm = await s.grant(path);
    await warm.close();
    await leaksNothing(s, async () => {
      const [input, output] = [await s.grant(path), await s.grant(join(dir, 'out'), { rights: 'w', create: 'truncate' })];
      const controller = new AbortController();
      let seen = 0;
      const running = exe.run({ input, output }, { signal: controller.signal, onProgress: () => ++seen === 10 && controller.abort(reason) });
      expect(await reasonOf(running)).toBe(reason);
      expect(seen).toBeGreaterThanOrEqual(10);
      expect(memoryUsed(s)).toBe(0);
      expect(statSync(join(dir, 'out')).size).toBeLessThan(Number(CHUNK) * 32);
      await exe.run({ input, output });
      expect(same(bytesOf(path), bytesOf(join(dir, 'out')))).toBe(true);
      await Promise.all([input.close(), output.close()]);
    });
  });

  test('while a transfer is on the device: memory stays until the device is done with it', async () => {
    const { s, watch, dir } = await watched();
    const [started, held] = [gate(), gate()];
    watch.after = async (_, outcome) => {
      started.open();
      await held.opened;
      return outcome;
    };
    const input = await s.grant(file(dir, 'in', 100));
    const controller = new AbortController();
    const running = (await s.compile(readRange)).run({ input, offset: 0, length: 100 }, { signal: controller.signal });
    await started.opened;
    controller.abort(reason);
    await settled();
    expect(memoryUsed(s)).toBe(100);
    held.open();
    expect(await reasonOf(running)).toBe(reason);
    expect(memoryUsed(s)).toBe(0);
    await input.close();
  });

  test('in a long launch', async () => {
    const s = await open();
    const exe = await s.compile(spinLong);
    const controller = new AbortController();
    setTimeout(() => controller.abort(reason), 20);
    // Unless it is aborted it takes far longer than a test may.
    expect(await reasonOf(exe.run({ steps: 2 ** 32 - 1 }, { signal: controller.signal }))).toBe(reason);
    expect(memoryUsed(s)).toBe(0);
    const { results } = await exe.run({ steps: 10 });
    await results.out.close();
  });

  test('in a host loop that never ends and has nothing in flight', async () => {
    const s = await open();
    const forever = defineProgram('forever', {}, () => {
      control.while({ n: u64(0) }, ({ n }) => n.ge(0), ({ n }) => ({ n: n.add(1) }));
    });
    expect(await reasonOf((await s.compile(forever)).run({}, { signal: AbortSignal.timeout(30) }))).toMatchObject({ name: 'TimeoutError' });
  });

  test('while it waits for memory', async () => {
    const { s, watch, dir } = await watched({ memory: 100 });
    const held = gate();
    watch.before = () => held.opened;
    const alloc = defineProgram('alloc', { out: fd('w') }, ({ out }) => io.write_back_to_nvme(buffer.alloc('u8', 60), out, 0));
    const exe = await s.compile(alloc);
    const out = await s.grant(join(dir, 'out'), { rights: 'w', create: 'truncate' });
    const first = exe.run({ out });
    await settled();
    const controller = new AbortController();
    const second = exe.run({ out }, { signal: controller.signal });
    await settled();
    controller.abort(reason);
    expect(await reasonOf(second)).toBe(reason);
    held.open();
    await first;
    await out.close();
  });

  test('while it waits for a size', async () => {
    const { s, watch, dir } = await watched();
    const held = gate();
    watch.before = () => held.opened;
    const size = defineProgram('size', { out: fd('w') }, ({ out }) => {
      io.write_back_to_nvme(buffer.alloc('u8', 10), out, 0);
      return { size: grant.size(out) };
    });
    const out = await s.grant(join(dir, 'out'), { rights: 'w', create: 'truncate' });
    const controller = new AbortController();
    const running = (await s.compile(size)).run({ out }, { signal: controller.signal });
    await settled();
    controller.abort(reason);
    held.open();
    expect(await reasonOf(running)).toBe(reason);
    await out.close();
  });

  test('while its ops wait for those of another run, which go on; what is behind both still waits', async () => {
    const { s, watch, dir } = await watched();
    const held = gate();
    watch.before = (t) => (t.kind === 'write' && watch.begun.filter((b) => b.kind === 'write').length === 1 ? held.opened : undefined);
    const overwrite = defineProgram('overwrite', { out: fd('w'), data: 'GpuBufferHandle' }, ({ out, data }) => {
      const copy = buffer.alloc('u8', data.byteLength);
      buffer.copy(data, copy);
      io.write_back_to_nvme(copy, out, 0);
    });
    const exe = await s.compile(overwrite);
    const out = await s.grant(join(dir, 'out'), { rights: 'w', create: 'truncate' });
    const controller = new AbortController();
    const first = exe.run({ out, data: new Uint8Array(8).fill(1) });
    await settled();
    const second = exe.run({ out, data: new Uint8Array(16).fill(2) }, { signal: controller.signal });
    const third = exe.run({ out, data: new Uint8Array(4).fill(3) });
    await settled();
    expect(memoryUsed(s)).toBe(8 + 16 + 4);
    controller.abort(reason);
    expect(await reasonOf(second)).toBe(reason);
    await settled();
    expect([memoryUsed(s), watch.begun.length]).toEqual([8 + 4, 1]);
    held.open();
    await Promise.all([first, third]);
    expect([...bytesOf(join(dir, 'out'))]).toEqual([3, 3, 3, 3, 1, 1, 1, 1]);
    await out.close();
  });

  test('with one signal for many runs and calls, which warns of nothing', async () => {
    const s = await open();
    const warnings: unknown[] = [];
    const onWarning = (warning: unknown) => warnings.push(warning);
    process.on('warning', onWarning);
    const controller = new AbortController();
    const { signal } = controller;
    const exe = await s.compile(spinLong, { signal });
    const more = Promise.allSettled(Array.from({ length: 20 }, () => s.compile(copyFile, { signal })));
    const ended = Promise.allSettled(Array.from({ length: 30 }, (_, i) => exe.run({ steps: i < 15 ? 1 : 2 ** 32 - 1 }, { signal })));
    setTimeout(() => controller.abort(reason), 30);
    await more;
    for (const r of await ended) {
      if (r.status === 'fulfilled') await r.value.results.out.close();
      else expect(r.reason).toBe(reason);
    }
    await settled();
    process.off('warning', onWarning);
    expect(warnings).toEqual([]);
  });

  test('after it has ended: nothing happens', async () => {
    const s = await open();
    const dir = folder();
    const input = await s.grant(file(dir, 'in', 100));
    const controller = new AbortController();
    const { results } = await (await s.compile(readRange)).run({ input, offset: 0, length: 100 }, { signal: controller.signal });
    controller.abort(reason);
    expect((await results.data.read()).length).toBe(100);
    await Promise.all([results.data.close(), input.close()]);
  });

  test('one of many runs: the others end', async () => {
    const { s, watch, dir } = await watched();
    watch.before = () => new Promise((resolve) => setImmediate(resolve));
    const input = await s.grant(file(dir, 'in', 1000));
    const exe = await s.compile(readRange);
    const controllers = Array.from({ length: 12 }, () => new AbortController());
    const runs = controllers.map(({ signal }, i) => exe.run({ input, offset: i, length: 100 }, { signal }));
    await new Promise((resolve) => setImmediate(resolve));
    controllers[5]?.abort(reason);
    const ended = await Promise.allSettled(runs);
    expect(ended.map((r) => r.status)).toEqual(ended.map((_, i) => (i === 5 ? 'rejected' : 'fulfilled')));
    for (const r of ended) if (r.status === 'fulfilled') await r.value.results.data.close();
    await input.close();
  });
});

describe('signals of other calls', () => {
  const reason = new Error('enough');

  test('of a grant: nothing stays open, and nothing is created before', async () => {
    const s = await open();
    const dir = folder();
    expect(await reasonOf(s.grant(join(dir, 'new'), { rights: 'w', create: 'truncate', signal: AbortSignal.abort(reason) }))).toBe(reason);
    expect(existsSync(join(dir, 'new'))).toBe(false);
    const path = file(dir, 'in', 10);
    await leaksNothing(s, async () => {
      const controller = new AbortController();
      const granting = s.grant(path, { signal: controller.signal });
      controller.abort(reason);
      expect(await reasonOf(granting)).toBe(reason);
    });
  });

  test('of a compilation', async () => {
    const s = await open();
    expect(await reasonOf(s.compile(copyFile, { signal: AbortSignal.abort(reason) }))).toBe(reason);
    const controller = new AbortController();
    const compiling = s.compile(copyFile, { signal: controller.signal });
    controller.abort(reason);
    expect(await reasonOf(compiling)).toBe(reason);
    await s.compile(copyFile);
  });

  test('of a session: its runs reject with the reason, and it is closed', async () => {
    expect(await reasonOf(session({ registry, signal: AbortSignal.abort(reason) }))).toBe(reason);
    const controller = new AbortController();
    const s = await open({ signal: controller.signal });
    const running = (await s.compile(spinLong)).run({ steps: 2 ** 32 - 1 });
    setTimeout(() => controller.abort(reason), 10);
    expect(await reasonOf(running)).toBe(reason);
    await failure(s.compile(copyFile), 'session/closed');
  });
});

describe('the first failure', () => {
  test('stops issue; what has begun ends before the run rejects', async () => {
    const { s, watch, dir } = await watched({ window: 1 });
    const held = gate();
    watch.before = (t) => (t.kind === 'read' && t.offset === 10n ? held.opened : undefined);
    const program = defineProgram('fails', { input: fd('r') }, ({ input }) => {
      const a = io.dma_from_nvme(input, 10, 10);
      const b = io.dma_from_nvme(input, 90, 20); // past the end
      kernel.launch(increment, 1, { data: b, by: 1 });
      control.for({ to: 5 }, (i) => void io.dma_from_nvme(input, i.to('u64'), 1));
      return { a, b };
    });
    const input = await s.grant(file(dir, 'in', 100));
    const running = (await s.compile(program)).run({ input });
    let ended = false;
    void running.catch(() => (ended = true));
    await settled();
    expect(ended).toBe(false);
    expect(memoryUsed(s)).toBeGreaterThanOrEqual(10);
    held.open();
    const error = await failure(running, 'io/short-read');
    expect(error.where).toMatchObject({ op: 'io.dma_from_nvme', path: 'io.dma_from_nvme[5]' });
    expect(watch.begun.length).toBeLessThan(7);
    expect(memoryUsed(s)).toBe(0);
    await input.close();
  });

  test('is a callback that throws: the run rejects with what it threw', async () => {
    const { s, dir } = await watched();
    const input = await s.grant(file(dir, 'in', 100));
    const thrown = new Error('from onProgress');
    expect(await reasonOf((await s.compile(readRange)).run({ input, offset: 0, length: 10 }, { onProgress: () => { throw thrown; } }))).toBe(thrown);
    expect(memoryUsed(s)).toBe(0);
    await input.close();
  });

  test('is a storage backend that throws from submit, or answers twice', async () => {
    const { s, watch, dir } = await watched();
    const input = await s.grant(file(dir, 'in', 100));
    const exe = await s.compile(readRange);
    watch.submit = () => {
      throw new TypeError('out of order');
    };
    const error = await failure(exe.run({ input, offset: 0, length: 10 }), 'backend/fault');
    expect(error.message).toContain('out of order');
    expect(error.where).toMatchObject({ op: 'io.dma_from_nvme' });
    const ok = { ok: true, direct: 0, buffered: 10, bounced: 0 } as const;
    watch.submit = (_, complete) => {
      complete(0, ok);
      throw new TypeError('after it has answered');
    };
    const { results } = await exe.run({ input, offset: 0, length: 10 });
    await results.data.close();
    watch.submit = (_, complete) => {
      complete(0, ok);
      complete(0, ok);
      complete(7, ok);
    };
    const again = await exe.run({ input, offset: 0, length: 10 });
    expect(again.report.bytes.buffered).toBe(10n);
    await again.results.data.close();
    expect(memoryUsed(s)).toBe(0);
    await input.close();
  });
});

describe('closing', () => {
  test('a session with runs in flight: they reject with session/closed, and nothing is left', async () => {
    const { plugin, watch } = watchedStorage();
    const s = await session({ registry: new Registry().with(plugin).with(cpuRef), backends: ['watched', 'cpu-ref'] });
    const dir = folder();
    const [input, output] = [await s.grant(file(dir, 'in', Number(CHUNK) * 16)), await s.grant(join(dir, 'out'), { rights: 'w', create: 'truncate' })];
    const [copying, spinning] = [await s.compile(copyFile), await s.compile(spinLong)];
    const kept = await s.buffer(new Uint8Array(10));
    const runs = [copying.run({ input, output }), spinning.run({ steps: 2 ** 32 - 1 }), copying.run({ input, output })];
    const ended = Promise.allSettled(runs);
    await settled();
    expect(watch.begun.length).toBeGreaterThan(0);
    const late = [s.grant(join(dir, 'in')), s.compile(readRange), s.buffer(new Uint8Array(5)), copying.bind({ input, output })];
    const lateEnded = Promise.allSettled(late);
    await Promise.all([s.close(), s.close()]);
    expect(watch.inFlight).toBe(0);
    expect(memoryUsed(s)).toBe(0);
    for (const r of await ended) expect(r).toMatchObject({ status: 'rejected', reason: { code: 'session/closed' } });
    for (const r of await lateEnded) if (r.status === 'rejected') expect(r.reason).toMatchObject({ code: 'session/closed' });
    for (const work of [s.grant(join(dir, 'in')), s.compile(readRange), s.buffer(new Uint8Array(1)), copying.run({ input, output }), copying.bind({ input, output })]) await failure(work, 'session/closed');
    await kept.close();
    await input.close();
    await copying.close();
  });

  test('leaves no descriptor open, however it came to it', async () => {
    const outer = await open();
    const dir = folder();
    const path = file(dir, 'in', Number(CHUNK) * 8);
    await leaksNothing(outer, async () => {
      for (const after of [0, 1, 3]) {
        const s = await session({ registry, backends: ['fs', 'cpu-ref'] });
        const granting = s.grant(path).then(async (input) => (await s.compile(copyFile)).run({ input, output: await s.grant(join(dir, `out-${after}`), { rights: 'w', create: 'truncate' }) }));
        const ended = granting.catch((error: unknown) => error);
        for (let i = 0; i < after; i++) await new Promise((resolve) => setImmediate(resolve));
        await s.close();
        expect(memoryUsed(s)).toBe(0);
        await ended;
      }
    });
  });

  test('an executable ends its own runs, and no others', async () => {
    const s = await open();
    const [mine, other] = [await s.compile(spinLong), await s.compile(spinLong)];
    const doomed = mine.run({ steps: 2 ** 32 - 1 });
    const spared = other.run({ steps: 1000 });
    const error = failure(doomed, 'session/closed');
    await mine.close();
    await error;
    await failure(mine.run({ steps: 1 }), 'session/closed');
    await (await spared).results.out.close();
    await (await other.run({ steps: 1 })).results.out.close();
  });

  test('`Symbol.asyncDispose` is `close`, on everything that has one', async () => {
    const s = await session({ registry, backends: ['fs', 'cpu-ref'] });
    const grant1 = await s.grant(file(folder(), 'in', 1));
    const data = await s.buffer(new Uint8Array(1));
    const exe = await s.compile(readRange);
    await exe[Symbol.asyncDispose]();
    await failure(exe.run({ input: grant1, offset: 0, length: 1 }), 'session/closed');
    await data[Symbol.asyncDispose]();
    await failure(data.read(), 'mem/stale-handle');
    await grant1[Symbol.asyncDispose]();
    await failure((await s.compile(readRange)).run({ input: grant1, offset: 0, length: 1 }), 'grant/revoked');
    await s[Symbol.asyncDispose]();
    await failure(s.compile(readRange), 'session/closed');
  });

  test('an idle session does not keep the process alive; a transfer does', async () => {
    const dir = folder();
    const idle = await inChild(`${PRELUDE}
      const s = await session({ registry, backends: ['fs', 'cpu-ref'] });
      const input = await s.grant(${JSON.stringify(file(dir, 'in', 4 << 20))});
      const read = defineProgram('read', { input: fd('r') }, ({ input }) => ({ data: io.dma_from_nvme(input, 0, grant.size(input)) }));
      const exe = await s.compile(read);
      void exe.run({ input }).then(async ({ results }) => say((await results.data.read()).length));
    `, { timeout: 20_000 });
    expect(said(idle)).toEqual([4 << 20]);
  });
});

