import { NO_ATTRIBUTES } from '../ir/attributes.ts';
import type { ValueId } from '../ir/program.ts';
import { loadedType, scalar } from '../ir/types.ts';
import type { BufferType, Type } from '../ir/types.ts';
import type { OpDef } from '../ops/op.ts';
import type { Block, Trace, Traced } from './trace.ts';
import { attributesOf } from './functions.ts';
import { asValue, coreOp, emitOne, wrap } from './value.ts';
import type { TracedValue } from './value.ts';

const LOAD = coreOp('buffer.load'), STORE = coreOp('buffer.store'), LENGTH = coreOp('buffer.length');
const U32 = scalar('u32');
const atomic = (name: string) => coreOp(`buffer.atomic_${name}`);
const ADD = atomic('add'), SUB = atomic('sub'), MIN = atomic('min'), MAX = atomic('max'), AND = atomic('and'), OR = atomic('or'), XOR = atomic('xor'), EXCHANGE = atomic('exchange'), COMPARE_EXCHANGE = atomic('compare_exchange');

/** A buffer while a kernel is traced; TypeScript's `BufferView<S, A>` shows what its access allows. */
export class TracedBuffer implements Traced {
  readonly trace: Trace;
  readonly id: ValueId;
  readonly type: BufferType;
  readonly block: Block;
  readonly #element: Type;
  #length: TracedValue | undefined;

  constructor(trace: Trace, id: ValueId, type: BufferType, block: Block) {
    this.trace = trace;
    this.id = id;
    this.type = type;
    this.block = block;
    this.#element = loadedType(type.element);
  }

  get '~type'(): string {
    return this.type.spelling;
  }

  /** Read once for each buffer, at the start of the kernel: it does not change during a launch. */
  get length(): TracedValue {
    if (this.#length === undefined) {
      const [id] = this.block === this.trace.root && this.type.access !== 'workgroup' ? this.trace.hoist(LENGTH, [this]) : [];
      if (id === undefined) return emitOne(this.trace, LENGTH, [this]);
      this.#length = wrap(this.trace, id, this.trace.root);
    }
    return this.#length;
  }

  load(index: unknown): TracedValue {
    return emitOne(this.trace, LOAD, [this, asValue(this.trace, index, U32)]);
  }

  store(index: unknown, value: unknown): void {
    this.trace.emit(STORE, [this, asValue(this.trace, index, U32), asValue(this.trace, value, this.#element)]);
  }

  atomicAdd(index: unknown, value: unknown, ordering?: unknown) { return this.#atomic(ADD, ordering, index, value); }
  atomicSub(index: unknown, value: unknown, ordering?: unknown) { return this.#atomic(SUB, ordering, index, value); }
  atomicMin(index: unknown, value: unknown, ordering?: unknown) { return this.#atomic(MIN, ordering, index, value); }
  atomicMax(index: unknown, value: unknown, ordering?: unknown) { return this.#atomic(MAX, ordering, index, value); }
  atomicAnd(index: unknown, value: unknown, ordering?: unknown) { return this.#atomic(AND, ordering, index, value); }
  atomicOr(index: unknown, value: unknown, ordering?: unknown) { return this.#atomic(OR, ordering, index, value); }
  atomicXor(index: unknown, value: unknown, ordering?: unknown) { return this.#atomic(XOR, ordering, index, value); }
  atomicExchange(index: unknown, value: unknown, ordering?: unknown) { return this.#atomic(EXCHANGE, ordering, index, value); }
  atomicCompareExchange(index: unknown, expected: unknown, value: unknown, ordering?: unknown) { return this.#atomic(COMPARE_EXCHANGE, ordering, index, expected, value); }

  #atomic(def: OpDef, ordering: unknown, index: unknown, ...values: readonly unknown[]): TracedValue {
    const attrs = ordering === undefined ? NO_ATTRIBUTES : attributesOf(this.trace, def, { ordering });
    return emitOne(this.trace, def, [this, asValue(this.trace, index, U32), ...values.map((v) => asValue(this.trace, v, this.#element))], attrs);
  }
}
