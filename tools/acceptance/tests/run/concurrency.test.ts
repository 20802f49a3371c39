import { join } from 'node:path';
import { API_VERSION, Registry, buffer, control, defineKernel, definePlugin, defineProgram, fd, grant, io, kernel, u32, u64 } from '@sluice/core';
import type { Backend, Compute } from '@sluice/core';
import { plugin as cpuRef } from '@sluice/cpu-ref/plugin';
import { plugin as fs } from '@sluice/fs/plugin';
import { expect, test } from 'vitest';
import { copyFile, incrementBuffer } from './programs.ts';
import { bytesOf, failure, file, folder, memoryUsed, open, pattern, same } from './sessions.ts';

/** Counts bytes by value, chunk by chunk; u32 is enough here. */
const count = defineKernel('count', { params: { data: 'buffer<u8, read>', bins: 'buffer<u32, read_write>' }, workgroup: 64 }, ({ data, bins }, { global: { x } }) => {
  control.if(x.lt(data.length), () => void bins.atomicAdd(data.load(x), 1));
});
const histogram = defineProgram('histogram', { input: fd('r'), output: fd('w'), chunk: 'u64' }, ({ input, output, chunk }) => {
  const size = grant.size(input);
  const bins = buffer.alloc('u32', 256);
  control.for({ from: u64(0), to: size, step: chunk }, (at) => {
    const data = io.dma_from_nvme(input, at, size.sub(at).min(chunk));
    kernel.launch(count, data.byteLength, { data, bins });
  });
  io.write_back_to_nvme(bins, output, 0);
  return { bins };
});

function expected(bytes: Uint8Array): number[] {
  const bins = Array.from({ length: 256 }, () => 0);
  for (const b of bytes) bins[b] = (bins[b] ?? 0) + 1;
  return bins;
}

test('many runs of one executable at once, on files of their own', async () => {
  const s = await open();
  const dir = folder();
  const exe = await s.compile(histogram);
  const runs = Array.from({ length: 16 }, async (_, i) => {
    const path = join(dir, `in-${i}`);
    const data = pattern(1000 * i + i, i + 1);
    file(dir, `in-${i}`, data);
    const [input, output] = [await s.grant(path), await s.grant(join(dir, `out-${i}`), { rights: 'w', create: 'truncate' })];
    const { results, report } = await exe.run({ input, output, chunk: 777 });
    expect([...new Uint32Array((await results.bins.read()).buffer)]).toEqual(expected(data));
    expect([...new Uint32Array(bytesOf(join(dir, `out-${i}`)).buffer)]).toEqual(expected(data));
    expect(report.bytes.read).toBe(BigInt(data.length));
    await Promise.all([results.bins.close(), input.close(), output.close()]);
  });
  await Promise.all(runs);
  expect(memoryUsed(s)).toBe(0);
});

test('many runs at once under a small budget: all end, none holds more than there is', async () => {
  const s = await open({ memory: 8192 });
  const dir = folder();
  const exe = await s.compile(histogram);
  const data = pattern(20_000);
  file(dir, 'in', data);
  let most = 0;
  const runs = Array.from({ length: 6 }, async (_, i) => {
    const [input, output] = [await s.grant(join(dir, 'in')), await s.grant(join(dir, `out-${i}`), { rights: 'w', create: 'truncate' })];
    const { results } = await exe.run({ input, output, chunk: 1024 }, { onProgress: () => (most = Math.max(most, memoryUsed(s))) });
    expect([...new Uint32Array((await results.bins.read()).buffer)]).toEqual(expected(data));
    await Promise.all([results.bins.close(), input.close(), output.close()]);
  });
  await Promise.all(runs);
  expect(most).toBeLessThanOrEqual(8192);
  expect(most).toBeGreaterThan(4096);
});

