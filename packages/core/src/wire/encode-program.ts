import type { Attribute, Attributes } from '../ir/attributes.ts';
import { NO_ATTRIBUTES } from '../ir/attributes.ts';
import { numbering } from '../ir/canonical.ts';
import type { Body, Kernel, Op, Param, Program, Region, ValueId } from '../ir/program.ts';
import type { ScalarType, Type } from '../ir/types.ts';
import { ByteTable } from './byte-table.ts';
import { ATTRIBUTE, DEFAULT_LIMITS, NO_SET } from './format.ts';
import { unencodable, Writer } from './writer.ts';

export interface ProgramSection {
  readonly bytes: Uint8Array;
  /** The ids of all ops in it. */
  readonly opIds: readonly string[];
  /** The number of each value in it, by body and old id; -1 for one that is not in it. */
  readonly numbers: ReadonlyMap<Body, Int32Array>;
}

/** The section of the program's meaning: the same bytes for equal programs, whatever their numbering. */
export function programSection(program: Program): ProgramSection {
  const encoder = new ProgramEncoder();
  encoder.program(program);
  return { bytes: encoder.finish(), opIds: encoder.opIds, numbers: encoder.numbers };
}

/** Writes bodies, and what they refer to into tables as it first occurs. */
class ProgramEncoder {
  readonly numbers = new Map<Body, Int32Array>();
  readonly #out = new Writer(4096);
  readonly #strings: string[] = [];
  readonly #stringIndex = new Map<string, number>();
  readonly #types: Type[] = [];
  readonly #typeIndex = new Map<string, number>();
  /** The index of a type of this process by its serial; a clone of another process has a serial of that one. */
  readonly #typeBySerial: number[] = [];
  readonly #ops = new Map<string, number>();
  readonly #sets = new ByteTable();
  readonly #forms = new ByteTable();
  /** Of the body that is being written: the number of each value, its op names and the index of each, the values so far. */
  #to: Int32Array = new Int32Array(0);
  #names: readonly string[] = [];
  #opIndex: number[] = [];
  #next = 0;

