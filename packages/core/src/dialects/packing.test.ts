import { describe, expect, test } from 'vitest';
import { evaluate, FLOAT_EDGES } from './edges-fixture.ts';
import { exactly, FORMATS, rounded } from './exact-fixture.ts';

const pack = (name: string, type: string, values: readonly number[]) => evaluate(`arith.${name}`, [type], [values]) as number;
const unpack = (name: string, packed: number) => evaluate(`arith.${name}`, ['u32'], [packed]) as unknown as readonly number[];

/** A DataView lays values out as the ops must: the first in the lowest bits. */
function word(write: (view: DataView) => void): number {
  const view = new DataView(new ArrayBuffer(4));
  write(view);
  return view.getUint32(0, true);
}

describe('integers', () => {
  const FOURS = [[0, 1, 2, 3], [127, 128, 255, 256], [-1, -128, -129, 5], [0x7fffffff, -0x80000000, 300, -300]];
  const unsigned = (values: readonly number[]) => values.map((v) => v >>> 0);

  test('pack keeps the low bits', () => {
    for (const v of FOURS) {
      const bytes = word((w) => v.forEach((x, i) => w.setUint8(i, x)));
      expect([pack('pack4xi8', 'vec4<i32>', v), pack('pack4xu8', 'vec4<u32>', unsigned(v))]).toEqual([bytes, bytes]);
      const halves = word((w) => v.slice(0, 2).forEach((x, i) => w.setUint16(2 * i, x, true)));
      expect([pack('pack2xi16', 'vec2<i32>', v.slice(0, 2)), pack('pack2xu16', 'vec2<u32>', unsigned(v.slice(0, 2)))]).toEqual([halves, halves]);
    }
  });

  test('or clamps', () => {
    for (const v of FOURS) {
      const clamp = (low: number, high: number) => (x: number) => (x < low ? low : x > high ? high : x);
      expect(pack('pack4xi8_sat', 'vec4<i32>', v)).toBe(word((w) => v.map(clamp(-128, 127)).forEach((x, i) => w.setInt8(i, x))));
      expect(pack('pack4xu8_sat', 'vec4<u32>', unsigned(v))).toBe(word((w) => unsigned(v).map(clamp(0, 255)).forEach((x, i) => w.setUint8(i, x))));
    }
  });

  test('unpack gives them back', () => {
    for (const packed of [0, 1, 0x80, 0xff, 0x7f80ff01, 0x80007fff, 0xffffffff]) {
      const view = new DataView(new ArrayBuffer(4));
      view.setUint32(0, packed, true);
      expect(unpack('unpack4xi8', packed)).toEqual([0, 1, 2, 3].map((i) => view.getInt8(i)));
      expect(unpack('unpack4xu8', packed)).toEqual([0, 1, 2, 3].map((i) => view.getUint8(i)));
      expect(unpack('unpack2xi16', packed)).toEqual([0, 2].map((i) => view.getInt16(i, true)));
      expect(unpack('unpack2xu16', packed)).toEqual([0, 2].map((i) => view.getUint16(i, true)));
    }
  });
});

describe.each([
  ['4x8snorm', 4, 8, 127, -1], ['4x8unorm', 4, 8, 255, 0], ['2x16snorm', 2, 16, 32767, -1], ['2x16unorm', 2, 16, 65535, 0],
] as const)('%s', (name, count, bits, steps, lowest) => {
  const type = `vec${count}<f32>`;
  const parts = (packed: number) => Array.from({ length: count }, (_, i) => (packed >>> (i * bits)) & (2 ** bits - 1));
  const signed = (part: number) => (lowest < 0 && part >= 2 ** (bits - 1) ? part - 2 ** bits : part);

  test('is a whole number of steps, half a step rounded up; clamped; NaN is 0', () => {
    const halves = [0, 1, 2, 17, steps - 1].flatMap((k) => [k / steps, (k + 0.5) / steps, -(k + 0.5) / steps, -k / steps]).map(Math.fround);
    for (const x of [...FLOAT_EDGES.f32, ...halves]) {
      // floor(0.5 + steps * x), exactly
      const inside = x !== x ? 0 : x > 1 ? 1 : x < lowest ? lowest : x;
      const { n, d } = exactly(inside);
      const [twice, by] = [2n * BigInt(steps) * n + d, 2n * d];
      const expected = x !== x ? 0 : Number(twice >= 0n ? twice / by : -((-twice + by - 1n) / by));
      const values = Array.from({ length: count }, (_, i) => (i === 1 ? x : 0));
      expect(signed(parts(pack(`pack${name}`, type, values))[1] as number), `${x}`).toBe(expected);
    }
  });

  test('comes back as the nearest f32, never below the lowest', () => {
    for (const part of [0, 1, 2, steps, 2 ** (bits - 1) - 1, 2 ** (bits - 1), 2 ** (bits - 1) + 1, 2 ** bits - 1]) {
      const [first, ...rest] = unpack(`unpack${name}`, part);
      const value = rounded({ n: BigInt(signed(part)), d: BigInt(steps) }, FORMATS.f32);
      expect(first, `${part}`).toBe(value < lowest ? lowest : value);
      expect(rest).toEqual(Array.from({ length: count - 1 }, () => 0));
    }
  });

  test('every step survives the round trip', () => {
    for (let k = lowest * steps; k <= steps; k++) {
      const packed = k & (2 ** bits - 1);
      const back = pack(`pack${name}`, type, unpack(`unpack${name}`, packed));
      if (back !== packed) expect.fail(`${k} steps come back as ${back}`);
    }
  });
});

describe('f16', () => {
  test('all 65536 values in either half survive the round trip, as f16 and as f32; NaNs stay NaN', () => {
    for (let bits = 0; bits < 65536; bits++) {
      const packed = (bits | (0x3c00 << 16)) >>> 0;
      const [asF16, asF32] = [unpack('unpack2xf16', packed), unpack('unpack2x16float', packed)];
      if (!Object.is(asF16[0], asF32[0]) || asF16[1] !== 1) expect.fail(`0x${bits.toString(16)}`);
      const back = [pack('pack2xf16', 'vec2<f16>', asF16), pack('pack2x16float', 'vec2<f32>', asF32)];
      if (Number.isNaN(asF16[0])) expect(unpack('unpack2xf16', back[0] as number)[0]).toBeNaN();
      else if (back[0] !== packed || back[1] !== packed) expect.fail(`0x${bits.toString(16)} comes back as ${back.join(', ')}`);
    }
  });

  test('f32 values are rounded', () => {
    for (const x of FLOAT_EDGES.f32.filter(Number.isFinite)) expect((unpack('unpack2x16float', pack('pack2x16float', 'vec2<f32>', [0, x]))[1] as number) + 0).toBe(rounded(exactly(x), FORMATS.f16) + 0);
  });
});
