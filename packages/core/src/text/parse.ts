import { NO_ATTRIBUTES } from '../ir/attributes.ts';
import type { Kernel, Param, Program, Result } from '../ir/program.ts';
import type { SluiceError } from '../diagnostics/error.ts';
import type { Span } from '../diagnostics/span.ts';
import type { Registry } from '../registry/registry.ts';
import { readAttributes } from './attributes.ts';
import { BodyReader } from './body.ts';
import type { ReadParam } from './body.ts';
import { shown } from './json.ts';
import { ARROW, CLOSE_PAREN, COMMA, END, NAMED, NUMBER, NUMBERED, OPEN_BRACE, OPEN_PAREN } from './lexer.ts';
import { LIMITS } from './limits.ts';
import { spansOf } from './problems.ts';
import { Reader } from './reader.ts';

export interface ParseOptions {
  /** What spans say the text is from: a path, so that errors show its lines. `<text>` if absent. */
  readonly file?: string;
}

/**
 * The program that a text is: see docs/reference/text.md. Types, attributes and literals are read with the op records of
 * `registry`; an op that is not in it is read too where the types of its results are written, so that `verify` can say
 * what is missing. The spans of ops, kernels and the program are those of the text. Takes time linear in its length.
 * @throws SluiceError `text/invalid`, with every problem and its place in `problems`
 */
export function parse(source: string, registry: Registry, { file = '<text>' }: ParseOptions = {}): Program {
  const parser = new Parser(source, registry, file);
  const program = parser.read();
  parser.reader.problems.throwAny();
  if (program === undefined) throw new RangeError('a text without a program has a problem');
  return shown(program);
}

/** Where a text does not follow the grammar; no op, type or value is looked up. */
export function syntaxProblems(source: string, { file = '<text>' }: ParseOptions = {}): readonly SluiceError[] {
  const parser = new Parser(source, undefined, file);
  parser.read();
  return parser.reader.problems.list();
}

/** What a kernel or program starts with. */
interface Head {
  readonly name: string;
  readonly at: number;
  readonly params: readonly ReadParam[];
  /** Something in it could not be read. */
  readonly vague: boolean;
}

/** Reads kernels and the program: everything around bodies. */
class Parser {
  /**
   * One of each object that reading a text makes. V8 forgets the shapes of objects of which none is left, and the code
   * that it compiled for them: without these, each collection of a large heap makes the next text twice as slow.
   */
  static readonly kept: readonly object[] = [new Parser('', undefined, '')].flatMap((parser) => [parser, new BodyReader(parser.reader, true)]);
  readonly reader: Reader;
  readonly #spanAt: (at: number) => Span;

  constructor(source: string, registry: Registry | undefined, file: string) {
    this.reader = new Reader(source.length > LIMITS.length ? '' : source, registry, file);
    this.#spanAt = spansOf(this.reader.lexer.lines, file);
    if (source.length > LIMITS.length) this.reader.limit(`the text has ${source.length} characters, at most ${LIMITS.length} are read`);
  }

