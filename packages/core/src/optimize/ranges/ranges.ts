import type { Body, Kernel, Op, Region, ValueId } from '../../ir/program.ts';
import { scalar } from '../../ir/types.ts';
import type { PassFacts } from '../facts.ts';
import { Constants } from '../constants.ts';
import { below, combine } from './bound.ts';
import type { Bound } from './bound.ts';

const U32 = scalar('u32');

/** `value < than`, or `value <= than`: a value, or the length of a buffer. */
interface Less {
  readonly than: ValueId | Length;
  readonly strict: boolean;
}
/** The element count of a buffer value, whichever op reads it. */
interface Length {
  readonly of: ValueId;
}

interface Saved {
  readonly value: ValueId;
  readonly greatest: Bound | undefined;
  readonly less: readonly Less[] | undefined;
}

/** How far a fact is followed from value to value. */
const REACH = 4;
/** Facts that are kept of one value. */
const MOST_FACTS = 8;

/**
 * What is known of the u32 values of a kernel where a walk stands: how great they may be, and what they are less than.
 * A walk tells it of each op before its regions, and of each region at its start and end: what a branch or a loop says
 * of values holds in its region alone.
 */
export class Ranges {
  readonly #body: Body;
  readonly #workgroup: Kernel['workgroup'];
  /** By value, the position of a parameter. */
  readonly #params: ReadonlyMap<ValueId, number>;
  readonly #constants: Constants;
  readonly #defs: (Op | undefined)[];
  /** By op name. */
  readonly #rows: (ResultRow | undefined)[];
  readonly #greatest: (Bound | undefined)[];
  readonly #less: (readonly Less[] | undefined)[];
  /** What is to be put back at the end of each open region. */
  readonly #undo: Saved[] = [];
  readonly #starts: number[] = [];

