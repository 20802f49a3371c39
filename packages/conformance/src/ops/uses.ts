import { NO_ATTRIBUTES, array, attributeKey, bufferType, meaningOf, parseType, scalar, scalarAttribute, vectorType } from '@sluice/core';
import type { AttrSpec, Attribute, Attributes, ComputedScalar, Meaning, OpDef, ParamSpec, Registry, Type, Use } from '@sluice/core';
import { edgesOf } from './edges.ts';

/** One concrete way to use an op: types and attributes that its signature accepts. */
export interface OpUse extends Use {
  readonly def: OpDef;
}
/** A use that computes: its results follow from its operands by `meaning` alone. */
export interface ValueUse extends OpUse {
  readonly meaning: Meaning;
}

export const COMPUTED: readonly ComputedScalar[] = ['bool', 'i32', 'u32', 'i64', 'u64', 'f16', 'f32'];
export const SCALARS: readonly Type[] = COMPUTED.map((name) => scalar(name));
export const VECTORS: readonly Type[] = COMPUTED.flatMap((name) => ([2, 3, 4] as const).map((n) => vectorType(scalar(name), n)));
/** Fixed arrays to try: of scalars and of vectors. */
export const ARRAYS: readonly Type[] = [array(scalar('u32'), 3), array(vectorType(scalar('f32'), 3), 2), array(scalar('i64'), 2)];
/** Elements of buffers to try: all that memory has, and some that nest. */
export const ELEMENTS: readonly Type[] = [
  ...(['u32', 'i32', 'f32', 'u8', 'i8', 'u16', 'i16', 'u64', 'i64', 'f16', 'bf16'] as const).map((n) => scalar(n)),
  ...VECTORS.filter((t) => t.kind === 'vector' && t.element.class !== 'bool'), ...ARRAYS,
];

/** Combinations of types and attributes that are tried for one op. */
const MOST_TRIED = 60_000;
/** Operands that a variadic one stands for. */
const MOST_VARIADIC = 4;

/** Every concrete use of an op, by its signature: each assignment of its type variables, each vector length, each attribute that changes it. */
export function usesOf(def: OpDef): readonly OpUse[] {
  let found = known.get(def);
  if (found === undefined) known.set(def, (found = enumerate(def)));
  return found;
}

const known = new WeakMap<OpDef, readonly OpUse[]>();

/** The uses of the ops of `registry` that compute a value from values, in kernels. */
export function valueUses(registry: Registry): readonly ValueUse[] {
  return [...registry.ops.values()].flatMap(valueUsesOf);
}

/** The same of one op: pure, without regions, with a meaning for its types. */
export function valueUsesOf(def: OpDef): readonly ValueUse[] {
  if (!def.traits.includes('pure') || def.regions.length > 0 || def.traits.includes('constant')) return [];
  return usesOf(def).flatMap((use) => {
    if (use.results.length !== 1) return [];
    const meaning = meaningOf(def, use);
    return meaning === undefined ? [] : [{ ...use, meaning }];
  });
}

/** Whether a value of the type is a float or holds one. */
export function isFloat(type: Type): boolean {
  return type.kind === 'scalar' ? type.class === 'float' : (type.kind === 'vector' || type.kind === 'array') && isFloat(type.element);
}

/** A short name of a use, such as `arith.add(vec2<u32>, vec2<u32>)`. */
export function spell(use: OpUse): string {
  const attrs = Object.entries(use.attrs).map(([name, a]) => ` ${name}=${attributeKey(a)}`);
  return `${use.def.id}(${use.operands.map((t) => t.spelling).join(', ')}${attrs.join('')})`;
}

function enumerate(def: OpDef): readonly OpUse[] {
  const uses: OpUse[] = [];
  const attrs = attributeChoices(def);
  let tried = 0;
  for (const operands of operandChoices(def)) {
    for (const a of attrs) {
      if (++tried > MOST_TRIED) return uses;
      const results = accepted(def, operands, a);
      if (results !== undefined) uses.push({ def, operands, results, attrs: a });
    }
  }
  return uses;
}

function accepted(def: OpDef, operands: readonly Type[], attrs: Attributes): readonly Type[] | undefined {
  try {
    const results = def.signature.check(operands, attrs);
    return typeof results === 'string' ? undefined : results;
  } catch {
    return undefined; // a type that the op would give does not exist
  }
}

