import type { How, Via } from '../registry/capabilities.ts';
import { table } from '../diagnostics/table.ts';

/** Where the ops of one kind, or a kernel, run. */
export interface PlacedOp {
  /** An op id, or `kernel <name>`. */
  readonly op: string;
  /** Occurrences in the program text. */
  readonly count: number;
  /** Id of the backend; `session` for what the session does itself. */
  readonly backend: string;
  readonly how: How;
  readonly reason?: string;
  /** For transfers: the way the bytes take. */
  readonly path?: Path;
}

/** The way of a transfer between a file and the memory that kernels see. */
export interface Path {
  /** What the backend promises; a bound placement says what each file gets. */
  readonly via: Via;
  /** Memory spaces that the bytes cross, ending or starting with the one of the compute backend. */
  readonly spaces: readonly string[];
  /** Copies by the CPU. */
  readonly bounces: number;
}

/** A backend that was preferred and is not used, and why. */
export interface PassedOver {
  readonly backend: string;
  readonly reason: string;
  readonly fix?: string;
}

/** The result of planning: what runs where, and how bytes get there. */
export interface Placement {
  readonly program: string;
  /** The memory space of device buffers. */
  readonly space: string;
  readonly backends: readonly { readonly id: string; readonly role: 'compute' | 'storage'; readonly description: string }[];
  readonly ops: readonly PlacedOp[];
  readonly passedOver: readonly PassedOver[];
  toJSON(): unknown;
  /** The table that people read. */
  toString(): string;
}

/** What one granted file gets. */
export interface BoundFile {
  readonly param: string;
  readonly file: string;
  readonly backend: string;
  readonly via: Via;
  readonly reason: string;
}

export interface BoundPlacement extends Placement {
  readonly files: readonly BoundFile[];
}

type Facts = Omit<Placement, 'toJSON' | 'toString'>;

const INSPECT = Symbol.for('nodejs.util.inspect.custom');

export function placement(facts: Facts): Placement {
  return { ...facts, toJSON: () => facts, toString: () => render(facts), [INSPECT]: () => render(facts) } as Placement;
}

/** `placed` with the paths that the files of one run have. */
export function bound(placed: Placement, files: readonly BoundFile[]): BoundPlacement {
  const { program, space, backends, ops, passedOver } = placed;
  const facts = { program, space, backends, ops, passedOver, files };
  const text = () => render(facts) + (files.length === 0 ? '' : `\n${table(['grant', 'file', 'backend', 'via', 'why'], files.map((f) => [f.param, f.file, f.backend, f.via, f.reason]))}`);
  return { ...facts, toJSON: () => facts, toString: text, [INSPECT]: text } as BoundPlacement;
}

function render(facts: Facts): string {
  const own = facts.ops.filter((o) => o.backend === 'session' && o.how === 'native');
  const rows = facts.ops.filter((o) => !own.includes(o)).map((o) => [
    o.op, String(o.count), o.backend, o.how, o.path === undefined ? '' : o.path.via, o.path === undefined ? '' : o.path.spaces.join(' > '),
    o.path !== undefined && o.path.bounces > 0 ? `${o.path.bounces} ${o.path.bounces === 1 ? 'copy' : 'copies'} by the CPU` : (o.reason ?? ''),
  ]);
  const used = facts.backends.map((b) => `${b.id} (${b.description})`).join(', ') || 'none';
  const head = `program ${facts.program}, memory in ${facts.space}; backends: ${used}`;
  const session = own.length === 0 ? [] : [`in the session itself: ${own.map((o) => o.op).join(', ')}`];
  const over = facts.passedOver.map((p) => `passed over ${p.backend}: ${p.reason}`);
  return [head, table(['op', 'count', 'backend', 'how', 'via', 'path', 'note'], rows), ...session, ...over].join('\n');
}
