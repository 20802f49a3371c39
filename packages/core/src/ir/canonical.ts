import { SluiceError } from '../diagnostics/error.ts';
import type { Attribute, Attributes } from './attributes.ts';
import { NO_ATTRIBUTES } from './attributes.ts';
import type { Body, Debug, Kernel, Op, Param, Program, Region, ValueId } from './program.ts';
import type { Type } from './types.ts';

/**
 * The same program with the artefacts of building gone: values numbered in the order of the text (parameters; then for
 * each op its results, then region by region its block arguments and ops), op names in the order in which they first
 * occur, attributes sorted by key (UTF-16 code units, as `sort` does). What nothing defines or uses is left out; values
 * that are used and never defined come last. Names, spans and origins move along. Its shape must have been checked.
 */
export function canonical(ir: Program): Program;
export function canonical(ir: Kernel): Kernel;
export function canonical(ir: Program | Kernel): Program | Kernel {
  if (ir.kind === 'kernel') return canonicalKernel(ir);
  const results = ir.results.map((r) => ({ name: r.name, type: r.type }));
  return { kind: 'program', name: ir.name, params: ir.params.map(canonicalParam), results, kernels: ir.kernels.map(canonicalKernel), body: canonicalBody(ir.body), span: ir.span };
}

/**
 * Whether two programs or kernels are the same but for the numbering of values and op names, the order of attribute
 * keys, and debug tables. Floats are their bits: -0.0 is not 0.0, and NaNs differ by payload. Types are equal by
 * spelling, so that a clone of another thread compares too. Their shapes must have been checked.
 */
export function equal(a: Program | Kernel, b: Program | Kernel): boolean {
  if (a.name !== b.name || !sameParams(a.params, b.params)) return false;
  if (a.kind === 'kernel') return b.kind === 'kernel' && a.workgroup.every((n, i) => n === b.workgroup[i]) && sameBody(a.body, b.body);
  if (b.kind !== 'program' || a.results.length !== b.results.length || a.kernels.length !== b.kernels.length) return false;
  return a.results.every((r, i) => r.name === b.results[i]?.name && sameType(r.type, b.results[i].type))
    && a.kernels.every((k, i) => equal(k, b.kernels[i] as Kernel))
    && sameBody(a.body, b.body);
}

/** Attributes with their keys in canonical order; the same record where they are. */
export function sortedAttributes(attrs: Attributes): Attributes {
  const keys = Object.keys(attrs);
  if (keys.length === 0) return NO_ATTRIBUTES;
  if (keys.every((key, i) => i === 0 || (keys[i - 1] as string) < key)) return attrs;
  return Object.fromEntries(keys.sort().map((key) => [key, attrs[key] as Attribute]));
}

/** Far more than the verifier accepts, and few enough for the stack: a region within itself ends here. */
const DEEPEST = 1000;

/** How the values of a body are numbered in canonical form. */
export interface Numbering {
  /** The new id of each value, by old id; -1 for one that nothing defines or uses. */
  readonly to: Int32Array;
  /** The old id of each value, by new id. */
  readonly from: Int32Array;
  /** Values that an op, a region or the body defines; those that are only used follow them. */
  readonly defined: number;
  /** A value that is defined twice, which no valid program has; it has the number of its first definition. */
  readonly twice: ValueId | undefined;
}

/** The canonical numbers of the values of `body`. @throws SluiceError `verify/limit` for regions nested over 1000 deep */
export function numbering(body: Body): Numbering {
  const values = body.valueTypes.length;
  const to = new Int32Array(values).fill(-1);
  const from = new Int32Array(values);
  let count = 0;
  let twice: ValueId | undefined;
  const define = (id: ValueId): void => {
    if (to[id] === -1) {
      to[id] = count;
      from[count++] = id;
    } else twice ??= id;
  };
  const defineIn = ({ args, ops }: Region, depth: number): void => {
    if (depth > DEEPEST) throw new SluiceError({ code: 'verify/limit', message: `regions are nested more than ${DEEPEST} deep`, fix: 'split the program' });
    for (let i = 0; i < args.length; i++) define(args[i] as ValueId);
    for (let i = 0; i < ops.length; i++) {
      const { results, regions } = ops[i] as Op;
      for (let k = 0; k < results.length; k++) define(results[k] as ValueId);
      for (let r = 0; r < regions.length; r++) defineIn(regions[r] as Region, depth + 1);
    }
  };
  defineIn(body.region, 0);
  const defined = count;
  const use = ({ ops }: Region): void => {
    for (const { operands, regions } of ops) {
      for (const id of operands) if (to[id] === -1) define(id);
      regions.forEach(use);
    }
  };
  // In nearly every body nothing is left to be found.
  if (defined < values) use(body.region);
  return { to, from: from.subarray(0, count), defined, twice };
}

function canonicalKernel({ name, params, workgroup, body, span }: Kernel): Kernel {
  return { kind: 'kernel', name, params: params.map(canonicalParam), workgroup, body: canonicalBody(body), span };
}

