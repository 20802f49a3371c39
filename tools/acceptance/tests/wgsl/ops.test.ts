import { byteSize, scalar, scalarAttribute, scalarOf, toBits, vectorType } from '@sluice/core';
import type { KernelIr, Op, OpDef, RuntimeValue, ScalarType, ScalarValue, Type, ValueId } from '@sluice/core';
import { Draft, edgesOf, kernelOf, param, usesOf } from '@sluice/conformance';
import type { OpUse } from '@sluice/conformance';
import { describe, expect, test } from 'vitest';
import { VARIANTS, faultsOf, registry } from './lowering.ts';

/*
 * Every op, at every type and with every value of its attributes, is WGSL that Dawn takes without a word: with operands
 * that come from memory, and with literals, which WGSL computes while it compiles, and refuses where it does not like them.
 */

const HAS = new Set(['bool', 'i32', 'u32', 'f16', 'f32']);
const isThere = (type: Type): boolean => (type.kind === 'buffer' ? isThere(type.element) : HAS.has(scalarOf(type)?.name ?? ''));
const kernelOps = [...registry.ops.values()].filter((def) => def.level !== 'host' && !def.traits.includes('terminator') && def.regions.length === 0);

/** The op's uses on types that no pass has to take away, without those that differ in an attribute's choice alone where there are too many. */
function usesHere(def: OpDef): readonly OpUse[] {
  return usesOf(def).filter((u) => [...u.operands, ...u.results].every(isThere) && !Object.values(u.attrs).some((a) => a.kind === 'enum' && a.value !== 'relaxed' && a.value.includes('acq')) && !['acquire', 'release'].includes(orderingOf(u)));
}

function orderingOf({ attrs }: OpUse): string {
  return attrs['ordering']?.kind === 'enum' ? attrs['ordering'].value : '';
}

/** A kernel of several uses: operands come from workgroup memory, and results go there, so that no limit of bindings is met. */
class Uses {
  readonly draft = new Draft(registry);
  readonly ops: Op[] = [];
  readonly params: { id: ValueId; type: Type }[] = [];
  readonly #memory = new Map<Type, ValueId>();
  readonly #head: Op[] = [];
  #index: ValueId;
  bytes = 0;

  constructor() {
    this.#index = this.draft.one(this.#head, 'kernel.local_id', [], { axis: { kind: 'enum', value: 'x' } });
  }

  memory(element: Type): ValueId {
    let found = this.#memory.get(element);
    if (found === undefined) {
      found = this.draft.one(this.#head, 'buffer.workgroup', [], { element: { kind: 'type', type: element }, length: scalarAttribute('u32', 2) });
      this.#memory.set(element, found);
      this.bytes += (byteSize(element) ?? 0) * 2;
    }
    return found;
  }

  /** A value that is not known when the code is compiled. */
  unknown(type: Type): ValueId {
    if (type.kind === 'buffer') {
      if (type.access === 'workgroup') return this.memory(type.element);
      const known = this.params.find((p) => p.type === type);
      if (known !== undefined) return known.id;
      const id = this.draft.value(type);
      this.params.push({ id, type });
      return id;
    }
    const carried = carrier(type);
    const value = this.draft.one(this.ops, 'buffer.load', [this.memory(carried), this.#index]);
    return carried === type ? value : this.draft.one(this.ops, 'arith.cast', [value], { to: { kind: 'type', type: scalar('bool') } });
  }

  literal(type: ScalarType, value: ScalarValue): ValueId {
    return this.draft.constant(this.ops, type, toBits(type.name, value));
  }

  use({ def, attrs, results }: OpUse, operands: readonly ValueId[]): void {
    for (const value of this.draft.op(this.ops, def.id, operands, attrs, [], results)) this.keep(value);
  }

  keep(value: ValueId): void {
    const type = this.draft.typeOf(value);
    if (type.kind === 'buffer') return;
    const carried = carrier(type);
    const kept = carried === type ? value : this.draft.one(this.ops, 'arith.cast', [value], { to: { kind: 'type', type: scalar('u32') } });
    this.draft.op(this.ops, 'buffer.store', [this.memory(carried), this.#index, kept]);
  }

  kernel(): KernelIr {
    this.draft.op(this.ops, 'control.return', []);
    return kernelOf('uses', this.params.map(({ type }, i) => param(`p${i}`, type)), [2, 1, 1], this.draft.body(this.params.map((p) => p.id), [...this.#head, ...this.ops]));
  }
}

/** What stands for a type in memory: bool has no layout. */
function carrier(type: Type): Type {
  if (scalarOf(type)?.name !== 'bool') return type;
  return type.kind === 'vector' ? vectorType(scalar('u32'), type.size) : scalar('u32');
}

const hasBoolArray = (u: OpUse) => [...u.operands, ...u.results].some((t) => t.kind === 'array' && scalarOf(t)?.name === 'bool');

/** Kernels of at most so many uses, and with few enough buffers. */
function kernelsOf(uses: readonly OpUse[], add: (into: Uses, use: OpUse) => void): readonly KernelIr[] {
  const kernels: KernelIr[] = [];
  let into = new Uses();
  let count = 0;
  for (const use of uses) {
    add(into, use);
    if (++count % 60 !== 0 && into.params.length <= 5 && into.bytes < 8192 && use.def.id !== 'buffer.workgroup') continue;
    kernels.push(into.kernel());
    into = new Uses();
  }
  if (into.ops.length > 0) kernels.push(into.kernel());
  return kernels;
}

describe.each(kernelOps.map((def) => [def.id, def] as const))('%s', (_, def) => {
  const uses = usesHere(def).filter((u) => !hasBoolArray(u));

  test.each(Object.entries(VARIANTS))('%s', async (__, variant) => {
    expect(uses.length).toBeGreaterThan(0);
    for (const kernel of kernelsOf(uses, (into, use) => into.use(use, use.operands.map((t) => into.unknown(t))))) expect(await faultsOf(kernel, variant)).toBe('');
  });

  const literal = uses.filter((u) => u.operands.length > 0 && u.operands.some((t) => t.kind === 'scalar'));
  if (literal.length === 0) return;
  test('with literals', async () => {
    const kernels = kernelsOf(literal, (into, use) => {
      for (const picked of picks(use.operands)) into.use(use, use.operands.map((t, i) => (t.kind === 'scalar' && picked[i] !== undefined ? into.literal(t, picked[i] as ScalarValue) : into.unknown(t))));
    });
    for (const kernel of kernels) expect(await faultsOf(kernel)).toBe('');
  });
});

/** Literals for scalar operands, undefined for those that stay unknown: all known, and each alone. */
function picks(operands: readonly Type[]): readonly (readonly (RuntimeValue | undefined)[])[] {
  const edges = operands.map((t) => (t.kind === 'scalar' ? edgesOf(t) : []));
  const most = Math.max(...edges.map((e) => e.length));
  const all = Array.from({ length: most }, (_, k) => edges.map((e, i) => e[(k * (i + 1) + i * 3) % Math.max(1, e.length)]));
  const alone = edges.flatMap((list, i) => list.map((v) => edges.map((__, j) => (j === i ? v : undefined))));
  return operands.length === 1 ? all : [...all, ...alone];
}
