import { tracingChannel } from 'node:diagnostics_channel';
import { join } from 'node:path';
import { Registry, Timeline, chromeTrace, control, defineProgram, fd, grant, io, kernel, u64 } from '@sluice/core';
import type { ChromeEvent, TraceEvent } from '@sluice/core';
import { plugin as cpuRef } from '@sluice/cpu-ref/plugin';
import { plugin as fs } from '@sluice/fs/plugin';
import { expect, onTestFinished, test } from 'vitest';
import { privateDevice } from './private-device.ts';
import { copyFile, increment, readRange } from './programs.ts';
import { failure, file, folder, gate, open } from './sessions.ts';
import { watchedStorage } from './watched-storage.ts';

const CHUNK = 4096n;
/** Adds 1 to each u32 of a file, chunk by chunk, into another file. */
const addOne = defineProgram('add-one', { input: fd('r'), output: fd('w') }, ({ input, output }) => {
  const size = grant.size(input);
  control.for({ from: u64(0), to: size, step: CHUNK }, (at) => {
    const data = io.dma_from_nvme(input, at, size.sub(at).min(CHUNK));
    kernel.launch(increment, data.byteLength.div(4), { data, by: 1 });
    io.write_back_to_nvme(data, output, at);
  });
});

const named = (trace: Timeline, kind: TraceEvent['kind'], name?: string) => trace.events.filter((e) => e.kind === kind && (name === undefined || e.name === name));

test('every transfer, launch, wait and step of a run is told, with op, place, line, bytes and way', async () => {
  const s = await open();
  const dir = folder();
  const trace = new Timeline();
  const [input, output] = [await s.grant(file(dir, 'in', 40_000)), await s.grant(join(dir, 'out'), { rights: 'w', create: 'truncate' })];
  const { report } = await (await s.compile(addOne)).run({ input, output }, { trace });
  expect(trace.dropped).toBe(0);
  expect(trace.events.every((e) => e.start <= e.end && e.error === undefined)).toBe(true);
  const [run] = named(trace, 'run');
  expect(run).toMatchObject({ name: 'add-one' });
  expect(trace.events.every((e) => e.run === run?.run && e.start >= run.start && e.end <= run.end)).toBe(true);
  const reads = named(trace, 'transfer', 'read');
  expect(reads.map((e) => [e.offset, e.bytes]).sort(([a], [b]) => Number(a) - Number(b))).toEqual(Array.from({ length: 10 }, (_, i) => [BigInt(i) * CHUNK, i === 9 ? 40_000 - 9 * 4096 : 4096]));
  expect(reads[0]).toMatchObject({
    backend: 'fs', op: 'io.dma_from_nvme', path: expect.stringMatching(/^control\.for\[\d+\]\/body\/io\.dma_from_nvme\[\d+\]$/), span: expect.stringMatching(/trace\.test\.ts:\d+:\d+$/),
    file: join(dir, 'in'), via: 'buffered', direct: 0, buffered: 4096, bounced: 0,
  });
  const moved = [...reads, ...named(trace, 'transfer', 'write')].reduce((sum, e) => sum + (e.buffered ?? 0), 0);
  expect(BigInt(moved)).toBe(report.bytes.buffered);
  expect(named(trace, 'transfer', 'sync')).toMatchObject([{ file: join(dir, 'out') }]);
  expect(named(trace, 'launch')).toHaveLength(10);
  expect(named(trace, 'launch')[0]).toMatchObject({ name: 'increment', backend: 'cpu-ref', groups: [16, 1, 1], path: expect.stringMatching(/kernel\.launch/) });
  // A launch waits for its read, the fifth iteration for the first one.
  expect(named(trace, 'wait', 'order').map((e) => e.op)).toContain('kernel.launch');
  expect(named(trace, 'wait', 'window').length).toBeGreaterThan(0);
  expect(named(trace, 'step').map((e) => e.name)).toEqual(expect.arrayContaining(['bind', 'grant.size', 'control.for', 'io.dma_from_nvme', 'kernel.launch', 'io.write_back_to_nvme']));
  await Promise.all([input.close(), output.close()]);
});

