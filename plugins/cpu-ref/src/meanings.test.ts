import { decodeBf16, decodeF16, defineKernel, dialects, encodeF16, functionsOf, lanesOf, meaningOf, parseType, scalarAttribute, u32 } from '@sluice/core';
import type { AnyValue, Dialect, Meaning, OpDef, RuntimeValue, ScalarName, ScalarValue, Value } from '@sluice/core';
import { describe, expect, test } from 'vitest';
import { functionOf } from './function-of.ts';
import { pasteOf } from './paste.ts';
import { edges, product } from './testing/edges.ts';
import { launch } from './testing/launching.ts';

/** One op at one choice of types. */
interface Case {
  readonly op: OpDef;
  readonly operands: readonly string[];
  readonly result: string;
  readonly meaning: Meaning;
  readonly cast: boolean;
}

const SCALARS = ['bool', 'i32', 'u32', 'i64', 'u64', 'f16', 'f32'];
const valueOps = dialects.flatMap((d) => d.ops).filter((op) => ['arith', 'math'].includes(op.dialect) && op.traits.includes('pure') && typeof op.cpuRef === 'function');
const cases = valueOps.flatMap(casesOf);

function casesOf(op: OpDef): readonly Case[] {
  const cast = 'to' in op.attrs;
  return product([op.typeVars['T'] ?? [''], cast ? SCALARS : ['']]).flatMap(([t = '', to = '']) => {
    const operands = op.operands.map((p) => (p.type === 'T' ? t : p.type));
    const attrs = cast ? { to: { kind: 'type' as const, type: parseType(to) } } : {};
    const types = operands.map(parseType);
    const results = op.signature.check(types, attrs);
    if (typeof results === 'string') return [];
    const meaning = meaningOf(op, { operands: types, results, attrs });
    return meaning === undefined ? [] : [{ op, operands, result: results[0]?.spelling ?? '', meaning, cast }];
  });
}

const title = (c: Case) => `${c.op.id} (${c.operands.join(', ')}) -> ${c.result}`;
const call = (c: Case, values: readonly RuntimeValue[]) => (c.meaning as (...v: readonly RuntimeValue[]) => RuntimeValue)(...values);

test('every value op of arith and math is there, for each of its types', () => {
  expect(valueOps.length).toBeGreaterThanOrEqual(85);
  expect(cases.length).toBeGreaterThanOrEqual(300);
});

describe('a kernel computes what the meaning says, at edge values', () => {
  test.each(cases.map((c) => [title(c), c] as const))('%s', async (_, c) => {
    const rows = product(c.operands.map(edgesOf));
    const inputs = c.operands.map((t, i) => arrayOf(t, rows.map((r) => r[i] ?? 0)));
    const out = zerosOf(c.result, rows.length);
    const kernel = defineKernel('edges', { params: paramsOf([...c.operands.map((t, i) => [`in${i}`, t, 'read'] as const), ['out', c.result, 'write']]), workgroup: 64 }, (args, { global }) => {
      store(args['out']!, c.result, global.x, apply(c, c.operands.map((t, i) => load(args[`in${i}`]!, t, global.x))));
    });
    await launch(kernel, Math.ceil(rows.length / 64), [...inputs, out]);
    expect(valuesOf(c.result, out)).toEqual(rows.map((r) => call(c, r)));
  });
});

describe('elementwise on vectors: the components are as the scalars', () => {
  const onVectors = cases.filter((c) => c.op.traits.includes('elementwise'));
  test.each(onVectors.map((c) => [title(c), c] as const))('%s', async (_, c) => {
    const rows = product(c.operands.map((t) => edgesOf(t).slice(0, 7)));
    const inputs = c.operands.map((t, i) => arrayOf(t, rows.flatMap((r, k) => [r[i] ?? 0, rows[(k + 1) % rows.length]?.[i] ?? 0])));
    const wide = (t: string) => `vec2<${t}>`;
    const out = zerosOf(wide(c.result), rows.length);
    const kernel = defineKernel('edges', { params: paramsOf([...c.operands.map((t, i) => [`in${i}`, wide(t), 'read'] as const), ['out', wide(c.result), 'write']]), workgroup: 64 }, (args, { global }) => {
      store(args['out']!, wide(c.result), global.x, apply(c, c.operands.map((t, i) => load(args[`in${i}`]!, wide(t), global.x))));
    });
    await launch(kernel, Math.ceil(rows.length / 64), [...inputs, out]);
    expect(valuesOf(wide(c.result), out)).toEqual(rows.map((r, k) => [call(c, r), call(c, rows[(k + 1) % rows.length] ?? [])]));
  });
});

