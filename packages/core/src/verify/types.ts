import type { Op } from '../ir/program.ts';
import type { Type } from '../ir/types.ts';
import type { ParamSpec } from '../ops/op.ts';
import type { BodyContext } from './context.ts';
import type { OpFacts } from './facts.ts';

/** Checks operand and result types of one op after another, against the signatures in their records. */
export class TypeRules {
  readonly #c: BodyContext;
  /** Arrays to lay types out in, by length, so that an op costs no allocation. */
  readonly #operands: Type[][] = [];
  readonly #results: Type[][] = [];

  constructor(c: BodyContext) {
    this.#c = c;
  }

  /** Whether the op's operands and results are what it takes and gives; reports what differs. */
  check(op: Op, facts: OpFacts): boolean {
    const { def } = facts;
    if (def === undefined) return false;
    const { signature } = def;
    const { operands, results } = op;
    if (operands.length < signature.minOperands || operands.length > signature.maxOperands) {
      return this.#wrong(op, 'verify/operand-count', `\`${facts.id}\` has ${count(operands.length, 'operand')}, expected ${arity(def.operands)}`, 'give as many operands as the op takes');
    }
    const given = this.#typesOf(operands, this.#operands);
    const claimed = this.#typesOf(results, this.#results);
    if (facts.accesses.length > 0 && !this.#checkAccess(op, facts, given)) return false;
    if (results.length < signature.minResults || results.length > signature.maxResults) {
      return this.#wrong(op, 'verify/result-type', `\`${facts.id}\` has ${count(results.length, 'result')}, expected ${arity(def.results)}`, 'give as many results as the op has');
    }
    const inferred = signature.check(given, op.attrs, claimed);
    if (typeof inferred === 'string') {
      return this.#wrong(op, inferred.startsWith('attribute') ? 'verify/attribute' : 'verify/operand-type', `\`${facts.id}\`: ${inferred}`, 'give what the op takes; arith.cast converts between scalar types');
    }
    if (inferred.length !== claimed.length) {
      return this.#wrong(op, 'verify/result-type', `\`${facts.id}\` has ${count(claimed.length, 'result')}, its operands give ${inferred.length}`, 'give as many results as the op has');
    }
    for (let i = 0; i < claimed.length; i++) {
      if (claimed[i] === inferred[i]) continue;
      const name = nameOf(def.results, i);
      return this.#wrong(op, 'verify/result-type', `\`${facts.id}\`: result \`${name}\` is ${claimed[i]?.spelling}, the op gives ${inferred[i]?.spelling}`, 'give the result the type that the op gives');
    }
    return true;
  }

  /** The access that a buffer grants covers what the op does to it. */
  #checkAccess(op: Op, facts: OpFacts, given: readonly Type[]): boolean {
    for (const { operand, reads, writes } of facts.accesses) {
      const type = given[operand];
      if (type?.kind !== 'buffer') continue;
      const denied = writes && type.access === 'read' ? 'writes' : reads && type.access === 'write' ? 'reads' : undefined;
      if (denied === undefined) continue;
      const name = nameOf(facts.def?.operands ?? [], operand);
      const only = denied === 'writes' ? 'read-only' : 'write-only';
      return this.#wrong(op, 'verify/buffer-access', `\`${facts.id}\` ${denied} \`${name}\`, a ${type.spelling}, which is ${only}`, `declare the parameter with access read_write`);
    }
    return true;
  }

  #typesOf(ids: readonly number[], pool: Type[][]): Type[] {
    const types = (pool[ids.length] ??= new Array<Type>(ids.length));
    const { valueTypes } = this.#c.body;
    for (let i = 0; i < ids.length; i++) types[i] = valueTypes[ids[i] as number] as Type;
    return types;
  }

  #wrong(op: Op, code: 'verify/operand-count' | 'verify/operand-type' | 'verify/result-type' | 'verify/buffer-access' | 'verify/attribute', message: string, fix: string): false {
    this.#c.report.add(this.#c, op, code, message, fix);
    return false;
  }
}

function count(n: number, what: string): string {
  return `${n} ${what}${n === 1 ? '' : 's'}`;
}

function arity(params: readonly ParamSpec[]): string {
  return params.at(-1)?.variadic === true ? `${params.length - 1} or more` : String(params.length);
}

/** The name of the parameter at `index`; a variadic one has all that follow. */
function nameOf(params: readonly ParamSpec[], index: number): string {
  return params[Math.min(index, params.length - 1)]?.name ?? String(index);
}
