import { SluiceError } from '../diagnostics/error.ts';
import type { Attributes } from '../ir/attributes.ts';
import { parseType } from '../ir/types.ts';
import type { Type } from '../ir/types.ts';
import { componentsOf, ofScalars, ofVectors } from './elementwise.ts';
import type { Lanes } from './elementwise.ts';
import type { OpSpec, ParamSpec } from './op.ts';

/** Checks operand types against an op's patterns and says what types its results have. */
export interface Signature {
  readonly minOperands: number;
  /** Infinity when the last operand is variadic. */
  readonly maxOperands: number;
  readonly minResults: number;
  readonly maxResults: number;
  /**
   * Result types for these operands, or a sentence that says what is wrong. `results` are the types that the op
   * claims (from the IR or from the builder), used where the operands do not settle them; absent, they must.
   */
  check(operands: readonly Type[], attrs: Attributes, results?: readonly Type[]): readonly Type[] | string;
}

/** Binds type variables while it matches; returns undefined on success, else what was expected. */
type Matcher = (type: Type, env: Map<string, string>) => string | undefined;

const GENERIC = /^(\w+)<(.*)>$/;

export function compileSignature(spec: OpSpec): Signature {
  const vars = spec.typeVars ?? {};
  for (const p of [...spec.operands.slice(0, -1), ...spec.results.slice(0, -1)]) {
    if (p.variadic === true) throw badOp(spec, `parameter \`${p.name}\` is variadic and not the last`);
  }
  const operands = spec.operands.map((p) => matcher(p.type, vars, spec));
  const results = spec.results.map((p) => matcher(p.type, vars, spec));
  const { infer } = spec;
  const elementwise = spec.traits?.includes('elementwise') === true;
  const [minOperands, maxOperands] = arity(spec.operands);
  const [minResults, maxResults] = arity(spec.results);
  // Operands from `judged` on may be anything, so what is found of the ones before holds for all uses with the same.
  const judged = spec.operands.some((p) => p.variadic === true && p.type !== 'any') ? Infinity : spec.operands.findLastIndex((p) => p.type !== 'any') + 1;
  const remembered = new Map<number, Matched>();
  // Any number of any results: they are as claimed.
  const openResults = spec.results.length === 1 && spec.results[0]?.variadic === true && spec.results[0].type === 'any';

  function match(types: readonly Type[], matchers: readonly Matcher[], specs: readonly ParamSpec[], env: Map<string, string>, what: string, lanes: Lanes = 1): string | undefined {
    for (let i = 0; i < types.length; i++) {
      const at = Math.min(i, matchers.length - 1);
      const type = types[i];
      const expected = type === undefined ? 'a value' : matchers[at]?.(type, env);
      if (expected !== undefined) return `${what} \`${specs[at]?.name ?? i}\` is ${lanes === 1 ? '' : `a vec${lanes} of `}${type?.spelling ?? 'missing'}, expected ${expected}`;
    }
    return undefined;
  }

  function check(types: readonly Type[], attrs: Attributes, claimed?: readonly Type[]): readonly Type[] | string {
    if (types.length < minOperands || types.length > maxOperands) {
      const want = minOperands === maxOperands ? String(minOperands) : `at least ${minOperands}`;
      return `${types.length} operand${types.length === 1 ? '' : 's'} given, ${want} expected`;
    }
    const key = judged > 3 ? NO_KEY : keyOf(types, judged);
    let matched = remembered.get(key);
    if (matched === undefined) {
      const lanes = elementwise ? componentsOf(types, spec.operands) : 1;
      if (typeof lanes === 'string') return lanes;
      const env = new Map<string, string>();
      const wrong = match(ofScalars(types, lanes), operands, spec.operands, env, 'operand', lanes);
      if (wrong !== undefined) return wrong;
      const known = infer === undefined ? resultsOf(env) : undefined;
      matched = { env, lanes, results: known === undefined ? undefined : ofVectors(known, lanes) };
      if (key !== NO_KEY) remembered.set(key, matched);
    }
    const { lanes } = matched;
    if (infer !== undefined) return lanes === 1 ? infer(types, attrs) : lifted(infer(ofScalars(types, lanes), attrs), lanes);
    if (openResults && claimed !== undefined) return claimed;
    if (matched.results !== undefined) return matched.results;
    return lanes === 1 ? claimedResults(matched.env, claimed) : lifted(claimedResults(matched.env, claimed === undefined ? undefined : ofScalars(claimed, lanes)), lanes);
  }

  /** The result types, where they follow from the operands. */
  function resultsOf(env: ReadonlyMap<string, string>): readonly Type[] | undefined {
    const out: Type[] = [];
    for (const p of spec.results) {
      const spelling = p.variadic === true ? undefined : substitute(p.type, env, vars);
      if (spelling === undefined) return undefined;
      out.push(parseType(spelling));
    }
    return out;
  }

  /** The result types, as far as they follow from the operands, else as claimed and of their patterns. */
  function claimedResults(known: ReadonlyMap<string, string>, claimed: readonly Type[] | undefined): readonly Type[] | string {
    const env = new Map(known);
    const out: Type[] = [];
    const count = maxResults === Infinity ? (claimed?.length ?? minResults) : maxResults;
    for (let i = 0; i < count; i++) {
      const p = spec.results[Math.min(i, spec.results.length - 1)];
      if (p === undefined) break;
      const spelling = p.variadic === true ? undefined : substitute(p.type, env, vars);
      const type = spelling === undefined ? claimed?.[i] : parseType(spelling);
      if (type === undefined) return `the type of result \`${p.name}\` does not follow from the operands`;
      out.push(type);
    }
    return match(out, results, spec.results, env, 'result') ?? out;
  }

  return { minOperands, maxOperands, minResults, maxResults, check };
}

