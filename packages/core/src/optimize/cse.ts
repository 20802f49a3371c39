import type { Attribute, Attributes } from '../ir/attributes.ts';
import { NO_ATTRIBUTES } from '../ir/attributes.ts';
import type { Body, Op, ValueId } from '../ir/program.ts';
import type { Type } from '../ir/types.ts';
import type { Pass } from '../registry/plugin.ts';
import { eachBody } from './bodies.ts';
import type { PassFacts } from './facts.ts';
import { lawsOn } from './laws.ts';
import type { Rewriter, Visitor } from './rewrite.ts';
import { rewrite } from './rewrite.ts';

/** Computes equal things once, where the first of them is seen by the others. */
export const cse: Pass = {
  id: 'core.cse',
  summary: 'Computes what is computed twice once: equal pure ops, and equal loads of memory that nothing writes.',
  run: (program, { registry }) => eachBody(program, (body) => rewrite(body, registry, new CommonOps(body))),
};

/**
 * The ops that are seen where the walk stands, in a hash table. What a region adds it takes away at its end, last in
 * first out, so that an op is found only where it dominates.
 */
class CommonOps implements Visitor {
  readonly #valueTypes: readonly Type[];
  readonly #heads: Int32Array;
  readonly #mask: number;
  readonly #ops: Op[] = [];
  readonly #attrs: number[] = [];
  readonly #buckets: number[] = [];
  readonly #next: number[] = [];
  /** How many there were at the start of each open region. */
  readonly #starts: number[] = [];
  readonly #attributes = new AttributeNumbers();

  constructor({ valueTypes }: Body) {
    this.#valueTypes = valueTypes;
    const size = 2 ** Math.max(4, Math.ceil(Math.log2(valueTypes.length + 1)));
    this.#heads = new Int32Array(size);
    this.#mask = size - 1;
  }

  enter(): void {
    this.#starts.push(this.#ops.length);
  }

  leave(): void {
    const start = this.#starts.pop() ?? 0;
    while (this.#ops.length > start) {
      this.#ops.pop();
      this.#attrs.pop();
      this.#heads[this.#buckets.pop() as number] = this.#next.pop() as number;
    }
  }

  visit(op: Op, facts: PassFacts, to: Rewriter): Op | undefined {
    if (op.results.length !== 1 || !(facts.movable || (facts.reads !== undefined && this.#readsConstants(op, facts.reads)))) return op;
    const { operands } = op;
    const swapped = operands.length === 2 && (operands[0] as ValueId) > (operands[1] as ValueId) && this.#commutes(op, facts);
    const [a = -1, b = -1] = operands;
    const first = swapped ? b : a;
    const second = swapped ? a : b;
    const attrs = op.attrs === NO_ATTRIBUTES ? 0 : this.#attributes.of(op.attrs, facts.constant);
    let hash = Math.imul(op.name + 1, 0x9e3779b1) ^ Math.imul(first + 2, 0x85ebca6b) ^ Math.imul(second + 3, 0xc2b2ae35) ^ Math.imul(attrs, 0x27d4eb2f);
    for (let i = 2; i < operands.length; i++) hash = Math.imul(hash ^ (operands[i] as ValueId), 0x165667b1);
    const bucket = (hash ^ (hash >>> 15)) & this.#mask;
    for (let at = this.#heads[bucket] as number; at !== 0; at = this.#next[at - 1] as number) {
      const other = this.#ops[at - 1] as Op;
      if (other.name !== op.name || this.#attrs[at - 1] !== attrs || !sameOperands(other.operands, operands, swapped, this.#swaps(other, facts))) continue;
      to.replace(op.results[0] as ValueId, other.results[0] as ValueId);
      return undefined;
    }
    this.#ops.push(op);
    this.#attrs.push(attrs);
    this.#buckets.push(bucket);
    this.#next.push(this.#heads[bucket] as number);
    this.#heads[bucket] = this.#ops.length;
    return op;
  }

  #swaps(op: Op, facts: PassFacts): boolean {
    return op.operands.length === 2 && (op.operands[0] as ValueId) > (op.operands[1] as ValueId) && this.#commutes(op, facts);
  }

  /** By law, not by trait: only a law says on which types every bit stays. */
  #commutes(op: Op, { def }: PassFacts): boolean {
    const type = this.#valueTypes[op.operands[0] as ValueId];
    if (def === undefined || type === undefined || !def.traits.includes('commutative')) return false;
    return lawsOn(def, type)?.commutative === true;
  }

  /** Whether all that the op reads is memory that nothing writes while a kernel runs. */
  #readsConstants(op: Op, reads: readonly number[]): boolean {
    return reads.every((i) => {
      const type = this.#valueTypes[op.operands[i] ?? -1];
      return type?.kind === 'buffer' && type.access === 'read';
    });
  }
}

function sameOperands(a: readonly ValueId[], b: readonly ValueId[], bSwapped: boolean, aSwapped: boolean): boolean {
  if (a.length !== b.length) return false;
  if (aSwapped !== bSwapped) return a[0] === b[1] && a[1] === b[0];
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

/** A number for each set of attributes, equal for equal ones; 0 for none. */
class AttributeNumbers {
  readonly #byText = new Map<string, number>();
  /** Of a constant's: by its type, then by its bits. */
  readonly #byBits: (Map<number | bigint, number> | undefined)[] = [];
  #count = 0;

  of(attrs: Attributes, constant: boolean): number {
    const { value } = attrs;
    if (constant && value?.kind === 'scalar') {
      const of = (this.#byBits[value.type.serial] ??= new Map<number | bigint, number>());
      const bits = value.type.bits > 32 ? value.bits : Number(value.bits);
      return of.get(bits) ?? this.#added(of, bits);
    }
    const keys = Object.keys(attrs);
    if (keys.length === 0) return 0;
    const text = keys.sort().map((key) => `${JSON.stringify(key)}:${textOf(attrs[key] as Attribute)}`).join();
    return this.#byText.get(text) ?? this.#added(this.#byText, text);
  }

  #added<K>(to: Map<K, number>, key: K): number {
    to.set(key, ++this.#count);
    return this.#count;
  }
}

function textOf(a: Attribute): string {
  switch (a.kind) {
    case 'scalar':
      return `${a.type.spelling} ${a.bits}`;
    case 'type':
      return `type ${a.type.spelling}`;
    case 'symbol':
      return `@${JSON.stringify(a.name)}`;
    case 'list':
      return `[${a.items.map(textOf).join()}]`;
    case 'bool':
    case 'string':
    case 'enum':
      return `${a.kind} ${JSON.stringify(a.value)}`;
  }
}
