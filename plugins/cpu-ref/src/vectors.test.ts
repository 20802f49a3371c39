import { buffer, control, defineDialect, defineKernel, defineOp, definePlugin, f32, fromBits, functionsOf, i32, isRegisterType, meaningOf, opId, parseType, Registry, u32, u64, vector } from '@sluice/core';
import type { Emitter, KernelIr, RuntimeValue } from '@sluice/core';
import { describe, expect, test } from 'vitest';
import { compileKernel } from './compile.ts';
import { plugin } from './plugin.ts';
import { launch } from './testing/launching.ts';
import { problemsOf } from './testing/problems.ts';

const registry = new Registry().with(plugin);

const problems = (kernel: KernelIr) => problemsOf(kernel, registry);

async function u32s(kernel: KernelIr, length: number, ...more: readonly (number | Uint32Array<ArrayBuffer> | Float32Array<ArrayBuffer>)[]): Promise<readonly number[]> {
  expect(problems(kernel)).toEqual([]);
  const out = new Uint32Array(length);
  await launch(kernel, 1, [out, ...more]);
  return [...out];
}

const OUT = { out: 'buffer<u32, read_write>' } as const;

describe('vectors', () => {
  test('construct takes scalars, literals and shorter vectors; components have names; swizzles pick in any order', async () => {
    const kernel = defineKernel('parts', { params: { ...OUT, n: 'u32' }, workgroup: 1 }, ({ out, n }) => {
      const xy = vector.construct('vec2<u32>', n, n.add(1));
      const v = vector.construct('vec4<u32>', 7, xy, 9);
      [v.x, v.y, v.z, v.w].forEach((c, i) => out.store(i, c));
      const back = v.swizzle('wzyx');
      const twice = v.swizzle('yy');
      [back.x, back.y, back.z, back.w, twice.x, twice.y, v.swizzle('z'), vector.construct('vec3<u32>').z].forEach((c, i) => out.store(4 + i, c));
    });
    expect(await u32s(kernel, 12, 100)).toEqual([7, 100, 101, 9, 9, 101, 100, 7, 100, 100, 101, 0]);
  });

  test.each([true, false])('an index out of bounds extracts zero and inserts nothing (index is a literal: %s)', async (literal) => {
    const kernel = defineKernel('index', { params: { ...OUT, zero: 'u32' }, workgroup: 1 }, ({ out, zero }) => {
      const v = vector.construct('vec3<u32>', 5, 6, 7);
      for (const [k, i] of [0, 1, 2, 3, 0xffffffff].entries()) {
        const index = literal ? i : zero.add(i);
        out.store(k * 4, v.at(index));
        const w = v.with(index, 1);
        [w.x, w.y, w.z].forEach((c, j) => out.store(k * 4 + 1 + j, c));
      }
    });
    expect(await u32s(kernel, 20, 0)).toEqual([5, 1, 6, 7, 6, 5, 1, 7, 7, 5, 6, 1, 0, 5, 6, 7, 0, 5, 6, 7]);
  });

  test('arithmetic acts on components, a scalar beside a vector on each', async () => {
    const kernel = defineKernel('elementwise', { params: { ...OUT, n: 'u32' }, workgroup: 1 }, ({ out, n }) => {
      const v = vector.construct('vec3<u32>', n, 0xffffffff, 3);
      const sum = v.add(2).mul(v);
      [sum.x, sum.y, sum.z].forEach((c, i) => out.store(i, c));
      const less = v.lt(n.add(1)).select(v, vector.splat(u32(8), 3));
      [less.x, less.y, less.z].forEach((c, i) => out.store(3 + i, c));
      const wide = v.to('i32').shr(1).to('u32');
      [wide.x, wide.y, wide.z].forEach((c, i) => out.store(6 + i, c));
    });
    expect(await u32s(kernel, 9, 5)).toEqual([35, 0xffffffff, 15, 5, 8, 3, 2, 0xffffffff, 1]);
  });

  test('dot and reduce, on every way to combine', async () => {
    const kernel = defineKernel('sums', { params: { ...OUT, n: 'u32' }, workgroup: 1 }, ({ out, n }) => {
      const v = vector.construct('vec4<u32>', n, 12, 0xfffffff0, 10);
      const ways = ['add', 'mul', 'min', 'max', 'and', 'or', 'xor'] as const;
      ways.forEach((combine, i) => out.store(i, v.reduce(combine)));
      out.store(7, v.dot(vector.construct('vec4<u32>', 1, 2, 3, 4)));
      out.store(8, v.lt(13).reduce('and').select(u32(1), 0));
      out.store(9, v.lt(13).reduce('or').select(u32(1), 0));
    });
    const v = [6, 12, 0xfffffff0, 10];
    const fold = (f: (a: number, b: number) => number) => v.reduce((a, b) => f(a, b) >>> 0);
    const dot = [1, 2, 3, 4].map((k, i) => Math.imul(k, v[i] ?? 0)).reduce((a, b) => a + b) >>> 0;
    expect(await u32s(kernel, 10, 6)).toEqual([fold((a, b) => a + b), fold(Math.imul), 6, 0xfffffff0, fold((a, b) => a & b), fold((a, b) => a | b), fold((a, b) => a ^ b), dot, 0, 1]);
  });

  test('floats are combined from the first component on, each step rounded', async () => {
    const kernel = defineKernel('floats', { params: { ...OUT, data: 'buffer<vec4<f32>, read>' }, workgroup: 1 }, ({ out, data }) => {
      const v = data.load(0);
      out.store(0, v.reduce('add').bitcast('u32'));
      out.store(1, v.dot(v).bitcast('u32'));
      out.store(2, v.reduce('min').bitcast('u32'));
    });
    const values = new Float32Array([1e8, 1, -1e8, NaN]);
    const words = await u32s(kernel, 3, values.map((x) => (Number.isNaN(x) ? 3 : x)));
    const bits = (x: number) => new Uint32Array(new Float32Array([x]).buffer)[0];
    const f = Math.fround;
    expect(words).toEqual([bits(f(f(f(1e8 + 1) - 1e8) + 3)), bits(f(f(f(f(1e16) + 1) + f(1e16)) + 9)), bits(-1e8)]);
  });

  test('are carried through loops and branches, swapped at once', async () => {
    const kernel = defineKernel('carried', { params: { ...OUT, n: 'u32' }, workgroup: 1 }, ({ out, n }) => {
      const a = vector.construct('vec2<u32>', 1, n), b = vector.construct('vec2<u32>', 3, 4);
      const last = control.for({ to: n }, { a, b }, (i, { a, b }) => ({ a: b, b: control.if(i.eq(2), () => a.add(b), () => a) }));
      [last.a.x, last.a.y, last.b.x, last.b.y].forEach((c, i) => out.store(i, c));
      const w = control.while({ v: a, left: n }, ({ left }) => left.ne(0), ({ v, left }) => ({ v: v.swizzle('yx').add(1), left: left.sub(1) }));
      out.store(4, w.v.x);
      out.store(5, w.v.y);
    });
    // a, b swap three times, with the sum in the last
    expect(await u32s(kernel, 6, 3)).toEqual([3, 4, 4, 7, 6, 4]);
  });
});

