import type { Code } from '../diagnostics/codes.ts';
import type { Attribute, Attributes, RuntimeValue } from '../ir/attributes.ts';
import type { Body, Op, ValueId } from '../ir/program.ts';
import type { Type } from '../ir/types.ts';
import type { Accuracy } from './accuracy.ts';
import { componentUse, lanesOf, onComponents } from './elementwise.ts';
import type { Law } from './law.ts';
import { checkRecord } from './record-check.ts';
import { compileSignature } from './signature.ts';
import type { Signature } from './signature.ts';

export type OpId = `${string}.${string}`;

/**
 * - `composite`: has a `compose`, a composition over IR, portable by construction;
 * - `intrinsic`: declared by core, needs a backend;
 * - `extension`: declared by another package, needs a backend.
 */
export type Category = 'composite' | 'extension' | 'intrinsic';
export type Level = 'kernel' | 'host' | 'both';

/** An operand or result: `type` is a spelling, a type variable of the op, or a pattern over one (`buffer<E, A>`). */
export interface ParamSpec {
  readonly name: string;
  readonly type: string;
  /** Any number of them; only the last operand or result. */
  readonly variadic?: boolean;
}

export type AttrSpec =
  | { readonly kind: 'u32' | 'i32' | 'f32'; readonly default?: number }
  | { readonly kind: 'u64' | 'i64'; readonly default?: bigint }
  | { readonly kind: 'bool'; readonly default?: boolean }
  | { readonly kind: 'enum'; readonly values: readonly string[]; readonly default?: string }
  | { readonly kind: 'string'; readonly default?: string }
  /** A scalar of any type, with its bits. */
  | { readonly kind: 'scalar' }
  | { readonly kind: 'type' }
  /** The name of a kernel of the program. */
  | { readonly kind: 'symbol' }
  | { readonly kind: 'list'; readonly of: 'string' };

export type Trait =
  /** The results depend on the operands and attributes alone, and nothing else happens. */
  | 'pure'
  | 'commutative'
  /**
   * Declared on scalars: every operand and result may be replaced by a vecN of it, all with the same N. The op then acts
   * on each component by itself; `cpuRef`, `infer` and laws speak of one component.
   */
  | 'elementwise'
  /** Ends its region; what it does is up to the op that owns the region. */
  | 'terminator'
  /** Every invocation of the workgroup must take part: stands in uniform control flow only. */
  | 'collective'
  /**
   * The result of a lane follows from what all lanes of its subgroup have: `cpuRef` takes for each operand the array of the
   * lanes' values, in their order, and gives the array of their results.
   */
  | 'subgroup'
  /** Every invocation of the workgroup must arrive before one goes on; in all else as `collective`. */
  | 'barrier'
  | 'atomic'
  /** The results are the same for every invocation of a workgroup, whatever the operands. */
  | 'uniform'
  /** The results differ between invocations, whatever the operands. */
  | 'divergent'
  /** One `scalar` attribute, `value`, is the result. */
  | 'constant'
  /** In a host body the session runs it itself, with no backend linked. */
  | 'session';

/** What an op does to memory or a file, by operand or result name. */
export type Effect =
  | { readonly kind: 'read' | 'write' | 'free'; readonly on: string }
  /**
   * A result handle comes into being; `byteLength` names the operand that sizes it, absent if a backend does.
   * `overwritten`: the op itself writes every byte, so that nothing has to be cleared before.
   */
  | { readonly kind: 'alloc'; readonly on: string; readonly byteLength?: string; readonly overwritten?: true }
  /** A result handle is a view of an operand's memory. */
  | { readonly kind: 'view'; readonly on: string; readonly of: string }
  /** Bytes of a file: `fd`, `offset` and `length` name operands; a handle as `length` stands for its byte length; absent means the whole grant. */
  | { readonly kind: 'file-read' | 'file-write'; readonly fd: string; readonly offset?: string; readonly length?: string }
  /** Memory effects follow the parameter access of the kernel that attribute `kernel` names, for the operands from `args` on. */
  | { readonly kind: 'launch'; readonly args: string };

export interface RegionSpec {
  readonly name: string;
  /** Ids of the terminators that may end it. */
  readonly terminators: readonly string[];
  /** Those of them, in it or nested in it, that end here: their operands are this op's to use. */
  readonly catches: readonly string[];
  readonly optional?: boolean;
  /** What decides whether and how often it runs. Absent: not known, so any operand may, and it may run many times. */
  readonly decidedBy?: readonly Decision[];
  /** It runs once if the one operand that decides it has this value, and otherwise not at all. */
  readonly when?: boolean;
  /** It may run more than once for one run of the op: it is the body of a loop, or a part of one. */
  readonly repeats?: boolean;
}