test('reading, computing and writing of different iterations overlap', async () => {
  const { plugin, watch } = watchedStorage();
  const s = await open({ registry: new Registry().with(plugin).with(cpuRef), backends: ['watched', 'cpu-ref'] });
  const dir = folder();
  const iterations = 12;
  const launched: ReturnType<typeof gate>[] = Array.from({ length: iterations }, () => gate());
  const reading: ReturnType<typeof gate>[] = Array.from({ length: iterations }, () => gate());
  let launches = 0;
  const trace = new (class extends Timeline {
    override add(event: TraceEvent): void {
      super.add(event);
      if (event.kind === 'launch') launched[launches++]?.open(undefined);
    }
  })();
  // What is held until the stages of other iterations have done their part would never end if they could not overlap.
  watch.before = async (t) => {
    if (t.kind === 'sync') return;
    const index = Number(t.offset / CHUNK);
    if (t.kind === 'read') {
      reading[index]?.open(undefined);
      // So a launch, which is behind its read, finds the next read on the device.
      await reading[index + 1]?.opened;
      await launched[index - 1]?.opened;
    } else {
      await launched[index + 1]?.opened;
      await reading[index + 2]?.opened;
    }
  };
  const [input, output] = [await s.grant(file(dir, 'in', Number(CHUNK) * iterations)), await s.grant(join(dir, 'out'), { rights: 'w', create: 'truncate' })];
  await (await s.compile(addOne)).run({ input, output }, { trace });
  const [reads, writes, computed] = [named(trace, 'transfer', 'read'), named(trace, 'transfer', 'write'), named(trace, 'launch')];
  const of = (events: readonly TraceEvent[], index: number) => events.find((e) => e.offset === BigInt(index) * CHUNK)!;
  const intersect = (a: TraceEvent, b: TraceEvent) => a.start < b.end && b.start < a.end;
  for (let i = 0; i + 2 < iterations; i++) {
    const [launch, nextLaunch] = [computed[i]!, computed[i + 1]!];
    expect(intersect(launch, of(reads, i + 1)), `launch ${i} and the next read`).toBe(true);
    expect(intersect(of(writes, i), nextLaunch), `write ${i} and the next launch`).toBe(true);
    expect(intersect(of(writes, i), of(reads, i + 2)), `write ${i} and the read after the next`).toBe(true);
    expect(of(reads, i).end <= launch.start && launch.end <= of(writes, i).start, `the stages of iteration ${i} follow each other`).toBe(true);
  }
  await Promise.all([input.close(), output.close()]);
});

test('bounces between memories are told as what they are', async () => {
  const device = privateDevice();
  const s = await open({ registry: new Registry().with(fs).with(device.plugin), backends: ['private', 'fs'] });
  const dir = folder();
  const trace = new Timeline();
  const [input, output] = [await s.grant(file(dir, 'in', 8192)), await s.grant(join(dir, 'out'), { rights: 'w', create: 'truncate' })];
  const { report } = await (await s.compile(addOne)).run({ input, output }, { trace });
  const bounces = named(trace, 'copy');
  expect(bounces.map((e) => `${e.name} ${e.from} > ${e.to} ${e.bytes}`).sort()).toEqual(['bounce host > private 4096', 'bounce host > private 4096', 'bounce private > host 4096', 'bounce private > host 4096']);
  expect(BigInt(bounces.reduce((sum, e) => sum + (e.bounced ?? 0), 0))).toBe(report.bytes.bounced);
  await Promise.all([input.close(), output.close()]);
});

test('what fails is told with its code, and every event of a run that fails or is aborted ends', async () => {
  const s = await open();
  const trace = new Timeline();
  const input = await s.grant(file(folder(), 'in', 100));
  await failure((await s.compile(readRange)).run({ input, offset: 50, length: 100 }, { trace }), 'io/short-read');
  expect(named(trace, 'transfer')).toMatchObject([{ error: 'io/short-read' }]);
  expect(named(trace, 'run')).toMatchObject([{ error: 'io/short-read' }]);
  const controller = new AbortController();
  const running = (await s.compile(readRange)).run({ input, offset: 0, length: 100 }, { trace, signal: controller.signal });
  controller.abort(new Error('enough'));
  await expect(running).rejects.toThrow('enough');
  expect(named(trace, 'run')).toMatchObject([{ error: 'io/short-read' }, { error: 'enough' }]);
  expect(trace.events.every((e) => e.end >= e.start)).toBe(true);
  await input.close();
});

test('a timeline keeps so many events and counts the rest; a session\'s takes all runs but those with their own', async () => {
  const trace = new Timeline({ limit: 7 });
  const s = await open({ trace });
  const dir = folder();
  const exe = await s.compile(copyFile);
  const args = { input: await s.grant(file(dir, 'in', 300_000)), output: await s.grant(join(dir, 'out'), { rights: 'w', create: 'truncate' }) };
  await exe.run(args);
  expect([trace.events.length, trace.dropped > 0]).toEqual([7, true]);
  const [dropped, own] = [trace.dropped, new Timeline()];
  await exe.run(args, { trace: own });
  expect(trace.dropped).toBe(dropped);
  expect(named(own, 'transfer', 'write')).toHaveLength(5);
  for (const limit of [0, -1, 1.5, '7' as unknown as number]) expect(() => new Timeline({ limit })).toThrow(/option `limit`/);
  await failure(exe.run(args, { trace: {} as Timeline }), 'session/option');
  await Promise.all([args.input.close(), args.output.close()]);
});

