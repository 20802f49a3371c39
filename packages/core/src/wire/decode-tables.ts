import type { Attribute, Attributes } from '../ir/attributes.ts';
import { NO_ATTRIBUTES } from '../ir/attributes.ts';
import { opaque, parseType } from '../ir/types.ts';
import type { Type } from '../ir/types.ts';
import { ATTRIBUTE, NO_SET } from './format.ts';
import type { Migrations } from './migration.ts';
import type { Reader } from './reader.ts';

/** A set of attributes, and what it takes to look at it. */
export interface AttributeSet {
  readonly attrs: Attributes;
  readonly weight: number;
}

/** What the program refers to, by index. */
export interface Tables {
  readonly strings: readonly string[];
  readonly types: readonly Type[];
  readonly sets: readonly AttributeSet[];
  /** Op ids as they are now, each once. */
  readonly opIds: readonly string[];
  readonly forms: Forms;
}

/** What ops of a form have in common, column by column. */
interface Forms {
  readonly count: number;
  /** Indices into `opIds`. */
  readonly op: Uint32Array;
  readonly operands: Uint32Array;
  readonly results: Uint32Array;
  readonly regions: Uint32Array;
  readonly attrs: readonly Attributes[];
  readonly weight: Float64Array;
}

export function tablesOf(r: Reader, migrations: Migrations): Tables {
  const strings = r.strings('strings');
  const types: Type[] = [];
  for (let n = r.count('types', { limit: r.limits.types }); n > 0; n--) types.push(typeOf(r, strings));
  const writtenOps: string[] = [];
  for (let n = r.count('op ids', { limit: r.limits.opNames }); n > 0; n--) writtenOps.push(idOf(r, strings, 'an op id'));
  const sets: AttributeSet[] = [{ attrs: NO_ATTRIBUTES, weight: 0 }];
  for (let n = r.count('sets of attributes', { each: 3, limit: r.limits.ops }); n > 0; n--) sets.push(setOf(r, strings, types));
  const opIndex = new Map<string, number>();
  const forms = formsOf(r, writtenOps, sets, migrations, opIndex);
  return { strings, types, sets, opIds: [...opIndex.keys()], forms };
}

function formsOf(r: Reader, writtenOps: readonly string[], sets: readonly AttributeSet[], migrations: Migrations, opIndex: Map<string, number>): Forms {
  const ops = writtenOps.map((id) => {
    const now = migrations.id(id);
    let index = opIndex.get(now);
    if (index === undefined) opIndex.set(now, (index = opIndex.size));
    return index;
  });
  const moved = new Map<string, Attributes>();
  // Those of a renamed op are made once, however many forms have them.
  const attrsOf = (op: number, set: number): Attributes => {
    const { attrs } = sets[set] as AttributeSet;
    const id = writtenOps[op] as string;
    if (set === NO_SET || !migrations.has(id)) return attrs;
    const key = `${set} ${id}`;
    const known = moved.get(key) ?? migrations.attributes(id, attrs);
    moved.set(key, known);
    return known;
  };
  const count = r.count('forms of ops', { each: 5, limit: r.limits.ops });
  const column = () => new Uint32Array(count);
  const forms = { count, op: column(), operands: column(), results: column(), regions: column(), attrs: [] as Attributes[], weight: new Float64Array(count) };
  for (let i = 0; i < count; i++) {
    const op = r.index(ops.length, 'the op of a form');
    const set = r.index(sets.length, 'the set of attributes of a form');
    forms.op[i] = ops[op] as number;
    forms.attrs.push(attrsOf(op, set));
    forms.weight[i] = (sets[set] as AttributeSet).weight;
    forms.operands[i] = r.varint('the number of operands of a form');
    forms.results[i] = r.varint('the number of results of a form');
    forms.regions[i] = r.varint('the number of regions of a form');
  }
  return forms;
}

function idOf(r: Reader, strings: readonly string[], what: string): string {
  const start = r.at;
  const id = strings[r.index(strings.length, what)] as string;
  if (id.length > r.limits.idLength) throw r.limit(`${what} has ${id.length} characters, more than ${r.limits.idLength}`, start);
  return id;
}

