import type { TracedBuffer } from '../../build/buffer-view.ts';
import { TracedValue } from '../../build/value.ts';
import { NO_ATTRIBUTES, scalarAttribute } from '../../ir/attributes.ts';
import type { Body, Kernel, Op, Param, Program, ValueId } from '../../ir/program.ts';
import { noteMaking } from '../../ir/provenance.ts';
import { buffer as bufferType, byteSize, scalar, scalarOf } from '../../ir/types.ts';
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
import { SMALL, copy, load, store, uniformLoad } from './words.ts';
import type { SmallElement, SmallView } from './words.ts';

const U32 = scalar('u32');
const U64 = scalar('u64');

/** Makes words of the 8- and 16-bit elements of buffers. */
export const legalizeSmall: Pass = {
  id: 'core.legalize-small',
  summary: 'Loads and stores 8- and 16-bit elements of buffers and workgroup memory in words of 32 bits, where the target has no such elements.',
  run(program, { registry, target }) {
    const lacking = new Set(Object.keys(SMALL).filter((type) => isLacking(type, target)));
    return lacking.size === 0 ? program : inWords(program, registry, lacking);
  },
};

function isLacking(type: string, target: PassTarget | undefined): boolean {
  return target === undefined || typeCell(target.capabilities, type).how === 'unavailable';
}

/** What the elements of a buffer that has to become words are made of. */
function elementOf(type: Type | undefined, lacking: ReadonlySet<string>): SmallElement | undefined {
  const of = type?.kind === 'buffer' ? scalarOf(type.element)?.name : undefined;
  return of !== undefined && lacking.has(of) ? SMALL[of] : undefined;
}

function inWords(program: Program, registry: Registry, lacking: ReadonlySet<string>): Program {
  const made = program.kernels.map((k) => kernelInWords(k, registry, lacking));
  if (made.every((k, i) => k === program.kernels[i])) return program;
  /** By kernel: the bytes of an element of each parameter that is seen in words. */
  const small = new Map(program.kernels.map((k, i) => [k.name, k === made[i] ? [] : k.params.map((p) => (p.type.kind === 'buffer' && elementOf(p.type, lacking) !== undefined ? byteSize(p.type.element) : undefined))]));
  const constant = constantOp(registry) ?? '';
  const body = rewrite(program.body, registry, { visit: (op, facts, to) => withLengths(op, facts, to, small, constant) });
  return shown({ ...program, kernels: made, body });
}

/** A launch hands over the count of small elements too: words do not tell it. */
function withLengths(op: Op, { def }: PassFacts, to: Rewriter, small: ReadonlyMap<string, readonly (number | undefined)[]>, constant: string): Op {
  const effect = def?.effects.find((e) => e.kind === 'launch');
  const { kernel } = op.attrs;
  const sizes = kernel?.kind === 'symbol' ? (small.get(kernel.name) ?? []) : [];
  if (def === undefined || effect?.kind !== 'launch' || sizes.every((s) => s === undefined)) return op;
  const first = def.operands.findIndex((p) => p.name === effect.args);
  const insert = (id: string, operands: readonly ValueId[], type: Type, attrs = NO_ATTRIBUTES): ValueId => {
    const value = to.value(type);
    to.insert(to.op(id, operands, [value], attrs));
    return value;
  };
  const lengthOf = (handle: ValueId, size: number): ValueId => {
    const bytes = insert('buffer.byte_length', [handle], U64);
    const wide = (n: bigint) => insert(constant, [], U64, { value: scalarAttribute('u64', n) });
    // An element that is only partly there counts.
    const count = size === 1 ? bytes : insert('arith.div', [insert('arith.add', [bytes, wide(BigInt(size - 1))], U64), wide(BigInt(size))], U64);
    return insert('arith.cast', [count], U32, { to: { kind: 'type', type: U32 } });
  };
  const lengths = sizes.flatMap((s, i) => (s === undefined ? [] : [lengthOf(op.operands[first + i] as ValueId, s)]));
  return to.changed(op, [...op.operands, ...lengths], op.regions);
}

/** A buffer of small elements in a kernel: its type before, and the value of its length. */
interface Small {
  readonly type: BufferType;
  readonly length: ValueId;
}

/** What it is seen as. A store to an element reads its word. */
function seenAs(type: BufferType): BufferType {
  return bufferType(U32, type.access === 'write' ? 'read_write' : type.access);
}

