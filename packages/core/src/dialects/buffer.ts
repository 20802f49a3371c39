import type { Attributes } from '../ir/attributes.ts';
import { MOST_SCALARS, buffer as bufferType, byteSize, loadedType, scalarCount, scalarOf } from '../ir/types.ts';
import type { Type } from '../ir/types.ts';
import { defineDialect, defineOp } from '../ops/op.ts';
import type { Meaning, OpId, OpSpec } from '../ops/op.ts';
import { INTS, NUMBERS } from './meaning.ts';

const common = { dialect: 'buffer', version: '1.0.0', category: 'intrinsic' } as const;
const READABLE = ['read', 'read_write', 'workgroup'] as const;
const WRITABLE = ['write', 'read_write', 'workgroup'] as const;
const SHARED = ['read_write', 'workgroup'] as const;
const ANY = ['read', 'write', 'read_write', 'workgroup'] as const;

/** What may be an element of a buffer: what has a layout, and is small enough to be a value. Else what is wrong with it. */
export function elementFault(element: Type): string | undefined {
  if (byteSize(element) === undefined) return `${element.spelling} has no layout in memory`;
  return (scalarCount(element) ?? Infinity) <= MOST_SCALARS ? undefined : `${element.spelling} has more than ${MOST_SCALARS} scalars`;
}

/** What a load of the buffer gives, or a sentence that says why there is none. */
function loadedFrom(b: Type | undefined, operand = 'buffer'): Type | string {
  if (b?.kind !== 'buffer') return `operand \`${operand}\` is not a buffer`;
  const fault = elementFault(b.element);
  return fault === undefined ? loadedType(b.element) : `operand \`${operand}\` is ${b.spelling}: ${fault}`;
}

const load = defineOp({
  ...common, id: 'buffer.load', level: 'kernel', summary: 'One element; zero where the index is out of bounds.',
  typeVars: { A: READABLE },
  operands: [{ name: 'buffer', type: 'buffer<any, A>' }, { name: 'index', type: 'u32' }], results: [{ name: 'value', type: 'any' }],
  effects: [{ kind: 'read', on: 'buffer' }],
  infer: ([b]) => one(loadedFrom(b)),
} satisfies OpSpec);

const store = defineOp({
  ...common, id: 'buffer.store', level: 'kernel', summary: 'Writes one element, converted to the element type; dropped where the index is out of bounds.',
  typeVars: { A: WRITABLE },
  operands: [{ name: 'buffer', type: 'buffer<any, A>' }, { name: 'index', type: 'u32' }, { name: 'value', type: 'any' }], results: [],
  effects: [{ kind: 'write', on: 'buffer' }],
  infer: ([b, , v]) => {
    const want = loadedFrom(b);
    if (typeof want === 'string') return want;
    return v === want ? [] : `operand \`value\` is ${v?.spelling ?? 'missing'}, expected ${want.spelling}`;
  },
  operandType: (index, { operands: [b] }) => {
    const want = index === 2 ? loadedFrom(b) : undefined;
    return typeof want === 'string' ? undefined : want;
  },
} satisfies OpSpec);

function one(type: Type | string): readonly Type[] | string {
  return typeof type === 'string' ? type : [type];
}

const length = defineOp({
  ...common, id: 'buffer.length', level: 'kernel', summary: 'Elements of the view that the launch binds.',
  typeVars: { A: ANY },
  operands: [{ name: 'buffer', type: 'buffer<any, A>' }], results: [{ name: 'length', type: 'u32' }], traits: ['pure', 'uniform'],
} satisfies OpSpec);

const workgroup = defineOp({
  ...common, id: 'buffer.workgroup', level: 'kernel', summary: 'Memory that one workgroup shares; zero when the workgroup starts. Stands at the top level of a kernel.',
  operands: [], results: [{ name: 'buffer', type: 'any' }], attrs: { element: { kind: 'type' }, length: { kind: 'u32' } }, traits: ['uniform'],
  infer: (_, attrs) => workgroupType(attrs),
} satisfies OpSpec);

/** What memory holds: numbers, and those that are converted on load and store. */
const STORED = [...NUMBERS, 'i8', 'u8', 'i16', 'u16', 'bf16'] as const;

function workgroupType(attrs: Attributes): readonly Type[] | string {
  const { element, length: count } = attrs;
  if (element?.kind !== 'type' || !(STORED as readonly (string | undefined)[]).includes(scalarOf(element.type)?.name)) return `attribute \`element\` is not one of ${STORED.join(', ')}, nor a vector or array of one`;
  const fault = elementFault(element.type);
  if (fault !== undefined) return `attribute \`element\`: ${fault}`;
  if (count?.kind !== 'scalar' || count.bits === 0n) return 'attribute `length` is not a positive u32';
  return [bufferType(element.type, 'workgroup')];
}

