import type { ValueId } from '../ir/program.ts';
import type { Effect } from '../ops/op.ts';
import type { OpenFile } from '../registry/backend.ts';
import type { Execution } from './execution.ts';
import type { GrantRecord } from './grants.ts';
import { Handle } from './memory.ts';

export type FileEffect = Extract<Effect, { kind: 'file-read' | 'file-write' }>;

/** A stretch of a granted file that an op reads or writes, by its record. */
export interface FileSpan {
  readonly operand: string;
  readonly record: GrantRecord;
  readonly file: OpenFile;
  readonly write: boolean;
  /** Bytes of the file: `from` up to, not including, `to`. */
  readonly from: bigint;
  readonly to: bigint;
}

/** What an effect of an op on a file means in this run. @throws SluiceError the `grant/` codes, `io/range` */
export function fileSpan(run: Execution, effect: FileEffect, backend: string, id: (name: string) => ValueId): FileSpan {
  const { record, rights, files } = run.grant(run.values[id(effect.fd)] as number);
  const file = files.get(backend);
  if (file === undefined) throw new RangeError(`${backend} has not opened ${record.name}`);
  const write = effect.kind === 'file-write';
  const offset = effect.offset === undefined ? undefined : (run.values[id(effect.offset)] as bigint);
  const length = effect.length === undefined ? undefined : bytesOf(run, id(effect.length));
  return { operand: effect.fd, record, file, write, ...record.place(offset, length, write, rights) };
}

/** A number of bytes: a handle stands for its length. */
export function bytesOf(run: Execution, id: ValueId): bigint {
  const value = run.values[id];
  return value instanceof Handle ? BigInt(run.handle(id).byteLength) : (value as bigint);
}
