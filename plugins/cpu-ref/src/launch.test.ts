import { control, defineKernel, u32 } from '@sluice/core';
import { describe, expect, test } from 'vitest';
import { failure, launch, open } from './testing/launching.ts';

const OUT = { params: { out: 'buffer<u32, write>' }, workgroup: 1 } as const;

const endless = {
  'a while with a body': defineKernel('spin', OUT, ({ out }) => void control.while({ n: u32(0) }, ({ n }) => n.ge(0), ({ n }) => (out.store(0, n), { n: n.add(1) }))),
  'a while without one': defineKernel('hang', OUT, () => void control.while({ n: u32(0) }, ({ n }) => n.lt(1), ({ n }) => ({ n }))),
  'a for over all of u64': defineKernel('count', OUT, ({ out }) => control.for({ to: 0xffffffff }, () => control.for({ to: 0xffffffff }, (i) => out.store(0, i)))),
  'a loop with a barrier in it': defineKernel('wait', { ...OUT, workgroup: 2 }, ({ out }) => void control.while({ n: u32(0) }, ({ n }) => n.lt(1), ({ n }) => (control.barrier(), out.store(0, 1), { n }))),
  'a loop before a barrier': defineKernel('late', { ...OUT, workgroup: 2 }, ({ out }) => {
    control.while({ n: u32(0) }, ({ n }) => n.lt(1), ({ n }) => ({ n }));
    control.barrier();
    out.store(0, 1);
  }),
};

describe.each(Object.entries(endless))('%s that never ends', (_, kernel) => {
  test('lets the event loop run, and ends when its signal says so, with the signal\'s reason', async () => {
    const abort = new AbortController();
    const reason = new Error('enough');
    let ticks = 0;
    const clock = setInterval(() => {
      if (++ticks === 3) abort.abort(reason);
    }, 1);
    try {
      expect(await failure(launch(kernel, 1, [new Uint32Array(1)], { signal: abort.signal }))).toBe(reason);
      expect(ticks).toBe(3);
    } finally {
      clearInterval(clock);
    }
  });

  test('ends at the step limit', async () => {
    const error = await failure(launch(kernel, 1, [new Uint32Array(1)], { stepLimit: 100_000 }));
    expect(error).toMatchObject({ code: 'run/step-limit', where: { kernel: kernel.name } });
    const { steps } = (error as unknown as { details: { steps: number } }).details;
    expect(steps).toBeGreaterThan(100_000);
    expect(steps).toBeLessThan(300_000);
  });
});

describe('the step limit', () => {
  const sum = defineKernel('sum', { params: { out: 'buffer<u32, write>' }, workgroup: 64 }, ({ out }, { global }) => out.store(global.x, control.for({ to: 10 }, u32(0), (i, s) => s.add(i))));
  test('leaves a launch alone that stays under it', async () => {
    const out = new Uint32Array(64);
    await launch(sum, 1, [out], { stepLimit: 5000 });
    expect(out[63]).toBe(45);
  });
  test('counts the invocations of a launch together, and each launch for itself', async () => {
    expect(await failure(launch(sum, 100, [new Uint32Array(64)], { stepLimit: 5000 }))).toMatchObject({ code: 'run/step-limit' });
    const { compute, registry } = await open({ stepLimit: 5000 });
    const prepared = await compute.prepare(sum, { registry });
    const bytes = new Uint8Array(256);
    for (let i = 0; i < 20; i++) await prepared.launch({ groups: [1, 1, 1], args: [{ kind: 'buffer', memory: { space: 'host', byteLength: 256, bytes }, count: 64 }] }, new AbortController().signal);
    expect(new Uint32Array(bytes.buffer)[0]).toBe(45);
  });
  test.each([0, -1, NaN])('is not %s', async (stepLimit) => {
    expect(await failure(open({ stepLimit }))).toMatchObject({ code: 'session/option', message: `stepLimit is ${stepLimit}` });
  });
});

describe('abort', () => {
  const touch = defineKernel('touch', OUT, ({ out }) => out.store(0, 1));
  test('before a launch keeps it from starting', async () => {
    const out = new Uint32Array(1);
    const reason = new Error('no');
    expect(await failure(launch(touch, 1, [out], { signal: AbortSignal.abort(reason) }))).toBe(reason);
    expect(out[0]).toBe(0);
  });
  test('after a launch changes nothing', async () => {
    const abort = new AbortController();
    const out = new Uint32Array(1);
    await launch(touch, 1, [out], { signal: abort.signal });
    abort.abort();
    expect(out[0]).toBe(1);
  });
  test('ends a launch of very many short invocations', async () => {
    const abort = new AbortController();
    setTimeout(() => abort.abort(), 5);
    const error = await failure(launch(touch, [0xffffffff, 0xffffffff, 1], [new Uint32Array(1)], { signal: abort.signal }));
    expect(error.name).toBe('AbortError');
  });
});

test('a row of short launches lets the event loop run as one long launch does', async () => {
  const { compute, registry } = await open();
  const prepared = await compute.prepare(defineKernel('short', OUT, ({ out }) => out.store(0, 1)), { registry });
  const memory = { space: 'host', byteLength: 4, bytes: new Uint8Array(16) };
  const ticks: number[] = [];
  const timer = setTimeout(() => ticks.push(1), 1);
  const stop = performance.now() + 10_000;
  while (ticks.length === 0 && performance.now() < stop) await prepared.launch({ groups: [1, 1, 1], args: [{ kind: 'buffer', memory, count: 1 }] }, new AbortController().signal);
  clearTimeout(timer);
  expect(ticks).toEqual([1]);
});
