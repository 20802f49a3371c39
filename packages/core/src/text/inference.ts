import { NO_ATTRIBUTES } from '../ir/attributes.ts';
import type { Attributes } from '../ir/attributes.ts';
import type { Type } from '../ir/types.ts';
import type { OpDef, ParamSpec, PartialUse } from '../ops/op.ts';
import type { Reader } from './reader.ts';
import { knownType, UNKNOWN_TYPE } from './types.ts';

/** A literal operand; its type is undefined until it is known. */
interface Literal {
  readonly index: number;
  readonly text: string;
  readonly at: number;
  type: Type | undefined;
}
interface Result {
  readonly label: string | number;
  readonly at: number;
  type: Type | undefined;
}
type Known = readonly (Type | undefined)[];

/**
 * Gives each literal the type that the record of `def` asks for at its place: the type that is spelled there, what the other
 * operands, or the results, make of its type variable, or what the record says of it. `types` are those of the operands,
 * undefined for literals and for values that a problem was reported for; `attrs` is undefined where they have a problem.
 */
export function literalTypes(reader: Reader, def: OpDef, attrs: Attributes | undefined, literals: readonly Literal[], types: readonly (Type | undefined)[], results: readonly Result[]): void {
  const known = [...types];
  for (const { index, type } of literals) known[index] = type;
  let said = types.some((type, i) => type === undefined && !literals.some((l) => l.index === i)) || [...literals, ...results].some(({ type }) => type === UNKNOWN_TYPE);
  if (def.operandType !== undefined && (attrs === undefined || reader.vagueKernels)) said = true;
  const given = variables(def, known, results.map((r) => r.type));
  const use: PartialUse = { operands: known.map((type) => (type === UNKNOWN_TYPE ? undefined : type)), attrs: attrs ?? NO_ATTRIBUTES, kernels: reader.kernels };
  for (const literal of literals) {
    if (literal.type !== undefined) continue;
    const spec = paramAt(def.operands, literal.index);
    const type: Type | string = spec === undefined ? `\`${def.id}\` takes no operand ${literal.index}` : (typeOf(spec.type, def, given) ?? saidType(def, literal.index, use) ?? `operand \`${spec.name}\` of \`${def.id}\` may have several`);
    if (typeof type !== 'string') literal.type = type;
    else if (!said) {
      said = true; // the others follow once one is known, or are mended alike
      reader.wrong('text/literal', literal.at, `the type of \`${literal.text}\` does not follow: ${type}`, `write it behind a colon, such as \`${literal.text}: u32\``);
    }
  }
}

/** Records are other people's code: what they throw is a sentence too. */
function saidType(def: OpDef, index: number, use: PartialUse): Type | string | undefined {
  try {
    return def.operandType?.(index, use);
  } catch (error) {
    return failed(def, error);
  }
}

function failed(def: OpDef, error: unknown): string {
  return `the record of \`${def.id}\` failed: ${error instanceof Error ? error.message : String(error)}`;
}

/** Gives each result whose type is not written the one that follows from the operands and attributes. */
export function resultTypes(reader: Reader, def: OpDef, attrs: Attributes, operands: Known, results: readonly Result[]): void {
  const { id } = def;
  const open = results.filter((r) => r.type === undefined);
  if (operands.includes(undefined) || operands.includes(UNKNOWN_TYPE)) return;
  const first = open[0];
  if (first === undefined) return;
  const inferred = inferredTypes(def, operands as readonly Type[], attrs);
  if (typeof inferred === 'string') {
    return reader.wrong('text/result-type', first.at, `the type of \`%${first.label}\` does not follow: ${inferred}`, `write it behind a colon, such as \`%${first.label}: u32\`, or mend the operands`);
  }
  if (inferred.length < results.length && def.signature.maxResults === Infinity) {
    return reader.wrong('text/result-type', first.at, `the type of \`%${first.label}\` does not follow from the operands of \`${id}\``, `write it behind a colon, such as \`%${first.label}: u32\``);
  }
  if (inferred.length !== results.length) {
    return reader.wrong('text/result-type', first.at, `\`${id}\` gives ${inferred.length} result${inferred.length === 1 ? '' : 's'}, ${results.length} are named`, 'name each result of the op');
  }
  for (const [i, result] of results.entries()) result.type ??= inferred[i];
}

function inferredTypes(def: OpDef, operands: readonly Type[], attrs: Attributes): readonly Type[] | string {
  try {
    return def.signature.check(operands, attrs);
  } catch (error) {
    return failed(def, error);
  }
}

/** A variadic parameter, the last one, has all places from its own on. */
function paramAt(params: readonly ParamSpec[], index: number): ParamSpec | undefined {
  return params[index] ?? (params.at(-1)?.variadic === true ? params.at(-1) : undefined);
}

/** What the known types of operands and results make of the type variables, by name. */
function variables(def: OpDef, operands: Known, results: Known): ReadonlyMap<string, Type> {
  const given = new Map<string, Type>();
  const bind = (variable: string, type: Type): void => {
    if (variable in def.typeVars && !given.has(variable)) given.set(variable, type);
  };
  for (const [params, types] of [[def.operands, operands], [def.results, results]] as const) {
    for (const [i, type] of types.entries()) {
      const pattern = paramAt(params, i)?.type;
      if (type === undefined || type === UNKNOWN_TYPE || pattern === undefined) continue;
      const [, element] = /^buffer<\s*(\w+)\s*,/.exec(pattern) ?? [];
      if (element === undefined) bind(pattern, type);
      else if (type.kind === 'buffer') bind(element, type.element);
    }
  }
  return given;
}

/** The type that `pattern` stands for; undefined where it may be several. */
function typeOf(pattern: string, def: OpDef, given: ReadonlyMap<string, Type>): Type | undefined {
  if (pattern === 'any') return undefined;
  const allowed = def.typeVars[pattern];
  // A pattern over type variables, such as `buffer<E, A>`, is no type by itself.
  if (allowed === undefined) return knownType(pattern);
  const [only] = allowed;
  return given.get(pattern) ?? (allowed.length === 1 && only !== undefined ? knownType(only) : undefined);
}
