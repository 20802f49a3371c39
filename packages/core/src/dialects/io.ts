import { defineDialect, defineOp, structuredIntrinsic } from '../ops/op.ts';
import type { OpSpec } from '../ops/op.ts';

/** Packages that lower the dialect, known before any of them is installed. */
const providers = ['@sluice/io-uring', '@sluice/fs', '@sluice/gds'] as const;
const common = { dialect: 'io', version: '1.0.0', category: 'intrinsic', level: 'host', cpuRef: structuredIntrinsic, providers } as const;
const fd = { name: 'fd', type: 'i32' } as const;
const offset = { name: 'offset', type: 'u64' } as const;
const handle = { name: 'handle', type: 'GpuBufferHandle' } as const;

const dmaFromNvme = defineOp({
  ...common, id: 'io.dma_from_nvme', summary: 'Exactly `length` bytes of the granted file from `offset`, in a new device buffer.',
  operands: [fd, offset, { name: 'length', type: 'u64' }], results: [handle],
  effects: [{ kind: 'file-read', fd: 'fd', offset: 'offset', length: 'length' }, { kind: 'alloc', on: 'handle', byteLength: 'length' }, { kind: 'write', on: 'handle' }],
} satisfies OpSpec);

const writeBackToNvme = defineOp({
  ...common, id: 'io.write_back_to_nvme', summary: 'Writes the whole buffer to the granted file at `offset`, extending the file if needed.',
  operands: [handle, fd, offset], results: [],
  effects: [{ kind: 'read', on: 'handle' }, { kind: 'file-write', fd: 'fd', offset: 'offset', length: 'handle' }],
} satisfies OpSpec);

const zerocopyMap = defineOp({
  ...common, id: 'mem.zerocopy_map', summary: 'Maps the granted range read-only and shared, so that the device reads the file\'s own pages.',
  operands: [fd], results: [handle],
  effects: [{ kind: 'file-read', fd: 'fd' }, { kind: 'alloc', on: 'handle' }],
} satisfies OpSpec);

const unmap = defineOp({
  ...common, id: 'mem.unmap', summary: 'Ends a map; waits for its running readers.',
  operands: [handle], results: [], effects: [{ kind: 'free', on: 'handle' }],
} satisfies OpSpec);

const gather = defineOp({
  ...common, id: 'io.gather', summary: 'Stretches of the granted file, packed one after the other into a new device buffer of `length` bytes. `offsets` and `lengths` hold a u64 for each; the lengths add up to `length`.',
  bytesExtraction: true,
  operands: [fd, { name: 'offsets', type: 'GpuBufferHandle' }, { name: 'lengths', type: 'GpuBufferHandle' }, { name: 'length', type: 'u64' }], results: [handle],
  effects: [{ kind: 'read', on: 'offsets' }, { kind: 'read', on: 'lengths' }, { kind: 'file-read', fd: 'fd' }, { kind: 'alloc', on: 'handle', byteLength: 'length', overwritten: true }, { kind: 'write', on: 'handle' }],
} satisfies OpSpec);

/** Storage to device memory and back, with no CPU staging copy. No portable lowering, no CPU path. */
export const io = defineDialect({
  id: 'io', version: '1.0.0', summary: 'Moves bytes between storage and device memory.',
  ops: [dmaFromNvme, writeBackToNvme, zerocopyMap, unmap, gather],
});
