import type { Attribute } from '../ir/attributes.ts';
import type { Body, Kernel, Op, Param, Program, Region, ValueId } from '../ir/program.ts';
import { opaque, parseType } from '../ir/types.ts';
import type { ScalarType, Type } from '../ir/types.ts';

/*
 * Programs of the right shape and with no sense: every kind of attribute, type, name and nesting, ops that nobody knows,
 * values that are used before they are defined. What the wire form keeps must not depend on what programs mean.
 */

export type Draw = (below: number) => number;

/** mulberry32 */
export function drawing(seed: number): Draw {
  let state = seed + 0x9e3779b9;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) % below;
  };
}

opaque('acme.tensor');
const SCALARS = ['bool', 'i8', 'u8', 'i16', 'u16', 'i32', 'u32', 'i64', 'u64', 'f16', 'bf16', 'f32'].map(parseType) as ScalarType[];
const TYPES: readonly Type[] = [...SCALARS, ...['vec2<f32>', 'vec4<u64>', 'array<vec3<f16>, 7>', 'buffer<u8, read>', 'buffer<array<f32, 3>, workgroup>', 'GpuBufferHandle', 'acme.tensor', 'buffer<acme.tensor, read>'].map(parseType)];
const OPS = ['arith.add', 'arith.constant', 'control.if', 'control.for', 'buffer.store', 'acme.unknown', 'mem.unmap', 'other-plugin.op_2', 'no dot'];
const TEXTS = ['', 'a', 'value', 'zürich', '🦥', '\uFEFFbom', '\uD800', 'a\uDC00b', '__proto__', 'constructor', '0', '10', 'quote"\n\0', 'x'.repeat(300)];
/** Patterns at the edges: zeros, ones, the sign, infinities and NaNs of each float type, quiet and signalling, with payloads. */
const BITS = [0n, 1n, 0x80n, 0xffn, 0x7c00n, 0x7e01n, 0x7f80n, 0x8000n, 0xfc01n, 0xffc1n, 0x7f800000n, 0x7f800001n, 0x7fc00000n, 0x7fc0dead0n, 0x80000000n, 0xffffffffn, 0xff812345n, 1n << 32n, 1n << 63n, 0x7ff8000000000001n, (1n << 64n) - 1n];

export function randomProgram(seed: number): Program {
  const draw = drawing(seed);
  const kernels = Array.from({ length: draw(3) }, (_, i): Kernel => ({
    kind: 'kernel', name: text(draw) + i, params: params(draw), workgroup: [draw(2 ** 16), draw(200), draw(2)], body: body(draw), span: span(draw),
  }));
  const results = Array.from({ length: draw(3) }, () => ({ name: text(draw), type: one(draw, TYPES) }));
  return { kind: 'program', name: text(draw), params: params(draw), results, kernels, body: body(draw), span: span(draw) };
}

function one<T>(draw: Draw, from: readonly T[]): T {
  return from[draw(from.length)] as T;
}

function text(draw: Draw): string {
  return one(draw, TEXTS);
}

function span(draw: Draw) {
  return draw(3) === 0 ? undefined : { file: text(draw), line: draw(2 ** 32 - 1), column: draw(300) };
}

function params(draw: Draw): Param[] {
  return Array.from({ length: draw(4) }, () => ({ name: text(draw), type: one(draw, TYPES), attrs: attributes(draw) }));
}

function attributes(draw: Draw): Record<string, Attribute> {
  if (draw(2) === 0) return {};
  return Object.fromEntries(Array.from({ length: draw(4) }, () => [text(draw), attribute(draw, 0)] as const));
}

function attribute(draw: Draw, depth: number): Attribute {
  const type = one(draw, SCALARS);
  const kinds: readonly (() => Attribute)[] = [
    () => ({ kind: 'scalar', type, bits: BigInt.asUintN(type.bits, one(draw, BITS)) }),
    () => ({ kind: 'bool', value: draw(2) === 0 }),
    () => ({ kind: 'string', value: text(draw) }),
    () => ({ kind: 'enum', value: text(draw) }),
    () => ({ kind: 'type', type: one(draw, TYPES) }),
    () => ({ kind: 'symbol', name: text(draw) }),
    () => ({ kind: 'list', items: depth > 3 ? [] : Array.from({ length: draw(4) }, () => attribute(draw, depth + 1)) }),
  ];
  return one(draw, kinds)();
}

function body(draw: Draw): Body {
  const valueTypes: Type[] = [];
  const opNames = OPS.filter(() => draw(4) > 0);
  if (opNames.length === 0) opNames.push('acme.unknown');
  const names = new Map<ValueId, string>();
  const [spans, origins] = [new Map<Op, NonNullable<Program['span']>>(), new Map<Op, string>()];
  // A third of the bodies use values that come later, or never.
  const lawless = draw(3) === 0;
  const define = (count: number): ValueId[] => Array.from({ length: count }, () => {
    const id = valueTypes.push(one(draw, TYPES)) - 1;
    if (draw(4) === 0) names.set(id, text(draw));
    return id;
  });
  define(lawless ? 3 : 0); // defined by nothing
  const later: number[][] = [];
  const op = (depth: number): Op => {
    const known = valueTypes.length;
    const operands = known === 0 ? [] : Array.from({ length: draw(draw(30) === 0 ? 200 : 5) }, () => draw(known));
    if (lawless) later.push(operands);
    const results = define(draw(draw(40) === 0 ? 130 : 3));
    const regions = depth < 4 && draw(5) === 0 ? Array.from({ length: 1 + draw(2) }, () => region(depth + 1)) : [];
    const made: Op = { name: draw(opNames.length), operands, results, attrs: attributes(draw), regions };
    const where = draw(3) === 0 ? span(draw) : undefined;
    if (where !== undefined) spans.set(made, where);
    if (draw(6) === 0) origins.set(made, text(draw));
    return made;
  };
  const region = (depth: number): Region => ({ args: define(draw(3)), ops: Array.from({ length: draw(depth === 0 ? 20 : 5) }, () => op(depth)) });
  const root = region(0);
  for (const operands of later) if (operands.length > 0 && draw(3) === 0) operands[draw(operands.length)] = draw(valueTypes.length);
  return { opNames, valueTypes, region: root, debug: { names, spans, origins } };
}
