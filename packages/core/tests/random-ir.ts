import type { Attribute, Attributes } from '../src/ir/attributes.ts';
import { NO_ATTRIBUTES } from '../src/ir/attributes.ts';
import type { Body, Kernel, Op, Param, Program, Region } from '../src/ir/program.ts';
import { opaque, parseType, scalar } from '../src/ir/types.ts';
import type { ScalarName, Type } from '../src/ir/types.ts';

/** Whole numbers from 0 to below `n`, from a seed. */
export type Draw = (n: number) => number;

export function drawing(seed: number): Draw {
  let a = seed | 0;
  return (n) => {
    a = (a + 0x6d2b79f5) | 0;
    let t = Math.imul(a ^ (a >>> 15), 1 | a);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) % n;
  };
}

/**
 * A program of any shape that IR can have: values are defined before they are used and seen there, and that is all that
 * is kept to. Ops are those that are named and some that nobody knows, attributes are of every kind, names are wild.
 */
export function randomProgram(seed: number, ids: readonly string[]): Program {
  const draw = drawing(seed);
  const kernels = Array.from({ length: draw(4) }, (_, i): Kernel => {
    const params = randomParams(draw);
    return { kind: 'kernel', name: draw(3) === 0 ? wild(draw) : `k${i}`, params, workgroup: [draw(300), 1 + draw(9), draw(2)], body: randomBody(draw, params, ids), span: undefined };
  });
  const params = randomParams(draw);
  const results = Array.from({ length: draw(3) }, () => ({ name: wild(draw), type: randomType(draw) }));
  return { kind: 'program', name: wild(draw), params, results, kernels, body: randomBody(draw, params, ids), span: undefined };
}

const UNKNOWN = ['acme.gelu', 'acme.a-b.c_d', 'x.y', 'nodot', 'strange id "quoted"', 'kernel', 'true'];
const WORDS = ['x', 'y', 'i', 'i_1', 'x_1', 'kernel', 'program', 'workgroup', 'true', 'nan', 'a-b', 'a.b', 'u32', 'größe', '', ' ', '12', '007', '3x', '$d', '"', '\\', '\n', '\u202e', '\ud800', '%x', '// no', '__proto__', 'constructor', '𝒳', "it's", '\u0000'];

function wild(draw: Draw): string {
  return WORDS[draw(WORDS.length)] as string;
}

/** Parameters have different names. */
function randomParams(draw: Draw): Param[] {
  const names = new Set(Array.from({ length: draw(5) }, () => wild(draw)));
  return [...names].map((name) => ({ name, type: randomType(draw), attrs: randomAttributes(draw) }));
}

function randomBody(draw: Draw, params: readonly Param[], ids: readonly string[]): Body {
  const all = [...ids, ...UNKNOWN];
  const opNames: string[] = [];
  const valueTypes: Type[] = [];
  const names = new Map<number, string>();
  const gaps = draw(2) === 0;
  const value = (type: Type): number => {
    if (gaps && draw(4) === 0) valueTypes.push(randomType(draw)); // ids that nothing has
    const id = valueTypes.push(type) - 1;
    if (draw(2) === 0) names.set(id, wild(draw));
    return id;
  };
  const nameOf = (id: string): number => {
    const at = opNames.indexOf(id);
    return at >= 0 ? at : opNames.push(id) - 1;
  };
  const region = (args: readonly number[], outer: readonly number[], depth: number): Region => {
    const seen = [...outer, ...args];
    const ops = Array.from({ length: draw(depth === 0 ? 20 : 5) }, (): Op => {
      const name = nameOf(all[draw(all.length)] as string);
      const operands = seen.length === 0 ? [] : Array.from({ length: draw(5) }, () => seen[draw(seen.length)] as number);
      // Front ends make the values of regions before those of results, others after.
      const before = draw(2) === 0 ? Array.from({ length: draw(3) }, () => value(randomType(draw))) : undefined;
      const regions = depth < 4 && draw(4) === 0 ? Array.from({ length: 1 + draw(2) }, () => region(Array.from({ length: draw(3) }, () => value(randomType(draw))), seen, depth + 1)) : [];
      const results = before ?? Array.from({ length: draw(3) }, () => value(randomType(draw)));
      seen.push(...results);
      return { name, operands, results, attrs: randomAttributes(draw), regions };
    });
    return { args, ops };
  };
  const args = params.map((p) => value(p.type));
  return { opNames, valueTypes, region: region(args, [], 0), debug: { names, spans: new Map(), origins: new Map() } };
}

const TYPES: readonly Type[] = [
  ...['bool', 'i8', 'u8', 'i16', 'u16', 'i32', 'u32', 'i64', 'u64', 'f16', 'bf16', 'f32', 'GpuBufferHandle', 'vec2<f32>', 'vec3<bool>', 'vec4<i64>', 'buffer<u8, read>', 'buffer<vec3<f32>, read_write>', 'array<array<u32, 4>, 3>', 'buffer<array<vec2<f16>, 7>, workgroup>'].map(parseType),
  opaque('acme.tensor'), opaque('acme-x.t_1'),
];

function randomType(draw: Draw): Type {
  return TYPES[draw(TYPES.length)] as Type;
}

function randomAttributes(draw: Draw): Attributes {
  const count = Math.max(0, draw(6) - 2);
  if (count === 0) return NO_ATTRIBUTES;
  const keys = Array.from({ length: count }, () => (draw(2) === 0 ? wild(draw) : ['value', 'axis', 'init', 'kernel'][draw(4)] as string));
  return Object.fromEntries(keys.map((key) => [key, randomAttribute(draw, 0)]));
}

function randomAttribute(draw: Draw, depth: number): Attribute {
  switch (draw(depth < 2 ? 9 : 8)) {
    case 0: case 1: case 2:
      return randomScalar(draw);
    case 3:
      return { kind: 'bool', value: draw(2) === 0 };
    case 4:
      return { kind: 'string', value: wild(draw) };
    case 5:
      return { kind: 'enum', value: wild(draw) };
    case 6:
      return { kind: 'type', type: randomType(draw) };
    case 7:
      return { kind: 'symbol', name: wild(draw) };
    default:
      return { kind: 'list', items: Array.from({ length: draw(4) }, () => randomAttribute(draw, depth + 1)) };
  }
}

const SCALARS: readonly ScalarName[] = ['bool', 'i8', 'u8', 'i16', 'u16', 'i32', 'u32', 'i64', 'u64', 'f16', 'bf16', 'f32'];

/** Any bits at all: subnormals, NaN payloads, -0.0. */
function randomScalar(draw: Draw): Attribute {
  const type = scalar(SCALARS[draw(SCALARS.length)] as ScalarName);
  const word = () => BigInt(draw(2 ** 16));
  const any = (word() << 48n) | (word() << 32n) | (word() << 16n) | word();
  const edge = [0n, 1n, any, any, -1n, 1n << BigInt(type.bits - 1), 0x7f800000n, 0x7fc00000n, 0x7fc00001n, 0xff800001n, 0x7e00n, 0x7c01n, 0x7f80n][draw(13)] as bigint;
  return { kind: 'scalar', type, bits: BigInt.asUintN(type.bits, edge) };
}
