import { meant, nearest } from '../diagnostics/nearest.ts';
import { NO_ATTRIBUTES } from '../ir/attributes.ts';
import type { Attribute, Attributes } from '../ir/attributes.ts';
import { scalar } from '../ir/types.ts';
import type { ScalarType, Type } from '../ir/types.ts';
import type { AttrSpec, OpDef } from '../ops/op.ts';
import { CLOSE_BRACE, CLOSE_BRACKET, COLON, COMMA, EQUALS, NUMBER, OPEN_BRACE, OPEN_BRACKET, QUOTED, STRING, SYMBOL, WORD } from './lexer.ts';
import { LIMITS } from './limits.ts';
import { literalBits } from './literals.ts';
import type { Reader } from './reader.ts';
import { isTypeWord, UNKNOWN_TYPE } from './types.ts';

const ANGLE = 60;
const PLACEHOLDER_ATTRIBUTE: Attribute = { kind: 'bool', value: false };

/** Takes `{ key = value, … }`, of the op `def` where it is one that is registered; undefined where the grammar ends. */
export function readAttributes(reader: Reader, def: OpDef | undefined): Attributes | undefined {
  const { lexer } = reader;
  if (!reader.take(OPEN_BRACE, '{', 'attributes stand in braces')) return undefined;
  if (lexer.kind === CLOSE_BRACE) {
    lexer.next();
    return NO_ATTRIBUTES;
  }
  reader.nested++;
  const attrs: Record<string, Attribute> = {};
  for (let first = true; ; first = false) {
    const at = lexer.start;
    const key = reader.name('the name of an attribute');
    if (key === undefined) return undefined;
    if (!first && Object.hasOwn(attrs, key)) reader.wrong('text/attribute', at, `attribute \`${key}\` is given twice`, 'remove one of them');
    const spec = specOf(reader, def, key, at);
    if (!reader.take(EQUALS, '=', 'an attribute is written `name = value`')) return undefined;
    const value = readAttribute(reader, spec, 0);
    if (value === undefined) return undefined;
    // An assignment to this name would set the prototype.
    if (key === '__proto__') Object.defineProperty(attrs, key, { value, enumerable: true, configurable: true, writable: true });
    else attrs[key] = value;
    if (lexer.kind !== COMMA) break;
    lexer.next();
  }
  if (!reader.take(CLOSE_BRACE, '}', 'attributes are separated by commas and end in `}`')) return undefined;
  reader.nested--;
  return attrs;
}

function specOf(reader: Reader, def: OpDef | undefined, key: string, at: number): AttrSpec | undefined {
  if (def === undefined) return undefined;
  if (Object.hasOwn(def.attrs, key)) return def.attrs[key];
  const known = Object.keys(def.attrs);
  const has = known.length === 0 ? 'it has none' : `it has ${known.join(', ')}`;
  reader.wrong('text/attribute', at, `\`${def.id}\` has no attribute \`${key}\`: ${has}${meant(nearest(key, known))}`, known.length === 0 ? 'remove it' : 'correct the name, or remove it', known);
  return undefined;
}

function readAttribute(reader: Reader, spec: AttrSpec | undefined, depth: number): Attribute | undefined {
  const { lexer } = reader;
  switch (lexer.kind) {
    case NUMBER:
      return readScalar(reader, spec);
    case WORD:
      return readWord(reader, spec);
    case STRING:
      return taken(reader, { kind: 'string', value: lexer.word() });
    case QUOTED:
      return readEnum(reader, lexer.word(), spec);
    case SYMBOL:
      return taken(reader, { kind: 'symbol', name: lexer.word() });
    case OPEN_BRACKET:
      return readList(reader, depth + 1);
    default:
      reader.syntax('the value of an attribute', 'write a number with its type, true, false, a string, a word, a type, @kernel, or a list in brackets');
      return undefined;
  }
}

function taken(reader: Reader, attribute: Attribute): Attribute {
  reader.lexer.next();
  return attribute;
}

