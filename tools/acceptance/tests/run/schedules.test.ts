import { Registry, Timeline, buffer, control, defineProgram, fd, io, isSluiceError, u64 } from '@sluice/core';
import type { Session } from '@sluice/core';
import { expect, test } from 'vitest';
import { memoryUsed, open, same } from './sessions.ts';
import { SimulatedFile, seeded, simulatedStorage } from './simulated-storage.ts';
import type { Random, Simulation } from './simulated-storage.ts';

/*
 * The run layer on a device that completes in any order, late, short, failed and twice. Each seed is one schedule. What must
 * hold on all of them: conflicting effects never meet on the device and come in program order (the bytes are those of a model
 * that does one thing after the other), memory belongs to one transfer at a time, a run that fails fails with what the device
 * reported and an aborted one with its reason, nothing is in flight or held behind either, and what is written is synced.
 *
 *   SLUICE_TEST_SCHEDULES=100000 npx vitest run --project tools/acceptance tests/run/schedules.test.ts
 *   SEED=7 npx vitest run …    one schedule alone
 */
const SCHEDULES = Number(process.env['SLUICE_TEST_SCHEDULES'] ?? 600);
const one = process.env['SEED'] === undefined ? undefined : Number(process.env['SEED']);
const seeds = one === undefined ? Array.from({ length: SCHEDULES }, (_, i) => i + 1) : [one];

const SIZE = 16;
const FILE = 96;
const STRIDES = { read: 7, write: 29 };

/** Reads here and writes there in one file, with what the iteration before has read: chunks overlap in every way. */
const shuffle = defineProgram('shuffle', { file: fd('rw'), trips: 'u64', start: 'u64' }, ({ file, trips, start }) => {
  const first = buffer.alloc('u8', SIZE);
  const { last } = control.for({ from: u64(0), to: trips }, { last: first }, (i, { last }) => {
    const data = io.dma_from_nvme(file, i.mul(STRIDES.read).add(start).rem(FILE - SIZE), SIZE);
    io.write_back_to_nvme(last, file, i.mul(STRIDES.write).add(start).rem(FILE));
    return { last: data };
  });
  return { last };
});

function shuffled(bytes: Uint8Array, trips: number, start: number): { readonly file: Uint8Array; readonly last: Uint8Array } {
  let file = bytes.slice();
  let last = new Uint8Array(SIZE);
  for (let i = 0; i < trips; i++) {
    const [from, to] = [(i * STRIDES.read + start) % (FILE - SIZE), (i * STRIDES.write + start) % FILE];
    const data = file.slice(from, from + SIZE);
    if (to + SIZE > file.length) {
      const grown = new Uint8Array(to + SIZE);
      grown.set(file);
      file = grown;
    }
    file.set(last, to);
    last = data;
  }
  return { file, last };
}

/** A chunk from one file to another, and to the application. */
const relay = defineProgram('relay', { input: fd('r'), output: fd('w'), offset: 'u64', length: 'u64' }, ({ input, output, offset, length }) => {
  const data = io.dma_from_nvme(input, offset, length);
  io.write_back_to_nvme(data, output, offset);
  return { data };
});

interface World {
  readonly s: Session;
  readonly simulation: Simulation;
  readonly random: Random;
  readonly reason: object;
}

/** What a run or stream failed with: what the device reported, unless it was aborted. */
function requireCause({ simulation, reason }: World, error: unknown, aborted: boolean): void {
  if (aborted && error === reason) return;
  if (!isSluiceError(error)) throw error;
  expect(simulation.reported.map((e) => e.code), error.message).toContain(error.code);
  expect(error.code).not.toBe('io/aborted');
  expect(error.message).not.toContain('told twice');
}

