import { SluiceError } from '../diagnostics/error.ts';
import type { Code } from '../diagnostics/codes.ts';
import { shared } from '../global-slot.ts';
import { NO_ATTRIBUTES } from '../ir/attributes.ts';
import type { Attributes } from '../ir/attributes.ts';
import type { Body, Debug, Kernel, Op, Region, ValueId } from '../ir/program.ts';
import { opId } from '../ir/program.ts';
import type { Span } from '../diagnostics/span.ts';
import { scalar } from '../ir/types.ts';
import type { Type } from '../ir/types.ts';
import type { OpDef } from '../ops/op.ts';
import { captureSite, captureSpan, spanOf } from './span.ts';
import type { Site } from './span.ts';

/** Conditions that nothing uses: so many come of `while (value.gt(0))` alone, which never ends. */
const MOST_UNUSED = 65_536;
/** Values of one body: far more than a person writes, and few enough to say so before memory is spent. */
const MOST_VALUES = 2 ** 23;

/** A region while it is built. */
export interface Block {
  readonly args: readonly ValueId[];
  readonly ops: Op[];
  /** False once the region is complete: its values are out of scope then. */
  open: boolean;
  terminated: boolean;
}

/** What a value of the front end is made of; the class that carries the methods stands in `value.ts`. */
export interface Traced {
  readonly trace: Trace;
  readonly id: ValueId;
  readonly type: Type;
  readonly block: Block;
}

/** Whose lines are kept: those of kernels, launches, barriers and the ops that a program calls, or those of each op. */
export type SpanMode = 'coarse' | 'op';

const NO_REGIONS: readonly Region[] = [];
const NO_VALUES: readonly ValueId[] = [];
const NO_TYPES: readonly Type[] = [];
const BOOL = scalar('bool');
/** Functions of the front end between an author's line and the trace: `add`, `asValue`, `constant`, `emitOne`, `emit`. */
const MOST_OWN_CALLS = 8;

/** Collects the ops that a traced body calls, in the order of the calls. */
export class Trace {
  readonly kind: 'kernel' | 'program';
  readonly name: string;
  readonly valueTypes: Type[] = [];
  readonly kernels = new Map<string, Kernel>();
  readonly #opNames: string[] = [];
  readonly #nameIndex = new Map<string, number>();
  readonly #names = new Map<ValueId, string>();
  readonly #sites = new Map<Op, Site>();
  readonly #origins = new Map<Op, string>();
  readonly #perOp: boolean;
  #origin: string | undefined;
  readonly #root: Block = { args: [], ops: [], open: true, terminated: false };
  readonly #hoisted: Op[] = [];
  readonly #blocks: Block[] = [this.#root];
  readonly #unusedConditions = new Map<ValueId, string>();

  constructor(kind: 'kernel' | 'program', name: string, spans: SpanMode = 'coarse') {
    this.kind = kind;
    this.name = name;
    this.#perOp = spans === 'op';
  }

  get block(): Block {
    return this.#blocks[this.#blocks.length - 1] ?? this.#root;
  }

  get root(): Block {
    return this.#root;
  }

  /** A new value; parameters and block arguments, with the name that the author gave. */
  value(type: Type, name?: string): ValueId {
    const id = this.valueTypes.length;
    this.valueTypes.push(type);
    if (name !== undefined) this.#names.set(id, name);
    return id;
  }

  /** Appends an op; its result types are inferred from the operands, or are `claimed`. Returns the ids of its results. */
  emit(def: OpDef, operands: readonly Traced[], attrs: Attributes = NO_ATTRIBUTES, regions: readonly Region[] = NO_REGIONS, claimed?: readonly Type[], site?: Site): readonly ValueId[] {
    const block = this.block;
    if (block.terminated) throw this.fail('build/after-terminator', `\`${def.id}\` follows break, continue or return in its region`, 'end the branch there');
    return this.#append(block.ops, def, operands, attrs, regions, claimed, site, block);
  }

  /** Puts an op without operands, or on parameters alone, at the start of the body, where every region sees it. */
  hoist(def: OpDef, operands: readonly Traced[], attrs: Attributes = NO_ATTRIBUTES): readonly ValueId[] {
    return this.#append(this.#hoisted, def, operands, attrs, NO_REGIONS, undefined, undefined, this.#root);
  }