/** Element count and byte size of a `buffer.workgroup` op. */
export function workgroupLayout(attrs: Attributes): { readonly element: Type; readonly length: number; readonly bytes: number } | undefined {
  const { element, length: count } = attrs;
  if (element?.kind !== 'type' || count?.kind !== 'scalar') return undefined;
  const size = byteSize(element.type);
  return size === undefined ? undefined : { element: element.type, length: Number(count.bits), bytes: Number(count.bits) * size };
}

/** What an atomic orders beside itself. All but `relaxed` and all 64-bit elements are capability cells: not every device has them. */
const ORDERING = { ordering: { kind: 'enum', values: ['relaxed', 'acquire', 'release', 'acq_rel'], default: 'relaxed' } } as const;

/** The old value comes back, the meaning says what is stored. */
function atomic<const Id extends OpId>(id: Id, what: string, table: Readonly<Record<string, Meaning>>) {
  return defineOp({
    ...common, id, level: 'kernel', summary: `Atomic: stores ${what}, gives the old value; zero and no store where the index is out of bounds.`,
    typeVars: { E: INTS, A: SHARED } as const,
    operands: [{ name: 'buffer', type: 'buffer<E, A>' }, { name: 'index', type: 'u32' }, { name: 'value', type: 'E' }], results: [{ name: 'old', type: 'E' }], attrs: ORDERING,
    traits: ['atomic'], effects: [{ kind: 'read', on: 'buffer' }, { kind: 'write', on: 'buffer' }],
    cpuRef: (use) => (use.operands[0]?.kind === 'buffer' ? table[use.operands[0].element.spelling] : undefined),
  });
}

type N = number;
type B = bigint;
const every = (meaning: Meaning) => ({ i32: meaning, u32: meaning, i64: meaning, u64: meaning });

const compareExchange = defineOp({
  ...common, id: 'buffer.atomic_compare_exchange', level: 'kernel',
  summary: 'Atomic: stores `value` if the element equals `expected`, gives the old value; never fails spuriously; zero and no store where the index is out of bounds.',
  typeVars: { E: INTS, A: SHARED },
  operands: [{ name: 'buffer', type: 'buffer<E, A>' }, { name: 'index', type: 'u32' }, { name: 'expected', type: 'E' }, { name: 'value', type: 'E' }],
  results: [{ name: 'old', type: 'E' }], attrs: ORDERING,
  traits: ['atomic'], effects: [{ kind: 'read', on: 'buffer' }, { kind: 'write', on: 'buffer' }],
  cpuRef: () => (old: N, expected: N, value: N) => (old === expected ? value : old),
} satisfies OpSpec);

const asyncCopy = defineOp({
  ...common, id: 'buffer.async_copy', level: 'kernel',
  summary: 'The workgroup as one starts a copy of `count` elements: every invocation takes part, with the same operands. It is done behind the next `buffer.async_wait`; touching either side before is a race. What is out of bounds reads as zero, and is not written.',
  typeVars: { A: WRITABLE, B: READABLE },
  operands: [{ name: 'target', type: 'buffer<any, A>' }, { name: 'target_index', type: 'u32' }, { name: 'source', type: 'buffer<any, B>' }, { name: 'source_index', type: 'u32' }, { name: 'count', type: 'u32' }], results: [],
  traits: ['collective', 'uniform'], effects: [{ kind: 'write', on: 'target' }, { kind: 'read', on: 'source' }],
  infer: ([target, , source]) => {
    const [to, from] = [loadedFrom(target, 'target'), loadedFrom(source, 'source')];
    if (typeof to === 'string') return to;
    if (typeof from === 'string') return from;
    const same = target?.kind === 'buffer' && source?.kind === 'buffer' && target.element === source.element;
    return same ? [] : `operand \`source\` is ${source?.spelling ?? 'missing'}, expected elements like those of ${target?.spelling ?? 'the target'}`;
  },
} satisfies OpSpec);

const asyncWait = defineOp({
  ...common, id: 'buffer.async_wait', level: 'kernel', summary: 'A barrier of the workgroup, for workgroup memory and buffers, behind which all copies that it started are done.',
  operands: [], results: [], traits: ['barrier'],
} satisfies OpSpec);

const host = { ...common, level: 'host', traits: ['session'] } as const;

const alloc = defineOp({
  ...host, id: 'buffer.alloc', summary: 'A new buffer of `byte_length` bytes; zero unless `init` is `none`, which leaves to the caller to write it before it is read.',
  operands: [{ name: 'byte_length', type: 'u64' }], results: [{ name: 'handle', type: 'GpuBufferHandle' }],
  attrs: { init: { kind: 'enum', values: ['zero', 'none'], default: 'zero' } }, effects: [{ kind: 'alloc', on: 'handle', byteLength: 'byte_length' }],
} satisfies OpSpec);

