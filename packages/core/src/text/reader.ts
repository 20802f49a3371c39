import type { Code } from '../diagnostics/codes.ts';
import type { Where } from '../diagnostics/error.ts';
import { meant, nearest } from '../diagnostics/nearest.ts';
import type { Param } from '../ir/program.ts';
import type { Type } from '../ir/types.ts';
import type { OpDef } from '../ops/op.ts';
import type { Registry } from '../registry/registry.ts';
import { BAD, COLON, COMMA, CLOSE_PAREN, END, Lexer, OPEN_PAREN, STRING, WORD } from './lexer.ts';
import { LIMITS } from './limits.ts';
import { Problems, spansOf } from './problems.ts';
import { BUILT_IN_TYPES, Types, UNKNOWN_TYPE } from './types.ts';
import { Scalars } from './scalars.ts';
import { UnknownOps } from './unknown-ops.ts';

/** An op id that occurs in a text. */
export interface OpUse {
  readonly id: string;
  /** Undefined for an op that nobody registered. */
  readonly def: OpDef | undefined;
  /** The body that it has an index in, and the index. */
  body: object | undefined;
  index: number;
}

/** What all parts of the parser share: the tokens, the problems, and what is known of types and ops. */
export class Reader {
  readonly lexer: Lexer;
  readonly problems: Problems;
  /** Undefined: only the grammar is looked at. */
  readonly registry: Registry | undefined;
  readonly types = new Types();
  readonly scalars = new Scalars();
  readonly unknownOps = new UnknownOps(this);
  /** What is being read, for the places of problems. */
  program: string | undefined;
  kernel: string | undefined;
  op: string | undefined;
  /** Parentheses, brackets and braces of attributes that are open; more than 0 behind a problem in one of them. */
  nested = 0;
  /** The parameters of the kernels so far. */
  readonly kernels = new Map<string, readonly Param[]>();
  /** The parameters of a kernel could not all be read. */
  vagueKernels = false;
  /** Ops and values so far. */
  ops = 0;
  values = 0;
  readonly #uses = new Map<string, OpUse>();

  constructor(source: string, registry: Registry | undefined, file: string) {
    this.lexer = new Lexer(source);
    this.problems = new Problems(this.lexer.lines, file);
    this.registry = registry;
  }

  /** The op of that id; its record is looked up once. */
  use(id: string): OpUse {
    let use = this.#uses.get(id);
    if (use === undefined) {
      use = { id, def: this.registry?.lookup(id), body: undefined, index: -1 };
      this.#uses.set(id, use);
    }
    return use;
  }

  /** The token is not what the grammar wants: always false. */
  syntax(expected: string, fix: string): false {
    const { lexer } = this;
    const message = lexer.kind === BAD ? lexer.word() : `expected ${expected}, found ${this.found()}`;
    this.problems.add({ code: 'text/syntax', message, fix, at: lexer.start, where: this.where() });
    return false;
  }

  /** What is wrong with a text that follows the grammar. */
  wrong(code: Code, at: number, message: string, fix: string, available: readonly string[] = []): void {
    if (this.registry === undefined) return;
    this.problems.add({ code, message, fix, at, where: this.where(), available });
  }

  limit(message: string): void {
    this.problems.fatal({ code: 'text/limit', message, fix: 'split the program', at: this.lexer.start, where: this.where() });
  }

  /** The line, from 1, of something that was read already. */
  lineOf(at: number): number {
    return spansOf(this.lexer.lines, this.problems.file)(at).line;
  }

  where(): Where {
    return { program: this.program, kernel: this.kernel, op: this.op };
  }

  /** The token in words. */
  found(): string {
    const { lexer } = this;
    if (lexer.kind === END) return 'the end of the text';
    const text = lexer.text();
    return `\`${text.length > LONGEST_SHOWN ? `${text.slice(0, LONGEST_SHOWN)}…` : text}\``;
  }

  /** Takes a token of that kind; false, and a problem, where it is another. */
  take(kind: number, spelled: string, fix: string): boolean {
    if (this.lexer.kind !== kind) return this.syntax(`\`${spelled}\``, fix);
    this.lexer.next();
    return true;
  }

  /** Takes a name: a word, or a string. */
  name(what: string): string | undefined {
    const { lexer } = this;
    if (lexer.kind !== WORD && lexer.kind !== STRING) {
      this.syntax(what, 'write a word, or any text in double quotes');
      return undefined;
    }
    const name = lexer.word();
    lexer.next();
    return name;
  }

  /** Takes a type; undefined where the grammar has none there, `UNKNOWN_TYPE` for one that nobody knows. */
  type(): Type | undefined {
    const { lexer } = this;
    if (lexer.kind !== WORD) {
      this.syntax('a type', 'write the spelling of a type, such as `u32` or `buffer<f32, read>`');
      return undefined;
    }
    const found = this.types.read(lexer);
    if (this.types.full) this.limit(`the text has more than ${LIMITS.types} different types`);
    if ('unknown' in found) {
      const near = nearest(found.unknown, [...BUILT_IN_TYPES, ...(this.registry?.types.keys() ?? [])]);
      this.wrong('text/unknown-type', lexer.start, `${this.found()} is not a type${meant(near)}`, 'use a scalar, vecN<scalar>, array<type, length>, buffer<type, access>, GpuBufferHandle, or the type of a plugin', near);
    }
    lexer.next();
    return 'type' in found ? found.type : UNKNOWN_TYPE;
  }

  /** Takes `( item, item )`; `item` says whether it could be read. */
  list(what: string, item: () => boolean): boolean {
    const { lexer } = this;
    if (!this.take(OPEN_PAREN, '(', `${what} stand in parentheses`)) return false;
    this.nested++;
    if (lexer.kind !== CLOSE_PAREN) {
      for (;;) {
        if (!item()) return false;
        if (lexer.kind !== COMMA) break;
        lexer.next();
      }
    }
    if (!this.take(CLOSE_PAREN, ')', `${what} are separated by commas and end in \`)\``)) return false;
    this.nested--;
    return true;
  }

  /** Takes `: type`. */
  typed(of: string): Type | undefined {
    return this.take(COLON, ':', `the type of ${of} stands behind a colon`) ? this.type() : undefined;
  }

  /** Whether a kernel or program starts here: nothing else that starts a line is that word. */
  atItem(): boolean {
    const { lexer } = this;
    return lexer.fresh && (lexer.is('kernel') || lexer.is('program'));
  }
}

const LONGEST_SHOWN = 40;