describe('pasted text computes what the function does', () => {
  const pasted = cases.flatMap((c) => {
    const names = c.operands.map((_, i) => `v${i}`);
    const text = pasteOf(c.meaning)?.(names);
    return text === undefined ? [] : [[title(c), c, functionOf(names, `return ${text};`) as Meaning] as const];
  });

  test('most are pasted', () => expect(pasted.length).toBeGreaterThanOrEqual(200));

  test.each(pasted)('%s', (_, c, f) => {
    for (const values of product(c.operands.map((t) => edgesOf(t).slice(0, 12)))) {
      const [found, wanted] = [(f as (...v: readonly RuntimeValue[]) => RuntimeValue)(...values), call(c, values)];
      if (!Object.is(found, wanted)) expect.fail(`${title(c)} of ${values.join(', ')} is ${String(found)}, expected ${String(wanted)}`);
    }
  });
});

describe('literal operands are the values that they stand for', () => {
  test.each(cases.map((c) => [title(c), c] as const))('%s', async (_, c) => {
    const rows = product(c.operands.map((t) => edgesOf(t).slice(0, 6)));
    const out = zerosOf(c.result, rows.length);
    const kernel = defineKernel('literals', { params: paramsOf([['out', c.result, 'write']]), workgroup: 1 }, ({ out }) => {
      rows.forEach((row, i) => store(out!, c.result, u32(i), apply(c, row.map((v, k) => literal(c.operands[k] ?? '', v)))));
    });
    await launch(kernel, 1, [out]);
    expect(valuesOf(c.result, out)).toEqual(rows.map((r) => call(c, r)));
  });
});

describe('elements that no register holds are converted on load and store', () => {
  /** Stores f(load) of each element of `from` into a buffer of `element`. */
  async function through(element: 'i8' | 'u8' | 'i16' | 'u16' | 'bf16' | 'f16', computed: 'i32' | 'u32' | 'f32' | 'f16', from: Uint32Array<ArrayBuffer> | Int32Array<ArrayBuffer> | Float32Array<ArrayBuffer> | Uint16Array<ArrayBuffer>, to: ArrayBufferView<ArrayBuffer>) {
    const kernel = defineKernel('convert', { params: { from: `buffer<${computed}, read>`, to: `buffer<${element}, write>` }, workgroup: 64 }, ({ from, to }, { global: { x } }) => {
      (to as unknown as Store).store(x, (from as unknown as Load).load(x));
    });
    await launch(kernel, Math.ceil(from.length / 64), [from, to]);
  }
  async function back(element: string, computed: 'i32' | 'u32' | 'f32' | 'f16', from: ArrayBufferView<ArrayBuffer> & { readonly length: number }, to: ArrayBufferView<ArrayBuffer>) {
    const kernel = defineKernel('convert', { params: { from: `buffer<${element as 'i8'}, read>`, to: `buffer<${computed as 'i32'}, write>` }, workgroup: 64 }, ({ from, to }, { global: { x } }) => to.store(x, from.load(x)));
    await launch(kernel, Math.ceil(from.length / 64), [from, to]);
  }
  interface Store { store(index: Value<'u32'>, value: AnyValue): void }
  interface Load { load(index: Value<'u32'>): AnyValue }

  const wide = [0, 1, -1, 127, 128, 255, 256, -128, -129, 32767, 32768, 65535, 65536, -32768, -32769, 0x7fffffff, -0x80000000];

  test.each([['i8', Int8Array, 'i32', Int32Array], ['i16', Int16Array, 'i32', Int32Array], ['u8', Uint8Array, 'u32', Uint32Array], ['u16', Uint16Array, 'u32', Uint32Array]] as const)('%s wraps, and widens with its sign', async (element, Small, computed, Wide) => {
    const small = new Small(wide.length);
    await through(element, computed, new Wide(wide), small);
    expect([...small]).toEqual([...new Small(wide)]);
    const loaded = new Wide(wide.length);
    await back(element, computed, small, loaded);
    expect([...loaded]).toEqual([...small]);
  });

  test('all 65536 f16 load and store as they are; NaNs as one', async () => {
    const bits = Uint16Array.from({ length: 65536 }, (_, i) => i);
    const copy = new Uint16Array(65536);
    await through('f16', 'f16', bits, copy);
    expect([...copy]).toEqual([...bits].map((b) => encodeF16(decodeF16(b))));
    expect(copy.filter((b, i) => b !== i).length).toBe(2 * 1023 - 1);
  });

  test('all 65536 bf16 load as f32; stores round to nearest, ties to even', async () => {
    const bits = Uint16Array.from({ length: 65536 }, (_, i) => i);
    const loaded = new Float32Array(65536);
    await back('bf16', 'f32', bits, loaded);
    expect([...loaded]).toEqual([...bits].map(decodeBf16));
    const stored = new Uint16Array(65536);
    await through('bf16', 'f32', loaded, stored);
    expect(stored.filter((b, i) => b !== i && !Number.isNaN(decodeBf16(i))).length).toBe(0);
    const between = new Float32Array([1 + 2 ** -8, 1 + 3 * 2 ** -8, 1 + 2 ** -8 + 2 ** -23, 3.4e38]);
    const rounded = new Uint16Array(4);
    await through('bf16', 'f32', between, rounded);
    expect([...rounded].map(decodeBf16)).toEqual([1, 1 + 2 ** -6, 1 + 2 ** -7, Infinity]);
  });
});

