import type { TracedBuffer } from '../../build/buffer-view.ts';
import { TracedValue } from '../../build/value.ts';
import { NO_ATTRIBUTES, scalarAttribute } from '../../ir/attributes.ts';
import type { Body, Kernel, Op, Param, Program, ValueId } from '../../ir/program.ts';
import { noteMaking } from '../../ir/provenance.ts';
import { buffer as bufferType, loadedType, scalar } from '../../ir/types.ts';
import type { BufferType, Type } from '../../ir/types.ts';
import { typeCell } from '../../registry/capabilities.ts';
import type { Pass, PassTarget } from '../../registry/plugin.ts';
import type { Registry } from '../../registry/registry.ts';
import { shown } from '../../text/json.ts';
import { constantOp } from '../constants.ts';
import type { PassFacts } from '../facts.ts';
import type { Rewriter } from '../rewrite.ts';
import { rewrite } from '../rewrite.ts';
import { place, template } from '../template.ts';
import type { Template } from '../template.ts';
import { SMALL, load, store } from './words.ts';
import type { SmallElement } from './words.ts';

const U32 = scalar('u32');
const U64 = scalar('u64');

/** Makes words of the 8- and 16-bit elements of buffers. */
export const legalizeSmall: Pass = {
  id: 'core.legalize-small',
  summary: 'Loads and stores 8- and 16-bit elements of buffers in words of 32 bits, where the target has no such elements.',
  run(program, { registry, target }) {
    const lacking = new Set(Object.keys(SMALL).filter((type) => isLacking(type, target)));
    return lacking.size === 0 ? program : inWords(program, registry, lacking);
  },
};

function isLacking(type: string, target: PassTarget | undefined): boolean {
  return target === undefined || typeCell(target.capabilities, type).how === 'unavailable';
}

/** The element of a buffer that has to become words. */
function elementOf(type: Type | undefined, lacking: ReadonlySet<string>): SmallElement | undefined {
  return type?.kind === 'buffer' && lacking.has(type.element.spelling) ? SMALL[type.element.spelling] : undefined;
}

function inWords(program: Program, registry: Registry, lacking: ReadonlySet<string>): Program {
  const made = program.kernels.map((k) => kernelInWords(k, registry, lacking));
  if (made.every((k, i) => k === program.kernels[i])) return program;
  /** By kernel: the bits of an element of each parameter that is seen in words. */
  const small = new Map(program.kernels.map((k, i) => [k.name, k === made[i] ? [] : k.params.map((p) => elementOf(p.type, lacking)?.bits)]));
  const constant = constantOp(registry) ?? '';
  const body = rewrite(program.body, registry, { visit: (op, facts, to) => withLengths(op, facts, to, small, constant) });
  return shown({ ...program, kernels: made, body });
}

/** A launch hands over the count of small elements too: words do not tell it. */
function withLengths(op: Op, { def }: PassFacts, to: Rewriter, small: ReadonlyMap<string, readonly (number | undefined)[]>, constant: string): Op {
  const effect = def?.effects.find((e) => e.kind === 'launch');
  const { kernel } = op.attrs;
  const bits = kernel?.kind === 'symbol' ? (small.get(kernel.name) ?? []) : [];
  if (def === undefined || effect?.kind !== 'launch' || bits.every((b) => b === undefined)) return op;
  const first = def.operands.findIndex((p) => p.name === effect.args);
  const insert = (id: string, operands: readonly ValueId[], type: Type, attrs = NO_ATTRIBUTES): ValueId => {
    const value = to.value(type);
    to.insert(to.op(id, operands, [value], attrs));
    return value;
  };
  const lengthOf = (handle: ValueId, b: number): ValueId => {
    const bytes = insert('buffer.byte_length', [handle], U64);
    const wide = (n: bigint) => insert(constant, [], U64, { value: scalarAttribute('u64', n) });
    // An element that is only partly there counts.
    const count = b === 8 ? bytes : insert('arith.div', [insert('arith.add', [bytes, wide(1n)], U64), wide(2n)], U64);
    return insert('arith.cast', [count], U32, { to: { kind: 'type', type: U32 } });
  };
  const lengths = bits.flatMap((b, i) => (b === undefined ? [] : [lengthOf(op.operands[first + i] as ValueId, b)]));
  return to.changed(op, [...op.operands, ...lengths], op.regions);
}

