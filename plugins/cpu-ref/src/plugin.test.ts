import { createContext, runInContext } from 'node:vm';
import { control, defineDialect, defineKernel, defineOp, definePlugin, dialects, functionsOf, handleType, NO_ATTRIBUTES, opCell, Registry, scalar, typeCell, u32 } from '@sluice/core';
import type { Builder, KernelIr } from '@sluice/core';
import { describe, expect, test } from 'vitest';
import { cpuRefBackend, whyNot } from './backend.ts';
import { cpuRef, plugin } from './plugin.ts';
import { failure, launch, open } from './testing/launching.ts';

const registry = new Registry().with(plugin);

describe('the plugin', () => {
  test('registers when its package is imported, and only then', async () => {
    expect(Registry.default.backends.has('cpu-ref')).toBe(false);
    const main = await import('./index.ts');
    expect(main.plugin).toBe(plugin);
    expect(Registry.default.backends.has('cpu-ref')).toBe(true);
    expect(Registry.default.plugins).toContain(plugin);
  });

  test('is used only by name', () => {
    expect(registry.backends.get('cpu-ref')).toMatchObject({ slot: 'cpuRef', role: 'compute', rank: 0, onlyByName: true });
  });

  test('lowers every op of core that a kernel may hold', () => {
    const ops = dialects.flatMap((d) => d.ops).filter((op) => op.level !== 'host' && !op.traits.includes('terminator'));
    expect(ops.filter((op) => registry.getLowering(op.id, 'cpu-ref')?.kind !== 'builder').map((op) => op.id)).toEqual([]);
    expect(ops.length).toBeGreaterThan(40);
  });
});

describe('the probe', () => {
  test('promises what the machine has', async () => {
    const probe = await cpuRefBackend().probe();
    if (!probe.available) throw new Error(probe.reason);
    const { capabilities } = probe;
    expect(opCell(capabilities, 'arith.add').how).toBe('native');
    for (const op of ['io.dma_from_nvme', 'io.write_back_to_nvme', 'mem.zerocopy_map', 'mem.unmap']) expect(opCell(capabilities, op), op).toMatchObject({ how: 'unavailable', reason: expect.stringContaining('never runs io ops') as string });
    for (const type of ['bool', 'i8', 'u8', 'i16', 'u16', 'i32', 'u32', 'i64', 'u64', 'f16', 'bf16', 'f32']) expect(typeCell(capabilities, type).how, type).toBe('native');
    expect(capabilities).toMatchObject({ spaces: ['host'], floats: { subnormals: 'kept', nonFinite: 'ieee' }, limits: { buffers: 64, workgroupInvocations: 1024, workgroupBytes: 1048576 } });
  });

  test('says why not where code may not be made of strings', () => {
    const strict = createContext({}, { codeGeneration: { strings: false, wasm: true } });
    expect(runInContext(`(${whyNot.toString()})()`, strict)).toMatchObject({ reason: expect.stringMatching(/^this process may not compile code from strings: .*disallowed/) as string, fix: expect.stringContaining('allow it') as string });
    expect(whyNot()).toBeUndefined();
  });
});

