import { SluiceError, isSluiceError } from '../diagnostics/error.ts';
import type { Where } from '../diagnostics/error.ts';
import { toBits } from '../ir/attributes.ts';
import type { ScalarValue } from '../ir/attributes.ts';
import type { Op } from '../ir/program.ts';
import { byteSize } from '../ir/types.ts';
import { stagingSpace } from '../plan/staging.ts';
import type { SpaceTransfer } from '../registry/backend.ts';
import type { Execution, Finish } from './execution.ts';
import { messageOf } from './faults.ts';
import { Handle } from './memory.ts';
import type { Base } from './memory.ts';
import type { Step, StepContext } from './step.ts';
import { tracedCopy } from './trace/traced-copy.ts';

/**
 * `init: 'none'` leaves it to the program to write before it reads. That is no way to see what others left in pooled
 * memory: only where the next op overwrites all of it is it not cleared.
 */
export function allocStep(op: Op, c: StepContext): Step {
  const [length = -1] = op.operands;
  const [result = -1] = op.results;
  const contents = c.nextUseIs(result, 'buffer.fill') ? 'any' : 'zero';
  const init = op.attrs['init'];
  const unwritten = init?.kind === 'enum' && init.value === 'none';
  return (run) => {
    const bind = (base: Base) => {
      base.unwritten = unwritten;
      run.bind(result, new Handle(base));
    };
    const made = run.allocate(run.values[length] as bigint, contents);
    return made instanceof Promise ? made.then(bind) : bind(made);
  };
}

const NOT_OWN = { own: '', map: 'a map, which `mem.unmap` ends', view: 'a slice', parameter: 'a parameter, which belongs to the caller' } as const;

export function freeStep(op: Op): Step {
  const [operand = -1] = op.operands;
  return (run) => {
    const handle = run.handle(operand);
    if (handle.kind !== 'own') throw new SluiceError({ code: 'mem/wrong-kind', message: `\`buffer.free\` of ${NOT_OWN[handle.kind]}`, fix: 'free what the program allocated itself, whole' });
    run.holds.free(handle);
  };
}

export function byteLengthStep(op: Op): Step {
  const [operand = -1] = op.operands;
  const [result = -1] = op.results;
  return (run) => run.bind(result, BigInt(run.handle(operand).byteLength));
}

export function sliceStep(op: Op): Step {
  const [source = -1, offset = -1, length = -1] = op.operands;
  const [result = -1] = op.results;
  return (run) => {
    const handle = run.handle(source);
    const [at, bytes] = [run.values[offset] as bigint, run.values[length] as bigint];
    if (at + bytes > BigInt(handle.byteLength)) throw new SluiceError({ code: 'mem/range', message: `a slice of ${bytes} bytes at ${at} of a buffer of ${handle.byteLength}`, fix: 'stay inside the buffer' });
    run.holds.hold(handle);
    run.bind(result, handle.slice(Number(at), Number(bytes)));
  };
}

export function copyStep(op: Op, c: StepContext): Step {
  const [source = -1, target = -1] = op.operands;
  return (run) => {
    const [from, whole] = [run.handle(source), run.handle(target)];
    if (from.byteLength > whole.byteLength) throw new SluiceError({ code: 'mem/range', message: `a copy of ${from.byteLength} bytes into a buffer of ${whole.byteLength}`, fix: 'copy a slice of the source, or into a larger buffer' });
    const to = whole.slice(0, from.byteLength);
    run.issue(c.where, { memory: [{ base: from.base, write: false }, { base: to.base, write: true }] }, (finish) => {
      const bytes = from.bytes;
      if (bytes !== undefined && to.bytes !== undefined) {
        to.bytes.set(bytes);
        return finish();
      }
      across(run, spaceTransfer(run, from.base, to.base), from, to, finish, c.where);
    });
  };
}

export function fillStep(op: Op, c: StepContext): Step {
  const [target = -1, value = -1] = op.operands;
  const type = c.typeOf(value);
  const size = byteSize(type) ?? 0;
  if (type.kind !== 'scalar' || size === 0) throw new RangeError('a fill without a layout: verify before running');
  return (run) => {
    const handle = run.handle(target);
    const bits = toBits(type.name, run.values[value] as ScalarValue);
    const pattern = Uint8Array.from({ length: size }, (_, i) => Number((bits >> BigInt(8 * i)) & 255n));
    if (handle.base.memory.bytes !== undefined) {
      run.issue(c.where, { memory: [{ base: handle.base, write: true }] }, (finish) => {
        repeat(pattern, handle.bytes);
        finish();
      });
      return undefined;
    }
    // Memory that the CPU cannot address gets the bytes from memory that it can.
    const fillFrom = (staging: Base) => {
      const from = new Handle(staging);
      repeat(pattern, from.bytes);
      run.issue(c.where, { memory: [{ base: staging, write: false }, { base: handle.base, write: true }] }, (finish) => across(run, spaceTransfer(run, staging, handle.base), from, handle, finish, c.where));
      run.holds.release(staging);
    };
    const made = run.allocate(BigInt(handle.byteLength), 'any', stagingSpace(run.session.registry, handle.base.memory.space, 'in'));
    return made instanceof Promise ? made.then(fillFrom) : fillFrom(made);
  };
}

function repeat(pattern: Uint8Array, bytes: Uint8Array | undefined): void {
  if (bytes === undefined) return;
  bytes.set(pattern.subarray(0, bytes.length));
  for (let done = pattern.length; done < bytes.length; done *= 2) bytes.copyWithin(done, 0, Math.min(done, bytes.length - done));
}

export function spaceTransfer(run: Execution, from: Base, to: Base): SpaceTransfer {
  const found = run.session.spaceTransfer(from.memory.space, to.memory.space);
  if (found === undefined) throw new RangeError(`no transfer leads from ${from.memory.space} to ${to.memory.space}: plan before running`);
  return found;
}

/** Copies between two handles through a registered transfer; counts what the CPU copies. */
export function across(run: Execution, transfer: SpaceTransfer, from: Handle, to: Handle, finish: Finish, where: () => Where): void {
  tracedCopy(run.tracer, transfer, from.byteLength, async () => transfer.copy(from.memory, to.memory, run.signal), where).then(() => {
    if (transfer.how === 'cpu') run.bytes.bounced += BigInt(from.byteLength);
    finish();
  }, (cause: unknown) => finish(copyFailed(transfer, cause)));
}

/** What a rejected copy between spaces means to the run. */
export function copyFailed({ from, to }: SpaceTransfer, cause: unknown): SluiceError {
  if (isSluiceError(cause)) return cause;
  return new SluiceError({ code: 'run/copy-failed', message: `a copy from memory in ${from} to memory in ${to} failed: ${messageOf(cause)}`, fix: 'see the cause; report it to the author of the plugin that registers the transfer', cause });
}