async function runs(world: World): Promise<void> {
  const { s, random, reason } = world;
  const bytes = Uint8Array.from({ length: FILE }, () => random(256));
  const file = new SimulatedFile('shuffled', bytes.slice());
  const granted = await s.grant(file, { rights: 'rw' });
  const [trips, start] = [random(12), random(FILE)];
  const controller = new AbortController();
  const aborts = random(6) === 0;
  const exe = await s.compile(shuffle);
  const running = exe.run({ file: granted, trips, start }, { signal: controller.signal });
  running.catch(() => {}); // it may have failed by the time that it is awaited
  if (aborts) for (let turns = random(12); turns >= 0; turns--) await new Promise((resolve) => setImmediate(resolve));
  if (aborts) controller.abort(reason);
  try {
    const { results } = await running;
    const expected = shuffled(bytes, trips, start);
    expect(same(await results.last.read(), expected.last)).toBe(true);
    expect(same(file.bytes, expected.file)).toBe(true);
    if (trips > 0) expect(file.dirty, 'what was written is synced').toBe(false);
    await results.last.close();
  } catch (error) {
    requireCause(world, error, aborts);
  }
  expect(world.simulation.inFlight.size).toBe(0);
  await granted.close();
}

async function streams(world: World): Promise<void> {
  const { s, random, reason, simulation } = world;
  const bytes = Uint8Array.from({ length: random(20 * SIZE) }, () => random(256));
  const [from, to] = [new SimulatedFile('from', bytes), new SimulatedFile('to', new Uint8Array())];
  const [input, output] = [await s.grant(from), await s.grant(to, { rights: 'w' })];
  const controller = new AbortController();
  const window = 1 + random(5);
  const stopAt = random(3) === 0 ? random(20) : -1;
  const how = random(2) === 0 ? 'break' : 'abort';
  const trace = new Timeline();
  const chunks = Math.ceil(bytes.length / SIZE);
  let taken = 0;
  let failed = false;
  try {
    for await (const { index, offset, length, results } of s.stream(relay, { input, output }, { over: input, chunk: SIZE, window, signal: controller.signal, trace })) {
      expect([index, offset, length]).toEqual([taken, BigInt(taken * SIZE), Math.min(SIZE, bytes.length - taken * SIZE)]);
      expect(memoryUsed(s)).toBeLessThanOrEqual(window * SIZE);
      expect(same(await results.data.read(), bytes.subarray(taken * SIZE, (taken + 1) * SIZE))).toBe(true);
      if (random(3) === 0) await new Promise((resolve) => setImmediate(resolve));
      if (taken++ !== stopAt) continue;
      if (how === 'break') break;
      controller.abort(reason);
    }
  } catch (error) {
    failed = true;
    requireCause(world, error, stopAt >= 0 && how === 'abort');
  }
  expect([simulation.inFlight.size, memoryUsed(s)]).toEqual([0, 0]);
  if (!failed && stopAt < 0) expect([taken, same(to.bytes, bytes)]).toEqual([chunks, true]);
  if (!failed) expect(to.dirty, 'what was written is synced').toBe(false);
  expect(same(to.bytes.subarray(0, taken * SIZE), bytes.subarray(0, taken * SIZE))).toBe(true);
  // Never more than the window under way.
  const all = trace.events.filter((e) => e.kind === 'run');
  for (const { start } of all) expect(all.filter((r) => r.start <= start && start < r.end).length).toBeLessThanOrEqual(window);
  await Promise.all([input.close(), output.close()]);
}

test(`${seeds.length} schedules of a device that does as it likes`, async () => {
  const { plugin, simulation } = simulatedStorage();
  const registry = new Registry().with(plugin);
  let failures = 0;
  const sessions = await Promise.all([1, 2, 4].map((window) => open({ registry, backends: ['simulated'], window })));
  for (const seed of seeds) {
    const random = seeded(seed);
    simulation.random = seeded(seed ^ 0xabcdef);
    simulation.failOneIn = [0, 0, 6, 30][random(4)] ?? 0;
    simulation.reported.length = 0;
    const world = { s: sessions[random(3)] as Session, simulation, random, reason: { why: `seed ${seed}` } };
    try {
      await (random(2) === 0 ? runs : streams)(world);
      expect(simulation.violations).toEqual([]);
      expect(memoryUsed(world.s)).toBe(0);
    } catch (error) {
      throw new Error(`SEED=${seed}`, { cause: error });
    }
    failures += simulation.reported.length > 0 ? 1 : 0;
  }
  // The device was no gentle one.
  if (one === undefined) {
    expect(simulation.most).toBeGreaterThan(4);
    expect(failures).toBeGreaterThan(seeds.length / 20);
  }
}, 60_000 + 10 * seeds.length);
