import { buffer, control, defineKernel, defineProgram, fd, grant, io, kernel } from '@sluice/core';

const WORKGROUP = 256;
/** Bytes that one invocation counts. */
const EACH = 64;
/** Bytes that are on the device at once, times the iterations in flight: a file of any size takes constant memory. */
const CHUNK = 16 << 20;

/** A workgroup counts in memory of its own first: its invocations meet there, and not those of all others. */
const count = defineKernel('count', { params: { data: 'buffer<u8, read>', bins: 'buffer<u32, read_write>' }, workgroup: WORKGROUP }, ({ data, bins }, { workgroup, local }) => {
  const own = buffer.workgroup('u32', 256);
  const from = workgroup.x.mul(WORKGROUP * EACH).add(local.x);
  control.for({ to: EACH }, (i) => {
    const at = from.add(i.mul(WORKGROUP));
    control.if(at.lt(data.length), () => {
      own.atomicAdd(data.load(at), 1);
    });
  });
  control.barrier();
  bins.atomicAdd(local.x, own.load(local.x));
});

/** Each invocation owns one bin: adds what one chunk gave to the total, which 32 bits may not hold. */
const fold = defineKernel('fold', { params: { bins: 'buffer<u32, read_write>', total: 'buffer<u64, read_write>' }, workgroup: 256 }, ({ bins, total }, { global: { x } }) => {
  total.store(x, total.load(x).add(bins.load(x).to('u64')));
  bins.store(x, 0);
});

/** A file in chunks into memory of the device, and kernels over each. */
export const histogram = defineProgram('histogram', { input: fd('r') }, ({ input }) => {
  const size = grant.size(input);
  const bins = buffer.alloc('u32', 256);
  const total = buffer.alloc('u64', 256);
  control.for({ from: 0n, to: size, step: CHUNK }, (offset) => {
    const length = size.sub(offset).min(CHUNK);
    kernel.launch(count, length.add(EACH - 1).div(EACH), { data: io.dma_from_nvme(input, offset, length), bins });
    kernel.launch(fold, 256, { bins, total });
  });
  return { total };
});
