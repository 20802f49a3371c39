import type { Where } from '../diagnostics/error.ts';
import { fromBits } from '../ir/attributes.ts';
import type { Op } from '../ir/program.ts';
import { byteSize } from '../ir/types.ts';
import { stagingSpace } from '../plan/staging.ts';
import { across, spaceTransfer } from './buffer-steps.ts';
import type { Execution } from './execution.ts';
import { Handle } from './memory.ts';
import type { Base } from './memory.ts';
import type { Step, StepContext } from './step.ts';

/** `buffer.read`: issue waits for the value, since the program may branch on it. */
export function readStep(op: Op, c: StepContext): Step {
  const [source = -1, index = -1] = op.operands;
  const [result = -1] = op.results;
  const { element } = op.attrs;
  const type = element?.kind === 'type' && element.type.kind === 'scalar' ? element.type : undefined;
  const size = type === undefined ? undefined : byteSize(type);
  if (type === undefined || size === undefined) throw new RangeError('a read of an element without a layout: verify before running');
  return (run) => {
    const handle = run.handle(source);
    const at = (run.values[index] as bigint) * BigInt(size);
    // The last element may reach past the end: what is missing reads as zero.
    const length = at >= BigInt(handle.byteLength) ? 0 : Math.min(size, handle.byteLength - Number(at));
    if (length === 0) return run.bind(result, fromBits(type.name, 0n));
    return readBytes(run, c.where, handle, Number(at), length).then((bytes) => {
      const bits = bytes.reduceRight((high, byte) => (high << 8n) | BigInt(byte), 0n);
      run.bind(result, fromBits(type.name, bits));
    });
  };
}

/**
 * A copy of `length` bytes of a buffer, at least one, when all that was issued to write them is done.
 * @throws what the run failed with
 */
export async function readBytes(run: Execution, where: () => Where, handle: Handle, offset: number, length: number): Promise<Uint8Array<ArrayBuffer>> {
  const part = handle.slice(offset, length);
  if (handle.base.memory.bytes !== undefined) return issued(run, where, [part.base], part, () => undefined);
  const staging = await run.allocate(BigInt(length), 'any', stagingSpace(run.session.registry, part.base.memory.space, 'out'));
  try {
    const to = new Handle(staging);
    return await issued(run, where, [part.base, staging], to, (finish) => across(run, spaceTransfer(run, part.base, staging), part, to, finish, where));
  } finally {
    run.holds.release(staging);
  }
}

/** Issues `move`, and gives a copy of what `from` holds then. With no move, its bytes are there. */
function issued(run: Execution, where: () => Where, bases: readonly Base[], from: Handle, move: (finish: (error?: unknown) => void) => unknown): Promise<Uint8Array<ArrayBuffer>> {
  return new Promise((resolve, reject) => {
    let bytes: Uint8Array<ArrayBuffer> | undefined;
    const memory = bases.map((base, i) => ({ base, write: i > 0 }));
    run.issue(where, { memory }, (finish) => {
      const done = (error?: unknown) => {
        bytes = error === undefined ? from.bytes?.slice() : undefined;
        finish(error);
      };
      if (bases.length === 1) done();
      else move(done);
    }, () => (bytes === undefined ? reject(run.failure?.error) : resolve(bytes)));
  });
}
