/*
 * Kinds of tokens. Punctuation is its own character code; the others have that of a character that starts them.
 */
export const END = 0;
/** `%x` or `%"any text"`: `word` has the text. */
export const NAMED = 37;
/** `%12`: `number` has it. */
export const NUMBERED = 35;
/** Letters, digits, `_`, `.` and `-`: an op id, a keyword, a name, the head of a type. */
export const WORD = 97;
/** What starts with a digit, or with a sign and a digit or letter. */
export const NUMBER = 48;
export const STRING = 34;
/** A string in single quotes. */
export const QUOTED = 39;
/** `@name`. */
export const SYMBOL = 64;
/** `->`. */
export const ARROW = 62;
/** No token; `word` says what is wrong with it. */
export const BAD = 33;
export const OPEN_PAREN = 40;
export const CLOSE_PAREN = 41;
export const COMMA = 44;
export const COLON = 58;
export const EQUALS = 61;
export const OPEN_BRACKET = 91;
export const CLOSE_BRACKET = 93;
export const OPEN_BRACE = 123;
export const CLOSE_BRACE = 125;

const NEWLINE = 10;
const RETURN = 13;
const SLASH = 47;
const BACKSLASH = 92;

/** What may start a word is 1, what may only go on with it 2. */
const LETTERS = table('abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_', '0123456789.-');
const PUNCTUATION = table('(),:=[]{}', '');

function table(first: string, second: string): Uint8Array {
  const made = new Uint8Array(128);
  for (const c of first) made[c.charCodeAt(0)] = 1;
  for (const c of second) made[c.charCodeAt(0)] = 2;
  return made;
}

/** Digits that a number may have as the label of a value; a longer one is no label. */
const LONGEST_LABEL = 9;
/** Words and numbers that are remembered; a power of two. */
const REMEMBERED = 1024;
/** Characters of a number. */
export const LONGEST_NUMBER = 400;

/**
 * The tokens of a text, one at a time: each character is looked at once, and nothing is copied out of the text but on
 * demand. Never throws; what is no token is `BAD`.
 */
export class Lexer {
  readonly source: string;
  /** The kind of the token. */
  kind = END;
  /** Where it starts, and the first character after it. */
  start = 0;
  end = 0;
  /** Where the token before it ends. */
  before = 0;
  /** A line break stands between it and the token before. */
  fresh = true;
  /** The label of a `NUMBERED`. */
  number = 0;
  /** The text of a `NAMED`, `STRING`, `QUOTED` or `SYMBOL` in quotes, and of what is wrong with a `BAD`. */
  #quoted: string | undefined;
  /** Of the word or number that was read last. */
  #hash = 0;
  /** Words and numbers by their hash: the same few come again and again. */
  readonly #words: string[] = new Array<string>(REMEMBERED).fill('');
  /** Comments; collected where asked for. */
  readonly comments: Comment[] | undefined;
  /** Where each line so far starts; lines end in a line feed, a carriage return, or both. */
  readonly lines: number[] = [0];

  constructor(source: string, comments?: Comment[]) {
    this.source = source;
    this.comments = comments;
    if (source.charCodeAt(0) === 0xfeff) this.end = 1;
    this.next();
  }

  /** Goes on to the next token. */
  next(): void {
    this.#skip();
    const { source } = this;
    const at = this.end;
    this.start = at;
    if (at >= source.length) {
      this.kind = END;
      return;
    }
    const c = source.charCodeAt(at);
    if (c >= 128) {
      const character = String.fromCodePoint(source.codePointAt(at) ?? c);
      return this.#bad(at + character.length, `\`${character}\` is no part of the language outside of strings and comments`);
    }
    if (LETTERS[c] === 1) {
      this.end = this.#wordEnd(at);
      this.kind = WORD;
    } else if (c === NAMED) this.#value(at + 1);
    else if (PUNCTUATION[c] === 1) {
      this.end = at + 1;
      this.kind = c;
    } else if (isDigit(c)) this.#number(at);
    else this.#rare(c, at);
  }

  /** The characters of the token. */
  text(): string {
    return this.kind === NUMBER ? this.#remembered(this.start, this.end) : this.source.slice(this.start, this.end);
  }

