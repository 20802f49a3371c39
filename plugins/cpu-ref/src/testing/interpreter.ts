import { fromBits, meaningOf, opId } from '@sluice/core';
import type { KernelIr, Op, Region, Registry, ScalarValue, Type } from '@sluice/core';

type Buffer = Uint32Array;
type Value = ScalarValue | Buffer;
/** How a region ended. */
interface End {
  readonly id: string;
  readonly values: readonly Value[];
}

/**
 * Runs a kernel without barriers op by op, invocation by invocation, as slowly and plainly as can be: what generated
 * code is compared with. Buffers are of u32.
 */
export function interpret(kernel: KernelIr, registry: Registry, groups: number, args: readonly Value[]): void {
  for (let global = 0; global < groups * kernel.workgroup[0]; global++) new Invocation(kernel, registry, global).region(kernel.body.region, args);
}

class Invocation {
  readonly #values: Value[] = [];
  readonly #kernel: KernelIr;
  readonly #registry: Registry;
  readonly #global: number;

  constructor(kernel: KernelIr, registry: Registry, global: number) {
    this.#kernel = kernel;
    this.#registry = registry;
    this.#global = global;
  }

  region(region: Region, args: readonly Value[]): End {
    region.args.forEach((id, i) => (this.#values[id] = args[i] as Value));
    for (const op of region.ops) {
      const id = opId(this.#kernel.body, op);
      const operands = op.operands.map((v) => this.#values[v] as Value);
      if (this.#registry.lookup(id)?.traits.includes('terminator') === true) return { id, values: operands };
      const left = this.#structured[id]?.(op, operands);
      if (left !== undefined) return left;
      if (!(id in this.#structured)) this.#bind(op, this.#compute(id, op, operands));
    }
    throw new Error('a region has no terminator');
  }

  #bind(op: Op, values: readonly Value[]): void {
    op.results.forEach((id, i) => (this.#values[id] = values[i] as Value));
  }

  #compute(id: string, op: Op, operands: readonly Value[]): readonly Value[] {
    const [first, second, ...rest] = operands;
    const def = this.#registry.lookup(id);
    const typeOf = (v: number) => this.#kernel.body.valueTypes[v] as Type;
    const meaning = def === undefined ? undefined : (meaningOf(def, { operands: op.operands.map(typeOf), results: op.results.map(typeOf), attrs: op.attrs }) as ((...v: readonly unknown[]) => ScalarValue) | undefined);
    const value = op.attrs['value'];
    if (value?.kind === 'scalar') return [fromBits(value.type.name, value.bits)];
    if (id === 'kernel.global_id') return [this.#global];
    if (id === 'buffer.length') return [(first as Buffer).length];
    if (id === 'buffer.load') return [(first as Buffer)[second as number] ?? 0];
    if (id === 'buffer.store') {
      (first as Buffer)[second as number] = rest[0] as number;
      return [];
    }
    if (meaning === undefined) throw new Error(`no meaning for ${id}`);
    if (!id.startsWith('buffer.atomic')) return [meaning(...operands)];
    const [buffer, index] = [first as Buffer, second as number];
    const old = buffer[index];
    if (old === undefined) return [0];
    buffer[index] = meaning(old, ...rest) as number;
    return [old];
  }

  /** Each gives how the op left the region that it stands in, or binds its results and gives undefined. */
  readonly #structured: Readonly<Record<string, (op: Op, operands: readonly Value[]) => End | undefined>> = {
    'control.if': (op, [condition]) => {
      const branch = op.regions[condition === true ? 0 : 1];
      const end = branch === undefined ? { id: 'control.yield', values: [] } : this.region(branch, []);
      if (end.id !== 'control.yield') return end;
      this.#bind(op, end.values);
      return undefined;
    },
    'control.for': (op, [from, to, step, ...init]) => {
      const [a, b, by] = [BigInt(from as number), BigInt(to as number), BigInt(step as number)];
      let state: readonly Value[] = init;
      for (let i = a; by > 0n ? i < b : i > b; i += by) {
        const end = this.region(op.regions[0] as Region, [typeof from === 'bigint' ? i : Number(i), ...state]);
        if (end.id === 'control.return') return end;
        state = end.values;
        if (end.id === 'control.break') break;
      }
      this.#bind(op, state);
      return undefined;
    },
    'control.while': (op, init) => {
      for (let state: readonly Value[] = init; ; ) {
        const [condition, ...values] = this.region(op.regions[0] as Region, state).values;
        const end = condition === true ? this.region(op.regions[1] as Region, values) : { id: 'control.break', values };
        if (end.id === 'control.return') return end;
        state = end.values;
        if (end.id !== 'control.break') continue;
        this.#bind(op, state);
        return undefined;
      }
    },
  };
}
