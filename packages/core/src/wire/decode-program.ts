import type { Attributes } from '../ir/attributes.ts';
import type { Body, Debug, Kernel, Op, Param, Program, Region, Result, ValueId } from '../ir/program.ts';
import type { Type } from '../ir/types.ts';
import { tablesOf } from './decode-tables.ts';
import type { AttributeSet, Tables } from './decode-tables.ts';
import type { Migrations } from './migration.ts';
import type { Reader } from './reader.ts';

/** A program without what is known about it beside its meaning, and how many ops each of its bodies has. */
export interface Decoded {
  readonly program: Program;
  readonly opCounts: ReadonlyMap<Body, number>;
}

export function decodeProgram(section: Reader, migrations: Migrations): Decoded {
  const decoder = new ProgramDecoder(section, tablesOf(section, migrations));
  const program = decoder.program();
  section.finish('the section of the program');
  return { program, opCounts: decoder.opCounts };
}

const NO_VALUES: readonly ValueId[] = [];
const NO_REGIONS: readonly Region[] = [];
const NO_OPS: readonly Op[] = [];
const NO_DEBUG: Debug = { names: new Map(), spans: new Map(), origins: new Map() };

/** Reads bodies against the tables. */
class ProgramDecoder {
  readonly opCounts = new Map<Body, number>();
  readonly #r: Reader;
  readonly #tables: Tables;
  /** By op id: its index into the op names of the body that is read; -1 where it did not occur yet. */
  readonly #local: Int32Array;
  #opNames: number[] = [];
  /** Values of the body, those defined so far, and those that will be. */
  #values = 0;
  #next = 0;
  #defined = 0;
  /** Of all bodies. */
  #allValues = 0;
  #allOps = 0;
  #weight = 0;

  constructor(r: Reader, tables: Tables) {
    this.#r = r;
    this.#tables = tables;
    this.#local = new Int32Array(tables.opIds.length).fill(-1);
  }