function canonicalParam({ name, type, attrs }: Param): Param {
  return { name, type, attrs: sortedAttributes(attrs) };
}

function canonicalBody(body: Body): Body {
  const { to, from } = numbering(body);
  const opNames: string[] = [];
  const nameIndex = new Map<number, number>();
  const moved = new Map<Op, Op>();
  const renumbered = (ids: readonly ValueId[]) => ids.map((id) => to[id] as ValueId);
  const nameOf = (old: number): number => {
    let name = nameIndex.get(old);
    if (name === undefined) nameIndex.set(old, (name = opNames.push(body.opNames[old] as string) - 1));
    return name;
  };
  const regionOf = ({ args, ops }: Region): Region => ({
    args: renumbered(args),
    ops: ops.map((op) => {
      const name = nameOf(op.name); // before those of the ops within
      const made: Op = { name, operands: renumbered(op.operands), results: renumbered(op.results), attrs: sortedAttributes(op.attrs), regions: op.regions.map(regionOf) };
      moved.set(op, made);
      return made;
    }),
  });
  const region = regionOf(body.region);
  return { opNames, valueTypes: Array.from(from, (id) => body.valueTypes[id] as Type), region, debug: movedDebug(body.debug, to, moved) };
}

function movedDebug({ names, spans, origins }: Debug, to: Int32Array, moved: ReadonlyMap<Op, Op>): Debug {
  const ofOps = <V>(table: ReadonlyMap<Op, V>): ReadonlyMap<Op, V> => {
    const made = new Map<Op, V>();
    for (const [old, op] of moved) {
      const value = table.get(old);
      if (value !== undefined) made.set(op, value);
    }
    return made;
  };
  const named: [ValueId, string][] = [];
  for (const [old, name] of names) {
    const now = to[old] ?? -1;
    if (now >= 0) named.push([now, name]);
  }
  return { names: new Map(named.sort(([a], [b]) => a - b)), spans: ofOps(spans), origins: ofOps(origins) };
}

function sameType(a: Type, b: Type): boolean {
  return a === b || a.spelling === b.spelling;
}

function sameParams(a: readonly Param[], b: readonly Param[]): boolean {
  return a.length === b.length && a.every((p, i) => {
    const q = b[i] as Param;
    return p.name === q.name && sameType(p.type, q.type) && sameAttributes(p.attrs, q.attrs);
  });
}

function sameAttributes(a: Attributes, b: Attributes): boolean {
  if (a === b) return true;
  const keys = Object.keys(a);
  return keys.length === Object.keys(b).length && keys.every((key) => Object.hasOwn(b, key) && sameAttribute(a[key] as Attribute, b[key] as Attribute));
}

/** Whether two attributes are the same, to the bit. */
function sameAttribute(a: Attribute, b: Attribute): boolean {
  switch (a.kind) {
    case 'scalar':
      return b.kind === a.kind && sameType(a.type, b.type) && a.bits === b.bits;
    case 'bool':
    case 'string':
    case 'enum':
      return b.kind === a.kind && a.value === b.value;
    case 'type':
      return b.kind === a.kind && sameType(a.type, b.type);
    case 'symbol':
      return b.kind === a.kind && a.name === b.name;
    case 'list':
      return b.kind === a.kind && a.items.length === b.items.length && a.items.every((item, i) => sameAttribute(item, b.items[i] as Attribute));
  }
}

/** Whether two bodies are the same but for the numbers of values. Walks both at once; values correspond as they are first met, one to one. */
export function sameBody(a: Body, b: Body): boolean {
  const [aToB, bToA] = [new Int32Array(a.valueTypes.length).fill(-1), new Int32Array(b.valueTypes.length).fill(-1)];
  const sameValues = (x: readonly ValueId[], y: readonly ValueId[]): boolean => {
    if (x.length !== y.length) return false;
    for (let i = 0; i < x.length; i++) {
      const [v, w] = [x[i] as ValueId, y[i] as ValueId];
      if (aToB[v] === -1 && bToA[w] === -1) {
        if (!sameType(a.valueTypes[v] as Type, b.valueTypes[w] as Type)) return false;
        aToB[v] = w;
        bToA[w] = v;
      } else if (aToB[v] !== w || bToA[w] !== v) return false;
    }
    return true;
  };
  const sameOp = (x: Op, y: Op): boolean =>
    a.opNames[x.name] === b.opNames[y.name]
    && sameValues(x.operands, y.operands) && sameValues(x.results, y.results)
    && x.regions.length === y.regions.length
    && sameAttributes(x.attrs, y.attrs)
    && x.regions.every((r, i) => sameRegion(r, y.regions[i] as Region));
  const sameRegion = (x: Region, y: Region): boolean =>
    sameValues(x.args, y.args) && x.ops.length === y.ops.length && x.ops.every((op, i) => sameOp(op, y.ops[i] as Op));
  return sameRegion(a.region, b.region);
}