  /** The program; undefined, and a problem, where there is none. */
  read(): Program | undefined {
    const { reader } = this;
    const { lexer, problems } = reader;
    const kernels: Kernel[] = [];
    let program: Omit<Program, 'kernels'> | undefined;
    while (lexer.kind !== END && !problems.full) {
      if (lexer.is('kernel')) kernels.push(this.#kernel());
      else if (lexer.is('program')) {
        if (program !== undefined) problems.add({ code: 'text/syntax', message: 'a second program starts here', fix: 'put each program in a file of its own', at: lexer.start, where: {} });
        program = this.#program();
      } else {
        reader.syntax('`kernel` or `program`', 'a text is a list of kernels and one program');
        this.#skipTo(false);
      }
    }
    if (program === undefined && problems.none) problems.add({ code: 'text/syntax', message: 'the text has no program', fix: 'add one: program name() { control.return }', at: lexer.start, where: {} });
    reader.unknownOps.finish();
    return program === undefined ? undefined : { kind: 'program', name: program.name, params: program.params, results: program.results, kernels, body: program.body, span: program.span };
  }

  #kernel(): Kernel {
    let workgroup: readonly [number, number, number] | undefined;
    const head = this.#head('kernel', () => {
      workgroup = this.#workgroup();
      return workgroup !== undefined;
    });
    const params = head.params.map((p) => p.param);
    this.reader.kernels.set(head.name, params);
    if (head.vague) this.reader.vagueKernels = true;
    const body = new BodyReader(this.reader, head.vague).read(head.params, this.#spanAt);
    return { kind: 'kernel', name: head.name, params, workgroup: workgroup ?? [1, 1, 1], body, span: this.#spanAt(head.at) };
  }

  #program(): Omit<Program, 'kernels'> {
    const results: Result[] = [];
    const head = this.#head('program', () => this.#results(results));
    const body = new BodyReader(this.reader, head.vague).read(head.params, this.#spanAt);
    return { kind: 'program', name: head.name, params: head.params.map((p) => p.param), results, body, span: this.#spanAt(head.at) };
  }

  /** Everything up to and with the opening brace. Where something in it is wrong, goes on with the body all the same. */
  #head(what: 'kernel' | 'program', rest: () => boolean): Head {
    const { reader } = this;
    const { lexer } = reader;
    const at = lexer.start;
    reader.program = reader.kernel = reader.op = undefined;
    lexer.next();
    const params: ReadParam[] = [];
    const name = reader.name(`the name of the ${what}`);
    reader[what] = name;
    const read = name !== undefined
      && reader.list('parameters', () => this.#param(params))
      && rest()
      && reader.take(OPEN_BRACE, '{', `the ops of a ${what} stand in braces`);
    if (!read) this.#skipTo(true);
    reader.nested = 0;
    return { name: name ?? '', at, params, vague: !read };
  }

  /** `%name: type {attributes}` */
  #param(into: ReadParam[]): boolean {
    const { reader } = this;
    const { lexer } = reader;
    const { kind, start: at } = lexer;
    if (kind !== NAMED && kind !== NUMBERED) return reader.syntax('a parameter', 'write a parameter as `%name: type`');
    const label = kind === NUMBERED ? lexer.number : lexer.word();
    lexer.next();
    const type = reader.typed('a parameter');
    if (type === undefined) return false;
    const attrs = lexer.kind === OPEN_BRACE ? readAttributes(reader, undefined) : NO_ATTRIBUTES;
    if (attrs === undefined) return false;
    const param: Param = { name: String(label), type, attrs };
    into.push({ definition: { label, at, type }, param });
    return true;
  }

  /** `-> (name: type, …)`, or nothing. */
  #results(into: Result[]): boolean {
    const { reader } = this;
    const { lexer } = reader;
    if (lexer.kind !== ARROW) return true;
    lexer.next();
    return reader.list('results', () => {
      const name = reader.name('the name of a result');
      const type = name === undefined ? undefined : reader.typed('a result');
      if (name === undefined || type === undefined) return false;
      into.push({ name, type });
      return true;
    });
  }

  /** `workgroup(x, y, z)`; y and z are 1 where they are not written. */
  #workgroup(): readonly [number, number, number] | undefined {
    const { reader } = this;
    const { lexer } = reader;
    const fix = 'write the invocations of a workgroup as `workgroup(x, y, z)`';
    if (!lexer.is('workgroup')) {
      reader.syntax('`workgroup`', fix);
      return undefined;
    }
    lexer.next();
    if (!reader.take(OPEN_PAREN, '(', fix)) return undefined;
    const sides: number[] = [];
    for (;;) {
      const side = lexer.kind === NUMBER && lexer.end - lexer.start <= LONGEST_SIDE ? Number(lexer.text()) : NaN;
      if (!Number.isInteger(side) || side < 0) {
        reader.syntax('a number of invocations', fix);
        return undefined;
      }
      sides.push(side);
      lexer.next();
      if (lexer.kind !== COMMA || sides.length === 3) break;
      lexer.next();
    }
    const [x = 1, y = 1, z = 1] = sides;
    return reader.take(CLOSE_PAREN, ')', fix) ? [x, y, z] : undefined;
  }

  /** Goes on to the next kernel or program; or into the body before that, behind its opening brace. */
  #skipTo(body: boolean): void {
    const { lexer } = this.reader;
    let closed = false;
    for (; lexer.kind !== END; lexer.next()) {
      if (this.reader.atItem()) return;
      if (body && closed && lexer.kind === OPEN_BRACE) {
        lexer.next();
        return;
      }
      closed = lexer.kind === CLOSE_PAREN;
    }
  }
}

/** Characters of a workgroup size. */
const LONGEST_SIDE = 15;