test('runs of several programs, some of which fail, leave each other alone', async () => {
  const s = await open();
  const dir = folder();
  const [copying, counting, adding] = await Promise.all([s.compile(copyFile), s.compile(histogram), s.compile(incrementBuffer)]);
  const path = file(dir, 'in', 300_000);
  const input = await s.grant(path);
  const short = await s.grant(path, { length: 10 });
  const results = await Promise.all(Array.from({ length: 8 }, async (_, i) => {
    const output = await s.grant(join(dir, `copy-${i}`), { rights: 'w', create: 'truncate' });
    const work = [
      copying.run({ input, output }).then(() => expect(same(bytesOf(path), bytesOf(join(dir, `copy-${i}`)))).toBe(true)),
      failure(counting.run({ input: short, output, chunk: 0 }), 'run/zero-step'),
      adding.run({ data: new Uint32Array(64), by: i, times: 4 }).then(async ({ results: { data } }) => {
        expect(new Set(new Uint32Array((await data.read()).buffer))).toEqual(new Set([4 * i]));
        await data.close();
      }),
    ];
    await Promise.all(work);
    await output.close();
    return i;
  }));
  expect(results.length).toBe(8);
  await Promise.all([input.close(), short.close()]);
});

test('a program is compiled once, however often and at once it is asked for; a failed one is tried again', async () => {
  const host = new Registry().with(cpuRef).backends.get('cpu-ref') as Backend;
  const prepared: string[] = [];
  let opened = 0;
  let fail = false;
  const counting = definePlugin({
    name: '@sluice/cpu-ref', version: '0.1.0', api: API_VERSION,
    register(hooks) {
      cpuRef.register({ ...hooks, backend: (b) => hooks.backend({ ...b, open: async (options) => {
        opened++;
        if (fail) throw new TypeError('no device today');
        const device = await host.open(options);
        const compute = device.compute as Compute;
        return { ...device, compute: { ...compute, prepare: (k, o) => (prepared.push(k.name), compute.prepare(k, o)) } };
      } }) });
    },
  });
  const s = await open({ registry: new Registry().with(fs).with(counting) });
  fail = true;
  const error = await failure(s.compile(incrementBuffer), 'backend/open-failed');
  expect(error.message).toContain('no device today');
  fail = false;
  const made = await Promise.all(Array.from({ length: 10 }, () => s.compile(incrementBuffer)));
  await s.compile(incrementBuffer);
  expect([opened, prepared]).toEqual([2, ['increment']]);
  expect(new Set(made.map((exe) => exe.placement)).size).toBe(1);
  expect(new Set(made).size).toBe(10);
});

test('loops within loops, with breaks and handles, at the same time', async () => {
  const s = await open();
  const zig = defineProgram('zig', { rows: 'u32', stop: 'u32' }, ({ rows, stop }) => {
    const out = buffer.alloc('u32', 64);
    const total = control.for({ to: rows }, u32(0), (row, total) => {
      const inner = control.while({ n: u32(0), sum: total }, ({ n }) => n.lt(10), ({ n, sum }) => {
        control.if(n.eq(stop), () => control.break({ n, sum }));
        control.if(n.rem(2).eq(0), () => control.continue({ n: n.add(1), sum }));
        return { n: n.add(1), sum: sum.add(row) };
      });
      const scratch = buffer.alloc('u32', 1);
      buffer.fill(scratch, inner.sum);
      buffer.copy(scratch, out.slice(row.to('u64').mul(4), 4));
      return inner.sum;
    });
    return { out, total };
  });
  const exe = await s.compile(zig);
  await Promise.all(Array.from({ length: 12 }, async (_, stop) => {
    const { results } = await exe.run({ rows: 20, stop });
    const odd = Math.floor(Math.min(stop, 10) / 2);
    const sums = Array.from({ length: 20 }, (_, row) => (odd * row * (row + 1)) / 2);
    expect([...new Uint32Array((await results.out.read()).buffer)].slice(0, 20)).toEqual(sums);
    expect(results.total).toBe(sums[19]);
    await results.out.close();
  }));
  expect(memoryUsed(s)).toBe(0);
});