function readWord(reader: Reader, spec: AttrSpec | undefined): Attribute | undefined {
  const { lexer } = reader;
  const word = lexer.word();
  if (word === 'inf' || word === 'nan') return readScalar(reader, spec);
  if (word === 'true' || word === 'false') {
    if (spec?.kind === 'scalar' || lexer.peek() === COLON) return readScalar(reader, spec);
    return taken(reader, { kind: 'bool', value: word === 'true' });
  }
  const listed = spec?.kind === 'enum' && spec.values.includes(word);
  const isType = spec?.kind === 'type' || isTypeWord(word) || lexer.source.charCodeAt(lexer.end) === ANGLE;
  if (listed || !isType) return readEnum(reader, word, spec);
  const type = reader.type();
  return type === undefined ? undefined : { kind: 'type', type };
}

function readEnum(reader: Reader, value: string, spec: AttrSpec | undefined): Attribute {
  const { lexer } = reader;
  if (spec?.kind === 'enum' && !spec.values.includes(value)) {
    reader.wrong('text/attribute', lexer.start, `\`${value}\` is none of ${spec.values.join(', ')}${meant(nearest(value, spec.values))}`, 'write one of them', spec.values);
  }
  return taken(reader, { kind: 'enum', value });
}

/** A literal with its type, which may be left out where the record of the op says it. */
function readScalar(reader: Reader, spec: AttrSpec | undefined): Attribute | undefined {
  const { lexer } = reader;
  const at = lexer.start;
  const text = lexer.text();
  lexer.next();
  let type: Type | undefined = spec !== undefined && isScalarKind(spec.kind) ? scalar(spec.kind) : undefined;
  if (lexer.kind === COLON) {
    lexer.next();
    type = reader.type();
    if (type === undefined) return undefined;
  }
  return type === undefined ? untyped(reader, at, text) : (scalarOf(reader, type, at, text) ?? PLACEHOLDER_ATTRIBUTE);
}

function untyped(reader: Reader, at: number, text: string): Attribute {
  reader.wrong('text/literal', at, `the type of \`${text}\` does not follow`, `write it behind a colon, such as \`${text}: u32\``);
  return PLACEHOLDER_ATTRIBUTE;
}

/** The scalar that `text` is as a `type`; undefined, and a problem, where it is none. Of a type that nobody knows it is no problem. */
export function scalarOf(reader: Reader, type: Type, at: number, text: string): Attribute | undefined {
  if (type === UNKNOWN_TYPE) return undefined;
  if (type.kind !== 'scalar') {
    reader.wrong('text/literal', at, `\`${text}\` cannot be a ${type.spelling}: literals are scalars`, 'make the value with an op, such as vector.splat');
    return undefined;
  }
  const known = reader.scalars.get(type, text);
  if (known !== undefined) return known;
  const bits = literalBits(type, text);
  if (typeof bits === 'bigint') return reader.scalars.add(type, text, bits);
  reader.wrong('text/literal', at, `\`${text}\` ${bits}`, `write a literal of type ${type.spelling}`);
  return undefined;
}

function readList(reader: Reader, depth: number): Attribute | undefined {
  const { lexer } = reader;
  if (depth > LIMITS.nesting) {
    reader.limit(`lists are nested more than ${LIMITS.nesting} deep`);
    return undefined;
  }
  lexer.next();
  const items: Attribute[] = [];
  while (lexer.kind !== CLOSE_BRACKET) {
    const item = readAttribute(reader, undefined, depth);
    if (item === undefined) return undefined;
    items.push(item);
    if (lexer.kind !== COMMA) break;
    lexer.next();
  }
  return reader.take(CLOSE_BRACKET, ']', 'the items of a list are separated by commas and end in `]`') ? { kind: 'list', items } : undefined;
}

type ScalarKind = Extract<AttrSpec['kind'], ScalarType['name']>;

function isScalarKind(kind: AttrSpec['kind']): kind is ScalarKind {
  return kind === 'u32' || kind === 'i32' || kind === 'f32' || kind === 'u64' || kind === 'i64';
}
