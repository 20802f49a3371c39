import { NO_ATTRIBUTES } from '../ir/attributes.ts';
import type { Attributes } from '../ir/attributes.ts';
import type { Type } from '../ir/types.ts';

/** How a backend does a thing. `emulated` and `copied` are stated, never hidden. */
export type How = 'native' | 'emulated' | 'copied' | 'unavailable';
/** The way that storage bytes take; see `Storage`. */
export type Via = 'direct' | 'buffered' | 'mapped' | 'compat';

export interface Cell {
  readonly how: How;
  readonly via?: Via;
  /** Why it is not `native`, in words for a person. */
  readonly reason?: string;
}

/** What a backend promises; plain data. An op or type without a cell has `default`. */
export interface Capabilities {
  readonly default: Cell;
  /**
   * By op id: one cell, or a cell for each type spelling (with `default` for the rest; a vector or array without one has
   * that of its scalar), and for values of enumerated attributes, as `ordering=acquire`: an op has the worst of these.
   */
  readonly ops: Readonly<Record<string, Cell | Readonly<Record<string, Cell>>>>;
  /** By type spelling; a vector or array without a cell has that of its scalar. */
  readonly types: Readonly<Record<string, Cell>>;
  readonly limits: Limits;
  /** Memory spaces that it computes on or can fill. */
  readonly spaces: readonly string[];
  readonly floats: { readonly subnormals: 'kept' | 'flushed' | 'unspecified'; readonly nonFinite: 'ieee' | 'unspecified' };
}

/** Absent means unlimited. */
export interface Limits {
  /** Buffer parameters of a kernel. */
  readonly buffers?: number;
  /** Invocations of a workgroup. */
  readonly workgroupInvocations?: number;
  /** Bytes of workgroup memory. */
  readonly workgroupBytes?: number;
  /** Bytes of one handle. */
  readonly handleBytes?: number;
}

/** Cells to switch off, for tests: op ids and type spellings. Effective = detected and allowed. */
export interface Mask {
  readonly ops?: readonly string[];
  readonly types?: readonly string[];
  readonly limits?: Limits;
}

/** The cell for an op, at a type and with attributes where the op has cells by them. */
export function opCell(capabilities: Capabilities, op: string, type?: string, attrs: Attributes = NO_ATTRIBUTES): Cell {
  const entry = capabilities.ops[op];
  if (entry === undefined) return capabilities.default;
  if (isCell(entry)) return entry;
  const cell = (type === undefined ? undefined : byType(entry, type)) ?? entry['default'] ?? capabilities.default;
  const cells = [cell, ...Object.entries(attrs).flatMap(([name, a]) => (a.kind === 'enum' ? (entry[`${name}=${a.value}`] ?? []) : []))];
  return cells.find((c) => c.how === 'unavailable') ?? cells.find((c) => c.how !== 'native') ?? cell;
}

/** Whether an op has cells for values of its attributes. */
export function hasAttributeCells(capabilities: Capabilities, op: string): boolean {
  const entry = capabilities.ops[op];
  return entry !== undefined && !isCell(entry) && Object.keys(entry).some((key) => key.includes('='));
}

/** Whether the op is unavailable for some use of it. */
export function mayLackOp(capabilities: Capabilities, op: string): boolean {
  const entry = capabilities.ops[op];
  if (entry === undefined) return capabilities.default.how === 'unavailable';
  return isCell(entry) ? entry.how === 'unavailable' : Object.values(entry).some((cell) => cell.how === 'unavailable');
}

/** The type that the cells of an op are kept by: that of its first operand, or else of its result; of a buffer the element's. */
export function cellType(type: Type | undefined): Type | undefined {
  return type?.kind === 'buffer' ? type.element : type;
}

/** The cell for a type. */
export function typeCell(capabilities: Capabilities, type: string): Cell {
  return byType(capabilities.types, type) ?? capabilities.default;
}

/** The entry of a type, or of the scalar that a vector or array is made of. */
function byType(cells: Readonly<Record<string, Cell>>, type: string): Cell | undefined {
  for (let at: string | undefined = type; at !== undefined; at = COMPOSITE.exec(at)?.slice(1).find((part) => part !== undefined)) {
    if (Object.hasOwn(cells, at)) return cells[at];
  }
  return undefined;
}
const COMPOSITE = /^(?:vec[234]<(.+)>|array<(.+), \d+>)$/;

function isCell(entry: Cell | Readonly<Record<string, Cell>>): entry is Cell {
  return typeof entry['how'] === 'string';
}

/** `capabilities` with the cells of `mask` unavailable and its limits lowered. */
export function masked(capabilities: Capabilities, mask: Mask): Capabilities {
  const off: Cell = { how: 'unavailable', reason: 'masked off' };
  const limits: Record<string, number> = { ...capabilities.limits };
  for (const [name, value] of Object.entries(mask.limits ?? {})) limits[name] = Math.min(value, limits[name] ?? Infinity);
  return {
    ...capabilities,
    ops: { ...capabilities.ops, ...Object.fromEntries((mask.ops ?? []).map((id) => [id, off])) },
    types: { ...capabilities.types, ...Object.fromEntries((mask.types ?? []).map((t) => [t, off])) },
    limits,
  };
}
