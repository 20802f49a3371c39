import { SLOTS, signatureOf } from '@sluice/core';
import type { OpDef, Registry, SignatureView, Slot } from '@sluice/core';

/** One op of a registry, as `sluice ops --json` prints it. */
export interface OpCoverage {
  readonly id: string;
  readonly dialect: string;
  readonly category: OpDef['category'];
  readonly signature: Pick<SignatureView, 'inputs' | 'outputs' | 'attrs'>;
  /** The slots that hold a builder, each with the registered backends that it serves: none where nobody reads it yet. */
  readonly lowerings: { readonly [S in Slot]?: readonly string[] };
}

/** Every registered op, sorted by id, with what lowers it. */
export function coverage(registry: Registry): readonly OpCoverage[] {
  return [...registry.ops.values()].map((op) => {
    const { inputs, outputs, attrs } = signatureOf(op);
    return { id: op.id, dialect: op.dialect, category: op.category, signature: { inputs, outputs, attrs }, lowerings: loweringsOf(registry, op.id) };
  });
}

function loweringsOf(registry: Registry, id: string): OpCoverage['lowerings'] {
  const slots = SLOTS.flatMap((slot) => {
    const builders = registry.table(id)?.[slot];
    if (builders === undefined || builders.size === 0) return [];
    const served = [...registry.backends.values()].filter((b) => builders.has(b.id) || (b.slot === slot && builders.has('*'))).map((b) => b.id);
    return [[slot, served.sort()] as const];
  });
  return Object.fromEntries(slots);
}

/** The columns of the coverage matrix: what stands in front, one for each registered backend, and a note. */
export function matrix(registry: Registry): { readonly titles: readonly string[]; readonly rows: readonly (readonly string[])[] } {
  const backends = [...registry.backends.keys()].sort();
  const rows = [...registry.ops.values()].map((op) => [op.id, op.category, signatureText(op), ...backends.map((b) => cell(registry, op, b)), note(op)]);
  return { titles: ['op', 'category', 'signature', ...backends, 'note'], rows };
}

/** How a backend comes by an op: a builder of its own, the composition, the meaning that all share, or not at all. */
function cell(registry: Registry, op: OpDef, backend: string): string {
  const found = registry.getLowering(op.id, backend);
  if (found === undefined) return '-';
  return found.kind === 'builder' ? found.slot : found.kind === 'compose' ? 'compose' : '-';
}

function note(op: OpDef): string {
  if (typeof op.cpuRef === 'object') return 'structured intrinsic: no CPU path';
  if (op.traits.includes('terminator')) return 'the op around it handles it';
  return op.traits.includes('session') ? 'the session runs it' : '';
}

/** `(fd: i32, offset: u64) {init: zero | none} -> (handle: GpuBufferHandle)`. */
export function signatureText(op: OpDef): string {
  const { inputs, outputs, attrs } = signatureOf(op);
  const list = (params: typeof inputs) => params.map((p) => `${p.name}: ${p.type}`).join(', ');
  return `(${list(inputs)})${attrs.length === 0 ? '' : ` {${list(attrs)}}`}${outputs.length === 0 ? '' : ` -> (${list(outputs)})`}`;
}