describe('fixed arrays', () => {
  test('are built, read at any index, and changed into new ones', async () => {
    const kernel = defineKernel('array', { params: { ...OUT, n: 'u32' }, workgroup: 1 }, ({ out, n }) => {
      const a = vector.construct('array<u32, 3>', n, 6, 7);
      const b = a.with(n.sub(4), 99).with(3, 1);
      const filled = control.for({ to: 4 }, vector.construct('array<u32, 4>'), (i, c) => c.with(i, i.mul(i)));
      [a.at(0), a.at(1), a.at(n), b.at(1), b.at(2), filled.at(3), filled.at(n)].forEach((v, i) => out.store(i, v));
    });
    expect(await u32s(kernel, 7, 5)).toEqual([5, 6, 0, 99, 7, 9, 0]);
  });

  test('hold vectors', async () => {
    const kernel = defineKernel('vectors', { params: { ...OUT, n: 'u32' }, workgroup: 1 }, ({ out, n }) => {
      const a = vector.construct('array<vec2<u32>, 2>', vector.construct('vec2<u32>', 1, n), vector.construct('vec2<u32>', 3, 4));
      const b = a.with(n, vector.splat(u32(9), 2)).with(1, a.at(0));
      [a.at(0).y, a.at(n).x, b.at(1).y, b.at(0).x].forEach((v, i) => out.store(i, v));
    });
    expect(await u32s(kernel, 4, 5)).toEqual([5, 0, 5, 1]);
  });

  test('of arrays, through the op functions', async () => {
    const ops = functionsOf(registry.dialects.get('vector') as never) as unknown as Readonly<Record<string, (...args: unknown[]) => never>>;
    const kernel = defineKernel('nested', { params: OUT, workgroup: 1 }, ({ out }) => {
      const inner = vector.construct('array<u32, 2>', 1, 2);
      const outer = ops['construct']?.(inner, vector.construct('array<u32, 2>', 3, 4), { type: 'array<array<u32, 2>, 2>' });
      out.store(0, ops['extract']?.(ops['extract']?.(outer, u32(1)), u32(0)) as never);
      out.store(1, ops['extract']?.(ops['extract']?.(outer, u32(2)), u32(0)) as never);
    });
    expect(await u32s(kernel, 2)).toEqual([3, 0]);
  });
});

