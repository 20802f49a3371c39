// Sessions that end, and runs that are aborted, in the middle of transfers.
import { execFileSync } from 'node:child_process';
import { closeSync, fdatasyncSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate, setTimeout } from 'node:timers/promises';
import { afterAll, beforeEach, expect, test } from 'vitest';
import { control, defineProgram, fd, grant, io, session, u64 } from '@sluice/core';
import { expectBytes, randomBytes, randomNumbers, registry, expectResources, expectThreads, resources, unavailable } from './fixture.ts';

const folder = mkdtempSync(join(tmpdir(), 'sluice-io-uring-teardown-'));
const MiB = 2 ** 20;
const data = randomBytes(1, 16 * MiB + 321);
const source = join(folder, 'source');
beforeEach(({ skip }) => skip(unavailable !== undefined, unavailable));
afterAll(() => rmSync(folder, { recursive: true }));

const copy = defineProgram('copy', { from: fd('r'), to: fd('w') }, ({ from, to }) => {
  const size = grant.size(from);
  control.for({ from: u64(0), to: size, step: BigInt(MiB) }, (offset) => {
    io.write_back_to_nvme(io.dma_from_nvme(from, offset, size.sub(offset).min(BigInt(MiB))), to, offset);
  });
});

/** The source, out of the page cache. */
function cold(): string {
  writeFileSync(source, data);
  const descriptor = openSync(source, 'r+');
  fdatasyncSync(descriptor);
  closeSync(descriptor);
  execFileSync('dd', [`if=${source}`, 'iflag=nocache', 'count=0'], { stdio: 'pipe' });
  return source;
}

const write = { rights: 'w', create: 'truncate' } as const;

test('64 sessions copy at once, on one ring', async () => {
  const before = resources();
  cold();
  await Promise.all(Array.from({ length: 64 }, async (_, i) => {
    await using s = await session({ registry, backends: ['io-uring'], memory: 16 * MiB });
    const executable = await s.compile(copy);
    const target = join(folder, `copy-${i}`);
    // A part of its own for each.
    const length = data.length - i * 100_003;
    const args = { from: await s.grant(source, { offset: i * 100_003, length }), to: await s.grant(target, write) };
    await expectThreads(1);
    const { report } = await executable.run(args);
    expect(report.bytes.written).toBe(BigInt(length));
  }));
  await expectResources(before);
  for (let i = 0; i < 64; i++) {
    expectBytes(readFileSync(join(folder, `copy-${i}`)), data.subarray(i * 100_003));
    rmSync(join(folder, `copy-${i}`));
  }
}, 120_000);

test('a session that goes out of scope in the middle of a run ends it, and leaves nothing behind', async () => {
  const before = resources();
  cold();
  let ended = 0;
  for (let i = 0; i < 30; i++) {
    let run: Promise<unknown>;
    {
      await using s = await session({ registry, backends: ['io-uring'] });
      const executable = await s.compile(copy);
      run = executable.run({ from: await s.grant(source), to: await s.grant(join(folder, 'unfinished'), write) }).then(() => 'done', (error: unknown) => error);
      // From before the first transfer to the middle of them.
      if (i % 3 === 1) await setImmediate();
      if (i % 3 === 2) await setTimeout(i % 7);
    }
    const outcome = await run;
    if (outcome === 'done') continue;
    expect(outcome).toMatchObject({ code: 'session/closed' });
    ended++;
  }
  expect(ended).toBeGreaterThan(0);
  await expectResources(before);
}, 60_000);

test('aborts at random moments, from a seed, over many sessions: the reason comes back, and nothing is left', async () => {
  const before = resources();
  const seed = 77_003;
  const next = randomNumbers(seed);
  cold();
  let aborted = 0;
  for (let round = 0; round < 12; round++) {
    await Promise.all(Array.from({ length: 8 }, async (_, i) => {
      const reason = new Error(`enough of ${round}.${i}, seed ${seed}`);
      const controller = new AbortController();
      const delay = next() % 40;
      const target = join(folder, `aborted-${i}`);
      await using s = await session({ registry, backends: ['io-uring'], memory: 64 * MiB });
      const executable = await s.compile(copy);
      const args = { from: await s.grant(source), to: await s.grant(target, write) };
      const run = executable.run(args, { signal: controller.signal }).then(() => 'done', (error: unknown) => error);
      if (delay === 0) controller.abort(reason);
      else void setTimeout(delay).then(() => controller.abort(reason));
      const outcome = await run;
      if (outcome === 'done') return expectBytes(readFileSync(target), data);
      expect(outcome).toBe(reason);
      aborted++;
      // The same session goes on.
      if (i === 0) {
        await executable.run(args);
        expectBytes(readFileSync(target), data);
      }
    }));
  }
  expect(aborted).toBeGreaterThan(0);
  await expectResources(before);
}, 120_000);
