import { ARROW, CLOSE_BRACE, CLOSE_BRACKET, CLOSE_PAREN, COLON, COMMA, END, EQUALS, Lexer, NAMED, NUMBERED, OPEN_BRACE, OPEN_BRACKET, OPEN_PAREN, STRING, WORD } from './lexer.ts';
import type { Comment } from './lexer.ts';
import { syntaxProblems } from './parse.ts';
import type { ParseOptions } from './parse.ts';
import { combine } from '../diagnostics/error.ts';

/**
 * `source` laid out as `print` lays programs out: each op on a line, regions indented by two blanks, at most one empty line
 * in a row. Tokens and comments stay as they are. Ends in a line feed. Nothing is looked up: no plugin need be linked.
 * @throws SluiceError `text/invalid` where the text does not follow the grammar
 */
export function format(source: string, options: ParseOptions = {}): string {
  const problems = syntaxProblems(source, options);
  if (problems.length > 0) throw combine('text/invalid', `\`${options.file ?? '<text>'}\` does not follow the grammar, ${problems.length} problem${problems.length === 1 ? '' : 's'}`, problems);
  return new Layout(source).run();
}

class Layout {
  readonly #source: string;
  readonly #comments: Comment[] = [];
  readonly #lexer: Lexer;
  readonly #lines: string[] = [];
  /** The line that is being written, without its indentation. */
  #line = '';
  /** Regions, kernels and programs that are open. */
  #depth = 0;
  /** Parentheses, brackets and the braces of attributes that are open. */
  #inner = 0;
  /** The op on this line goes on from the one before. */
  #continued = false;
  #nextComment = 0;
  /** Where the last token or comment ends. */
  #done = 0;
  /** The kind of the last token. */
  #before = END;

  constructor(source: string) {
    this.#source = source;
    this.#lexer = new Lexer(source, this.#comments);
  }

  run(): string {
    const lexer = this.#lexer;
    for (; ; lexer.next()) {
      this.#putComments();
      if (lexer.kind === END) break;
      this.#token();
    }
    this.#endLine();
    return this.#lines.length === 0 ? '' : `${this.#lines.join('\n')}\n`;
  }

  #token(): void {
    const lexer = this.#lexer;
    const { kind } = lexer;
    const body = this.#inner === 0 && (kind === CLOSE_BRACE || (kind === OPEN_BRACE && this.#before === CLOSE_PAREN));
    if (kind === CLOSE_BRACE && body) {
      this.#endLine();
      this.#depth--;
    } else if (this.#startsLine()) {
      this.#endLine();
      this.#emptyLine();
    }
    this.#line += `${this.#gap(kind) ? ' ' : ''}${lexer.text()}`;
    if (kind === OPEN_PAREN || kind === OPEN_BRACKET || (kind === OPEN_BRACE && !body)) this.#inner++;
    if (kind === CLOSE_PAREN || kind === CLOSE_BRACKET || (kind === CLOSE_BRACE && !body)) this.#inner--;
    this.#before = kind;
    this.#done = lexer.end;
    if (kind === OPEN_BRACE && body) {
      this.#endLine();
      this.#depth++;
    }
    // What follows a type's head is no token of its own.
    if (kind === WORD && this.#source.charCodeAt(lexer.end) === ANGLE) this.#brackets();
  }

  /** Takes `<…>` behind the head of a type, spaced as types are spelled. */
  #brackets(): void {
    const lexer = this.#lexer;
    let depth = 0;
    let end = lexer.end;
    do {
      const c = this.#source.charAt(end++);
      if (c === '<') depth++;
      if (c === '>') depth--;
    } while (depth > 0 && end < this.#source.length);
    this.#line += this.#source.slice(lexer.end, end).replace(/\s+/g, '').replaceAll(',', ', ');
    lexer.extend(end);
    this.#done = end;
  }

  /** Whether an op, a kernel or a program starts with the token. */
  #startsLine(): boolean {
    const { kind, fresh } = this.#lexer;
    if (this.#line === '') return !this.#continued && this.#inner === 0 && startsOp(kind);
    const apart = fresh || (this.#depth === 0 && this.#before === CLOSE_BRACE);
    return this.#inner === 0 && apart && startsOp(kind) && !goesOn(this.#before);
  }

  #gap(kind: number): boolean {
    const before = this.#before;
    if (this.#line === '' || kind === COMMA || kind === COLON || kind === CLOSE_PAREN || kind === CLOSE_BRACKET) return false;
    if (before === OPEN_PAREN || before === OPEN_BRACKET) return false;
    const body = this.#inner === 0;
    if (kind === CLOSE_BRACE || before === OPEN_BRACE) return body;
    // A region's block arguments stand apart from the op; parameters stand at the name.
    if (kind === OPEN_PAREN) return this.#depth > 0 || before === ARROW;
    return true;
  }

  #putComments(): void {
    for (let next = this.#comments[this.#nextComment]; next !== undefined; next = this.#comments[this.#nextComment]) {
      const { start, end, fresh } = next;
      const text = this.#source.slice(start, end).trimEnd();
      this.#nextComment++;
      const inOp = this.#line !== '' && (this.#inner > 0 || goesOn(this.#before));
      if (!fresh && this.#line === '' && this.#lines.length > 0) this.#lines.push(`${this.#lines.pop() ?? ''} ${text}`);
      else {
        if (fresh) {
          this.#endLine();
          this.#emptyLine(start);
        }
        this.#line += `${this.#line === '' ? '' : ' '}${text}`;
        this.#endLine();
      }
      this.#continued = inOp || (this.#continued && this.#inner > 0);
      this.#done = end;
    }
  }

  #endLine(): void {
    if (this.#line === '') return;
    this.#lines.push('  '.repeat(this.#depth) + (this.#continued ? '    ' : '') + this.#line);
    this.#line = '';
    this.#continued = false;
  }

  /** Keeps one empty line where the author left some, but none behind an opening brace; puts one between kernels. */
  #emptyLine(until = this.#lexer.start): void {
    const between = this.#source.slice(this.#done, until);
    const last = this.#lines.at(-1);
    if (last === undefined || last === '' || last.endsWith('{')) return;
    const apart = this.#depth === 0 && last.startsWith('}');
    if (apart || /\n[ \t]*\r?\n|\r[ \t]*\r/.test(between)) this.#lines.push('');
  }
}

const ANGLE = 60;

function startsOp(kind: number): boolean {
  return kind === NUMBERED || kind === NAMED || kind === WORD || kind === STRING;
}

/** Behind such a token an op is not at its end. */
function goesOn(kind: number): boolean {
  return kind === COMMA || kind === EQUALS || kind === COLON || kind === ARROW;
}
