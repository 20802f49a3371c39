import { bufferType, byteSize, loadedType, meaningOf, opCell, scalar, toBits, typeCell, verify } from '@sluice/core';
import type { Capabilities, OpDef, Registry, RuntimeValue, ScalarValue, Type } from '@sluice/core';
import { Draft, enumAttr, kernelOf, programOf } from '../ir/draft.ts';
import { COMPUTED, ELEMENTS, isFloat, usesOf, valueUsesOf } from '../ops/uses.ts';
import type { OpUse, ValueUse } from '../ops/uses.ts';
import { edgesOf } from '../ops/edges.ts';
import { movesOnly } from '../ops/moves.ts';

/** An op with those of its uses that may be generated. */
export interface Entry<U extends OpUse = OpUse> {
  readonly def: OpDef;
  readonly uses: readonly U[];
}
export interface ValueEntry extends Entry<GeneratedUse> {}
export interface GeneratedUse extends ValueUse {
  /** A float operand's bits show in a result that is no float: a NaN there has no particular value. */
  readonly exposesNaN: boolean;
}
/** An atomic whose order does not matter: a shared element ends up the same whoever comes first. */
export interface SharedAtomic {
  readonly def: OpDef;
  readonly element: Type;
}

/** What may be generated with the ops of a registry on a backend. */
export interface Catalog {
  readonly values: readonly ValueEntry[];
  /** Those of them that stand in programs, on scalars. */
  readonly hostValues: readonly ValueEntry[];
  /** Uses that make a value of a type from values of simpler ones. */
  readonly makers: ReadonlyMap<Type, readonly ValueUse[]>;
  /** Types that a value can have. */
  readonly types: readonly Type[];
  /** Elements of buffers that can be loaded and stored. */
  readonly elements: readonly Type[];
  readonly workgroupElements: readonly Type[];
  readonly atomics: readonly Entry[];
  readonly shared: readonly SharedAtomic[];
  /** Ops that lanes of a subgroup take part in. */
  readonly lanes: readonly ValueEntry[];
  has(id: string): boolean;
}

const known = new WeakMap<Registry, Map<Capabilities | undefined, Catalog>>();

/** The catalog of a registry, less what `capabilities` call unavailable. */
export function catalogOf(registry: Registry, capabilities?: Capabilities): Catalog {
  const byCapabilities = known.get(registry) ?? new Map<Capabilities | undefined, Catalog>();
  known.set(registry, byCapabilities);
  let found = byCapabilities.get(capabilities);
  if (found === undefined) byCapabilities.set(capabilities, (found = compile(registry, capabilities)));
  return found;
}

function compile(registry: Registry, capabilities: Capabilities | undefined): Catalog {
  const typeThere = (type: Type): boolean => {
    if (capabilities !== undefined && typeCell(capabilities, type.spelling).how === 'unavailable') return false;
    return type.kind === 'vector' || type.kind === 'array' || type.kind === 'buffer' ? typeThere(type.element) : true;
  };
  const available = (use: OpUse): boolean =>
    [...use.operands, ...use.results].every(typeThere)
    && (capabilities === undefined || [...use.operands, ...use.results].map((t) => (t.kind === 'buffer' ? t.element : t)).every((t) => opCell(capabilities, use.def.id, t.spelling, use.attrs).how !== 'unavailable'));

  const candidates = [...registry.ops.values()].filter((def) => def.level !== 'host').map((def) => ({ def, uses: valueUsesOf(def).filter(available) }));
  const { makers, types } = makeable(candidates.flatMap((e) => e.uses), typeThere);
  const made = new Set(types);
  const values = candidates.flatMap(({ def, uses }): readonly ValueEntry[] => {
    const usable = uses.filter((u) => u.operands.every((t) => made.has(t)) && verifies(registry, u)).map((u) => ({ ...u, exposesNaN: exposesNaN(u) }));
    return usable.length === 0 ? [] : [{ def, uses: usable }];
  });
  const hostValues = values.filter((e) => e.def.level === 'both').flatMap(({ def, uses }) => {
    const plain = uses.filter((u) => [...u.operands, ...u.results].every((t) => t.kind === 'scalar'));
    return plain.length === 0 ? [] : [{ def, uses: plain }];
  });

  const stored = (access: 'read_write' | 'workgroup') => (element: Type) => {
    const type = bufferType(element, access);
    return typeThere(type) && byteSize(element) !== undefined && loads(registry, type) && (access !== 'workgroup' || makesWorkgroup(registry, element));
  };
  const there = (element: Type) => made.has(loadedType(element));
  const atomics = [...registry.ops.values()].filter((def) => def.traits.includes('atomic')).flatMap((def) => {
    const uses = usesOf(def).filter(available);
    return uses.length === 0 ? [] : [{ def, uses }];
  });
  const lanes = [...registry.ops.values()].filter((def) => def.traits.includes('subgroup')).flatMap((def): readonly ValueEntry[] => {
    const uses = usesOf(def).filter((u) => available(u) && [...u.operands, ...u.results].every((t) => made.has(t))).flatMap((u) => {
      const meaning = meaningOf(def, u);
      return meaning === undefined || u.results.length !== 1 ? [] : [{ ...u, meaning, exposesNaN: u.operands.some(isFloat) && !u.results.some(isFloat) }];
    });
    return uses.length === 0 ? [] : [{ def, uses }];
  });
  return {
    values, hostValues, makers, types, atomics, lanes,
    elements: ELEMENTS.filter(there).filter(stored('read_write')),
    workgroupElements: ELEMENTS.filter(there).filter(stored('workgroup')),
    shared: atomics.flatMap(({ def, uses }) => uses.filter((u) => u.operands.length === 3 && commutes(u)).map((u) => ({ def, element: elementOf(u.operands[0]) }))).filter((s, i, list) => list.findIndex((t) => t.def === s.def && t.element === s.element) === i),
    has: (id) => registry.lookup(id) !== undefined && (capabilities === undefined || opCell(capabilities, id).how !== 'unavailable'),
  };
}