  /** The text of a word or value, or what is in the quotes. */
  word(): string {
    if (this.#quoted !== undefined) return this.#quoted;
    const sigil = this.kind === NAMED || this.kind === SYMBOL ? 1 : 0;
    return this.#remembered(this.start + sigil, this.end);
  }

  /** Whether the token is the word `text`. */
  is(text: string): boolean {
    return this.kind === WORD && this.end - this.start === text.length && this.source.startsWith(text, this.start);
  }

  /** The next character behind the token that is no blank; 0 at the end of the line. */
  peek(): number {
    const { source } = this;
    let at = this.end;
    while (at < source.length && source.charCodeAt(at) === 32) at++;
    return at < source.length && source.charCodeAt(at) >= 32 ? source.charCodeAt(at) : 0;
  }

  /** Whether the token, an opening brace, is that of attributes: empty, or a name and `=` follow. */
  opensAttributes(): boolean {
    const { source } = this;
    let at = this.end;
    const skip = (): void => {
      while (at < source.length && isBlank(source.charCodeAt(at))) at++;
    };
    skip();
    const c = at < source.length ? source.charCodeAt(at) : 0;
    if (c !== STRING && c !== NAMED && c < 128 && LETTERS[c] === 1) {
      while (at < source.length && source.charCodeAt(at) < 128 && LETTERS[source.charCodeAt(at)] !== 0) at++;
      skip();
      return at >= source.length || source.charCodeAt(at) === EQUALS;
    }
    return c !== NAMED;
  }

  /** Takes characters up to `end` into the token: the brackets of a type. */
  extend(end: number): void {
    this.end = end;
  }

  /** White space and comments. */
  #skip(): void {
    const { source } = this;
    const { length } = source;
    let at = this.end;
    let fresh = at === 0;
    this.before = at;
    this.#quoted = undefined;
    while (at < length) {
      const c = source.charCodeAt(at);
      if (c === 32 || c === 9) at++;
      else if (c === NEWLINE || c === RETURN) {
        fresh = true;
        at++;
        if (c === NEWLINE || source.charCodeAt(at) !== NEWLINE) this.lines.push(at);
      } else if (c === SLASH && source.charCodeAt(at + 1) === SLASH) {
        const start = at;
        while (at < length && source.charCodeAt(at) !== NEWLINE && source.charCodeAt(at) !== RETURN) at++;
        this.comments?.push({ start, end: at, fresh });
      } else break;
    }
    this.end = at;
    this.fresh = fresh;
  }

