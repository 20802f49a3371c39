import type { ValueId } from '../ir/program.ts';
import type { Effect, OpDef } from '../ops/op.ts';
import type { OpenFile } from '../registry/backend.ts';
import type { Execution } from './execution.ts';
import type { GrantRecord } from './grants.ts';
import { Handle } from './memory.ts';
import type { FileOrder } from './order.ts';

type FileEffect = Extract<Effect, { kind: 'file-read' | 'file-write' }>;

/** An effect of an op on a file, with the values that say where. */
export interface FileUse {
  /** The name of the operand that is the grant. */
  readonly operand: string;
  readonly fd: ValueId;
  readonly write: boolean;
  readonly offset: ValueId | undefined;
  readonly length: ValueId | undefined;
}

/** A stretch of a granted file that an op reads or writes, by its record. */
export interface FileSpan {
  readonly operand: string;
  readonly record: GrantRecord;
  readonly file: OpenFile;
  readonly order: FileOrder;
  readonly write: boolean;
  /** Bytes of the file: `from` up to, not including, `to`. */
  readonly from: bigint;
  readonly to: bigint;
}

/** The effects of an op on files; `id` gives the value of an operand or result. */
export function fileUses(def: OpDef, id: (name: string) => ValueId): readonly FileUse[] {
  const effects = def.effects.filter((e): e is FileEffect => e.kind === 'file-read' || e.kind === 'file-write');
  return effects.map(({ kind, fd, offset, length }) => ({
    operand: fd, fd: id(fd), write: kind === 'file-write',
    offset: offset === undefined ? undefined : id(offset),
    length: length === undefined ? undefined : id(length),
  }));
}

/** What an effect of an op on a file means in this run. @throws SluiceError the `grant/` codes, `io/range` */
export function fileSpan(run: Execution, use: FileUse, backend: string): FileSpan {
  const { operand, write } = use;
  const { record, rights, files } = run.grant(run.values[use.fd] as number);
  const file = files.get(backend);
  if (file === undefined) throw new RangeError(`${backend} has not opened ${record.name}`);
  const offset = use.offset === undefined ? undefined : (run.values[use.offset] as bigint);
  const length = use.length === undefined ? undefined : bytesOf(run, use.length);
  const { from, to } = record.place(offset, length, write, rights);
  return { operand, record, file, order: run.session.fileOrder(file.identity), write, from, to };
}

/** A number of bytes: a handle stands for its length. */
export function bytesOf(run: Execution, id: ValueId): bigint {
  const value = run.values[id];
  return value instanceof Handle ? BigInt(run.handle(id).byteLength) : (value as bigint);
}
