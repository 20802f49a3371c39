import { SluiceError } from '../diagnostics/error.ts';
import { shared } from '../global-slot.ts';

/**
 * Types of the IR: immutable records, interned, so that equal types are the same object, each with one
 * spelling, the one that the text form, signatures and error messages use.
 */
export type Type = ScalarType | VectorType | ArrayType | BufferType | HandleType | OpaqueType;

export type ComputedInt = 'i32' | 'u32' | 'i64' | 'u64';
export type ComputedFloat = 'f16' | 'f32';
/** Types that values in registers have. */
export type ComputedScalar = 'bool' | ComputedInt | ComputedFloat;
/** Types that only memory has: converted on load and store. */
export type StorageOnlyScalar = 'i8' | 'u8' | 'i16' | 'u16' | 'bf16';
export type ScalarName = ComputedScalar | StorageOnlyScalar;
export type Access = 'read' | 'write' | 'read_write' | 'workgroup';

interface TypeBase {
  /** The one spelling of this type, e.g. `u32`, `vec3<f32>`, `buffer<u8, read>`. */
  readonly spelling: string;
  /** A small integer, unique in the process and stable only within it; for tables. */
  readonly serial: number;
}
export interface ScalarType extends TypeBase {
  readonly kind: 'scalar';
  readonly name: ScalarName;
  readonly class: 'bool' | 'signed' | 'unsigned' | 'float';
  /** Width in bits; 1 for `bool`, which has no buffer layout. */
  readonly bits: number;
  /** False for types that only memory has. */
  readonly computed: boolean;
}
export interface VectorType extends TypeBase {
  readonly kind: 'vector';
  readonly element: ScalarType;
  readonly size: 2 | 3 | 4;
}
export interface ArrayType extends TypeBase {
  readonly kind: 'array';
  readonly element: Type;
  readonly length: number;
}
export interface BufferType extends TypeBase {
  readonly kind: 'buffer';
  readonly element: Type;
  readonly access: Access;
}
/** An opaque device buffer in a host body: slot, generation, byte length, memory space. */
export interface HandleType extends TypeBase {
  readonly kind: 'handle';
}
/** A type that a plugin registered through the `type` hook. */
export interface OpaqueType extends TypeBase {
  readonly kind: 'opaque';
}

const SCALARS: readonly Omit<ScalarType, 'serial' | 'kind' | 'spelling'>[] = [
  { name: 'bool', class: 'bool', bits: 1, computed: true },
  { name: 'i8', class: 'signed', bits: 8, computed: false },
  { name: 'u8', class: 'unsigned', bits: 8, computed: false },
  { name: 'i16', class: 'signed', bits: 16, computed: false },
  { name: 'u16', class: 'unsigned', bits: 16, computed: false },
  { name: 'i32', class: 'signed', bits: 32, computed: true },
  { name: 'u32', class: 'unsigned', bits: 32, computed: true },
  { name: 'i64', class: 'signed', bits: 64, computed: true },
  { name: 'u64', class: 'unsigned', bits: 64, computed: true },
  { name: 'f16', class: 'float', bits: 16, computed: true },
  { name: 'bf16', class: 'float', bits: 16, computed: false },
  { name: 'f32', class: 'float', bits: 32, computed: true },
];

type Draft<T extends Type> = T extends Type ? Omit<T, 'serial'> : never;

const interned = shared('types', () => new Map<string, Type>());

function intern<T extends Type>(draft: Draft<T>): T {
  const found = interned.get(draft.spelling);
  if (found !== undefined) return found as T;
  const made = Object.freeze({ ...draft, serial: interned.size }) as unknown as T;
  interned.set(made.spelling, made);
  return made;
}

// Without a prototype: a name that objects have is no scalar.
const scalars = Object.assign(
  Object.create(null) as object,
  Object.fromEntries(SCALARS.map((s) => [s.name, intern<ScalarType>({ kind: 'scalar', spelling: s.name, ...s })])),
) as { readonly [N in ScalarName]: ScalarType };

/** The scalar type of that name. */
export function scalar(name: ScalarName): ScalarType {
  return scalars[name];
}

/** `vec2<E>`, `vec3<E>` or `vec4<E>`; `element` must be a computed scalar. */
export function vector(element: ScalarType, size: 2 | 3 | 4): VectorType {
  return intern<VectorType>({ kind: 'vector', spelling: `vec${size}<${element.spelling}>`, element, size });
}

/** Characters of a spelling that is read. */
const LONGEST = 512;

/** Arrays within arrays: few enough that a spelling is short, and that nothing that walks a type runs out of stack. */
const MOST_NESTED = 8;

/**
 * `array<E, N>`: `length` elements of `element`, tightly laid out.
 * @throws SluiceError `ir/unknown-type` for arrays that nest more than 8 deep
 */