/** Names of types that plugins register, which may not be linked here. */
const OPAQUE = /[a-z][\w-]*\.\w+/g;

function typeOf(r: Reader, strings: readonly string[]): Type {
  const start = r.at;
  const spelling = idOf(r, strings, 'the spelling of a type');
  try {
    if (spelling.includes('.')) for (const [name] of spelling.matchAll(OPAQUE)) opaque(name);
    const type = parseType(spelling);
    if (type.spelling === spelling) return type;
  } catch {
    // parseType says no more than that it is no type.
  }
  throw r.malformed(`\`${spelling}\` is not the spelling of a type`, start);
}

function setOf(r: Reader, strings: readonly string[], types: readonly Type[]): AttributeSet {
  const start = r.at;
  const entries: [string, Attribute][] = [];
  const weight = { strings: 0 };
  const text = (what: string): string => {
    const s = strings[r.index(strings.length, what)] as string;
    weight.strings += s.length;
    return s;
  };
  const attribute = (depth: number): Attribute => attributeOf(r, text, types, attribute, depth);
  for (let n = r.count('attributes', { each: 2 }); n > 0; n--) {
    const at = r.at;
    const key = text('the name of an attribute');
    const previous = entries.at(-1)?.[0];
    if (previous !== undefined && previous >= key) throw r.malformed(`attribute \`${key}\` stands after \`${previous}\`: names are sorted, each once`, at);
    entries.push([key, attribute(0)]);
  }
  if (entries.length === 0) throw r.malformed('the empty set of attributes is number 0, and not in the table', start);
  return { attrs: Object.fromEntries(entries), weight: r.at - start + weight.strings };
}

// One byte each: a record of its own for each would be forty times as much.
const FALSE: Attribute = { kind: 'bool', value: false };
const TRUE: Attribute = { kind: 'bool', value: true };

function attributeOf(r: Reader, text: (what: string) => string, types: readonly Type[], inner: (depth: number) => Attribute, depth: number): Attribute {
  const start = r.at;
  const kind = r.byte('an attribute');
  switch (kind) {
    case ATTRIBUTE.scalar: {
      const type = types[r.index(types.length, 'the type of a scalar')] as Type;
      if (type.kind !== 'scalar') throw r.malformed(`a scalar has type \`${type.spelling}\``, start);
      return { kind: 'scalar', type, bits: bitsOf(r, type.bits) };
    }
    case ATTRIBUTE.false:
      return FALSE;
    case ATTRIBUTE.true:
      return TRUE;
    case ATTRIBUTE.string:
      return { kind: 'string', value: text('a string attribute') };
    case ATTRIBUTE.enum:
      return { kind: 'enum', value: text('an enum attribute') };
    case ATTRIBUTE.type:
      return { kind: 'type', type: types[r.index(types.length, 'a type attribute')] as Type };
    case ATTRIBUTE.symbol:
      return { kind: 'symbol', name: text('a symbol attribute') };
    case ATTRIBUTE.list: {
      if (depth >= r.limits.depth) throw r.limit(`lists of attributes are nested more than ${r.limits.depth} deep`, start);
      const items: Attribute[] = [];
      for (let n = r.count('items of a list'); n > 0; n--) items.push(inner(depth + 1));
      return { kind: 'list', items };
    }
    default:
      throw r.malformed(`${kind} is no kind of attribute`, start);
  }
}

/** As many bytes as the type has, at least one; the lowest first. */
function bitsOf(r: Reader, width: number): bigint {
  const start = r.at;
  let [low, high] = [0, 0];
  for (let i = 0; i < width; i += 8) {
    const byte = r.byte('the bits of a scalar');
    if (i < 32) low |= byte << i;
    else high |= byte << (i - 32);
  }
  const bits = high === 0 ? BigInt(low >>> 0) : (BigInt(high >>> 0) << 32n) | BigInt(low >>> 0);
  if (BigInt.asUintN(width, bits) !== bits) throw r.malformed(`0x${bits.toString(16)} are more than ${width} bits`, start);
  return bits;
}