describe('memory of vectors and arrays', () => {
  test('is tight: a vec3 has 12 bytes; out of bounds gives zero and stores nothing', async () => {
    const kernel = defineKernel('tight', { params: { out: 'buffer<vec3<f32>, read_write>' }, workgroup: 4 }, ({ out }, { global }) => {
      control.if(global.x.lt(out.length), () => {
        const v = out.load(global.x);
        out.store(global.x, v.mul(2));
      });
      out.store(global.x.add(3), out.load(global.x.add(100)));
    });
    const data = Float32Array.from({ length: 9 }, (_, i) => i);
    await launch(kernel, 1, [{ kind: 'buffer', memory: { space: 'host', byteLength: 36, bytes: new Uint8Array(data.buffer) }, count: 3 }]);
    expect([...data]).toEqual([0, 2, 4, 6, 8, 10, 12, 14, 16]);
  });

  test('an element that reaches past the end reads as zero there, and its stores stay inside', async () => {
    const kernel = defineKernel('partial', { params: { data: 'buffer<vec3<u32>, read_write>', out: 'buffer<u32, write>' }, workgroup: 1 }, ({ data, out }) => {
      const v = data.load(1);
      [v.x, v.y, v.z, data.length].forEach((c, i) => out.store(i, c));
      data.store(1, v.add(1));
    });
    const bytes = new Uint32Array([1, 2, 3, 4, 77, 77]);
    const out = new Uint32Array(4);
    // 16 bytes of a longer stretch: one element and a third.
    await launch(kernel, 1, [{ kind: 'buffer', memory: { space: 'host', byteLength: 16, bytes: new Uint8Array(bytes.buffer, 0, 16) }, count: 2 }, out]);
    expect([...out]).toEqual([4, 0, 0, 2]);
    expect([...bytes]).toEqual([1, 2, 3, 5, 77, 77]);
  });

  test('of arrays, with storage types converted on the way', async () => {
    const kernel = defineKernel('bytes', { params: { data: 'buffer<array<u8, 4>, read_write>', out: 'buffer<array<vec2<u32>, 2>, read_write>' }, workgroup: 1 }, ({ data, out }) => {
      const a = data.load(0);
      data.store(1, a.with(0, a.at(3).add(255)));
      const pair = out.load(0);
      out.store(1, pair.with(0, vector.construct('vec2<u32>', a.at(1), a.at(2))));
    });
    const data = new Uint8Array([1, 2, 3, 4, 0, 0, 0, 0]);
    const out = new Uint32Array([5, 6, 7, 8, 0, 0, 0, 0]);
    const view = (of: ArrayBufferView<ArrayBuffer>, count: number) => ({ kind: 'buffer' as const, memory: { space: 'host', byteLength: of.byteLength, bytes: new Uint8Array(of.buffer) }, count });
    await launch(kernel, 1, [view(data, 2), view(out, 2)]);
    expect([...data]).toEqual([1, 2, 3, 4, 3, 2, 3, 4]);
    expect([...out]).toEqual([5, 6, 7, 8, 2, 3, 7, 8]);
  });

  test('of a workgroup starts as zero and is shared', async () => {
    const kernel = defineKernel('shared', { params: OUT, workgroup: 4 }, ({ out }, { local }) => {
      const shared = buffer.workgroup('vec3<f32>', 4);
      const seen = shared.load(local.x).reduce('add');
      control.barrier();
      shared.store(local.x, vector.construct('vec3<f32>', f32(1), local.x.to('f32'), 0.5));
      control.barrier();
      out.store(local.x, shared.load(u32(3).sub(local.x)).reduce('add').add(seen).mul(2).to('u32'));
    });
    expect(await u32s(kernel, 4)).toEqual([9, 7, 5, 3]);
  });
});