describe('the reference refuses', () => {
  test('an io op, with its name and the packages that run it', async () => {
    expect(registry.getLowering('io.dma_from_nvme', 'reference')).toEqual({ kind: 'structured-intrinsic' });
    expect(registry.getLowering('io.dma_from_nvme', 'cpu-ref')).toBeUndefined();
    const [fd, wide, handle] = [scalar('i32'), scalar('u64'), handleType];
    const op = { name: 0, operands: [0, 1, 1], results: [2], attrs: NO_ATTRIBUTES, regions: [] };
    const kernel: KernelIr = {
      kind: 'kernel', name: 'smuggled', workgroup: [1, 1, 1], span: undefined,
      params: [{ name: 'fd', type: fd, attrs: NO_ATTRIBUTES }, { name: 'n', type: wide, attrs: NO_ATTRIBUTES }],
      body: { opNames: ['io.dma_from_nvme'], valueTypes: [fd, wide, handle], region: { args: [0, 1], ops: [op] }, debug: { names: new Map(), spans: new Map(), origins: new Map() } },
    };
    const { compute, registry: full } = await open();
    const error = await failure(compute.prepare(kernel, { registry: full }));
    expect(error).toMatchObject({ code: 'plan/no-lowering', message: '`io.dma_from_nvme` on (i32, u64, u64) has no lowering on cpu-ref', where: { kernel: 'smuggled', op: 'io.dma_from_nvme' } });
    for (const name of ['@sluice/io-uring', '@sluice/fs', '@sluice/gds']) expect(error.fix).toContain(name);
  });

  test('an element type that it lacks, naming those that it has', async () => {
    const kernel = defineKernel('flags', { params: { data: 'buffer<bool, read>' as 'buffer<f32, read>' }, workgroup: 1 }, () => {});
    const { compute, registry: full } = await open();
    expect(await failure(compute.prepare(kernel, { registry: full }))).toMatchObject({ code: 'plan/type', message: 'cpu-ref has no bool', where: { kernel: 'flags' }, available: expect.arrayContaining(['u8', 'f32']) as string[] });
  });

  test('an op that has neither a meaning nor a lowering', async () => {
    const { compute, registry: full } = await open({}, new Registry().with(acme()));
    const kernel = defineKernel('bare', { params: {}, workgroup: 1 }, () => void functions.opaque(u32(1)));
    expect(await failure(compute.prepare(kernel, { registry: full }))).toMatchObject({ code: 'plan/no-lowering', message: '`acme.opaque` on (u32) has no lowering on cpu-ref' });
  });
});

describe('ops of other packages', () => {
  const run = async (kernel: KernelIr) => {
    const out = new Uint32Array(1);
    await launch(kernel, 1, [out], { registry: new Registry().with(acme()) });
    return out[0];
  };
  const OUT = { params: { out: 'buffer<u32, write>' }, workgroup: 1 } as const;

  test('run by their meaning', async () => {
    expect(await run(defineKernel('triple', OUT, ({ out }) => out.store(0, functions.triple(u32(5)))))).toBe(15);
  });

  test('run by a meaning that closes over other code: it is called', async () => {
    expect(await run(defineKernel('looked', OUT, ({ out }) => out.store(0, functions.looked_up(u32(2)))))).toBe(42);
  });

  test('run by a lowering for cpu-ref, with regions too', async () => {
    expect(await run(defineKernel('own', OUT, ({ out }) => control.if(u32(1).lt(2), () => out.store(0, functions.lowered(u32(5))))))).toBe(105);
  });
});

const one = { dialect: 'acme', version: '1.0.0', category: 'extension', level: 'kernel', operands: [{ name: 'a', type: 'u32' }], results: [{ name: 'r', type: 'u32' }] } as const;
const TABLE = [1, 7, 42];
const acmeDialect = defineDialect({
  id: 'acme', version: '1.0.0', summary: 'Ops of another package.',
  ops: [
    defineOp({ ...one, id: 'acme.triple', summary: 'Three times.', traits: ['pure'], cpuRef: () => (a: number) => (a * 3) >>> 0 }),
    defineOp({ ...one, id: 'acme.looked_up', summary: 'From a table.', traits: ['pure'], cpuRef: () => (a: number) => TABLE[a] ?? 0 }),
    defineOp({ ...one, id: 'acme.lowered', summary: 'By a lowering.' }),
    defineOp({ ...one, id: 'acme.opaque', summary: 'By nothing.' }),
  ],
});
const functions = functionsOf(acmeDialect);

function acme() {
  const build: Builder<string> = (_, ctx) => {
    const name = ctx.fresh();
    ctx.emit(`const ${name} = ${ctx.operand(0)} + 100;`);
    return [name];
  };
  return definePlugin({ name: 'acme', version: '1.0.0', api: 1, register: (hooks) => (hooks.dialect(acmeDialect), hooks.lowering('acme.lowered', { slot: 'extensions', backend: 'cpu-ref', build })) });
}

test.each([{ detectors: true }, { races: true }, { detect: true }])('an option that there is not is refused, not ignored: %o', (options) => {
  expect(() => cpuRef(options as never)).toThrow(expect.objectContaining({ code: 'session/option' }));
});