const functions = Object.fromEntries(dialects.flatMap((d: Dialect) => d.ops.map((op) => [op.id, (functionsOf(d) as unknown as Record<string, (...args: unknown[]) => AnyValue>)[op.id.slice(op.id.indexOf('.') + 1)]])));

function apply(c: Case, operands: readonly unknown[]): AnyValue {
  const result = functions[c.op.id]?.(...operands, ...(c.cast ? [{ to: c.result }] : []));
  if (result === undefined) throw new RangeError(`${c.op.id} gave nothing`);
  return result;
}

/* Values in buffers: a vector as its components one after the other, bool as u32 0 or 1, f16 as its bits. */

function componentOf(type: string): string {
  const t = parseType(type);
  return t.kind === 'vector' ? t.element.spelling : type;
}

type Params = Readonly<Record<string, 'buffer<u32, read_write>'>>;
type View = { load(i: Value<'u32'>): Value<'u32'>; store(i: Value<'u32'>, v: Value<'u32'>): void };

function paramsOf(list: readonly (readonly [name: string, type: string, access: string])[]): Params {
  return Object.fromEntries(list.map(([name, type, access]) => [name, `buffer<${componentOf(type) === 'bool' ? 'u32' : componentOf(type)}, ${access}>`])) as Params;
}

function load(from: View, type: string, index: Value<'u32'>): AnyValue {
  const lanes = lanesOf(parseType(type));
  const parts = Array.from({ length: lanes }, (_, i) => {
    const raw = from.load(index.mul(lanes).add(i));
    return componentOf(type) === 'bool' ? raw.ne(0) : raw;
  });
  return lanes === 1 ? parts[0]! : functions['vector.construct']!(...parts, { type });
}

function store(to: View, type: string, index: Value<'u32'>, value: AnyValue): void {
  const lanes = lanesOf(parseType(type));
  for (let i = 0; i < lanes; i++) {
    const part = lanes === 1 ? value : functions['vector.extract']!(value, u32(i));
    to.store(index.mul(lanes).add(i), componentOf(type) === 'bool' ? (part as Value<'bool'>).select(u32(1), u32(0)) : (part as Value<'u32'>));
  }
}

function literal(type: string, value: RuntimeValue): AnyValue {
  if (typeof value === 'object') return functions['vector.construct']!(...value.map((v) => literal(componentOf(type), v)), { type });
  return functions['arith.constant']!({ value: scalarAttribute(type as ScalarName, value) });
}

/** Edge values; of a vector, rotated against each other. */
function edgesOf(type: string): readonly RuntimeValue[] {
  const of = edges[componentOf(type)] ?? [];
  const lanes = lanesOf(parseType(type));
  return lanes === 1 ? of : of.map((_, k) => Array.from({ length: lanes }, (__, i) => of[(k + 3 * i) % of.length] as ScalarValue));
}

const VIEWS: Readonly<Record<string, unknown>> = { bool: Uint32Array, u32: Uint32Array, i32: Int32Array, f16: Uint16Array, f32: Float32Array, i64: BigInt64Array, u64: BigUint64Array };
type ViewClass = new (from: readonly unknown[] | number) => Float32Array<ArrayBuffer>;

function arrayOf(type: string, values: readonly RuntimeValue[]): Float32Array<ArrayBuffer> {
  const component = componentOf(type);
  return new (VIEWS[component] as ViewClass)((values as readonly unknown[]).flat().map((v) => (component === 'f16' ? encodeF16(v as number) : v)));
}

function zerosOf(type: string, length: number): Float32Array<ArrayBuffer> {
  return new (VIEWS[componentOf(type)] as ViewClass)(length * lanesOf(parseType(type)));
}

function valuesOf(type: string, array: Float32Array<ArrayBuffer>): readonly RuntimeValue[] {
  const component = componentOf(type);
  const values = Array.from(array as Iterable<ScalarValue>, (v) => (component === 'bool' ? v !== 0 : component === 'f16' ? decodeF16(v as number) : v));
  const lanes = lanesOf(parseType(type));
  return lanes === 1 ? values : Array.from({ length: values.length / lanes }, (_, i) => values.slice(i * lanes, (i + 1) * lanes));
}