/** The kernel with words for each buffer of small elements, and one more parameter for its length; the same one where it does with such a buffer what no row does. */
function kernelInWords(kernel: Kernel, registry: Registry, lacking: ReadonlySet<string>): Kernel {
  const { body } = kernel;
  const params = [...kernel.params];
  const valueTypes = [...body.valueTypes];
  const args = [...body.region.args];
  /** By value of a buffer: its element, and the value of its length. */
  const smalls = new Map<ValueId, { readonly element: SmallElement; readonly type: BufferType; readonly length: ValueId }>();
  const names = new Set(params.map((p) => p.name));
  for (const [i, p] of kernel.params.entries()) {
    const element = elementOf(p.type, lacking);
    const value = args[i];
    if (element === undefined || value === undefined || p.type.kind !== 'buffer') continue;
    // A store to an element reads its word.
    const type = bufferType(U32, p.type.access === 'write' ? 'read_write' : p.type.access);
    params[i] = { ...p, type };
    valueTypes[value] = type;
    const length = valueTypes.push(U32) - 1;
    args.push(length);
    params.push(lengthParam(p.name, names));
    smalls.set(value, { element, type: p.type, length });
  }
  if (smalls.size === 0 || body.valueTypes.some((t, v) => elementOf(t, lacking) !== undefined && !smalls.has(v))) return kernel;

  const start: Body = { ...body, valueTypes, region: { args, ops: body.region.ops } };
  noteMaking(start, { from: body, made: [], sources: [] });
  let served = true;
  const made = rewrite(start, registry, {
    visit(op: Op, _: PassFacts, to: Rewriter): Op | undefined {
      const used = op.operands.flatMap((v) => smalls.get(v) ?? []);
      const [small] = used;
      if (small === undefined) return op;
      const row = ROWS[to.idOf(op)];
      if (row === undefined || used.length > 1) {
        served = false;
        return op;
      }
      const out: Op[] = [];
      const results = place(rowTemplate(to.idOf(op), row, small.type), [...op.operands, small.length], out, { to, origin: to.idOf(op) });
      for (const inner of out) to.insert(inner);
      op.results.forEach((r, i) => to.replace(r, results[i] as ValueId));
      return undefined;
    },
  });
  return served ? shown({ ...kernel, params, body: made }) : kernel;
}

function lengthParam(name: string, names: Set<string>): Param {
  let own = `${name}_length`;
  for (let i = 2; names.has(own); i++) own = `${name}_length${i}`;
  names.add(own);
  return { name: own, type: U32, attrs: NO_ATTRIBUTES };
}

type V = TracedValue;
/** Operands of the op, and then the length of its buffer. */
type Row = (element: SmallElement, buffer: TracedBuffer, operands: readonly V[]) => V | void;

/** What ops do on buffers of small elements. */
const ROWS: Readonly<Record<string, Row>> = {
  'buffer.load': (element, buffer, [index, length]) => load(element, buffer, index as V, length as V),
  'buffer.store': (element, buffer, [index, value, length]) => store(element, buffer, index as V, length as V, value as V),
  'buffer.length': (_, __, [length]) => length,
};

/** Types of the operands between the buffer and its length. */
const OPERANDS: Readonly<Record<string, (element: Type) => readonly Type[]>> = {
  'buffer.load': () => [U32],
  'buffer.store': (element) => [U32, loadedType(element)],
  'buffer.length': () => [],
};

const templates = new Map<string, Template>();

function rowTemplate(id: string, row: Row, type: BufferType): Template {
  const key = `${id} ${type.spelling}`;
  let made = templates.get(key);
  if (made === undefined) {
    const seen = bufferType(U32, type.access === 'write' ? 'read_write' : type.access);
    const types = [seen, ...(OPERANDS[id]?.(type.element) ?? []), U32];
    made = template('kernel', id, types, ([buffer, ...operands]) => row(SMALL[type.element.spelling] as SmallElement, buffer as TracedBuffer, operands as unknown as readonly V[]), (value) => (value instanceof TracedValue ? [value] : []));
    templates.set(key, made);
  }
  return made;
}