/** An operand of the op by name, or an operand by position of a terminator that one of its regions catches. */
export type Decision = string | { readonly terminator: string; readonly operand: number };

/** Values that an op with regions hands on, each to the one at the same position. */
export interface Flow {
  /** An operand by name, a variadic one with all of its values; or what terminators in a region carry, from operand `skip` on. */
  readonly from: string | { readonly region: string; readonly terminators: readonly string[]; readonly skip?: number };
  /** `results`, or a region by name: its block arguments. */
  readonly to: string;
  /** The first of them that receives; 0 where absent. */
  readonly at?: number;
}

/** The types and attributes that one use of an op has. */
export interface Use {
  readonly operands: readonly Type[];
  readonly results: readonly Type[];
  readonly attrs: Attributes;
}

/**
 * A computation on values. Where it can be, it is closed: it refers to its parameters and to JavaScript globals alone,
 * so that a backend may paste its text as well as call it. i32 is a number in [-2^31, 2^31), u32 in [0, 2^32), f32 a
 * number that Math.fround keeps, f16 one that f16 has, i64 and u64 are bigint in range, bool is boolean, a vector is a
 * frozen array of its components; arguments and result keep to that.
 */
export type Meaning = (...operands: never[]) => RuntimeValue;

/**
 * The meaning of a value op for the types of one use; of an atomic, how old value and operands combine; of an op with the
 * trait `subgroup`, what the lanes make of their values.
 */
export type CpuRef = (use: Use) => Meaning | undefined;

/** What `cpuRef` holds for an op that moves data between devices and has no CPU path. */
export const structuredIntrinsic = Object.freeze({ kind: 'structured-intrinsic' } as const);
export type StructuredIntrinsic = typeof structuredIntrinsic;

/** What an op's own `verify` sees. */
export interface VerifyContext {
  readonly body: Body;
  typeOf(value: ValueId): Type;
  opId(op: Op): string;
  /** The terminators that the op's region `index` catches, by id. */
  caught(index: number): readonly Op[];
  /** A kernel of the program, undefined if there is none of that name or the op stands in a kernel. */
  kernel(name: string): { readonly params: readonly { readonly name: string; readonly type: Type }[] } | undefined;
  /** Reports a problem of the op that is being verified, or of `at`, an op within its regions. */
  problem(code: Code, message: string, fix: string, at?: Op): void;
}

/** What is known of one use of an op before the types of all its operands are. */
export interface PartialUse {
  readonly operands: readonly (Type | undefined)[];
  readonly attrs: Attributes;
  /** The parameters of the kernels that are known already, by name. */
  readonly kernels: ReadonlyMap<string, readonly { readonly type: Type }[]>;
}

/** What an author writes; `defineOp` makes an `OpDef` of it. */
export interface OpSpec {
  readonly id: OpId;
  /** The id's prefix need not equal it: `mem.unmap` is in `io`. */
  readonly dialect: string;
  readonly version: string;
  readonly summary: string;
  readonly category: Category;
  readonly level: Level;
  /** Type variables, each with the spellings that it may stand for. */
  readonly typeVars?: Readonly<Record<string, readonly string[]>>;
  readonly operands: readonly ParamSpec[];
  readonly results: readonly ParamSpec[];
  readonly attrs?: Readonly<Record<string, AttrSpec>>;
  /** The op reads the bytes of a handle as typed elements. */
  readonly bytesExtraction?: boolean;
  readonly traits?: readonly Trait[];
  readonly effects?: readonly Effect[];
  readonly regions?: readonly RegionSpec[];
  /** How values move between operands, block arguments, terminators and results; absent on an op with regions: not known. */
  readonly flow?: readonly Flow[];
  readonly laws?: readonly Law[];
  readonly accuracy?: Accuracy;
  readonly cpuRef?: CpuRef | StructuredIntrinsic;
  /** Result types from operand types and attributes, where the patterns cannot say it; a string says what is wrong, and starts with `attribute` if it is one. */
  readonly infer?: (operands: readonly Type[], attrs: Attributes) => readonly Type[] | string;
  /** The type that operand `index` must have, where its pattern allows several and what is known settles it: a literal in its place has it. A string says why there is none. */
  readonly operandType?: (index: number, use: PartialUse) => Type | string | undefined;
  /** Rules beyond types: runs after operands, results, attributes and regions were found well-formed. */
  readonly verify?: (op: Op, context: VerifyContext) => void;
  /** Builds the body in IR out of front-end values; called inside a trace. */
  readonly compose?: (args: readonly never[], attrs: Readonly<Record<string, Attribute>>, target: string) => unknown;
  /** Packages known to lower it, for the fix line of an error. */
  readonly providers?: readonly string[];
}

