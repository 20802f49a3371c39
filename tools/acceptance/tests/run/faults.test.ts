import { API_VERSION, Registry, buffer, defineProgram, definePlugin, kernel, session } from '@sluice/core';
import type { Backend, Compute, Device, OpenFile, Plugin, StorageDevice } from '@sluice/core';
import { plugin as cpuRef } from '@sluice/cpu-ref/plugin';
import { plugin as fs } from '@sluice/fs/plugin';
import { describe, expect, test } from 'vitest';
import { privateDevice } from './private-device.ts';
import { copyFile, increment, incrementBuffer, writeAt } from './programs.ts';
import { failure, file, folder, memoryUsed, open } from './sessions.ts';

/** `plugin` with every backend of it changed. */
function changed(plugin: Plugin, change: (backend: Backend) => Backend): Plugin {
  return definePlugin({ name: plugin.name, version: plugin.version, api: API_VERSION, register: (hooks) => plugin.register({ ...hooks, backend: (b) => hooks.backend(change(b)) }) });
}

function opening(plugin: Plugin, device: (opened: Device) => Device): Plugin {
  return changed(plugin, (b) => ({ ...b, open: async (options) => device(await b.open(options)) }));
}

const thrown = new TypeError('not as agreed');
const fail = () => {
  throw thrown;
};

