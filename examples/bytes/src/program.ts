import { buffer, control, defineKernel, defineProgram, fd, grant, io, kernel, u32, u64, type Value } from '@sluice/core';

const POLYNOMIAL = 0xedb88320;
/** Bytes that one invocation reads. */
const SEGMENT = 16384;
/** Bytes that are on the device at once, times the iterations in flight. */
const CHUNK = 64n << 20n;

// Polynomials over GF(2) modulo POLYNOMIAL, bit-reflected as in zlib: x^0 is bit 31.
const times = (a: Value<'u32'>, b: Value<'u32'>) =>
  control.for({ to: 32 }, { product: u32(0), b }, (i, { product, b }) => ({
    product: a.shr(u32(31).sub(i)).and(1).ne(0).select(product.xor(b), product),
    b: b.and(1).ne(0).select(b.shr(1).xor(POLYNOMIAL), b.shr(1)),
  })).product;

/** x^(8n): what n further bytes do to a CRC, by squaring. */
const zeros = (n: Value<'u64'>) =>
  control.while({ n, power: u32(0x80000000), square: u32(0x00800000) }, ({ n }) => n.ne(0), ({ n, power, square }) => ({
    n: n.shr(1),
    power: control.if(n.and(1).ne(0), () => times(power, square), () => power),
    square: times(square, square),
  })).power;

const table = defineKernel('table', { params: { t: 'buffer<u32, write>' }, workgroup: 256 }, ({ t }, { global: { x } }) => {
  t.store(x, control.for({ to: 8 }, x, (_, c) => c.and(1).ne(0).select(c.shr(1).xor(POLYNOMIAL), c.shr(1))));
});

/** Counts bytes: u32 partials, which one chunk cannot overflow. */
const count = defineKernel('count', { params: { data: 'buffer<u8, read>', bins: 'buffer<u32, read_write>' }, workgroup: 64 }, ({ data, bins }, { global }) => {
  const from = global.x.mul(SEGMENT);
  control.for({ from, to: from.add(SEGMENT).min(data.length) }, (i) => {
    bins.atomicAdd(data.load(i), 1);
  });
});

/** Each invocation owns one bin: adds its partial to the total and clears it. */
const fold = defineKernel('fold', { params: { bins: 'buffer<u32, read_write>', total: 'buffer<u64, read_write>' }, workgroup: 256 }, ({ bins, total }, { global: { x } }) => {
  total.store(x, total.load(x).add(bins.load(x).to('u64')));
  bins.store(x, 0);
});

/** CRC of each segment, moved to its place in the file by what follows it, combined by xor. */
const crc = defineKernel(
  'crc',
  { params: { data: 'buffer<u8, read>', t: 'buffer<u32, read>', acc: 'buffer<u32, read_write>', after: 'u64' }, workgroup: 64 },
  ({ data, t, acc, after }, { global }) => {
    const from = global.x.mul(SEGMENT);
    control.if(from.lt(data.length), () => {
      const to = from.add(SEGMENT).min(data.length);
      const c = control.for({ from, to }, u32(0), (i, c) => t.load(c.xor(data.load(i)).and(255)).xor(c.shr(8)));
      acc.atomicXor(0, times(c, zeros(after.add(data.length.sub(to).to('u64')))));
    });
  },
);

/** The initial and final complement of zlib's CRC-32. */
const finish = defineKernel('finish', { params: { acc: 'buffer<u32, read_write>', size: 'u64' }, workgroup: 1 }, ({ acc, size }) => {
  acc.store(0, acc.load(0).xor(times(u32(0xffffffff), zeros(size))).xor(0xffffffff));
});

/** Reads a file in chunks into device memory; writes its byte histogram (256 u64) and its CRC-32 (one u32). */
export default defineProgram('bytes', { input: fd('r'), histogram: fd('w'), crc32: fd('w') }, ({ input, histogram, crc32 }) => {
  const size = grant.size(input);
  const t = buffer.alloc('u32', 256), bins = buffer.alloc('u32', 256), total = buffer.alloc('u64', 256), acc = buffer.alloc('u32', 1);
  kernel.launch(table, 256, { t });
  control.for({ from: u64(0), to: size, step: CHUNK }, (offset) => {
    const length = size.sub(offset).min(CHUNK);
    const segments = length.add(SEGMENT - 1).div(SEGMENT);
    const data = io.dma_from_nvme(input, offset, length); // freed after its last use in this iteration
    kernel.launch(count, segments, { data, bins });
    kernel.launch(fold, 256, { bins, total });
    kernel.launch(crc, segments, { data, t, acc, after: size.sub(offset).sub(length) });
  });
  kernel.launch(finish, 1, { acc, size });
  io.write_back_to_nvme(total, histogram, 0);
  io.write_back_to_nvme(acc, crc32, 0);
});