/** What viewers require of the format; gives the slices. */
function checked(events: readonly ChromeEvent[]): readonly Extract<ChromeEvent, { ph: 'X' }>[] {
  const slices = events.filter((e) => e.ph === 'X');
  const threads = new Set(events.filter((e) => e.name === 'thread_name').map((e) => `${e.pid}/${e.tid}`));
  const processes = new Set(events.filter((e) => e.name === 'process_name').map((e) => e.pid));
  for (const e of slices) {
    expect(threads.has(`${e.pid}/${e.tid}`) && processes.has(e.pid), `track of ${e.name}`).toBe(true);
    expect(Number.isFinite(e.ts) && e.ts >= 0 && Number.isFinite(e.dur) && e.dur >= 0).toBe(true);
  }
  for (const track of threads) {
    const open: number[] = [];
    let last = 0;
    for (const { ts, dur } of slices.filter((e) => `${e.pid}/${e.tid}` === track)) {
      expect(ts).toBeGreaterThanOrEqual(last);
      last = ts;
      const [from, to] = [Math.round(ts * 1000), Math.round((ts + dur) * 1000)];
      while (open.length > 0 && (open.at(-1) ?? 0) <= from) open.pop();
      if (open.length > 0) expect(to, `slices of ${track} nest`).toBeLessThanOrEqual(open.at(-1)!);
      open.push(to);
    }
  }
  return slices;
}

test('the file for Perfetto: named tracks, microseconds, slices of a track that nest, and nothing that JSON has not', async () => {
  const s = await open();
  const dir = folder();
  const trace = new Timeline();
  const exe = await s.compile(addOne);
  const input = await s.grant(file(dir, 'in', 200_000));
  const outputs = await Promise.all([1, 2, 3].map((i) => s.grant(join(dir, `out${i}`), { rights: 'w', create: 'truncate' })));
  await Promise.all(outputs.map((output) => exe.run({ input, output }, { trace })));
  const { traceEvents, displayTimeUnit, otherData } = JSON.parse(JSON.stringify(chromeTrace(trace))) as ReturnType<typeof chromeTrace>;
  expect([displayTimeUnit, otherData]).toEqual(['ms', { writer: 'sluice', dropped: 0 }]);
  const slices = checked(traceEvents);
  expect(slices).toHaveLength(trace.events.length);
  const names = traceEvents.filter((e) => e.name === 'process_name').map((e) => e.args['name']);
  expect(names).toEqual(['host', 'storage fs', 'compute cpu-ref', 'waiting for earlier ops']);
  // Three runs at once, so the host has three lanes; transfers that overlap have lanes of their own.
  const lanes = traceEvents.filter((e) => e.name === 'thread_name').map((e) => String(e.args['name']));
  expect(lanes.filter((name) => name.startsWith('host'))).toEqual(['host', 'host 2', 'host 3']);
  expect(lanes).toEqual(expect.arrayContaining(['read', 'read 2', 'write', 'sync', 'launch']));
  const read = slices.find((e) => e.name === 'read');
  expect(read?.args).toMatchObject({ backend: 'fs', op: 'io.dma_from_nvme', bytes: 4096, way: 'buffered', buffered: 4096, via: 'buffered' });
  expect(Math.max(...slices.map((e) => e.ts + e.dur)) / 1000).toBeCloseTo(Math.max(...trace.events.map((e) => e.end)) - Math.min(...trace.events.map((e) => e.start)), 3);
  await Promise.all([input, ...outputs].map((g) => g.close()));
});

test('an offset that is no safe integer is text, and a trace of nothing is a trace', () => {
  const trace = new Timeline();
  expect(chromeTrace(trace).traceEvents).toEqual([]);
  trace.add({ kind: 'transfer', name: 'read', run: 1, start: 1, end: 2, backend: 'fs', offset: 2n ** 62n });
  expect(chromeTrace(trace).traceEvents.at(-1)).toMatchObject({ ph: 'X', ts: 0, dur: 1000, args: { offset: String(2n ** 62n) } });
});

test('tracing channels of Node tell the same, to whoever has subscribed when a run starts', async () => {
  const s = await open();
  const input = await s.grant(file(folder(), 'in', 100));
  const exe = await s.compile(readRange);
  const heard: string[] = [];
  const told = (phase: string) => (message: unknown) => {
    const { kind, name, bytes, end } = message as TraceEvent;
    heard.push(`${phase} ${kind} ${name} ${bytes ?? ''} ${end === undefined ? 'open' : 'over'}`);
  };
  const subscribers = { start: told('start'), end: () => {}, asyncStart: () => {}, asyncEnd: told('asyncEnd'), error: told('error') };
  const channels = ['run', 'transfer'].map((kind) => tracingChannel<object, object>(`sluice:${kind}`));
  const unsubscribe = () => channels.forEach((c) => c.unsubscribe(subscribers));
  channels.forEach((c) => c.subscribe(subscribers));
  onTestFinished(unsubscribe);
  const { results } = await exe.run({ input, offset: 0, length: 100 });
  await results.data.close();
  expect(heard).toEqual(['start run read-range  open', 'start transfer read 100 open', 'asyncEnd transfer read 100 over', 'asyncEnd run read-range  over']);
  heard.length = 0;
  await failure(exe.run({ input, offset: 0, length: 101 }), 'io/short-read');
  expect(heard).toContain('error transfer read 101 over');
  unsubscribe();
  heard.length = 0;
  await (await exe.run({ input, offset: 0, length: 1 })).results.data.close();
  expect(heard).toEqual([]);
  await input.close();
});