describe('backends that break their contract: every failure has a code, and nothing is left behind', () => {
  test.each([
    ['an open that throws', changed(cpuRef, (b) => ({ ...b, open: fail })), 'backend/open-failed'],
    ['an open that rejects', changed(cpuRef, (b) => ({ ...b, open: () => Promise.reject(thrown) })), 'backend/open-failed'],
    ['a device without compute', opening(cpuRef, ({ backend, close }) => ({ backend, close })), 'backend/open-failed'],
    ['a prepare that throws', opening(cpuRef, (d) => ({ ...d, compute: { ...(d.compute as Compute), prepare: fail } })), 'backend/fault'],
  ])('%s', async (_, plugin, code) => {
    const s = await open({ registry: new Registry().with(fs).with(plugin) });
    const error = await failure(s.compile(incrementBuffer), code);
    if (code === 'backend/fault') expect(error.cause).toBe(thrown);
    await failure(s.compile(incrementBuffer), code);
  });

  test.each(['throws', 'rejects', 'rejects with nothing'] as const)('a launch that %s', async (how) => {
    const launch = how === 'throws' ? fail : () => Promise.reject(how === 'rejects' ? thrown : undefined);
    const s = await open({ registry: new Registry().with(fs).with(opening(cpuRef, (d) => ({ ...d, compute: { ...(d.compute as Compute), prepare: async () => ({ launch }) } }))) });
    const error = await failure((await s.compile(incrementBuffer)).run({ data: new Uint32Array(4), by: 1, times: 2 }), 'run/kernel-failed');
    expect(error.where).toMatchObject({ program: 'increment-buffer', kernel: 'increment', op: 'kernel.launch' });
    expect(memoryUsed(s)).toBe(0);
  });

  test('storage that opens without storage, or whose files do not open, tell their size or close', async () => {
    const storage = (d: Device) => d.storage as StorageDevice;
    const without = await open({ registry: new Registry().with(opening(fs, ({ backend, close }) => ({ backend, close }))), backends: ['fs'] });
    await failure(without.grant('x'), 'backend/open-failed');
    await failure(without.compile(copyFile), 'backend/open-failed');
    const unopened = await open({ registry: new Registry().with(opening(fs, (d) => ({ ...d, storage: { ...storage(d), open: fail } }))), backends: ['fs'] });
    await failure(unopened.grant('x'), 'backend/fault');

    const path = file(folder(), 'in', 10);
    const files = (change: (f: OpenFile) => Partial<OpenFile>) => new Registry().with(opening(fs, (d) => ({ ...d, storage: { ...storage(d), open: async (...args) => {
      const f = await storage(d).open(...args);
      return Object.assign(f, change(f));
    } } })));
    const sizeless = await open({ registry: files(() => ({ size: () => Promise.reject(thrown) })), backends: ['fs'] });
    await failure(sizeless.grant(path), 'backend/fault');

    const unclosed = await session({ registry: files((f) => {
      const close = f.close.bind(f);
      return { close: async () => {
        await close();
        throw thrown;
      } };
    }), backends: ['fs'] });
    await unclosed.grant(path);
    await unclosed.grant(path);
    const error = await failure(unclosed.close(), 'session/close-failed');
    expect(error.problems.length).toBe(2);
    await failure(unclosed.grant(path), 'session/closed');
  });

  test('a device that does not close: the others do', async () => {
    let closed = 0;
    const counted = opening(fs, (d) => ({ ...d, close: async () => {
      await d.close();
      closed++;
    } }));
    const s = await session({ registry: new Registry().with(counted).with(opening(cpuRef, (d) => ({ ...d, close: fail }))), backends: ['cpu-ref', 'fs'] });
    await s.compile(incrementBuffer);
    await s.grant(file(folder(), 'in', 1));
    const error = await failure(s.close(), 'session/close-failed');
    expect([error.cause, closed]).toEqual([thrown, 1]);
  });

  test.each(['throws', 'rejects'] as const)('a copy between spaces that %s', async (how) => {
    const { plugin } = privateDevice();
      const broken = definePlugin({ name: plugin.name, version: plugin.version, api: API_VERSION, register: (hooks) => plugin.register({ ...hooks, transfer: (t) => hooks.transfer({ ...t, copy: how === 'throws' ? fail : () => Promise.reject(thrown) }) }) });
    const s = await open({ registry: new Registry().with(fs).with(broken), backends: ['fs', 'private'] });
    const input = await s.grant(file(folder(), 'in', 64));
    const output = await s.grant(input.name, { rights: 'w' });
    const through = defineProgram('through', { data: 'GpuBufferHandle' }, ({ data }) => kernel.launch(increment, 1, { data, by: 1 }));
    await failure(s.buffer(new Uint8Array(4)), 'run/copy-failed');
    await failure((await s.compile(through)).run({ data: new Uint8Array(4) }), 'run/copy-failed');
    const moves = defineProgram('moves', {}, () => {
      const data = buffer.alloc('u32', 1);
      kernel.launch(increment, 1, { data, by: 1 });
      buffer.copy(data, buffer.alloc('u32', 1));
    });
    expect((await failure((await s.compile(moves)).run({}), 'run/copy-failed')).where).toMatchObject({ op: 'buffer.copy' });
    expect(memoryUsed(s)).toBe(0);
    await Promise.all([input.close(), output.close()]);
  });
});

test('a buffer can be made in a space that is named, for programs that work there', async () => {
  const s = await open({ registry: new Registry().with(fs).with(privateDevice().plugin), backends: ['fs', 'private'] });
  const exe = await s.compile(writeAt); // it has no kernels: its memory is in host
  const path = file(folder(), 'out', 4);
  const output = await s.grant(path, { rights: 'w' });
  const [there, here] = [await s.buffer(new Uint8Array([1, 2])), await s.buffer(new Uint8Array([1, 2]), { space: 'host' })];
  const error = await failure(exe.run({ output, data: there, offset: 0 }), 'run/argument');
  expect(error.fix).toContain("session.buffer(bytes, { space: 'host' })");
  await exe.run({ output, data: here, offset: 0 });
  await failure(s.buffer(new Uint8Array(1), { space: 'nowhere' }), 'plan/no-path');
  for (const junk of [undefined, null, 'text', 7, [1, 2]]) await failure(s.buffer(junk as never), 'run/argument');
  await Promise.all([there.close(), here.close(), output.close()]);
});