  #append(into: Op[], def: OpDef, operands: readonly Traced[], attrs: Attributes, regions: readonly Region[], claimed: readonly Type[] | undefined, site: Site | undefined, block: Block): readonly ValueId[] {
    if (def.level !== 'both' && (def.level === 'kernel') !== (this.kind === 'kernel')) {
      throw this.fail('build/level', `\`${def.id}\` is a ${def.level} op and stands in a ${this.kind}`, def.level === 'kernel' ? 'call it in the body of a kernel and launch the kernel' : 'call it in the body of a program');
    }
    for (let i = 0; i < operands.length; i++) {
      const operand = operands[i] as Traced;
      if (operand.trace !== this) throw this.fail('build/foreign-value', `an operand of \`${def.id}\` is a value of ${operand.trace.kind} \`${operand.trace.name}\``, 'pass it as a parameter');
      if (!operand.block.open) throw this.fail('build/out-of-scope', `an operand of \`${def.id}\` was made in a branch or loop that has ended`, 'carry the value out: return it from the branch or loop body');
      if (this.#unusedConditions.size > 0) this.#unusedConditions.delete(operand.id);
    }
    const outcome = def.signature.check(typesOf(operands), attrs, claimed);
    if (typeof outcome === 'string') throw this.fail('build/types', `\`${def.id}\`: ${outcome}`, 'convert the operand, for example with `.to(type)`');
    const results = this.#results(outcome);
    if (regions.length === 0) {
      for (let i = 0; i < results.length; i++) if (outcome[i] === BOOL) this.#unusedConditions.set(results[i] as ValueId, def.id);
      if (this.#unusedConditions.size > MOST_UNUSED) throw this.#unusedCondition(def.id);
    }
    const op: Op = { name: this.#opName(def.id), operands: idsOf(operands), results, attrs, regions };
    into.push(op);
    if (def.traits.includes('terminator')) block.terminated = true;
    if (this.#origin !== undefined) this.#origins.set(op, this.#origin);
    const where = site ?? (this.#perOp ? captureSite(MOST_OWN_CALLS) : undefined);
    if (where !== undefined) this.#sites.set(op, where);
    return results;
  }

  #unusedCondition(id: string): SluiceError {
    return this.fail('build/unused-condition', `the result of a \`${id}\` in ${this.kind} \`${this.name}\` is used by nothing`, 'use control.if, control.while or .select: JavaScript\'s own `if`, `?:` and `&&` see an object, which is always true');
  }

  #results(types: readonly Type[]): readonly ValueId[] {
    const { valueTypes } = this;
    const first = valueTypes.length;
    if (first > MOST_VALUES) throw this.fail('verify/limit', `${this.kind} \`${this.name}\` has more than ${MOST_VALUES} values`, 'use control.for and control.while: a loop of JavaScript in a body is unrolled, and one on a traced condition never ends');
    for (let i = 0; i < types.length; i++) valueTypes.push(types[i] as Type);
    return types.length === 0 ? NO_VALUES : types.length === 1 ? [first] : types.map((_, i) => first + i);
  }

  #opName(id: string): number {
    let index = this.#nameIndex.get(id);
    if (index === undefined) {
      index = this.#opNames.length;
      this.#nameIndex.set(id, index);
      this.#opNames.push(id);
    }
    return index;
  }

  /** Builds a region: `body` runs with the block open and ends it with a terminator, or `end` does. */
  region(argTypes: readonly Type[], body: (args: readonly ValueId[]) => void): Region {
    const args = argTypes.map((t) => this.value(t));
    const block: Block = { args, ops: [], open: true, terminated: false };
    this.#blocks.push(block);
    try {
      body(args);
    } finally {
      block.open = false;
      this.#blocks.pop();
    }
    return { args, ops: block.ops };
  }

  /**
   * Appends the ops of another body, which end in a return, with `operands` for its parameters. Returns what it hands
   * on. `rename` gives a kernel that it launches the name it has here. The ops keep `origin`, and their own before theirs.
   */
  splice(body: Body, operands: readonly Traced[], origin: string, rename: (kernel: string) => string, site: Site): readonly ValueId[] {
    const ids: ValueId[] = [];
    body.region.args.forEach((arg, i) => {
      const operand = operands[i];
      if (operand === undefined) return;
      ids[arg] = operand.id;
      this.#unusedConditions.delete(operand.id);
    });
    const own = (v: ValueId): ValueId => ids[v] ?? (ids[v] = this.value(body.valueTypes[v] as Type, body.debug.names.get(v)));
    const region = (r: Region): Region => ({ args: r.args.map(own), ops: r.ops.map(copy) });
    const copy = (from: Op): Op => {
      const regions = from.regions.map(region);
      const op: Op = { name: this.#opName(opId(body, from)), operands: from.operands.map(own), results: from.results.map(own), attrs: renamed(from.attrs, rename), regions };
      const inner = body.debug.origins.get(from);
      this.#origins.set(op, [this.#origin, origin, inner].filter((o) => o !== undefined).join('/'));
      this.#sites.set(op, body.debug.spans.get(from) ?? site);
      return op;
    };
    const { block } = this;
    if (block.terminated) throw this.fail('build/after-terminator', 'a call follows break, continue or return in its region', 'end the branch there');
    const last = body.region.ops.at(-1);
    for (const op of body.region.ops) if (op !== last) block.ops.push(copy(op));
    return (last?.operands ?? []).map(own);
  }

  /** Runs `body`; the ops that it emits keep composite op `origin` as where they come from. */
  within<R>(origin: string, body: () => R): R {
    const outer = this.#origin;
    this.#origin = origin;
    try {
      return body();
    } finally {
      this.#origin = outer;
    }
  }

  /** The finished body. A condition that nothing uses is a mistake of an author, and no fault in a body that is rewritten. */
  finish(args: readonly ValueId[], { rewritten = false }: { readonly rewritten?: boolean } = {}): Body {
    if (!rewritten) this.#refuseUnusedConditions();
    this.#root.open = false;
    return {
      opNames: this.#opNames,
      valueTypes: this.valueTypes,
      region: { args, ops: this.#hoisted.length === 0 ? this.#root.ops : [...this.#hoisted, ...this.#root.ops] },
      debug: debugOf(this.#names, this.#sites, this.#origins),
    };
  }

  #refuseUnusedConditions(): void {
    for (const id of this.#unusedConditions.values()) throw this.#unusedCondition(id);
  }

  fail(code: Code, message: string, fix: string): SluiceError {
    return new SluiceError({ code, message, fix, where: { [this.kind]: this.name, span: captureSpan() } });
  }
}

function renamed(attrs: Attributes, rename: (kernel: string) => string): Attributes {
  if (!Object.values(attrs).some((a) => a.kind === 'symbol')) return attrs;
  return Object.fromEntries(Object.entries(attrs).map(([key, a]) => [key, a.kind === 'symbol' ? { kind: 'symbol', name: rename(a.name) } : a]));
}

/* An array literal is made many times faster than an array of a length that is not known, and nearly every op has one of these. */

function idsOf(operands: readonly Traced[]): readonly ValueId[] {
  const { 0: a, 1: b, 2: c } = operands as readonly [Traced, Traced, Traced];
  switch (operands.length) {
    case 0:
      return NO_VALUES;
    case 1:
      return [a.id];
    case 2:
      return [a.id, b.id];
    case 3:
      return [a.id, b.id, c.id];
    default:
      return operands.map((o) => o.id);
  }
}

function typesOf(operands: readonly Traced[]): readonly Type[] {
  const { 0: a, 1: b, 2: c } = operands as readonly [Traced, Traced, Traced];
  switch (operands.length) {
    case 0:
      return NO_TYPES;
    case 1:
      return [a.type];
    case 2:
      return [a.type, b.type];
    case 3:
      return [a.type, b.type, c.type];
    default:
      return operands.map((o) => o.type);
  }
}

/** The side tables; spans are made of their stacks when they are first read. */
function debugOf(names: Debug['names'], sites: Map<Op, Site>, origins: Debug['origins']): Debug {
  let spans: Map<Op, Span> | undefined;
  return {
    names,
    get spans() {
      if (spans === undefined) {
        spans = new Map();
        for (const [op, site] of sites) {
          const span = spanOf(site);
          if (span !== undefined) spans.set(op, span);
        }
        sites.clear(); // a stack keeps its functions alive, and what they close over
      }
      return spans;
    },
    origins,
  };
}

const ambient = shared<{ current: Trace | undefined }>('trace', () => ({ current: undefined }));

/**
 * The trace that is being recorded.
 * @throws SluiceError `build/outside-trace`
 */
export function currentTrace(what: string): Trace {
  if (ambient.current === undefined) {
    throw new SluiceError({ code: 'build/outside-trace', message: `${what} was called outside the body of a kernel or program`, fix: 'call it in a body that is passed to defineKernel or defineProgram' });
  }
  return ambient.current;
}

/** Runs `body` with `trace` as the current one. The body is synchronous; a promise is `build/async-body`. */
export function traceInto<R>(trace: Trace, body: () => R): R {
  const outer = ambient.current;
  ambient.current = trace;
  try {
    return sync(trace, body(), `the body of ${trace.kind} \`${trace.name}\``);
  } finally {
    ambient.current = outer;
  }
}

/** What a body gave, unless that is a promise. @throws SluiceError `build/async-body` */
export function sync<R>(trace: Trace, result: R, what: string): R {
  if (!isThenable(result)) return result;
  result.then(undefined, () => {});
  throw trace.fail('build/async-body', `${what} is async`, 'do asynchronous work before tracing: a body runs once, synchronously');
}

/** A promise, and no traced value: those are told by their trace. */
export function isThenable(x: unknown): x is PromiseLike<unknown> {
  return typeof x === 'object' && x !== null && !('trace' in x) && typeof (x as { then?: unknown }).then === 'function';
}
