import type { Span } from '../diagnostics/span.ts';
import { NO_ATTRIBUTES } from '../ir/attributes.ts';
import type { Attributes } from '../ir/attributes.ts';
import { walkOps } from '../ir/program.ts';
import type { Body, Debug, Op, Param, Region, ValueId } from '../ir/program.ts';
import type { Type } from '../ir/types.ts';
import { readAttributes, scalarOf } from './attributes.ts';
import { BAD, CLOSE_BRACE, CLOSE_BRACKET, CLOSE_PAREN, COLON, COMMA, END, EQUALS, NAMED, NUMBER, NUMBERED, OPEN_BRACE, OPEN_BRACKET, OPEN_PAREN, STRING, WORD } from './lexer.ts';
import { LIMITS } from './limits.ts';
import { literalTypes, resultTypes } from './inference.ts';
import { Missing } from './missing.ts';
import type { OpUse, Reader } from './reader.ts';
import { Scope } from './scope.ts';
import type { Label } from './scope.ts';
import { UNKNOWN_TYPE } from './types.ts';

/** What a literal operand becomes. */
const CONSTANT = 'arith.constant';
/** Stands for a value that a problem was reported for: nothing more is said about it. */
const NOTHING: ValueId = -1;
const UNLABELLED = -1;

const NO_VALUES: readonly ValueId[] = [];
const NO_REGIONS: readonly Region[] = [];

/** A value that is defined: how it is called, where, and its type as far as it is written. */
export interface Definition {
  label: Label;
  at: number;
  type: Type | undefined;
}

/** A literal among the operands of an op. */
export interface LiteralOperand {
  readonly index: number;
  readonly text: string;
  readonly at: number;
  type: Type | undefined;
}

/** A parameter as it was read. */
export interface ReadParam {
  readonly definition: Definition;
  readonly param: Param;
}

/** Reads the ops of one kernel or program, behind its opening brace, up to and with the closing one. */
export class BodyReader {
  readonly #reader: Reader;
  readonly #scope = new Scope();
  readonly #opNames: string[] = [];
  readonly #valueTypes: Type[] = [];
  readonly #names = new Map<ValueId, string>();
  /** Where each value is defined; `UNLABELLED` for one that nothing can name. */
  readonly #definedAt: number[] = [];
  readonly #missing: Missing;
  /** Where each op is, in the order in which they start. */
  readonly #opsAt: number[] = [];
  /* Of the op that is being read; reading the ops of its regions overwrites them. */
  readonly #results: Definition[] = [];
  #resultCount = 0;
  readonly #operands: ValueId[] = [];
  #operandCount = 0;
  readonly #literals: LiteralOperand[] = [];

  /** `vague`: the parameters could not all be read, so that values may be missing that are none of the author's mistakes. */
  constructor(reader: Reader, vague: boolean) {
    this.#reader = reader;
    this.#missing = new Missing(reader, vague);
  }