/** What is known of the operands of an op once their types are. */
interface Matched {
  /** Of their components, where the op is elementwise on vectors. */
  readonly env: ReadonlyMap<string, string>;
  /** Result types, undefined where they do not follow from the operands alone. */
  readonly results: readonly Type[] | undefined;
  /** Components of each operand. */
  readonly lanes: Lanes;
}

function lifted(results: readonly Type[] | string, lanes: Lanes): readonly Type[] | string {
  return typeof results === 'string' ? results : ofVectors(results, lanes);
}

const NO_KEY = -1;

/** A number for the first `count` of `types`, at most three; `NO_KEY` where there are too many types to make one. */
function keyOf(types: readonly Type[], count: number): number {
  let key = 0;
  for (let i = 0; i < count; i++) {
    const serial = types[i]?.serial ?? 65535;
    if (serial >= 65535) return NO_KEY;
    key = key * 65536 + serial + 1;
  }
  return key;
}

function arity(params: readonly ParamSpec[]): [number, number] {
  const open = params.at(-1)?.variadic === true;
  return open ? [params.length - 1, Infinity] : [params.length, params.length];
}

function matcher(pattern: string, vars: Readonly<Record<string, readonly string[]>>, spec: OpSpec): Matcher {
  if (pattern === 'any') return () => undefined;
  if (pattern in vars) {
    const allowed = vars[pattern] ?? [];
    return (type, env) => bind(pattern, type.spelling, allowed, env);
  }
  const generic = GENERIC.exec(pattern);
  if (generic?.[1] === 'buffer') {
    const [element = '', access = ''] = (generic[2] ?? '').split(',').map((s) => s.trim());
    // Any element: what may be one is up to `infer`.
    const elements = element === 'any' ? undefined : (vars[element] ?? [element]);
    const accesses = vars[access] ?? [access];
    return (type, env) => {
      if (type.kind !== 'buffer') return `a ${pattern}`;
      return (elements === undefined ? undefined : bind(element, type.element.spelling, elements, env)) ?? bind(access, type.access, accesses, env);
    };
  }
  try {
    const exact = parseType(pattern);
    return (type) => (type === exact ? undefined : exact.spelling);
  } catch {
    // A type that a plugin registers later: compared by spelling.
    if (/^[a-z]\w*\.\w+$/.test(pattern)) return (type) => (type.spelling === pattern ? undefined : pattern);
    throw badOp(spec, `\`${pattern}\` is neither a type nor a type variable`);
  }
}

function bind(name: string, spelling: string, allowed: readonly string[], env: Map<string, string>): string | undefined {
  const bound = env.get(name);
  if (bound !== undefined) return bound === spelling ? undefined : `${bound}, like the operand before it`;
  if (allowed.length > 0 && !allowed.includes(spelling)) return allowed.length === 1 ? allowed[0] : `one of ${allowed.join(', ')}`;
  env.set(name, spelling);
  return undefined;
}

/** The spelling of `pattern` under `env`, or undefined while a variable in it is unbound. */
function substitute(pattern: string, env: ReadonlyMap<string, string>, vars: Readonly<Record<string, readonly string[]>>): string | undefined {
  if (pattern in vars) return env.get(pattern);
  if (pattern === 'any') return undefined;
  const generic = GENERIC.exec(pattern);
  if (generic === null) return pattern;
  const parts = (generic[2] ?? '').split(',').map((s) => substitute(s.trim(), env, vars));
  return parts.includes(undefined) ? undefined : `${generic[1]}<${parts.join(', ')}>`;
}

function badOp(spec: OpSpec, what: string): SluiceError {
  return new SluiceError({ code: 'registry/bad-op', message: `op \`${spec.id}\`: ${what}`, fix: 'correct the op record' });
}