function* operandChoices(def: OpDef): Generator<readonly Type[]> {
  const { operands } = def;
  const last = operands.at(-1);
  const counts = last?.variadic === true ? Array.from({ length: MOST_VARIADIC + 1 }, (_, n) => operands.length - 1 + n) : [operands.length];
  for (const count of counts) {
    const params = Array.from({ length: count }, (_, i) => operands[Math.min(i, operands.length - 1)] as ParamSpec);
    for (const env of environments(def.typeVars, params)) {
      const alike = last?.variadic === true ? operands.length - 1 : Infinity;
      for (const types of product(params.map((p) => candidates(p.type, env)), alike)) {
        yield types;
        if (!def.traits.includes('elementwise')) continue;
        for (const n of [2, 3, 4] as const) yield types.map((t) => (t.kind === 'scalar' && t.computed ? vectorType(t, n) : t));
      }
    }
  }
}

type Environment = Readonly<Record<string, string>>;

/** Every assignment of the type variables that the parameters name. */
function environments(vars: OpDef['typeVars'], params: readonly ParamSpec[]): readonly Environment[] {
  const text = params.map((p) => p.type).join(' ');
  const used = Object.entries(vars).filter(([name]) => new RegExp(`\\b${name}\\b`).test(text));
  return used.reduce<readonly Environment[]>((all, [name, spellings]) => all.flatMap((env) => spellings.map((s) => ({ ...env, [name]: s }))), [{}]);
}

/** Types that a pattern stands for under `env`. */
function candidates(pattern: string, env: Environment): readonly Type[] {
  const bound = env[pattern];
  if (bound !== undefined) return typesOf(bound);
  if (pattern === 'any') return [...SCALARS, ...VECTORS, ...ARRAYS];
  const [, element, access] = /^buffer<(.*),\s*(\w+)>$/.exec(pattern) ?? [];
  if (element === undefined || access === undefined) return typesOf(pattern);
  const accesses = env[access] === undefined ? [access] : [env[access]];
  const elements = element === 'any' ? ELEMENTS : candidates(element, env);
  return elements.flatMap((e) => accesses.map((a) => bufferType(e, a as 'read')));
}

function typesOf(spelling: string): readonly Type[] {
  try {
    return [parseType(spelling)];
  } catch {
    return [];
  }
}

/** Every list of one item from each; from position `alike` on all are the same item. */
function* product(lists: readonly (readonly Type[])[], alike: number, head: readonly Type[] = []): Generator<readonly Type[]> {
  const list = lists[head.length];
  if (list === undefined) return void (yield head);
  const before = head.at(-1);
  const items = head.length > alike && before !== undefined ? [before] : list;
  for (const item of items) yield* product(lists, alike, [...head, item]);
}

/** Sets of attributes to try: each attribute over all of its own choices, the others at their first. */
function attributeChoices(def: OpDef): readonly Attributes[] {
  const specs = Object.entries(def.attrs).map(([name, spec]) => [name, choicesOf(spec)] as const);
  if (specs.length === 0) return [NO_ATTRIBUTES];
  const combined = specs.reduce<readonly Attributes[]>(
    (all, [name, choices]) => all.flatMap((attrs) => choices.map((c) => (c === undefined ? attrs : { ...attrs, [name]: c }))).slice(0, 4096),
    [NO_ATTRIBUTES],
  );
  return combined;
}

/** Orders of components, for attributes that are text. */
const COMPONENTS: readonly string[] = ['x', 'y', 'w', 'xy', 'yx', 'zz', 'xyz', 'zyx', 'yyw', 'xyzw', 'wzyx', 'xxyy'];

/** Values to try for one attribute; undefined leaves it out. */
function choicesOf(spec: AttrSpec): readonly (Attribute | undefined)[] {
  const absent = 'default' in spec && spec.default !== undefined ? [undefined] : [];
  switch (spec.kind) {
    case 'u32':
    case 'i32':
      return [...absent, ...[0, 1, 2, 3, 5].map((n) => scalarAttribute(spec.kind, n))];
    case 'u64':
    case 'i64':
      return [...absent, ...[0n, 1n, 2n ** 40n].map((n) => scalarAttribute(spec.kind, n))];
    case 'f32':
      return [...absent, ...[0, 1.5].map((n) => scalarAttribute('f32', n))];
    case 'bool':
      return [...absent, { kind: 'bool', value: false }, { kind: 'bool', value: true }];
    case 'enum':
      return [...absent, ...spec.values.map((value): Attribute => ({ kind: 'enum', value }))];
    case 'string':
      return [...absent, ...COMPONENTS.map((value): Attribute => ({ kind: 'string', value }))];
    case 'scalar':
      return COMPUTED.flatMap((name) => edgesOf(scalar(name)).slice(0, 3).map((v) => scalarAttribute(name, v as number)));
    case 'type':
      return [...SCALARS, ...VECTORS, ...ARRAYS].map((type): Attribute => ({ kind: 'type', type }));
    case 'symbol':
      return [];
    case 'list':
      return [{ kind: 'list', items: [] }];
  }
}