test('long code with vectors moves into functions of its own', async () => {
  const kernel = defineKernel('long', { params: { ...OUT, n: 'u32' }, workgroup: 1 }, ({ out, n }) => {
    let v = vector.construct('vec4<u32>', n, 1, 2, 3);
    let a = vector.construct('array<u32, 4>', n, 1, 2, 3);
    for (let i = 0; i < 400; i++) {
      v = v.swizzle('yzwx').mul(3).add(v);
      a = a.with(i % 4, v.x.xor(a.at((i + 1) % 4)));
    }
    out.store(0, v.reduce('xor').add(a.at(2)));
  });
  expect(compileKernel(kernel, registry, 65536).text).toContain('function c');
  let v = [9, 1, 2, 3], a = [9, 1, 2, 3];
  for (let i = 0; i < 400; i++) {
    const at = (k: number) => v[k % 4] as number;
    v = v.map((x, k) => (Math.imul(at(k + 1), 3) + x) >>> 0);
    a = a.map((x, k) => (k === i % 4 ? ((v[0] as number) ^ (a[(i + 1) % 4] as number)) >>> 0 : x));
  }
  expect(await u32s(kernel, 1, 9)).toEqual([(v.reduce((x, y) => (x ^ y) >>> 0) + (a[2] as number)) >>> 0]);
});

describe('what the machine computes is what the records mean', () => {
  const ops = defineKernel('ops', { params: { ...OUT, n: 'u32' }, workgroup: 1 }, ({ out, n }) => {
    const v = vector.construct('vec3<u32>', n, 0x80000001, 5);
    const a = vector.construct('array<i32, 3>', n.to('i32'), -1, 4);
    out.store(0, v.dot(v.swizzle('zxy')).add(v.reduce('xor')).add(v.with(n, 3).at(2)).add(a.with(1, i32(6)).at(n.sub(4)).to('u32')));
    out.store(1, vector.construct('vec2<u64>', u64(3), n.to('u64')).reduce('mul').to('u32'));
  });

  test('op by op', async () => {
    const values: RuntimeValue[] = [];
    values[1] = 5;
    const stored: RuntimeValue[] = [];
    for (const op of ops.body.region.ops) {
      const id = opId(ops.body, op);
      const operands = op.operands.map((v) => values[v] as RuntimeValue);
      const typeOf = (v: number) => ops.body.valueTypes[v] ?? parseType('u32');
      const { value } = op.attrs;
      const def = registry.lookup(id);
      if (id === 'buffer.store') stored.push(operands[2] as RuntimeValue);
      else if (id === 'arith.constant' && value?.kind === 'scalar') values[op.results[0] ?? -1] = fromBits(value.type.name, value.bits);
      else if (def !== undefined && op.results.length === 1) {
        const meaning = meaningOf(def, { operands: op.operands.map(typeOf), results: op.results.map(typeOf), attrs: op.attrs }) as unknown as (...v: readonly RuntimeValue[]) => RuntimeValue;
        const result = meaning(...operands);
        expect(typeof result !== 'object' || Object.isFrozen(result), id).toBe(true);
        values[op.results[0] ?? -1] = result;
      }
    }
    expect(await u32s(ops, 2, 5)).toEqual(stored);
  });
});

