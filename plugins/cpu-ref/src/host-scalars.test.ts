import { arith, defineProgram, math, Registry, session } from '@sluice/core';
import { expect, test } from 'vitest';
import { cpuRef } from './plugin.ts';

test('a host body computes with the same meanings: f16, 64 bits, bits, packing and vectors', async () => {
  const program = defineProgram('host', { x: 'f16', n: 'i64', w: 'u32' }, ({ x, n, w }) => ({
    third: x.div(3), root: x.sqrt(), up: x.to('f32').fma(2, 0.25), saturated: n.addSat(1), high: n.mulHigh(n), bits: w.reverseBits(), cast: x.exp().to('u32'), nan: math.is_nan(x.sub(x).div(0)),
    packed: arith.pack4xu8(arith.unpack4xu8(w).add(1)), raw: x.to('f32').bitcast('u32'),
  }));
  const open = await session({ registry: new Registry().with(cpuRef()), backends: ['cpu-ref'] });
  try {
    const executable = await open.compile(program);
    const { results } = await executable.run({ x: 2.5, n: 2n ** 63n - 1n, w: 0x010203ff });
    // 2.5 / 3 and sqrt(2.5) as the nearest f16; e^2.5 = 12.18…
    expect(results).toEqual({
      third: 0.83349609375, root: 1.5810546875, up: 5.25, saturated: 2n ** 63n - 1n, high: 2n ** 62n - 1n, bits: 0xffc04080, cast: 12, nan: true, packed: 0x02030400, raw: 0x40200000,
    });
  } finally {
    await open.close();
  }
});
