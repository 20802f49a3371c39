import { Registry, control, defineKernel, definePlugin, defineProgram, kernel, session } from '@sluice/core';
import type { CompileCache } from '@sluice/core';
import { beforeEach, describe, expect, test } from 'vitest';
import { deviceRegistration } from '../src/device/register.ts';
import { lowerKernel } from '../src/lower/lower.ts';
import { lowerings } from '../src/lower/lowerings.ts';
import { ADAPTERS, whyNotOn } from './adapters.ts';

/** What was put, and how often something was found. */
function cacheByHand(): CompileCache & { readonly kept: Map<string, Uint8Array> } {
  const kept = new Map<string, Uint8Array>();
  return { kept, get: (key) => Promise.resolve(kept.get(key)), put: (key, bytes) => Promise.resolve(void kept.set(key, bytes)) };
}

const scale = defineKernel('scale', { params: { data: 'buffer<u32, read_write>', by: 'u32', on: 'bool' }, workgroup: 64 }, ({ data, by, on }, { global: { x } }) => {
  control.if(on, () => data.store(x, data.load(x).mul(by)));
});
const stop = defineKernel('stop', { params: { data: 'buffer<u32, read_write>' }, workgroup: 1 }, ({ data }) => {
  control.if(data.load(0).eq(7), () => control.trap(99, { tag: 3 }));
});
const program = defineProgram('both', { data: 'GpuBufferHandle', by: 'u32' }, ({ data, by }) => {
  kernel.launch(scale, data.byteLength.div(4), { data, by, on: true });
  kernel.launch(stop, 1, { data });
  return { data };
});

describe.each(ADAPTERS)('on %s', (adapter) => {
  beforeEach(async ({ skip }) => {
    const reason = await whyNotOn(adapter);
    skip(reason !== undefined, reason);
  });
  /** Names of the kernels that were lowered. */
  const lowered: string[] = [];
  const register = deviceRegistration({ adapter }, (k, options) => {
    lowered.push(k.name);
    return lowerKernel(k, options);
  });
  const registry = new Registry().with(definePlugin({
    name: '@sluice/wgsl', version: '0.0.0-counting', api: 1,
    register(hooks) {
      register(hooks);
      for (const [op, build] of Object.entries(lowerings)) hooks.lowering(op, { slot: 'primaryText', backend: 'wgsl', build });
    },
  }));

  test('the text of kernels is recalled, runs the same, and traps at the same line', async () => {
    const cache = cacheByHand();
    const wheres: unknown[] = [];
    for (const recalled of [false, true]) {
      lowered.length = 0;
      await using s = await session({ registry, backends: ['wgsl'], cache });
      await using executable = await s.compile(program);
      // The program, and three forms of each kernel.
      expect(executable.cache).toEqual(recalled ? { hits: 7, misses: 0, problems: [] } : { hits: 0, misses: 7, problems: [] });
      const { results } = await executable.run({ data: Uint32Array.from({ length: 100 }, (_, i) => i), by: 3 });
      expect([...new Uint32Array((await results.data.read()).buffer)]).toEqual(Array.from({ length: 100 }, (_, i) => 3 * i));
      expect(lowered).toEqual(recalled ? [] : ['scale', 'stop', 'scale', 'stop', 'scale', 'stop']);
      const error = await executable.run({ data: Uint32Array.of(7), by: 1 }).then(() => undefined, (e: unknown) => e as { where: { op: string; path: string; span: unknown } });
      expect(error).toMatchObject({ code: 'run/trap', details: { tag: 3, address: 99 } });
      wheres.push({ op: error?.where.op, path: error?.where.path, span: error?.where.span });
    }
    expect(wheres[0]).toMatchObject({ op: 'control.trap', span: { file: expect.stringContaining('cache.test') as string } });
    expect(wheres[1]).toEqual(wheres[0]);
  });

  test('bytes that are no kept kernel are made again', async () => {
    const cache = cacheByHand();
    const open = () => session({ registry, backends: ['wgsl'], cache });
    {
      await using s = await open();
      await s.compile(program);
    }
    for (const key of cache.kept.keys()) cache.kept.set(key, new TextEncoder().encode('{'));
    await using s = await open();
    await using executable = await s.compile(program);
    const { results } = await executable.run({ data: Uint32Array.of(1, 2), by: 3 });
    expect([...new Uint32Array((await results.data.read()).buffer)]).toEqual([3, 6]);
  });
});