/** The kernel with words for each buffer of small elements, and one more parameter for the length of each that a launch binds; the same one where it does with such a buffer what no row does. */
function kernelInWords(kernel: Kernel, registry: Registry, lacking: ReadonlySet<string>): Kernel {
  const { body } = kernel;
  const constant = constantOp(registry);
  const params = [...kernel.params];
  const valueTypes = [...body.valueTypes];
  const args = [...body.region.args];
  const smalls = new Map<ValueId, Small>();
  const see = (value: ValueId | undefined): Small | undefined => {
    const type = value === undefined ? undefined : body.valueTypes[value];
    if (value === undefined || type?.kind !== 'buffer' || elementOf(type, lacking) === undefined) return undefined;
    valueTypes[value] = seenAs(type);
    const small = { type, length: valueTypes.push(U32) - 1 };
    smalls.set(value, small);
    return small;
  };
  const names = new Set(params.map((p) => p.name));
  for (const [i, p] of kernel.params.entries()) {
    const small = see(args[i]);
    if (small === undefined) continue;
    params[i] = { ...p, type: seenAs(small.type) };
    args.push(small.length);
    params.push(lengthParam(p.name, names));
  }
  for (const op of body.region.ops) if (isWorkgroup(op)) see(op.results[0]);
  if (smalls.size === 0 || constant === undefined) return kernel;

  const start: Body = { ...body, valueTypes, region: { args, ops: body.region.ops } };
  noteMaking(start, { from: body, made: [], sources: [] });
  let served = true;
  const made = rewrite(start, registry, {
    visit(op: Op, _: PassFacts, to: Rewriter): Op | undefined {
      const own = smalls.get(op.results[0] ?? -1);
      if (own !== undefined) return workgroupInWords(op, own, to, constant);
      if (!op.operands.some((v) => smalls.has(v))) return op;
      const id = to.idOf(op);
      const row = ROWS[id];
      if (row === undefined) {
        served = false;
        return op;
      }
      const out: Op[] = [];
      const types = op.operands.map((v) => smalls.get(v)?.type ?? to.typeOf(v));
      const operands = op.operands.flatMap((v) => [v, ...(smalls.has(v) ? [smalls.get(v)?.length as ValueId] : [])]);
      const results = place(rowTemplate(id, row, types, kernel.workgroup), operands, out, { to, origin: id });
      for (const inner of out) to.insert(inner);
      op.results.forEach((r, i) => to.replace(r, results[i] as ValueId));
      return undefined;
    },
  });
  return served ? shown({ ...kernel, params, body: made }) : kernel;
}

/** It makes memory of elements of a type that it names. */
function isWorkgroup({ operands, results, attrs }: Op): boolean {
  return operands.length === 0 && results.length === 1 && attrs['element']?.kind === 'type' && attrs['length']?.kind === 'scalar';
}

/** Memory of as many words as the elements take; how many elements there are is a constant behind it. */
function workgroupInWords(op: Op, { type, length }: Small, to: Rewriter, constant: string): Op {
  const { length: count, ...rest } = op.attrs;
  const elements = count?.kind === 'scalar' ? Number(count.bits) : 0;
  to.insert(to.op(constant, [], [length], { value: scalarAttribute('u32', elements) }));
  const words = Math.ceil((elements * (byteSize(type.element) ?? 0)) / 4);
  return to.op(to.idOf(op), [], op.results, { ...rest, element: { kind: 'type', type: U32 }, length: scalarAttribute('u32', words) });
}

function lengthParam(name: string, names: Set<string>): Param {
  let own = `${name}_length`;
  for (let i = 2; names.has(own); i++) own = `${name}_length${i}`;
  names.add(own);
  return { name: own, type: U32, attrs: NO_ATTRIBUTES };
}

type V = TracedValue;
/** Operands of the op; a buffer of small elements with its length. */
type Row = (operands: readonly (SmallView | V)[], workgroup: Kernel['workgroup']) => V | void;

/** What ops do on buffers of small elements. */
const ROWS: Readonly<Record<string, Row>> = {
  'buffer.load': ([view, index]) => load(view as SmallView, index as V),
  'control.uniform_load': ([view, index]) => uniformLoad(view as SmallView, index as V),
  'buffer.store': ([view, index, value]) => store(view as SmallView, index as V, value as V),
  'buffer.length': ([view]) => (view as SmallView).length,
  'buffer.async_copy': ([target, at, source, from, count], workgroup) => copy(target as SmallView, at as V, source as SmallView, from as V, count as V, workgroup),
};

const templates = new Map<string, Template>();

/** What the row builds for operands of these types. */
function rowTemplate(id: string, row: Row, types: readonly Type[], workgroup: Kernel['workgroup']): Template {
  const key = `${id} ${types.map((t) => t.spelling).join()} ${id === 'buffer.async_copy' ? workgroup.join() : ''}`;
  let made = templates.get(key);
  if (made === undefined) {
    const flat = types.flatMap((t): readonly Type[] => (t.kind === 'buffer' ? [seenAs(t), U32] : [t]));
    made = template('kernel', id, flat, (values) => {
      const left = [...values];
      const operands = types.map((t): SmallView | V => {
        const value = left.shift();
        if (t.kind !== 'buffer') return value as V;
        return { of: SMALL[scalarOf(t.element)?.name ?? ''] as SmallElement, element: t.element, buffer: value as TracedBuffer, length: left.shift() as V };
      });
      return row(operands, workgroup);
    }, (value) => (value instanceof TracedValue ? [value] : []));
    templates.set(key, made);
  }
  return made;
}