  read(params: readonly ReadParam[], spanAt: (at: number) => Span): Body {
    const args = params.map((p) => this.#define(p.definition));
    for (const [i, { param }] of params.entries()) this.#names.set(args[i] as ValueId, param.name);
    const ops: Op[] = [];
    this.#ops(ops, 0);
    this.#missing.report({ names: this.#names, definedAt: this.#definedAt, seen: () => this.#scope.seen() });
    return { opNames: this.#opNames, valueTypes: this.#valueTypes, region: { args, ops }, debug: debugOf(ops, this.#opsAt, this.#names, spanAt) };
  }

  /** Ops up to and with the brace that closes their region; false where it is missing. */
  #ops(into: Op[], depth: number): boolean {
    const { lexer, problems } = this.#reader;
    while (!problems.full) {
      if (lexer.kind === CLOSE_BRACE) {
        lexer.next();
        return true;
      }
      if (lexer.kind === END || this.#reader.atItem()) {
        this.#missing.unclosed();
        return false;
      }
      const start = lexer.start;
      if (!this.#op(into, depth)) {
        if (lexer.start === start) lexer.next();
        this.#recover();
      }
    }
    return false;
  }

  #op(into: Op[], depth: number): boolean {
    const reader = this.#reader;
    const { lexer } = reader;
    this.#resultCount = 0;
    reader.op = undefined;
    if ((lexer.kind === NUMBERED || lexer.kind === NAMED) && !this.#readResults()) return this.#spoil();
    const use = this.#readId();
    if (use === undefined) return this.#spoil();
    const at = lexer.start;
    lexer.next();
    reader.op = use.id;
    if (++reader.ops > LIMITS.ops) reader.limit(`the text has more than ${LIMITS.ops} ops`);
    if (!this.#readOperands()) return this.#spoil();
    if (use.def === undefined) reader.unknownOps.use(use.id, at);
    let attrs = NO_ATTRIBUTES;
    let sound = true;
    if (lexer.kind === OPEN_BRACE && lexer.opensAttributes()) {
      const before = reader.problems.count;
      const read = readAttributes(reader, use.def);
      if (read === undefined) return this.#spoil();
      attrs = read;
      sound = reader.problems.count === before;
    }
    if (!this.#atEnd() && lexer.kind !== OPEN_PAREN && lexer.kind !== OPEN_BRACE) {
      reader.syntax(this.#operandCount > 0 ? '`,` or the end of the line' : 'the end of the line', 'separate operands by commas, and write each op on a line of its own');
      return this.#spoil();
    }
    this.#settleTypes(use, sound ? attrs : undefined, at, into);
    this.#opsAt.push(at);
    const name = this.#nameOf(use);
    const operands = takenValues(this.#operands, this.#operandCount);
    const results = this.#makeResults();
    const hasRegions = lexer.kind === OPEN_PAREN || lexer.kind === OPEN_BRACE;
    const definitions = hasRegions ? this.#results.slice(0, this.#resultCount).map((d) => ({ ...d })) : this.#results;
    const regions = hasRegions ? this.#readRegions(depth + 1) : NO_REGIONS;
    for (let i = 0; i < results.length; i++) this.#see(definitions[i] as Definition, results[i] as ValueId);
    this.#resultCount = 0;
    if (regions === undefined) return false;
    const op: Op = { name, operands, results, attrs, regions };
    into.push(op);
    return this.#atEnd() || reader.syntax('the end of the line', 'write each op on a line of its own');
  }

  /** An op ends where its line does, or its region. */
  #atEnd(): boolean {
    const { lexer } = this.#reader;
    return lexer.fresh || lexer.kind === CLOSE_BRACE || lexer.kind === END;
  }

  /** `%a: type, %b =` */
  #readResults(): boolean {
    const reader = this.#reader;
    const { lexer } = reader;
    for (;;) {
      if (!this.#readDefinition(this.#results, this.#resultCount, 'a result')) return false;
      this.#resultCount++;
      if (lexer.kind !== COMMA) break;
      lexer.next();
    }
    return reader.take(EQUALS, '=', 'the results of an op are written `%name: type =` before it');
  }

  /** `%name` and, if there is a colon, its type. */
  #readDefinition(into: Definition[], index: number, what: string): boolean {
    const reader = this.#reader;
    const { lexer } = reader;
    const { kind, start: at } = lexer;
    if (kind !== NUMBERED && kind !== NAMED) return reader.syntax(what, 'write a value as `%name`');
    const label = kind === NUMBERED ? lexer.number : lexer.word();
    lexer.next();
    let type: Type | undefined;
    if (lexer.kind === COLON) {
      lexer.next();
      type = reader.type();
      if (type === undefined) return false;
    }
    const used = into[index];
    if (used === undefined) into[index] = { label, at, type };
    else {
      used.label = label;
      used.at = at;
      used.type = type;
    }
    return true;
  }

  /** The op whose id the token is. */
  #readId(): OpUse | undefined {
    const reader = this.#reader;
    const { lexer } = reader;
    if (lexer.kind === WORD || lexer.kind === STRING) {
      const id = lexer.word();
      if (lexer.kind === STRING || id.includes('.')) return reader.use(id);
      this.#missing.opId(id);
      return undefined;
    }
    reader.syntax('an op', 'write an op as `dialect.name`, with its results and `=` before it');
    return undefined;
  }

  /** Operands, separated by commas; the first one stands on the line of the op. */
  #readOperands(): boolean {
    const { lexer } = this.#reader;
    this.#operandCount = 0;
    if (this.#literals.length > 0) this.#literals.length = 0;
    if (lexer.fresh) return true;
    for (;;) {
      const { kind } = lexer;
      if (kind === NUMBERED || kind === NAMED) {
        const value = kind === NUMBERED ? this.#scope.numbered(lexer.number) : this.#scope.named(lexer.word());
        if (value < 0) this.#missing.value(kind === NUMBERED ? lexer.number : lexer.word(), lexer.start);
        this.#operands[this.#operandCount++] = value;
        lexer.next();
      } else if (kind === NUMBER || (kind === WORD && isLiteralWord(lexer.word()))) {
        if (!this.#readLiteral()) return false;
      } else if (this.#operandCount === 0) return true;
      else return this.#reader.syntax('an operand', 'write a value as `%name`, or a literal');
      if (lexer.kind !== COMMA) return true;
      lexer.next();
    }
  }

  #readLiteral(): boolean {
    const reader = this.#reader;
    const { lexer } = reader;
    const literal: LiteralOperand = { index: this.#operandCount, text: lexer.text(), at: lexer.start, type: undefined };
    lexer.next();
    if (lexer.kind === COLON) {
      lexer.next();
      literal.type = reader.type();
      if (literal.type === undefined) return false;
    }
    this.#literals.push(literal);
    this.#operands[this.#operandCount++] = NOTHING;
    return true;
  }

  /** Makes constants of literals, and finds the types of results that are not written; `attrs` is undefined where they have a problem. */
  #settleTypes(use: OpUse, attrs: Attributes | undefined, at: number, into: Op[]): void {
    const results = this.#results;
    const literals = this.#literals;
    let written = true;
    for (let i = 0; i < this.#resultCount; i++) if (results[i]?.type === undefined) written = false;
    if (written && literals.length === 0) return;
    const { def } = use;
    if (def === undefined && (!written || literals.some((l) => l.type === undefined))) return this.#reader.unknownOps.needed(use.id, at);
    const types = this.#operandTypes();
    const known = results.slice(0, this.#resultCount);
    if (def !== undefined && literals.length > 0) literalTypes(this.#reader, def, attrs, literals, types, known);
    for (const literal of literals) {
      types[literal.index] = literal.type;
      this.#operands[literal.index] = this.#constant(literal, into);
    }
    if (def !== undefined && !written && attrs !== undefined) resultTypes(this.#reader, def, attrs, types, known);
  }

  /** The types of the operands; undefined for literals, and for values of which it is not known. */
  #operandTypes(): (Type | undefined)[] {
    const types: (Type | undefined)[] = [];
    for (let i = 0; i < this.#operandCount; i++) {
      const type = this.#valueTypes[this.#operands[i] as ValueId];
      types.push(type === UNKNOWN_TYPE ? undefined : type);
    }
    return types;
  }

  /** The value of an op that makes a literal, before the op that takes it. */
  #constant({ type, text, at }: LiteralOperand, into: Op[]): ValueId {
    const value = type === undefined ? undefined : scalarOf(this.#reader, type, at, text);
    if (type === undefined || value === undefined) return NOTHING;
    const id = this.#value(type, UNLABELLED);
    const op: Op = { name: this.#nameOf(this.#reader.use(CONSTANT)), operands: NO_VALUES, results: [id], attrs: { value }, regions: NO_REGIONS };
    into.push(op);
    this.#opsAt.push(at);
    return id;
  }

  /** The values of the results, which nothing sees yet. */
  #makeResults(): readonly ValueId[] {
    const count = this.#resultCount;
    if (count === 0) return NO_VALUES;
    const results = this.#results;
    const first = this.#resultOf(results[0] as Definition);
    if (count === 1) return [first];
    const ids = [first];
    for (let i = 1; i < count; i++) ids.push(this.#resultOf(results[i] as Definition));
    return ids;
  }

  #resultOf({ type, at }: Definition): ValueId {
    return this.#value(type ?? UNKNOWN_TYPE, at);
  }

  #value(type: Type, at: number): ValueId {
    if (++this.#reader.values > LIMITS.values) this.#reader.limit(`the text has more than ${LIMITS.values} values`);
    this.#definedAt.push(at);
    return this.#valueTypes.push(type) - 1;
  }

  /** A new value that is seen from here on. */
  #define(definition: Definition): ValueId {
    const id = this.#resultOf(definition);
    this.#see(definition, id);
    return id;
  }

  #see({ label, at }: Definition, id: ValueId): void {
    const scope = this.#scope;
    const before = typeof label === 'number' ? scope.numbered(label) : scope.named(label);
    if (before >= 0) this.#missing.redefined(label, at, this.#definedAt[before] as number);
    else scope.define(label, id);
    // A number is no name, unless it would not be found again.
    if (label !== id) this.#names.set(id, String(label));
  }

  /** `(%arg: type, …) { … }` once or more; undefined where one could not be read. */
  #readRegions(depth: number): readonly Region[] | undefined {
    const reader = this.#reader;
    const { lexer } = reader;
    const regions: Region[] = [];
    while (lexer.kind === OPEN_PAREN || lexer.kind === OPEN_BRACE) {
      if (depth > LIMITS.depth) {
        reader.limit(`regions are nested more than ${LIMITS.depth} deep`);
        return undefined;
      }
      const mark = this.#scope.open();
      const region = this.#readRegion(depth);
      this.#scope.close(mark);
      if (region === undefined) return undefined;
      regions.push(region);
    }
    return regions;
  }

  #readRegion(depth: number): Region | undefined {
    const reader = this.#reader;
    const { lexer } = reader;
    const definitions: Definition[] = [];
    if (lexer.kind === OPEN_BRACE) reader.syntax('`(`', 'a region starts with its block arguments: write `() {` where it has none');
    else {
      const read = reader.list('block arguments', () => {
        if (!this.#readDefinition(definitions, definitions.length, 'a block argument')) return false;
        return definitions.at(-1)?.type !== undefined || reader.syntax('`:`', 'the type of a block argument stands behind a colon');
      });
      if (!read) return undefined;
    }
    if (!reader.take(OPEN_BRACE, '{', 'the ops of a region stand in braces')) return undefined;
    const args = definitions.map((d) => this.#define(d));
    const ops: Op[] = [];
    return this.#ops(ops, depth) ? { args, ops } : undefined;
  }

  #nameOf(use: OpUse): number {
    if (use.body !== this) {
      use.body = this;
      use.index = this.#opNames.push(use.id) - 1;
    }
    return use.index;
  }

  /** The results of an op that could not be read are there all the same, so that no use of them is a problem too. */
  #spoil(): false {
    for (let i = 0; i < this.#resultCount; i++) {
      const definition = this.#results[i] as Definition;
      definition.type = undefined;
      this.#define(definition);
    }
    return false;
  }

  /** Goes on to where the next op may start, or to the end of the region. */
  #recover(): void {
    const reader = this.#reader;
    const { lexer } = reader;
    let depth = 0;
    // A string that is not closed has what would close the rest of its line in it.
    if (lexer.kind === BAD && lexer.peek() === 0) reader.nested = 0;
    for (; lexer.kind !== END && !reader.atItem(); lexer.next()) {
      const { kind } = lexer;
      if (depth === 0 && lexer.fresh && startsOp(kind) && (reader.nested === 0 || kind !== WORD || lexer.word().includes('.'))) break;
      if (depth === 0 && kind === CLOSE_BRACE && reader.nested === 0) break;
      if (kind === OPEN_BRACE || kind === OPEN_PAREN || kind === OPEN_BRACKET) depth++;
      else if (kind !== CLOSE_BRACE && kind !== CLOSE_PAREN && kind !== CLOSE_BRACKET) continue;
      else if (depth > 0) depth--;
      else if (reader.nested > 0) reader.nested--;
    }
    reader.nested = 0;
  }
}

