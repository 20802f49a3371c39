import { buffer, control, defineKernel, defineProgram, fd, grant, io, kernel, u64 } from '@sluice/core';

/** Copies a file in chunks of 64 KiB. */
export const CHUNK = 65536n;
export const copyFile = defineProgram('copy-file', { input: fd('r'), output: fd('w') }, ({ input, output }) => {
  const size = grant.size(input);
  control.for({ from: u64(0), to: size, step: CHUNK }, (at) => {
    io.write_back_to_nvme(io.dma_from_nvme(input, at, size.sub(at).min(CHUNK)), output, at);
  });
  return { size };
});

/** Reads `length` bytes at `offset`. */
export const readRange = defineProgram('read-range', { input: fd('r'), offset: 'u64', length: 'u64' }, ({ input, offset, length }) => ({ data: io.dma_from_nvme(input, offset, length) }));

/** Writes a buffer at `offset`. */
export const writeAt = defineProgram('write-at', { output: fd('w'), data: 'GpuBufferHandle', offset: 'u64' }, ({ output, data, offset }) => {
  io.write_back_to_nvme(data, output, offset);
});

/** Adds `by` to each element. */
export const increment = defineKernel('increment', { params: { data: 'buffer<u32, read_write>', by: 'u32' }, workgroup: 64 }, ({ data, by }, { global: { x } }) => {
  data.store(x, data.load(x).add(by));
});

/** Adds `by` to each u32 of a buffer, `times` times. */
export const incrementBuffer = defineProgram('increment-buffer', { data: 'GpuBufferHandle', by: 'u32', times: 'u32' }, ({ data, by, times }) => {
  control.for({ to: times }, () => {
    kernel.launch(increment, data.byteLength.div(4), { data, by });
  });
  return { data };
});

/** Takes `steps` loop iterations in each of 64 invocations: minutes on the reference, if nothing stops it. */
const spin = defineKernel('spin', { params: { out: 'buffer<u32, write>', steps: 'u32' }, workgroup: 64 }, ({ out, steps }, { global: { x } }) => {
  out.store(x, control.for({ to: steps }, x, (i, c) => c.add(i)));
});
export const spinLong = defineProgram('spin-long', { steps: 'u32' }, ({ steps }) => {
  const out = buffer.alloc('u32', 64);
  kernel.launch(spin, 64, { out, steps });
  return { out };
});