  constructor({ body, workgroup }: Kernel) {
    const values = body.valueTypes.length;
    this.#body = body;
    this.#workgroup = workgroup;
    this.#params = new Map(body.region.args.map((v, i) => [v, i]));
    this.#constants = new Constants(values);
    this.#rows = body.opNames.map((id) => RESULTS[id]);
    this.#defs = new Array<Op | undefined>(values);
    this.#greatest = new Array<Bound | undefined>(values);
    this.#less = new Array<readonly Less[] | undefined>(values);
    for (const [v, i] of this.#params) if (body.valueTypes[v] === U32) this.#greatest[v] = ['param', i];
  }

  see(op: Op, facts: PassFacts): void {
    const { results } = op;
    if (results.length !== 1) return;
    const [result] = results as readonly [ValueId];
    this.#defs[result] = op;
    if (facts.constant) this.#constants.see(op, facts);
    else if (facts.movable && this.#body.valueTypes[result] === U32) this.#rows[op.name]?.(this.#view, op, result);
  }

  /** Region `index` of `op` begins, after `see(op)`. */
  enter(op: Op | undefined, facts: PassFacts | undefined, region: Region, index: number): void {
    this.#starts.push(this.#undo.length);
    if (op === undefined || facts?.def === undefined) return;
    const { when } = facts.def.regions[index] ?? {};
    if (facts.branchesOn >= 0 && when !== undefined) this.#learn(op.operands[facts.branchesOn] as ValueId, when, REACH);
    REGIONS[this.#idOf(op)]?.(this.#view, op, region);
  }

  leave(): void {
    const start = this.#starts.pop() ?? 0;
    for (let back = this.#undo.length; back > start; back--) {
      const { value, greatest, less } = this.#undo.pop() as Saved;
      this.#greatest[value] = greatest;
      this.#less[value] = less;
    }
  }

  /** Op and regions lie behind: where each branch but one led elsewhere, that one was taken. */
  after(op: Op, facts: PassFacts): void {
    if (facts.branchesOn < 0 || facts.def === undefined) return;
    const { regions } = facts.def;
    for (let i = 0; i < op.regions.length; i++) {
      const { when, catches = [] } = regions[i] ?? {};
      const last = op.regions[i]?.ops.at(-1);
      if (when !== undefined && last !== undefined && !catches.includes(this.#idOf(last))) this.#learn(op.operands[facts.branchesOn] as ValueId, !when, REACH);
    }
  }

  /** How great `value` may be, undefined where nothing is known. */
  greatest(value: ValueId): Bound | undefined {
    const constant = this.#constants.of(value);
    return typeof constant === 'number' && this.#body.valueTypes[value] === U32 ? constant : this.#greatest[value];
  }

  /** Whether `value` is less than what `than` stands for, in every launch. */
  isLess(value: ValueId, than: ValueId | Length, orEqual = false): boolean {
    return this.#reaches(value, this.#symbol(than), !orEqual, REACH);
  }

  /** Whether a condition is decided here. */
  decided(value: ValueId): boolean | undefined {
    const op = this.#defs[value];
    const [a, b] = op?.operands ?? [];
    const compare = op === undefined ? undefined : COMPARISONS[this.#idOf(op)];
    if (compare === undefined || a === undefined || b === undefined || this.#body.valueTypes[a] !== U32) return undefined;
    const [small, great] = compare.swapped ? [b, a] : [a, b];
    // `small < great` for a strict one, `small <= great` else; or the other way round.
    if (this.isLess(small, great, !compare.strict)) return true;
    return this.isLess(great, small, compare.strict) ? false : undefined;
  }

  /** What rows may look at and say. */
  readonly #view: RangeView = {
    greatest: (v) => (v === undefined ? undefined : this.greatest(v)),
    constant: (v) => this.#constants.of(v),
    isLess: (v, than, orEqual) => this.isLess(v, than, orEqual),
    lengthOf: (buffer) => {
      const param = this.#params.get(buffer);
      return param === undefined ? undefined : ['length', param];
    },
    workgroup: (axis) => this.#workgroup[axis],
    say: (v, greatest, less) => {
      if (this.#body.valueTypes[v] !== U32) return;
      this.#greatest[v] = combine('min', greatest, this.#greatest[v]);
      if (less !== undefined) this.#less[v] = this.#less[v] === undefined ? [less] : [...this.#less[v], less];
    },
  };

  #idOf(op: Op): string {
    return this.#body.opNames[op.name] ?? '';
  }

  /** What is learned of a value that was there before holds until the region ends. */
  #note(value: ValueId, greatest: Bound | undefined, less: Less): void {
    if (this.#body.valueTypes[value] !== U32) return;
    const before = this.#less[value];
    this.#undo.push({ value, greatest: this.#greatest[value], less: before });
    this.#greatest[value] = combine('min', greatest, this.#greatest[value]);
    if ((before?.length ?? 0) < MOST_FACTS) this.#less[value] = [...(before ?? []), less];
  }

  /** A condition is known to hold, or not to. */
  #learn(condition: ValueId, holds: boolean, reach: number): void {
    const op = this.#defs[condition];
    if (op === undefined || reach === 0) return;
    const id = this.#idOf(op);
    const [a, b] = op.operands;
    if (a === undefined) return;
    const parts = CONNECTIVES[id];
    if (parts !== undefined) {
      if (parts.when === undefined || parts.when === holds) for (const part of op.operands) this.#learn(part, parts.negates ? !holds : holds, reach - 1);
      return;
    }
    const compare = COMPARISONS[id];
    if (compare === undefined || b === undefined || this.#body.valueTypes[a] !== U32) return;
    // a < b or a <= b; not so is b <= a or b < a.
    const [low, high] = compare.swapped === holds ? [b, a] : [a, b];
    const strict = compare.strict === holds;
    const most = this.greatest(high);
    this.#note(low, strict ? below(most) : most, { than: high, strict });
  }

  #symbol(than: ValueId | Length): ValueId | Length {
    if (typeof than !== 'number') return than;
    const op = this.#defs[than];
    return op !== undefined && this.#idOf(op) === LENGTH ? { of: op.operands[0] as ValueId } : than;
  }

  #reaches(value: ValueId, target: ValueId | Length, strict: boolean, reach: number): boolean {
    const here = this.#symbol(value);
    if (!strict && same(here, target)) return true;
    const [most, least] = [this.#constants.of(typeof target === 'number' ? target : undefined), this.greatest(value)];
    if (typeof most === 'number' && typeof least === 'number' && (strict ? least < most : least <= most)) return true;
    if (reach === 0) return false;
    return (this.#less[value] ?? []).some(({ than, strict: already }) => {
      const on = this.#symbol(than);
      if (same(on, target)) return already || !strict;
      return typeof than === 'number' && this.#reaches(than, target, strict && !already, reach - 1);
    });
  }
}

function same(a: ValueId | Length, b: ValueId | Length): boolean {
  return typeof a === 'number' || typeof b === 'number' ? a === b : a.of === b.of;
}

interface RangeView {
  greatest(value: ValueId | undefined): Bound | undefined;
  constant(value: ValueId | undefined): unknown;
  isLess(value: ValueId, than: ValueId, orEqual: boolean): boolean;
  lengthOf(buffer: ValueId): Bound | undefined;
  workgroup(axis: 0 | 1 | 2): number;
  /** Of a value that is being defined. */
  say(value: ValueId, greatest: Bound | undefined, less?: Less): void;
}

type ResultRow = (view: RangeView, op: Op, result: ValueId) => void;

const LENGTH = 'buffer.length';

/** At most each of these operands. */
const atMost = (...operands: readonly number[]): ResultRow => (view, op, result) => {
  for (const i of operands) {
    const of = op.operands[i];
    if (of !== undefined) view.say(result, view.greatest(of), { than: of, strict: false });
  }
};

/** At most the first operand, and by what that is divided, where both are known; x / 0 is x. */
function quotient(view: RangeView, op: Op, result: ValueId, by: unknown): void {
  atMost(0)(view, op, result);
  const greatest = view.greatest(op.operands[0]);
  if (typeof greatest === 'number' && typeof by === 'number' && by > 0) view.say(result, Math.floor(greatest / by));
}

const combined = (how: 'add' | 'mul'): ResultRow => (view, op, result) => view.say(result, combine(how, view.greatest(op.operands[0]), view.greatest(op.operands[1])));

const AXES: Readonly<Record<string, 0 | 1 | 2>> = { x: 0, y: 1, z: 2 };
const axisOf = (op: Op): 0 | 1 | 2 => (op.attrs['axis']?.kind === 'enum' ? (AXES[op.attrs['axis'].value] ?? 0) : 0);
const located = (of: (axis: 0 | 1 | 2, size: number) => Bound | undefined): ResultRow => (view, op, result) => view.say(result, of(axisOf(op), view.workgroup(axisOf(op))));

/** How great the result of an op may be, where its operands say so: u32 alone. */
const RESULTS: Readonly<Record<string, ResultRow>> = {
  [LENGTH]: (view, op, result) => view.say(result, view.lengthOf(op.operands[0] as ValueId)),
  'kernel.workgroup_id': located((axis) => ['below', ['groups', axis]]),
  'kernel.workgroup_count': located((axis) => ['groups', axis]),
  'kernel.local_id': located((_, size) => size - 1),
  'kernel.global_id': located((axis, size) => below(combine('mul', ['groups', axis], size))),
  'arith.min': atMost(0, 1),
  'arith.and': atMost(0, 1),
  'arith.shr': (view, op, result) => {
    const count = view.constant(op.operands[1]);
    quotient(view, op, result, typeof count === 'number' ? 2 ** (count & 31) : undefined);
  },
  'arith.div': (view, op, result) => quotient(view, op, result, view.constant(op.operands[1])),
  'arith.sub': (view, op, result) => {
    const [from, by] = op.operands;
    if (from !== undefined && by !== undefined && view.isLess(by, from, true)) view.say(result, view.greatest(from), { than: from, strict: false });
  },
  'arith.sub_sat': atMost(0),
  'arith.add': combined('add'),
  'arith.mul': combined('mul'),
  'arith.shl': (view, op, result) => {
    const count = view.constant(op.operands[1]);
    if (typeof count === 'number') view.say(result, combine('mul', view.greatest(op.operands[0]), 2 ** (count & 31)));
  },
  'arith.rem': (view, op, result) => {
    atMost(0)(view, op, result);
    const by = view.constant(op.operands[1]);
    // x % 0 is 0, and not less than 0.
    if (typeof by === 'number' && by > 0) view.say(result, by - 1, { than: op.operands[1] as ValueId, strict: true });
  },
};

/** What an op with regions says of the block arguments of one. */
const REGIONS: Readonly<Record<string, (view: RangeView, op: Op, region: Region) => void>> = {
  'control.for': (view, op, region) => {
    const [index] = region.args;
    const to = op.operands[1];
    // A step of u32 is not negative, so that every index is below `to`.
    if (index !== undefined && to !== undefined) view.say(index, below(view.greatest(to)), { than: to, strict: true });
  },
};

/** `strict`: a < b, else a <= b; `swapped`: with a and b exchanged. */
const COMPARISONS: Readonly<Record<string, { readonly strict: boolean; readonly swapped: boolean }>> = {
  'arith.lt': { strict: true, swapped: false },
  'arith.le': { strict: false, swapped: false },
  'arith.gt': { strict: true, swapped: true },
  'arith.ge': { strict: false, swapped: true },
};

/** Where the whole is `when`, each operand is (or is not, if it `negates`). */
const CONNECTIVES: Readonly<Record<string, { readonly when: boolean | undefined; readonly negates: boolean }>> = {
  'arith.and': { when: true, negates: false },
  'arith.or': { when: false, negates: false },
  'arith.not': { when: undefined, negates: true },
};