const free = defineOp({
  ...host, id: 'buffer.free', summary: 'Ends a handle before its last use would; a slice cannot be freed.',
  operands: [{ name: 'handle', type: 'GpuBufferHandle' }], results: [], effects: [{ kind: 'free', on: 'handle' }],
} satisfies OpSpec);

const copy = defineOp({
  ...host, id: 'buffer.copy', summary: 'Copies all of `source` to the start of `target`, which must be as long or longer.',
  operands: [{ name: 'source', type: 'GpuBufferHandle' }, { name: 'target', type: 'GpuBufferHandle' }], results: [],
  effects: [{ kind: 'read', on: 'source' }, { kind: 'write', on: 'target' }],
} satisfies OpSpec);

const fill = defineOp({
  ...host, id: 'buffer.fill', summary: 'Repeats the little-endian bytes of `value` over the whole buffer, cut off at its end.',
  typeVars: { T: NUMBERS },
  operands: [{ name: 'handle', type: 'GpuBufferHandle' }, { name: 'value', type: 'T' }], results: [], effects: [{ kind: 'write', on: 'handle' }],
} satisfies OpSpec);

const slice = defineOp({
  ...host, id: 'buffer.slice', summary: 'A view of `length` bytes from `offset`; it shares the memory and the order of effects of its base.',
  operands: [{ name: 'handle', type: 'GpuBufferHandle' }, { name: 'offset', type: 'u64' }, { name: 'length', type: 'u64' }],
  results: [{ name: 'view', type: 'GpuBufferHandle' }], effects: [{ kind: 'view', on: 'view', of: 'handle' }],
} satisfies OpSpec);

const byteLength = defineOp({
  ...host, id: 'buffer.byte_length', summary: 'Bytes of the buffer.',
  operands: [{ name: 'handle', type: 'GpuBufferHandle' }], results: [{ name: 'byte_length', type: 'u64' }],
} satisfies OpSpec);

const read = defineOp({
  ...host, id: 'buffer.read', summary: 'Element `index` of the buffer, seen as elements of type `element`, when all that writes it before is done; zero where the index is out of bounds.',
  operands: [{ name: 'handle', type: 'GpuBufferHandle' }, { name: 'index', type: 'u64' }], results: [{ name: 'value', type: 'any' }], attrs: { element: { kind: 'type' } },
  bytesExtraction: true, effects: [{ kind: 'read', on: 'handle' }],
  infer: (_, { element }) => (element?.kind === 'type' && element.type.kind === 'scalar' && elementFault(element.type) === undefined ? [loadedType(element.type)] : 'attribute `element` is no scalar with a layout in memory'),
} satisfies OpSpec);

/** Device memory: elements in kernels, handles in host bodies. */
export const buffer = defineDialect({
  id: 'buffer', version: '1.0.0', summary: 'Loads, stores and atomics in kernels; allocation, views and copies in programs.',
  ops: [
    load, store, length, workgroup,
    atomic('buffer.atomic_add', 'the sum', { i32: (old: N, v: N) => (old + v) | 0, u32: (old: N, v: N) => (old + v) >>> 0, i64: (old: B, v: B) => BigInt.asIntN(64, old + v), u64: (old: B, v: B) => BigInt.asUintN(64, old + v) }),
    atomic('buffer.atomic_sub', 'the difference', { i32: (old: N, v: N) => (old - v) | 0, u32: (old: N, v: N) => (old - v) >>> 0, i64: (old: B, v: B) => BigInt.asIntN(64, old - v), u64: (old: B, v: B) => BigInt.asUintN(64, old - v) }),
    atomic('buffer.atomic_min', 'the lesser', every((old: N, v: N) => (old < v ? old : v))),
    atomic('buffer.atomic_max', 'the greater', every((old: N, v: N) => (old > v ? old : v))),
    atomic('buffer.atomic_and', 'the bitwise and', { ...every((old: B, v: B) => old & v), u32: (old: N, v: N) => (old & v) >>> 0 }),
    atomic('buffer.atomic_or', 'the bitwise or', { ...every((old: B, v: B) => old | v), u32: (old: N, v: N) => (old | v) >>> 0 }),
    atomic('buffer.atomic_xor', 'the bitwise exclusive or', { ...every((old: B, v: B) => old ^ v), u32: (old: N, v: N) => (old ^ v) >>> 0 }),
    atomic('buffer.atomic_exchange', 'the value', every((_: N, v: N) => v)),
    compareExchange,
    asyncCopy, asyncWait,
    alloc, free, copy, fill, slice, byteLength, read,
  ],
});
