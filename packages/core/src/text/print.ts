import { SluiceError } from '../diagnostics/error.ts';
import type { Attribute, Attributes } from '../ir/attributes.ts';
import type { Body, Kernel, Op, Param, Program, Region, ValueId } from '../ir/program.ts';
import { isWord } from './lexer.ts';
import { LIMITS } from './limits.ts';
import { literalText } from './literals.ts';
import { nameText, PlainNames, ScopedNames } from './names.ts';
import type { Names } from './names.ts';
import { quoted, singleQuoted, wordOrQuoted } from './quote.ts';
import { isTypeWord } from './types.ts';

/**
 * A program or kernel in the text form: see docs/reference/text.md. What `parse` makes of it is equal, to the bit; programs
 * that are equal, and have the same names, print alike. A program that does not verify prints too, for people.
 * @throws SluiceError `text/limit` for regions more than 256 deep
 */
export function print(ir: Program | Kernel): string {
  if (ir.kind === 'kernel') return printKernel(ir);
  const results = ir.results.map((r) => `${wordOrQuoted(r.name)}: ${r.type.spelling}`).join(', ');
  const head = `program ${wordOrQuoted(ir.name)}(${paramsText(ir.params)})${results === '' ? '' : ` -> (${results})`}`;
  return [...ir.kernels.map(printKernel), `${head} {\n${bodyText(ir.body, ir.params)}}`].join('\n\n');
}

function printKernel({ name, params, workgroup, body }: Kernel): string {
  return `kernel ${wordOrQuoted(name)}(${paramsText(params)}) workgroup(${workgroup.join(', ')}) {\n${bodyText(body, params)}}`;
}

function paramsText(params: readonly Param[]): string {
  return params.map((p) => `${nameText(p.name)}: ${p.type.spelling}${attributesText(p.attrs)}`).join(', ');
}

function bodyText(body: Body, params: readonly Param[]): string {
  const names = new ScopedNames(body, params);
  const text = new BodyPrinter(body, names).print();
  return names.astray ? new BodyPrinter(body, new PlainNames(body, params)).print() : text;
}

/** Characters of a piece of text. */
const PIECE = 4096;

/** Prints the ops of one body. */
class BodyPrinter {
  readonly #body: Body;
  readonly #names: Names;
  /** The op ids of the body as they are written. */
  readonly #ids: readonly string[];
  /** What is done, in flat pieces, and what follows. */
  readonly #pieces: string[] = [];
  #text = '';

  constructor(body: Body, names: Names) {
    this.#body = body;
    this.#names = names;
    this.#ids = body.opNames.map((id) => (isWord(id) && id.includes('.') ? id : quoted(id)));
  }

  print(): string {
    this.#region(this.#body.region, '  ', 0);
    return this.#pieces.join('') + this.#text;
  }

  /**
   * Puts what was concatenated aside as one flat string. A string that grows by `+=` is a tree of its parts until somebody
   * reads it: a large one costs the collector more than all the rest of printing.
   */
  #flatten(): void {
    this.#text.charCodeAt(0);
    this.#pieces.push(this.#text);
    this.#text = '';
  }

  #region({ ops }: Region, indent: string, depth: number): void {
    if (depth > LIMITS.printedDepth) throw new SluiceError({ code: 'text/limit', message: `regions are nested more than ${LIMITS.printedDepth} deep`, fix: 'nest fewer loops and branches' });
    for (let i = 0; i < ops.length; i++) this.#op(ops[i] as Op, indent, depth);
  }

  #op(op: Op, indent: string, depth: number): void {
    const { operands, results, attrs, regions } = op;
    // Operands are looked up first: the results are not seen by the op itself.
    let line = this.#ids[op.name] ?? `"op ${op.name}"`;
    for (let i = 0; i < operands.length; i++) line += (i === 0 ? ' ' : ', ') + this.#used(operands[i] as ValueId);
    for (const _ in attrs) {
      line += attributesText(attrs);
      break;
    }
    if (results.length > 0) {
      this.#names.define(results);
      line = `${this.#typed(results)} = ${line}`;
    }
    this.#text += indent + line;
    for (let i = 0; i < regions.length; i++) {
      const region = regions[i] as Region;
      const mark = this.#names.open();
      this.#names.define(region.args);
      this.#text += ` (${this.#typed(region.args)}) {\n`;
      this.#region(region, `${indent}  `, depth + 1);
      this.#text += `${indent}}`;
      this.#names.close(mark);
    }
    this.#text += '\n';
    if (this.#text.length > PIECE) this.#flatten();
  }

  #used(id: ValueId): string {
    const text = this.#names.written[id];
    if (text === undefined) this.#names.astray = true;
    return text ?? `%${id}`;
  }

  #typed(ids: readonly ValueId[]): string {
    let text = '';
    for (let i = 0; i < ids.length; i++) {
      const id = ids[i] as ValueId;
      text += `${i === 0 ? '' : ', '}${this.#names.written[id] ?? `%${id}`}: ${this.#body.valueTypes[id]?.spelling ?? '?'}`;
    }
    return text;
  }
}

/** ` {key = value, …}` by key, or nothing. */
function attributesText(attrs: Attributes): string {
  const keys = Object.keys(attrs);
  if (keys.length === 0) return '';
  if (keys.length > 1) keys.sort();
  let text = ' {';
  for (let i = 0; i < keys.length; i++) {
    const key = keys[i] as string;
    text += `${i === 0 ? '' : ', '}${wordOrQuoted(key)} = ${attributeText(attrs[key] as Attribute)}`;
  }
  return `${text}}`;
}

function attributeText(a: Attribute): string {
  switch (a.kind) {
    case 'scalar':
      return `${literalText(a.type, a.bits)}: ${a.type.spelling}`;
    case 'bool':
      return String(a.value);
    case 'string':
      return quoted(a.value);
    case 'enum':
      return isPlain(a.value) ? a.value : singleQuoted(a.value);
    case 'type':
      return a.type.spelling;
    case 'symbol':
      return `@${wordOrQuoted(a.name)}`;
    case 'list':
      return `[${a.items.map(attributeText).join(', ')}]`;
  }
}

/** Whether a word by itself is a value of an enumeration, and nothing else. */
function isPlain(word: string): boolean {
  return isWord(word) && !isTypeWord(word) && word !== 'true' && word !== 'false' && word !== 'inf' && word !== 'nan';
}