  get opIds(): readonly string[] {
    return [...this.#ops.keys()];
  }

  program({ name, params, results, kernels, body }: Program): void {
    const out = this.#out;
    out.varint(this.#string(name));
    this.#params(params);
    out.varint(results.length);
    for (const r of results) {
      out.varint(this.#string(r.name));
      out.varint(this.#type(r.type));
    }
    out.varint(kernels.length);
    for (const kernel of kernels) this.#kernel(kernel);
    this.#body(body);
  }

  /** The tables, then what refers to them. */
  finish(): Uint8Array {
    const tables = new Writer(4096);
    const types = this.#types.map((t) => this.#string(t.spelling));
    const ops = this.opIds.map((id) => this.#string(id));
    tables.varint(this.#strings.length);
    for (const s of this.#strings) tables.string(s);
    for (const list of [types, ops]) {
      tables.varint(list.length);
      for (const index of list) tables.varint(index);
    }
    for (const { count, entries } of [this.#sets, this.#forms]) {
      tables.varint(count);
      tables.append(entries.written());
    }
    tables.append(this.#out.written());
    return tables.written();
  }

  #params(params: readonly Param[]): void {
    const out = this.#out;
    out.varint(params.length);
    for (const { name, type, attrs } of params) {
      out.varint(this.#string(name));
      out.varint(this.#type(type));
      out.varint(this.#set(attrs));
    }
  }

  #kernel({ name, params, workgroup, body }: Kernel): void {
    this.#out.varint(this.#string(name));
    this.#params(params);
    for (const side of workgroup) this.#out.u32(side, `a workgroup size of kernel \`${name}\``);
    this.#body(body);
  }

  #body(body: Body): void {
    const { to, from, defined, twice } = numbering(body);
    if (twice !== undefined) throw unencodable(`value %${twice} is defined twice`);
    const out = this.#out;
    out.varint(defined);
    out.varint(from.length - defined);
    out.reserve(5 * from.length);
    for (let v = 0; v < from.length; v++) {
      const type = body.valueTypes[from[v] as ValueId];
      if (type === undefined) throw unencodable(`a value of the body is %${String(from[v])}, and there are ${body.valueTypes.length}`);
      const index = this.#type(type);
      if (index < 0x80) out.bytes[out.at++] = index;
      else out.varint(index);
    }
    this.#to = to;
    this.numbers.set(body, to);
    this.#next = 0;
    this.#opIndex = [];
    this.#names = body.opNames;
    this.#region(body.region, 0);
  }

  #region({ args, ops }: Region, depth: number): void {
    if (depth > DEFAULT_LIMITS.depth) throw unencodable(`regions are nested more than ${DEFAULT_LIMITS.depth} deep`);
    const out = this.#out;
    const to = this.#to;
    out.varint(args.length);
    out.varint(ops.length);
    this.#next += args.length;
    for (let i = 0; i < ops.length; i++) {
      const op = ops[i] as Op;
      const { operands, regions } = op;
      const form = this.#form(op);
      out.reserve(5 + 6 * operands.length);
      const { bytes } = out;
      let at = out.at;
      if (form < 0x80) bytes[at++] = form;
      else {
        out.varint(form);
        at = out.at;
      }
      const next = this.#next;
      for (let k = 0; k < operands.length; k++) {
        const back = next - (to[operands[k] as ValueId] as number);
        if (back > 0 && back < 0x80) bytes[at++] = back;
        else {
          out.at = at;
          this.#operand(back, next);
          at = out.at;
        }
      }
      out.at = at;
      this.#next = next + op.results.length;
      for (let r = 0; r < regions.length; r++) this.#region(regions[r] as Region, depth + 1);
    }
  }

  /** How far back the operand was defined; or 0 and its number, for one that is not defined yet. */
  #operand(back: number, next: number): void {
    if (back > 0) return this.#out.varint(back);
    const number = next - back;
    if (!(number >= 0)) throw unencodable('an op uses a value that the body does not have');
    this.#out.varint(0);
    this.#out.varint(number);
  }

  /** What ops have in common that differ in their operands alone. */
  #form({ name, attrs, operands, results, regions }: Op): number {
    let op = this.#opIndex[name];
    if (op === undefined) op = this.#opName(name);
    const set = attrs === NO_ATTRIBUTES ? NO_SET : this.#set(attrs);
    const { entries } = this.#forms;
    if (op < 0x80 && set < 0x4000 && operands.length < 0x80 && results.length < 0x80 && regions.length < 0x80) {
      entries.reserve(6);
      const { bytes } = entries;
      let { at } = entries;
      bytes[at++] = op;
      if (set < 0x80) bytes[at++] = set;
      else {
        bytes[at++] = (set & 0x7f) | 0x80;
        bytes[at++] = set >> 7;
      }
      bytes[at++] = operands.length;
      bytes[at++] = results.length;
      bytes[at++] = regions.length;
      entries.at = at;
    } else {
      for (const n of [op, set, operands.length, results.length, regions.length]) entries.varint(n);
    }
    return this.#forms.intern();
  }

  #opName(name: number): number {
    const id = this.#names[name];
    if (id === undefined) throw unencodable(`an op has name ${String(name)}, and the body has ${this.#names.length} op names`);
    let index = this.#ops.get(id);
    if (index === undefined) this.#ops.set(id, (index = this.#ops.size));
    this.#opIndex[name] = index;
    return index;
  }

  #string(text: string): number {
    let index = this.#stringIndex.get(text);
    if (index === undefined) this.#stringIndex.set(text, (index = this.#strings.push(text) - 1));
    return index;
  }

  #type(type: Type): number {
    const known = this.#typeBySerial[type.serial];
    if (known !== undefined && this.#types[known] === type) return known;
    let index = this.#typeIndex.get(type.spelling);
    if (index === undefined) this.#typeIndex.set(type.spelling, (index = this.#types.push(type) - 1));
    this.#typeBySerial[type.serial] ??= index;
    return index;
  }

  #set(attrs: Attributes): number {
    const keys = Object.keys(attrs);
    if (keys.length === 0) return NO_SET;
    if (keys.length > 1) keys.sort();
    const { entries } = this.#sets;
    entries.varint(keys.length);
    for (const key of keys) {
      entries.varint(this.#string(key));
      this.#attribute(attrs[key] as Attribute, 0);
    }
    return this.#sets.intern() + 1;
  }

  #attribute(a: Attribute, depth: number): void {
    const { entries } = this.#sets;
    switch (a.kind) {
      case 'scalar':
        entries.byte(ATTRIBUTE.scalar);
        entries.varint(this.#type(a.type));
        return this.#bits(a.type, a.bits);
      case 'bool':
        return entries.byte(a.value ? ATTRIBUTE.true : ATTRIBUTE.false);
      case 'string':
      case 'enum':
        entries.byte(ATTRIBUTE[a.kind]);
        return entries.varint(this.#string(a.value));
      case 'type':
        entries.byte(ATTRIBUTE.type);
        return entries.varint(this.#type(a.type));
      case 'symbol':
        entries.byte(ATTRIBUTE.symbol);
        return entries.varint(this.#string(a.name));
      case 'list':
        if (depth === DEFAULT_LIMITS.depth) throw unencodable(`lists of attributes are nested more than ${DEFAULT_LIMITS.depth} deep`);
        entries.byte(ATTRIBUTE.list);
        entries.varint(a.items.length);
        for (const item of a.items) this.#attribute(item, depth + 1);
    }
  }

  /** As many bytes as the type has, at least one; the lowest first. */
  #bits({ bits: width, spelling }: ScalarType, bits: bigint): void {
    if (BigInt.asUintN(width, bits) !== bits) throw unencodable(`0x${bits.toString(16)} are not the ${width} bits of a ${spelling}`);
    const { entries } = this.#sets;
    entries.reserve(8);
    let word = Number(width > 32 ? bits & 0xffffffffn : bits);
    for (let i = 0; i < width; i += 8) {
      if (i === 32) word = Number(bits >> 32n);
      entries.bytes[entries.at++] = word & 255;
      word >>>= 8;
    }
  }
}