/** The side tables; spans are made when they are first read. `starts` are those of the ops, in the order of the text. */
function debugOf(ops: readonly Op[], starts: readonly number[], names: Debug['names'], spanAt: (at: number) => Span): Debug {
  let spans: Map<Op, Span> | undefined;
  return {
    names,
    get spans() {
      if (spans !== undefined) return spans;
      spans = new Map();
      let next = 0;
      for (const op of walkOps({ args: [], ops })) spans.set(op, spanAt(starts[next++] as number));
      return spans;
    },
    origins: new Map(),
  };
}

function isLiteralWord(word: string): boolean {
  return word === 'true' || word === 'false' || word === 'inf' || word === 'nan';
}

function startsOp(kind: number): boolean {
  return kind === NUMBERED || kind === NAMED || kind === WORD || kind === STRING;
}

/* An array literal is made many times faster than an array of a length that is not known, and nearly every op has one of these. */
function takenValues(values: readonly ValueId[], count: number): readonly ValueId[] {
  const { 0: a, 1: b, 2: c } = values as readonly [ValueId, ValueId, ValueId];
  switch (count) {
    case 0:
      return NO_VALUES;
    case 1:
      return [a];
    case 2:
      return [a, b];
    case 3:
      return [a, b, c];
    default:
      return values.slice(0, count);
  }
}