describe('ops of other packages', () => {
  const common = { dialect: 'acme', version: '1.0.0', summary: 'Under test.', category: 'extension', level: 'kernel', traits: ['pure'] } as const;
  const cross = defineOp({
    ...common, id: 'acme.cross', operands: [{ name: 'a', type: 'vec3<i32>' }, { name: 'b', type: 'vec3<i32>' }], results: [{ name: 'c', type: 'vec3<i32>' }],
    cpuRef: () => (a: readonly number[], b: readonly number[]) => [0, 1, 2].map((i) => ((a[(i + 1) % 3] as number) * (b[(i + 2) % 3] as number) - (a[(i + 2) % 3] as number) * (b[(i + 1) % 3] as number)) | 0),
  });
  const turn = defineOp({ ...common, id: 'acme.turn', operands: [{ name: 'a', type: 'vec2<f32>' }], results: [{ name: 'b', type: 'vec2<f32>' }] });
  const last = defineOp({ ...common, id: 'acme.last', operands: [{ name: 'a', type: 'array<u32, 2>' }], results: [{ name: 'b', type: 'array<u32, 2>' }] });
  const acme = defineDialect({ id: 'acme', version: '1.0.0', ops: [cross, turn, last] });
  const functions = functionsOf(acme);
  const full = new Registry().with(definePlugin({
    name: 'acme', version: '1.0.0', api: 1,
    register({ dialect, lowering }) {
      dialect(acme);
      lowering('acme.turn', { slot: 'extensions', backend: 'cpu-ref', build: (_: unknown, ctx: Emitter<string>) => {
        const name = ctx.fresh();
        ctx.emit(`const ${name} = ${ctx.operand(0)}.slice().reverse();`);
        return [`${name}.map((x) => x / 3)`];
      } });
      lowering('acme.last', { slot: 'extensions', backend: 'cpu-ref', build: (_: unknown, ctx: Emitter<string>) => [`[${ctx.operand(0)}[1], 8]`] });
    },
  }));

  test('see vectors as arrays of their components, and give such', async () => {
    const kernel = defineKernel('k', { params: { ...OUT, n: 'u32' }, workgroup: 1 }, ({ out, n }) => {
      const c = functions.cross(vector.construct('vec3<i32>', n.to('i32'), 2, 3), vector.construct('vec3<i32>', 4, 5, 6));
      const t = functions.turn(vector.construct('vec2<f32>', 6, n.to('f32')));
      const a = functions.last(vector.construct('array<u32, 2>', 7, n));
      [c.x.to('u32'), c.y.to('u32'), c.z.to('u32'), t.x.bitcast('u32'), t.y.to('u32'), a.at(0), a.at(1)].forEach((x, i) => out.store(i, x));
    });
    const out = new Uint32Array(7);
    await launch(kernel, 1, [out, 1], { registry: full });
    expect([...out]).toEqual([4294967293, 6, 4294967293, new Uint32Array(new Float32Array([1 / 3]).buffer)[0], 2, 1, 8]);
  });
});

test('a value has at most 1024 scalars', () => {
  expect([isRegisterType(parseType('array<vec4<f32>, 256>')), isRegisterType(parseType('array<vec4<f32>, 257>')), isRegisterType(parseType('array<u8, 4>'))]).toEqual([true, false, false]);
  expect(() => defineKernel('huge', { params: {}, workgroup: 1 }, () => void vector.construct('array<u32, 1025>'))).toThrow(expect.objectContaining({ code: 'build/types' }) as Error);
  expect(problems(defineKernel('wide', { params: { data: 'buffer<array<u32, 1025>, read>' }, workgroup: 1 }, () => {}))).toEqual(['verify/param: parameter `data` is buffer<array<u32, 1025>, read>: array<u32, 1025> has more than 1024 scalars']);
});
