import type { Attribute } from '../ir/attributes.ts';
import { NO_ATTRIBUTES } from '../ir/attributes.ts';
import type { Op } from '../ir/program.ts';
import { isType } from '../ir/types.ts';
import type { AttrSpec } from '../ops/op.ts';
import type { BodyContext } from './context.ts';
import type { OpFacts } from './facts.ts';

/** Whether the attributes of an op are those that its record declares; reports what differs. */
export function checkAttributes(c: BodyContext, op: Op, facts: OpFacts): boolean {
  if (facts.attrs.length === 0 && op.attrs === NO_ATTRIBUTES) return true;
  const before = c.report.count;
  let present = 0;
  for (const [name, spec] of facts.attrs) {
    const attr = op.attrs[name];
    if (attr !== undefined) {
      present++;
      if (attr?.kind === 'list' && c.judgedLists.has(attr)) continue;
      const wrong = misfit(attr, spec);
      if (wrong === undefined && attr?.kind === 'list') c.judgedLists.add(attr);
      if (wrong !== undefined) c.report.add(c, op, 'verify/attribute', `\`${facts.id}\`: attribute \`${name}\` is ${wrong}`, `give \`${name}\` ${describeSpec(spec)}`);
    } else if (!('default' in spec)) {
      c.report.add(c, op, 'verify/attribute', `\`${facts.id}\`: attribute \`${name}\` is missing`, `give \`${name}\` ${describeSpec(spec)}`);
    }
  }
  for (const _ in op.attrs) if (--present < 0) break;
  if (present !== 0) reportUnknown(c, op, facts);
  return c.report.count === before;
}

/** What is wrong with an attribute under its spec, as `found, expected …`; undefined where nothing is. */
export function misfit(attr: Attribute, spec: AttrSpec): string | undefined {
  if (!isWellFormed(attr)) return 'not a well-formed attribute';
  return fits(attr, spec) ? undefined : `${describe(attr)}, expected ${describeSpec(spec)}`;
}

function fits(attr: Attribute, spec: AttrSpec): boolean {
  switch (spec.kind) {
    case 'u32': case 'i32': case 'f32': case 'u64': case 'i64':
      return attr.kind === 'scalar' && attr.type.name === spec.kind;
    case 'enum':
      return attr.kind === 'enum' && spec.values.includes(attr.value);
    case 'list':
      return attr.kind === 'list' && attr.items.every((i) => i.kind === spec.of);
    case 'bool': case 'string': case 'scalar': case 'type': case 'symbol':
      return attr.kind === spec.kind;
  }
}

function reportUnknown(c: BodyContext, op: Op, facts: OpFacts): void {
  const known = facts.attrs.map(([name]) => name);
  for (const name in op.attrs) {
    if (c.report.full) return;
    if (known.includes(name) && op.attrs[name] !== undefined) continue;
    const has = known.length === 0 ? 'it has none' : `it has ${known.join(', ')}`;
    c.report.add(c, op, 'verify/attribute', `\`${facts.id}\` has no attribute \`${name}\`: ${has}`, 'remove the attribute', { available: known });
  }
}

/** Whether every field is there and of its kind. Lists hold no lists. */
function isWellFormed(attr: Attribute): boolean {
  if (typeof attr !== 'object' || attr === null) return false;
  switch (attr.kind) {
    case 'scalar':
      return isType(attr.type) && attr.type.kind === 'scalar' && typeof attr.bits === 'bigint' && attr.bits >= 0n && attr.bits <= maxBits(attr.type.bits);
    case 'bool':
      return typeof attr.value === 'boolean';
    case 'string': case 'enum':
      return typeof attr.value === 'string';
    case 'type':
      return isType(attr.type);
    case 'symbol':
      return typeof attr.name === 'string';
    case 'list':
      return Array.isArray(attr.items) && [...(attr.items as Attribute[])].every((i) => i?.kind !== 'list' && isWellFormed(i));
    default:
      return false;
  }
}

/** A well-formed attribute in words. */
function describe(attr: Attribute): string {
  switch (attr.kind) {
    case 'scalar':
      return `a scalar of type ${attr.type.spelling}`;
    case 'bool':
      return String(attr.value);
    case 'string':
      return 'a string';
    case 'enum':
      return `\`${attr.value}\``;
    case 'type':
      return `the type ${attr.type.spelling}`;
    case 'symbol':
      return `the symbol \`${attr.name}\``;
    case 'list':
      return 'a list';
  }
}

function describeSpec(spec: AttrSpec): string {
  switch (spec.kind) {
    case 'u32': case 'i32': case 'f32': case 'u64': case 'i64': case 'bool': case 'string': case 'type':
      return `a ${spec.kind}`;
    case 'scalar':
      return 'a scalar of any type';
    case 'enum':
      return `one of ${spec.values.join(', ')}`;
    case 'symbol':
      return 'the name of a kernel';
    case 'list':
      return `a list of ${spec.of}s`;
  }
}

const MAX_BITS: readonly bigint[] = Array.from({ length: 65 }, (_, n) => (1n << BigInt(n)) - 1n);

function maxBits(width: number): bigint {
  return MAX_BITS[width] ?? 0n;
}
