import type { Attribute, Attributes } from './attributes.ts';
import type { Body, Kernel, Op, Param, Program, Region } from './program.ts';
import { isType, parseType } from './types.ts';
import type { ScalarType, Type } from './types.ts';

/**
 * `program` with the types of this process: a program that was cloned from another thread has copies of them, and types
 * are equal by identity. The same program where that is not so. Its shape must have been checked.
 */
export function interned(program: Program): Program {
  return isOurs(program) ? program : adopted(program);
}

/** The same for a kernel by itself. */
export function internedKernel(kernel: Kernel): Kernel {
  const ours = kernel.params.every((p) => isType(p.type)) && kernel.body.valueTypes.every(isType);
  return ours ? kernel : { ...kernel, params: kernel.params.map(param), body: body(kernel.body) };
}

/** Whether `x` is plain data that looks like a type which this process has or can make: what a clone has in its place. */
export function isClonedType(x: unknown): x is Type {
  const spelling = typeof x === 'object' && x !== null ? (x as { readonly spelling?: unknown }).spelling : undefined;
  if (typeof spelling !== 'string' || spelling.length > LONGEST) return false;
  try {
    const { kind } = parseType(spelling);
    return kind === (x as { readonly kind?: unknown }).kind;
  } catch {
    return false;
  }
}

/** Characters of a spelling. */
const LONGEST = 256;

function isOurs(program: Program): boolean {
  const bodies = [program.body, ...program.kernels.map((k) => k.body)];
  return program.params.every((p) => isType(p.type)) && bodies.every((b) => b.valueTypes.every(isType));
}

function adopted(program: Program): Program {
  return {
    ...program,
    params: program.params.map(param),
    results: program.results.map((r) => ({ ...r, type: type(r.type) })),
    kernels: program.kernels.map(internedKernel),
    body: body(program.body),
  };
}

function type<T extends Type>(t: T): T {
  return parseType(t.spelling) as T;
}

function param(p: Param): Param {
  return { ...p, type: type(p.type), attrs: attributes(p.attrs) };
}

function body(b: Body): Body {
  const moved = new Map<Op, Op>();
  const region = (r: Region): Region => ({
    args: r.args,
    ops: r.ops.map((o) => {
      const made: Op = { name: o.name, operands: o.operands, results: o.results, attrs: attributes(o.attrs), regions: o.regions.map(region) };
      moved.set(o, made);
      return made;
    }),
  });
  const root = region(b.region);
  const rekeyed = <V>(of: ReadonlyMap<Op, V>) => new Map([...of].flatMap(([o, v]) => (moved.has(o) ? [[moved.get(o) as Op, v] as const] : [])));
  return { opNames: b.opNames, valueTypes: b.valueTypes.map(type), region: root, debug: { names: b.debug.names, spans: rekeyed(b.debug.spans), origins: rekeyed(b.debug.origins) } };
}

function attributes(attrs: Attributes): Attributes {
  return Object.fromEntries(Object.entries(attrs).map(([key, a]) => [key, attribute(a)]));
}

function attribute(a: Attribute): Attribute {
  switch (a.kind) {
    case 'scalar':
      return { ...a, type: type<ScalarType>(a.type) };
    case 'type':
      return { ...a, type: type(a.type) };
    case 'list':
      return { ...a, items: a.items.map(attribute) };
    case 'bool':
    case 'string':
    case 'enum':
    case 'symbol':
      return a;
  }
}