/** An op record: everything that anyone needs to know about the op. Frozen. */
export interface OpDef extends Required<Omit<OpSpec, 'cpuRef' | 'infer' | 'operandType' | 'verify' | 'compose' | 'accuracy' | 'flow'>> {
  readonly '~op': 1;
  readonly cpuRef: CpuRef | StructuredIntrinsic | undefined;
  readonly accuracy: Accuracy | undefined;
  readonly flow: readonly Flow[] | undefined;
  readonly infer: OpSpec['infer'];
  readonly operandType: OpSpec['operandType'];
  readonly verify: OpSpec['verify'];
  readonly compose: OpSpec['compose'];
  /** Compiled from operands, results and type variables; checks and infers types. */
  readonly signature: Signature;
}

/** An op of type `S`, so that `functionsOf` can type its function. */
export type TypedOp<S extends OpSpec = OpSpec> = OpDef & { readonly id: S['id']; readonly '~spec'?: S };

export interface Dialect<O extends readonly OpDef[] = readonly OpDef[]> {
  readonly id: string;
  readonly version: string;
  readonly summary?: string;
  readonly ops: O;
}

/**
 * Makes an op record of a spec.
 * @throws SluiceError `registry/bad-op` when the spec contradicts itself.
 */
export function defineOp<const S extends OpSpec>(spec: S): TypedOp<S> {
  checkRecord(spec);
  const signature = compileSignature(spec);
  const record = frozen({
    '~op': 1 as const,
    typeVars: {},
    attrs: {},
    bytesExtraction: false,
    traits: [],
    effects: [],
    regions: [],
    laws: [],
    providers: [],
    cpuRef: undefined,
    accuracy: undefined,
    flow: undefined,
    infer: undefined,
    operandType: undefined,
    verify: undefined,
    compose: undefined,
    ...(spec as OpSpec),
  });
  return Object.freeze({ ...record, signature });
}

/** Freezes a record all the way down: every registry of the process shares it. */
function frozen<T>(value: T): T {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value;
  Object.freeze(value);
  for (const inner of Object.values(value)) frozen(inner);
  return value;
}

/** A dialect: a closed list of ops under one version. */
export function defineDialect<const O extends readonly OpDef[]>(dialect: Dialect<O>): Dialect<O> {
  return Object.freeze({ ...dialect, ops: Object.freeze([...dialect.ops]) as unknown as O });
}

export interface SignatureView {
  readonly inputs: readonly { readonly name: string; readonly type: string }[];
  readonly outputs: readonly { readonly name: string; readonly type: string }[];
  readonly attrs: readonly { readonly name: string; readonly type: string }[];
  readonly bytesExtraction: boolean;
}

/** The signature as data: names and type spellings; a variadic parameter's type ends in `...`. */
export function signatureOf(op: OpDef): SignatureView {
  const view = (p: ParamSpec) => ({ name: p.name, type: p.variadic === true ? `${p.type}...` : p.type });
  return {
    inputs: op.operands.map(view),
    outputs: op.results.map(view),
    attrs: Object.entries(op.attrs).map(([name, a]) => ({ name, type: a.kind === 'enum' ? a.values.join(' | ') : a.kind === 'list' ? `list<${a.of}>` : a.kind })),
    bytesExtraction: op.bytesExtraction,
  };
}

/** The meaning of one use of a value op, or undefined where it has none; of an elementwise op on vectors, too. */
export function meaningOf(op: OpDef, use: Use, cpuRef: OpDef['cpuRef'] = op.cpuRef): Meaning | undefined {
  if (typeof cpuRef !== 'function') return undefined;
  if (!op.traits.includes('elementwise')) return cpuRef(use);
  const component = cpuRef(componentUse(use));
  return component === undefined ? undefined : onComponents(component, lanesOf(use.operands[0]));
}
