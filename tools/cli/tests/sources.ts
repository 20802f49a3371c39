/** A TypeScript program that copies a file. */
export const COPY = `
import { defineProgram, fd, grant, io } from '@sluice/core';
interface Unused { readonly typescript: true }
export default defineProgram('copy', { source: fd('r'), target: fd('w') }, ({ source, target }) => {
  const size = grant.size(source);
  io.write_back_to_nvme(io.dma_from_nvme(source, 0, size), target, 0);
  return { size };
});
`;

/** A TypeScript module with a program of every kind of argument and result, and one export that is none. */
export const SCALE = `
import { buffer, control, defineKernel, defineProgram, kernel } from '@sluice/core';
const scale = defineKernel('scale', { params: { data: 'buffer<u32, read>', out: 'buffer<u32, write>', by: 'u32' }, workgroup: 64 }, ({ data, out, by }, { global: { x } }) => {
  control.if(x.lt(data.length), () => out.store(x, data.load(x).mul(by)));
});
export const scaled = defineProgram('scaled', { data: 'GpuBufferHandle', by: 'u32', big: 'u64', flag: 'bool', f: 'f32' }, ({ data, by, big, flag, f }) => {
  const out = buffer.alloc('u32', data.byteLength.div(4));
  kernel.launch(scale, data.byteLength.div(4), { data, out, by });
  return { out, big: big.add(1), not: flag.not(), f };
});
export const other = 3;
`;

/** A plugin whose lowerings wait for an op and a backend. */
export const WAITING = `
import { definePlugin } from '@sluice/core';
const build = () => ['1'];
export const plugin = definePlugin({ name: 'waiting', version: '1.0.0', api: 1, register({ lowering }) {
  lowering('arith.add', { slot: 'primaryText', build });
  lowering('arith.sub', { slot: 'primaryText', backend: 'absent', build });
  lowering('acme.gelu', { slot: 'primaryText', backend: 'fs', build });
} });
`;

/** A storage plugin with the given methods. */
export const backend = (body: string) => `
import { definePlugin } from '@sluice/core';
import { writeFile } from 'node:fs/promises';
const cell = { how: 'native', via: 'buffered' };
const capabilities = { default: cell, ops: {}, types: {}, limits: {}, spaces: ['host'], floats: { subnormals: 'unspecified', nonFinite: 'unspecified' } };
const backend = { id: 'acme', slot: 'nativeModule', role: 'storage', rank: 1, ${body} };
export const plugin = definePlugin({ name: 'acme', version: '1.2.3', api: 1, register(hooks) {
  hooks.backend(backend);
  for (const [op, kind] of [['io.dma_from_nvme', 'read'], ['io.write_back_to_nvme', 'write']])
    hooks.lowering(op, { slot: 'nativeModule', backend: 'acme', build: (_, c) => ({ kind, file: c.file('fd'), offset: c.u64('offset'), memory: c.memory('handle') }) });
} });
`;
/** The probe of a backend that can run. */
export const AVAILABLE = `probe: async () => ({ available: true, capabilities, description: 'a liar' })`;