function elementOf(type: Type | undefined): Type {
  if (type?.kind !== 'buffer') throw new RangeError('not a buffer');
  return type.element;
}

function loads(registry: Registry, type: Type): boolean {
  const load = registry.lookup('buffer.load')?.signature.check([type, scalar('u32')], {});
  if (load === undefined || typeof load === 'string' || load[0] === undefined) return false;
  return typeof registry.lookup('buffer.store')?.signature.check([type, scalar('u32'), load[0]], {}) !== 'string';
}

function makesWorkgroup(registry: Registry, element: Type): boolean {
  const attrs = { element: { kind: 'type', type: element }, length: { kind: 'scalar', type: scalar('u32'), bits: 4n } } as const;
  const results = registry.lookup('buffer.workgroup')?.signature.check([], attrs);
  return results !== undefined && typeof results !== 'string';
}

/** The types that values can be made of, starting at scalars, and the uses that make the others. */
function makeable(uses: readonly ValueUse[], typeThere: (type: Type) => boolean): { readonly makers: ReadonlyMap<Type, readonly ValueUse[]>; readonly types: readonly Type[] } {
  const made = new Set<Type>(COMPUTED.map((n) => scalar(n)).filter(typeThere));
  const makers = new Map<Type, readonly ValueUse[]>();
  for (let before = -1; before !== made.size; ) {
    before = made.size;
    const fresh = new Map<Type, ValueUse[]>();
    for (const use of uses) {
      const [result] = use.results;
      if (result === undefined || made.has(result) || !use.operands.every((t) => made.has(t)) || computesFloats(use)) continue;
      fresh.set(result, [...(fresh.get(result) ?? []), use]);
    }
    for (const [type, list] of fresh) {
      // What moves its operands into place comes before what computes.
      makers.set(type, list.toSorted((a, b) => Number(b.operands.every((t) => t.kind === 'scalar')) - Number(a.operands.every((t) => t.kind === 'scalar'))).slice(0, 4));
      made.add(type);
    }
  }
  return { makers, types: [...made] };
}

/** What is made must be exact, whatever it is made of: floats are put in place, and decide nothing. */
function computesFloats(use: ValueUse): boolean {
  return use.results.some(isFloat) ? !movesOnly(use, use.meaning) : use.operands.some(isFloat);
}

/** Whether two runs of an atomic leave the same in either order. */
function commutes(use: OpUse): boolean {
  const [, , value] = use.operands;
  const meaning = typeof use.def.cpuRef === 'function' ? (use.def.cpuRef(use) as ((old: RuntimeValue, v: RuntimeValue) => RuntimeValue) | undefined) : undefined;
  if (value === undefined || meaning === undefined) return false;
  const edges = edgesOf(value);
  return edges.every((a) => edges.every((b) => edges.slice(0, 6).every((old) => meaning(meaning(old, a), b) === meaning(meaning(old, b), a))));
}

/** Whether a NaN operand comes out as the bits of one, in any place of a result that holds no floats. */
function exposesNaN(use: ValueUse): boolean {
  const [result] = use.results;
  if (result === undefined || isFloat(result) || !use.operands.some(isFloat)) return false;
  const nan = (type: Type): RuntimeValue => (type.kind === 'vector' || type.kind === 'array' ? Array.from({ length: type.kind === 'vector' ? type.size : type.length }, () => nan(type.element)) : isFloat(type) ? NaN : ((edgesOf(type)[0] as RuntimeValue)));
  try {
    const given = (use.meaning as (...v: readonly RuntimeValue[]) => RuntimeValue)(...use.operands.map(nan));
    const scalars = (Array.isArray(given) ? given : [given]) as readonly ScalarValue[];
    const name = (result.kind === 'scalar' ? result : result.kind === 'vector' ? result.element : scalar('u32')).name;
    return scalars.some((s) => holdsNaN(toBits(name, s)));
  } catch {
    return true;
  }
}

function holdsNaN(bits: bigint): boolean {
  const halves = [bits & 0xffffn, (bits >> 16n) & 0xffffn, (bits >> 32n) & 0xffffn, bits >> 48n];
  return halves.some((h) => (h & 0x7c00n) === 0x7c00n && (h & 0x3ffn) !== 0n) || [bits & 0xffffffffn, bits >> 32n].some((w) => (w & 0x7f800000n) === 0x7f800000n && (w & 0x7fffffn) !== 0n);
}

/** Whether the op's own rules take the use: they see IR, so it is put into a kernel. */
function verifies(registry: Registry, use: OpUse): boolean {
  if (use.def.verify === undefined) return true;
  const draft = new Draft(registry);
  const args = use.operands.map((t) => draft.value(t));
  const ops = [] as Parameters<Draft['op']>[0];
  draft.op(ops, use.def.id, args, use.attrs);
  draft.op(ops, 'control.return', []);
  const kernel = kernelOf('probe', args.map((_, i) => ({ name: `p${i}`, type: use.operands[i] as Type, attrs: {} })), [1, 1, 1], draft.body(args, ops));
  const host = new Draft(registry);
  const body: typeof ops = [];
  host.op(body, 'control.return', []);
  // Parameters of a kernel are scalars and buffers; that these are not is no fault of the op.
  return verify(programOf('probe', [], [], [kernel], host.body([], body)), registry).every((d) => d.code === 'verify/param');
}

/** The attribute that names an axis. */
export const axis = (name: 'x' | 'y' | 'z') => ({ axis: enumAttr(name) });