export function array(element: Type, length: number): ArrayType {
  if (nesting(element) >= MOST_NESTED) throw new SluiceError({ code: 'ir/unknown-type', message: `arrays nest more than ${MOST_NESTED} deep`, fix: 'use one array, and compute the index' });
  return intern<ArrayType>({ kind: 'array', spelling: `array<${element.spelling}, ${length}>`, element, length });
}

function nesting(type: Type): number {
  return type.kind === 'array' ? 1 + nesting(type.element) : 0;
}

/** `buffer<E, access>`: what a kernel sees of a handle. The element count travels in the launch record. */
export function buffer(element: Type, access: Access): BufferType {
  return intern<BufferType>({ kind: 'buffer', spelling: `buffer<${element.spelling}, ${access}>`, element, access });
}

/** `GpuBufferHandle`. */
export const handle: HandleType = intern<HandleType>({ kind: 'handle', spelling: 'GpuBufferHandle' });

/** A type known only by its spelling, for the `type` hook. */
export function opaque(spelling: string): OpaqueType {
  return intern<OpaqueType>({ kind: 'opaque', spelling });
}

/**
 * The type that `spelling` names, in canonical or loosely spaced form.
 * @throws SluiceError `ir/unknown-type`
 */
export function parseType(spelling: string): Type {
  const found = typeof spelling === 'string' && spelling.length <= LONGEST ? (interned.get(spelling) ?? readType(spelling.replace(/\s+/g, ''))) : undefined;
  if (found === undefined) {
    throw new SluiceError({
      code: 'ir/unknown-type',
      message: `\`${String(spelling)}\` is not a type`,
      fix: 'use a scalar, vecN<scalar>, array<type, length>, buffer<type, access>, GpuBufferHandle, or a type that a plugin registers',
      available: SCALARS.map((s) => s.name),
    });
  }
  return found;
}

/** Whether `x` is a type: one of the interned records, not a look-alike. */
export function isType(x: unknown): x is Type {
  return typeof x === 'object' && x !== null && interned.get((x as { spelling?: unknown }).spelling as string) === x;
}

function readType(s: string): Type | undefined {
  if (Object.hasOwn(scalars, s)) return scalars[s as ScalarName];
  const generic = /^(\w+)<(.*)>$/.exec(s);
  const head = generic?.[1];
  const inner = generic?.[2];
  if (head === undefined || inner === undefined) return interned.get(s);
  if (head === 'vec2' || head === 'vec3' || head === 'vec4') {
    const element = readType(inner);
    if (element?.kind !== 'scalar' || !element.computed) return undefined;
    return vector(element, Number(head.slice(3)) as 2 | 3 | 4);
  }
  const cut = inner.lastIndexOf(',');
  if (cut < 0) return undefined;
  const element = readType(inner.slice(0, cut));
  const last = inner.slice(cut + 1);
  if (element === undefined) return undefined;
  if (head === 'array' && /^[1-9]\d{0,8}$/.test(last)) return array(element, Number(last));
  if (head === 'buffer' && isAccess(last)) return buffer(element, last);
  return undefined;
}

function isAccess(s: string): s is Access {
  return s === 'read' || s === 'write' || s === 'read_write' || s === 'workgroup';
}

/** Bytes of one element in a buffer: tight, little-endian, `vec3` stride 12; undefined where there is no layout. */
export function byteSize(type: Type): number | undefined {
  switch (type.kind) {
    case 'scalar':
      return type.name === 'bool' ? undefined : type.bits / 8;
    case 'vector': {
      const size = byteSize(type.element);
      return size === undefined ? undefined : size * type.size;
    }
    case 'array': {
      const size = byteSize(type.element);
      return size === undefined ? undefined : size * type.length;
    }
    case 'buffer':
    case 'handle':
    case 'opaque':
      return undefined;
  }
}

/** Scalars in one value or element of the type; undefined for what is made of anything else. */
export function scalarCount(type: Type): number | undefined {
  switch (type.kind) {
    case 'scalar':
      return 1;
    case 'vector':
      return type.size;
    case 'array': {
      const count = scalarCount(type.element);
      return count === undefined ? undefined : count * type.length;
    }
    case 'buffer':
    case 'handle':
    case 'opaque':
      return undefined;
  }
}

/** The most scalars that one value has: it lives in registers. */
export const MOST_SCALARS = 1024;

/** The scalar that a scalar, vector or array is made of; undefined for what is made of anything else. */
export function scalarOf(type: Type): ScalarType | undefined {
  return type.kind === 'scalar' ? type : type.kind === 'vector' || type.kind === 'array' ? scalarOf(type.element) : undefined;
}

/** What a load of `element` gives: storage-only scalars widen to i32, u32 or f32, in arrays too; all else stays. */
export function loadedType(element: Type): Type {
  if (element.kind === 'array') return array(loadedType(element.element), element.length);
  if (element.kind !== 'scalar' || element.computed) return element;
  return scalars[element.class === 'float' ? 'f32' : element.class === 'signed' ? 'i32' : 'u32'];
}