  program(): Program {
    const r = this.#r;
    const name = this.#name('the name of the program');
    const params = this.#params();
    const results: Result[] = [];
    for (let n = r.count('results', { each: 2, limit: r.limits.params }); n > 0; n--) results.push({ name: this.#name('the name of a result'), type: this.#type() });
    const kernels: Kernel[] = [];
    for (let n = r.count('kernels', { each: 9, limit: r.limits.kernels }); n > 0; n--) kernels.push(this.#kernel());
    return { kind: 'program', name, params, results, kernels, body: this.#body(), span: undefined };
  }

  #kernel(): Kernel {
    const r = this.#r;
    const name = this.#name('the name of a kernel');
    const params = this.#params();
    const side = () => r.varint('a workgroup size');
    return { kind: 'kernel', name, params, workgroup: [side(), side(), side()], body: this.#body(), span: undefined };
  }

  #params(): readonly Param[] {
    const r = this.#r;
    const params: Param[] = [];
    for (let n = r.count('parameters', { each: 3, limit: r.limits.params }); n > 0; n--) {
      const name = this.#name('the name of a parameter');
      const type = this.#type();
      const { attrs, weight } = this.#tables.sets[r.index(this.#tables.sets.length, 'the attributes of a parameter')] as AttributeSet;
      this.#weigh(weight);
      params.push({ name, type, attrs });
    }
    return params;
  }

  #name(what: string): string {
    return this.#tables.strings[this.#r.index(this.#tables.strings.length, what)] as string;
  }

  #type(): Type {
    return this.#tables.types[this.#r.index(this.#tables.types.length, 'a type')] as Type;
  }

  #weigh(bytes: number): void {
    this.#weight += bytes;
    if (this.#weight > this.#r.limits.attributeBytes) throw this.#r.limit(`the attributes of all ops take more than ${this.#r.limits.attributeBytes} bytes`);
  }

  #body(): Body {
    const r = this.#r;
    const start = r.at;
    this.#defined = r.count('values');
    this.#values = this.#defined + r.count('values that nothing defines');
    if (this.#values > r.left) throw r.malformed(`${this.#values} values are announced, and ${r.left} bytes follow`, start);
    this.#allValues += this.#values;
    if (this.#allValues > r.limits.values) throw r.limit(`more than ${r.limits.values} values`, start);
    const valueTypes = this.#valueTypes();
    this.#next = 0;
    this.#opNames = [];
    const opsBefore = this.#allOps;
    const region = this.#region(0);
    if (this.#next !== this.#defined) throw r.malformed(`${this.#defined} values are announced, and ${this.#next} are defined`);
    const opNames = this.#opNames.map((op) => this.#tables.opIds[op] as string);
    for (const op of this.#opNames) this.#local[op] = -1;
    const body: Body = { opNames, valueTypes, region, debug: NO_DEBUG };
    this.opCounts.set(body, this.#allOps - opsBefore);
    return body;
  }

  #valueTypes(): readonly Type[] {
    const r = this.#r;
    const { types } = this.#tables;
    const valueTypes: Type[] = [];
    for (let v = 0; v < this.#values; v++) {
      const byte = r.bytes[r.at] as number; // there are at least as many bytes as values
      if (byte < 0x80 && byte < types.length) r.at++;
      valueTypes.push(byte < 0x80 && byte < types.length ? (types[byte] as Type) : this.#type());
    }
    return valueTypes;
  }

  #region(depth: number): Region {
    const r = this.#r;
    if (depth > r.limits.depth) throw r.limit(`regions are nested more than ${r.limits.depth} deep`);
    const args = this.#defineValues(r.varint('the number of block arguments'));
    const count = r.count('ops');
    this.#allOps += count;
    if (this.#allOps > r.limits.ops) throw r.limit(`more than ${r.limits.ops} ops`);
    return { args, ops: this.#ops(count, depth) };
  }

  #ops(count: number, depth: number): readonly Op[] {
    // An array that grows has room for 17 at once: most regions are branches of one or two ops.
    switch (count) {
      case 0:
        return NO_OPS;
      case 1:
        return [this.#op(depth)];
      case 2:
        return [this.#op(depth), this.#op(depth)];
      case 3:
        return [this.#op(depth), this.#op(depth), this.#op(depth)];
      default: {
        const ops: Op[] = [];
        for (let i = 0; i < count; i++) ops.push(this.#op(depth));
        return ops;
      }
    }
  }

  #op(depth: number): Op {
    const r = this.#r;
    const { forms } = this.#tables;
    const { bytes } = r;
    let form = r.at < r.end ? (bytes[r.at] as number) : 0x80;
    if (form < 0x80) r.at++;
    else form = r.varint('the form of an op');
    if (form >= forms.count) throw r.malformed(`an op has form number ${form} of ${forms.count}`);
    this.#weigh(forms.weight[form] as number);
    const count = forms.operands[form] as number;
    let operands = NO_VALUES;
    if (count === 1) operands = [this.#operand()];
    else if (count === 2) operands = [this.#operand(), this.#operand()];
    else if (count === 3) operands = [this.#operand(), this.#operand(), this.#operand()];
    else if (count > 0) operands = this.#operands(count);
    const op = forms.op[form] as number;
    let name = this.#local[op] as number;
    if (name < 0) this.#local[op] = name = this.#opNames.push(op) - 1;
    const resultCount = forms.results[form] as number;
    const results = resultCount === 0 ? NO_VALUES : resultCount === 1 && this.#next < this.#defined ? [this.#next++] : this.#defineValues(resultCount);
    const regionCount = forms.regions[form] as number;
    const regions = regionCount === 0 ? NO_REGIONS : this.#regions(regionCount, depth + 1);
    return { name, operands, results, attrs: forms.attrs[form] as Attributes, regions };
  }

  #regions(count: number, depth: number): readonly Region[] {
    if (2 * count > this.#r.left) throw this.#r.malformed(`an op has ${count} regions, and ${this.#r.left} bytes follow`);
    if (count === 1) return [this.#region(depth)];
    if (count === 2) return [this.#region(depth), this.#region(depth)];
    const regions: Region[] = [];
    for (let i = 0; i < count; i++) regions.push(this.#region(depth));
    return regions;
  }

  #operands(count: number): readonly ValueId[] {
    if (count > this.#r.left) throw this.#r.malformed(`an op has ${count} operands, and ${this.#r.left} bytes follow`);
    const operands: ValueId[] = [];
    for (let i = 0; i < count; i++) operands.push(this.#operand());
    return operands;
  }

  #operand(): ValueId {
    const r = this.#r;
    const byte = r.at < r.end ? (r.bytes[r.at] as number) : 0;
    if (byte === 0 || byte >= 0x80 || byte > this.#next) return this.#farOperand();
    r.at++;
    return this.#next - byte;
  }

  #farOperand(): ValueId {
    const r = this.#r;
    const start = r.at;
    const back = r.varint('an operand');
    if (back > this.#next) throw r.malformed(`an operand is ${back} values back, and ${this.#next} are defined before`, start);
    if (back > 0) return this.#next - back;
    const id = r.index(this.#values, 'an operand that is defined later');
    if (id < this.#next) throw r.malformed(`an operand is written as if value ${id} were not defined yet`, start);
    return id;
  }

  /** The next `count` values; every one of them has a type, and so a byte, already. */
  #defineValues(count: number): readonly ValueId[] {
    const first = this.#next;
    if (count > this.#defined - first) throw this.#r.malformed(`${count} more values are defined, and ${this.#defined} are announced, ${first} of them defined before`);
    this.#next = first + count;
    if (count === 0) return NO_VALUES;
    const ids: ValueId[] = [];
    for (let v = first; v < first + count; v++) ids.push(v);
    return ids;
  }
}