  /** The end of the word that starts at `from`. */
  #wordEnd(from: number): number {
    const { source } = this;
    const { length } = source;
    let at = from;
    let hash = 0;
    while (at < length) {
      const c = source.charCodeAt(at);
      if (c >= 128 || LETTERS[c] === 0) break;
      hash = (Math.imul(hash, 31) + c) | 0;
      at++;
    }
    this.#hash = hash;
    return at;
  }

  /** `startsWith`, for texts of a few characters. */
  #stands(text: string, at: number): boolean {
    for (let i = 0; i < text.length; i++) if (this.source.charCodeAt(at + i) !== text.charCodeAt(i)) return false;
    return true;
  }

  /** The text between two places whose hash was just made: a string that was made before, where it is remembered. */
  #remembered(from: number, to: number): string {
    const slot = (this.#hash ^ (this.#hash >>> 11)) & (REMEMBERED - 1);
    const known = this.#words[slot] as string;
    if (known.length === to - from && this.#stands(known, from)) return known;
    const made = this.source.slice(from, to);
    this.#words[slot] = made;
    return made;
  }

  /** What follows a `%`. */
  #value(at: number): void {
    const { source } = this;
    const c = at < source.length ? source.charCodeAt(at) : 0;
    if (isDigit(c)) {
      let label = 0;
      let end = at;
      while (end < source.length && isDigit(source.charCodeAt(end))) label = label * 10 + source.charCodeAt(end++) - 48;
      if (end - at > LONGEST_LABEL) return this.#bad(end, `the number of a value has at most ${LONGEST_LABEL} digits`);
      this.number = label;
      this.end = end;
      this.kind = NUMBERED;
    } else this.#name(NAMED, at, 'a value');
  }

  /** A word or a string behind a sigil. */
  #name(kind: number, at: number, what: string): void {
    const { source } = this;
    const c = at < source.length ? source.charCodeAt(at) : 0;
    if (c === STRING) {
      if (!this.#string(at, STRING)) return;
    } else if (c < 128 && LETTERS[c] === 1) this.end = this.#wordEnd(at);
    else return this.#bad(at, `the name of ${what} is missing`);
    this.kind = kind;
  }

  #number(at: number): void {
    const { source } = this;
    const { length } = source;
    const hex = source.charCodeAt(at + 1) === 120;
    let end = at + 1;
    let hash = source.charCodeAt(at);
    while (end < length) {
      const c = source.charCodeAt(end);
      const sign = (c === 43 || c === 45) && !hex && (source.charCodeAt(end - 1) | 32) === 101;
      if (!sign && (c >= 128 || LETTERS[c] === 0 || c === 45)) break;
      hash = (Math.imul(hash, 31) + c) | 0;
      end++;
    }
    this.#hash = hash;
    this.end = end;
    this.kind = end - at > LONGEST_NUMBER ? BAD : NUMBER;
    if (this.kind === BAD) this.#quoted = `a number has at most ${LONGEST_NUMBER} characters`;
  }

  #rare(c: number, at: number): void {
    const { source } = this;
    const following = at + 1 < source.length ? source.charCodeAt(at + 1) : 0;
    if (c === STRING || c === QUOTED) {
      if (this.#string(at, c)) this.kind = c;
    } else if (c === SYMBOL) this.#name(SYMBOL, at + 1, 'a kernel');
    else if (c === 45 && following === 62) {
      this.end = at + 2;
      this.kind = ARROW;
    } else if ((c === 45 || c === 43) && following < 128 && (LETTERS[following] === 1 || isDigit(following))) this.#number(at);
    else this.#bad(at + 1, `\`${shown(source.charAt(at))}\` is no part of the language outside of strings and comments`);
  }

  /** Reads a string whose opening quote stands at `at`; false where it is no string. */
  #string(at: number, quote: number): boolean {
    const { source } = this;
    const { length } = source;
    let end = at + 1;
    let escaped = false;
    for (; ; end++) {
      const c = end < length ? source.charCodeAt(end) : NEWLINE;
      if (c === quote) break;
      if (c === BACKSLASH && end + 1 < length && source.charCodeAt(end + 1) >= 32) {
        escaped = true;
        end++;
      } else if (c < 32) {
        this.#bad(end, c === NEWLINE || c === RETURN ? 'the string is not closed on its line' : 'a control character stands in a string: write \\t or \\u0000');
        return false;
      }
    }
    this.end = end + 1;
    const inner = source.slice(at + 1, end);
    const text = escaped ? unescaped(inner) : inner;
    if (text === undefined) {
      this.#bad(end + 1, 'the string has an escape that is none of \\" \\\' \\\\ \\/ \\b \\f \\n \\r \\t \\u0000');
      return false;
    }
    this.#quoted = text;
    return true;
  }

  #bad(end: number, what: string): void {
    this.end = end;
    this.kind = BAD;
    this.#quoted = what;
  }
}

export interface Comment {
  readonly start: number;
  readonly end: number;
  /** It is the first thing on its line. */
  readonly fresh: boolean;
}

function isBlank(c: number): boolean {
  return c === 32 || c === 9 || c === NEWLINE || c === RETURN;
}

export function isDigit(c: number): boolean {
  return c >= 48 && c <= 57;
}

/** Whether `text` is a word as the lexer takes one. */
export function isWord(text: string): boolean {
  if (text.length === 0 || text.charCodeAt(0) >= 128 || LETTERS[text.charCodeAt(0)] !== 1) return false;
  for (let i = 1; i < text.length; i++) {
    const c = text.charCodeAt(i);
    if (c >= 128 || LETTERS[c] === 0) return false;
  }
  return true;
}

const ESCAPES: Readonly<Record<string, string>> = { '"': '"', "'": "'", '\\': '\\', '/': '/', b: '\b', f: '\f', n: '\n', r: '\r', t: '\t' };

function unescaped(text: string): string | undefined {
  let valid = true;
  const made = text.replace(/\\(?:u([0-9a-fA-F]{4})|(.))/gs, (_, code: string | undefined, letter: string | undefined) => {
    if (code !== undefined) return String.fromCharCode(Number.parseInt(code, 16));
    const meant = Object.hasOwn(ESCAPES, letter ?? '') ? ESCAPES[letter ?? ''] : undefined;
    if (meant === undefined) valid = false;
    return meant ?? '';
  });
  return valid ? made : undefined;
}

function shown(c: string): string {
  return c < ' ' || c === '\x7f' ? `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}` : c;
}
