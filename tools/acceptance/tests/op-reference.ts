import { SLOTS } from '@sluice/core';
import type { Accuracy, Dialect, ErrorBound, Law, OpDef, Registry } from '@sluice/core';
import type { OpExample } from './op-examples.ts';
import { generated, signature } from './reference.ts';

/** The page of a dialect: each op with its signature, what is known of it, what lowers it, and an example with what it gives. */
export function dialectPage(dialect: Dialect, registry: Registry, examples: ReadonlyMap<string, OpExample>, outcomes: ReadonlyMap<OpExample, string>): string {
  const shown = new Map<OpExample, string>();
  const sections = dialect.ops.toSorted((a, b) => (a.id < b.id ? -1 : 1)).map((op) => section(op, registry, exampleOf(op, examples, outcomes, shown)));
  return `${[generated('the registry with every plugin of this repository', 'op-reference'), `# ${dialect.id} ${dialect.version}`, dialect.summary ?? '', 'Every example on this page is run by the tests. [All dialects](../ops.md).', ...sections].join('\n\n')}\n`;
}

function section(op: OpDef, registry: Registry, example: string): string {
  const facts: readonly (readonly [string, string])[] = [
    ['level', op.level], ['category', op.category], ['version', op.version], ['traits', op.traits.join(', ')],
    ['effects', op.effects.map((e) => ('on' in e ? `${e.kind} \`${e.on}\`` : e.kind)).join(', ')],
    ['regions', op.regions.map((r) => `\`${r.name}\`${r.optional === true ? ' (optional)' : ''}, ends in ${r.terminators.map((t) => `\`${t}\``).join(', ')}`).join('; ')],
    ['laws', op.laws.map(law).join('; ')], ['accuracy', accuracy(op.accuracy)], ['lowered by', lowerings(op, registry)], ['provided by', op.providers.map((p) => `\`${p}\``).join(', ')],
  ];
  const list = facts.filter(([, value]) => value !== '').map(([name, value]) => `- ${name}: ${value}`);
  return `## ${op.id}\n\n${op.summary}\n\n${signature(op)}\n\n${list.join('\n')}\n\n${example}`;
}

function law(l: Law): string {
  const element = 'element' in l ? ` ${Object.is(l.element, -0) ? '-0' : String(l.element)}` : '';
  const side = 'side' in l && l.side !== 'both' ? ` on the ${l.side}` : '';
  return `${l.law}${element}${side} on ${l.types.join(', ')}`;
}

function accuracy(a: Accuracy | undefined): string {
  if (a === undefined) return '';
  return typeof a === 'object' && 'f32' in a ? `f32 ${bound(a.f32)}; f16 ${bound(a.f16)}` : bound(a);
}

function bound(b: ErrorBound): string {
  if (b === 'exact') return 'exact';
  if (b === 'reordered') return 'as in any order of combining';
  if ('inherited' in b) return `as of \`${expression(b.inherited)}\``;
  if ('anyOf' in b) return b.anyOf.map(bound).join(', or ');
  if ('firstOf' in b) return b.firstOf.map(bound).join('; else ');
  const size = 'ulp' in b ? `${b.ulp}${b.ulpPerMagnitude === undefined ? '' : ` + ${b.ulpPerMagnitude} * abs(first operand)`} ULP` : `${b.absolute} absolute`;
  const where = (b.where ?? []).map((w) => `${w.of === 'magnitude' ? `abs(${w.operand})` : w.operand} in [${w.from}, ${w.to}]`);
  return `${size}${where.length === 0 ? '' : ` for ${where.join(' and ')}`}`;
}

function expression(e: unknown): string {
  if (!Array.isArray(e)) return String(e);
  const [id, ...operands] = e as readonly unknown[];
  return `${String(id)}(${operands.map(expression).join(', ')})`;
}

function lowerings(op: OpDef, registry: Registry): string {
  const table = registry.table(op.id);
  const found = SLOTS.flatMap((slot) => [...(table?.[slot].keys() ?? [])].map((backend) => (backend === '*' ? `\`${slot}\`` : `\`${backend}\` (${slot})`)));
  if (op.compose !== undefined) return [...found, 'its composition'].join(', ');
  return found.join(', ');
}

/** The example of an op; one that stands for several is shown once, and linked from the others. */
function exampleOf(op: OpDef, examples: ReadonlyMap<string, OpExample>, outcomes: ReadonlyMap<OpExample, string>, shown: Map<OpExample, string>): string {
  const example = [...examples.values()].find((e) => e.ops.includes(op.id) && examples.get(op.id)?.text === e.text);
  if (example === undefined) throw new Error(`${op.id} has no example`);
  const first = [...shown].find(([e]) => e.text === example.text)?.[1];
  if (first !== undefined) return `Example: [that of ${first}](#${first.toLowerCase().replace(/[^\w\s-]/g, '')}).`;
  shown.set(example, op.id);
  const outcome = [...outcomes].find(([e]) => e.text === example.text)?.[1];
  return `\`\`\`slu\n${example.text.trimEnd()}\n\`\`\`\n\n${outcome ?? 'It is not run.'}`;
}
