import { toBits } from '../ir/attributes.ts';
import type { Attributes, ScalarValue } from '../ir/attributes.ts';
import type { Body, Op, ValueId } from '../ir/program.ts';
import type { OpDef } from '../ops/op.ts';
import type { Pass } from '../registry/plugin.ts';
import type { Registry } from '../registry/registry.ts';
import { eachBody } from './bodies.ts';
import { Constants, computed, constantOp } from './constants.ts';
import type { PassFacts } from './facts.ts';
import { lawsOn } from './laws.ts';
import type { LawsOnType } from './laws.ts';
import type { Rewriter, Visitor } from './rewrite.ts';
import { rewrite } from './rewrite.ts';

/** Applies the laws that op records declare. */
export const simplify: Pass = {
  id: 'core.simplify',
  summary: 'Applies the declared laws of ops: identities, absorbing elements, idempotence; gathers constants of associative ops.',
  run: (program, { registry }) => eachBody(program, (body) => simplifyBody(body, registry)),
};

function simplifyBody(body: Body, registry: Registry): Body {
  const constant = constantOp(registry);
  if (constant === undefined) return body;
  return rewrite(body, registry, new Simplify(body, constant));
}

/** `f(of)`. */
interface Unary {
  readonly name: number;
  readonly of: ValueId;
}

/** `x op c`, with the constant on the right. */
interface WithConstant {
  readonly name: number;
  readonly x: ValueId;
  readonly c: ScalarValue;
}

class Simplify implements Visitor {
  readonly #constants: Constants;
  readonly #constant: string;
  /** Of associative and commutative ops, by result. */
  readonly #unaries = new Map<ValueId, Unary>();
  readonly #withConstant = new Map<ValueId, WithConstant>();

  constructor({ valueTypes }: Body, constant: string) {
    this.#constants = new Constants(valueTypes.length);
    this.#constant = constant;
  }

  visit(op: Op, facts: PassFacts, to: Rewriter): Op | undefined {
    if (facts.constant) this.#constants.see(op, facts);
    if (!facts.movable || op.results.length !== 1 || facts.def?.laws.length === 0) return op;
    if (op.operands.length === 2) return this.#binary(op, facts.def as OpDef, to);
    return op.operands.length === 1 ? this.#unary(op, facts.def as OpDef, to) : op;
  }

  #unary(op: Op, def: OpDef, to: Rewriter): Op | undefined {
    const [x] = op.operands as readonly [ValueId];
    const [result] = op.results as readonly [ValueId];
    const inner = this.#unaries.get(x);
    this.#unaries.set(result, { name: op.name, of: x });
    const laws = lawsOn(def, to.typeOf(x));
    if (inner === undefined || inner.name !== op.name || laws === undefined) return op;
    if (laws.involution) return this.#instead(op, inner.of, to);
    return laws.idempotent ? this.#instead(op, x, to) : op;
  }

  #binary(op: Op, def: OpDef, to: Rewriter): Op | undefined {
    const [a, b] = op.operands as readonly [ValueId, ValueId];
    const laws = lawsOn(def, to.typeOf(a));
    if (laws === undefined) return op;
    const instead = this.#operandInstead(a, b, laws);
    if (instead !== undefined) return this.#instead(op, instead, to);
    if (a === b && laws.same !== undefined) return this.#constantInstead(op, laws.same, to);
    return laws.associative && laws.commutative ? this.#gathered(op, def, to) : op;
  }

  /** Laws speak of values of one type: a result of another is left alone. */
  #instead(op: Op, value: ValueId, to: Rewriter): Op | undefined {
    const [result] = op.results as readonly [ValueId];
    if (to.typeOf(result) !== to.typeOf(value)) return op;
    to.replace(result, value);
    return undefined;
  }

  #constantInstead(op: Op, value: ScalarValue, to: Rewriter): Op {
    const type = to.typeOf(op.results[0]);
    if (type.kind !== 'scalar') return op;
    const made = to.op(this.#constant, [], op.results, { value: { kind: 'scalar', type, bits: toBits(type.name, value) } });
    this.#constants.see(made, to.facts[made.name] as PassFacts);
    return made;
  }

  /** The operand that the result equals, if one does. */
  #operandInstead(a: ValueId, b: ValueId, laws: LawsOnType): ValueId | undefined {
    if (a === b && laws.idempotent) return a;
    const right = this.#constants.of(b);
    if (right !== undefined) {
      if (laws.rightIdentity !== undefined && Object.is(right, laws.rightIdentity)) return a;
      if (laws.rightAbsorbing !== undefined && Object.is(right, laws.rightAbsorbing)) return b;
    }
    const left = this.#constants.of(a);
    if (left !== undefined) {
      if (laws.leftIdentity !== undefined && Object.is(left, laws.leftIdentity)) return b;
      if (laws.leftAbsorbing !== undefined && Object.is(left, laws.leftAbsorbing)) return a;
    }
    return undefined;
  }

  /** `(x op c) op d` is `x op (c op d)`. */
  #gathered(op: Op, def: OpDef, to: Rewriter): Op {
    const [a, b] = op.operands as readonly [ValueId, ValueId];
    const right = this.#constants.of(b);
    const c = right ?? this.#constants.of(a);
    if (c === undefined) return op;
    const x = right === undefined ? b : a;
    const [result] = op.results as readonly [ValueId];
    const inner = this.#withConstant.get(x);
    this.#withConstant.set(result, { name: op.name, x, c });
    if (inner === undefined || inner.name !== op.name) return op;
    const type = to.typeOf(x);
    const attrs = computed(def, { operands: [type, type], results: [type], attrs: op.attrs }, [inner.c, c]);
    if (attrs === undefined) return op;
    const value = to.value(type);
    const made = this.#noted(value, attrs, to);
    this.#withConstant.set(result, { name: op.name, x: inner.x, c: made });
    return to.changed(op, [inner.x, value], op.regions);
  }

  /** Puts a constant before the op that is looked at. */
  #noted(value: ValueId, attrs: Attributes, to: Rewriter): ScalarValue {
    const made = to.op(this.#constant, [], [value], attrs);
    to.insert(made);
    this.#constants.see(made, to.facts[made.name] as PassFacts);
    return this.#constants.of(value) as ScalarValue;
  }
}
