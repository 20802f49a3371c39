import { SluiceError, isSluiceError } from '../diagnostics/error.ts';
import type { ScalarValue } from '../ir/attributes.ts';
import type { Op } from '../ir/program.ts';
import { byteSize } from '../ir/types.ts';
import type { BufferType, Type } from '../ir/types.ts';
import type { LaunchArg } from '../registry/backend.ts';
import { messageOf } from './faults.ts';
import type { Execution } from './execution.ts';
import type { Handle } from './memory.ts';
import { readBytes } from './read-step.ts';
import type { Step, StepContext } from './step.ts';

const U32_MAX = 2 ** 32 - 1;

interface Binding {
  readonly name: string;
  readonly handle: Handle;
  readonly type: BufferType;
}

/** `kernel.launch`: launches when earlier effects on its buffers are done. */
export function launchStep(op: Op, c: StepContext): Step {
  const launch = launcher(op, 3, c);
  return (run) => launch(run, op.operands.slice(0, 3).map((id) => run.values[id] as number | bigint));
}

/** `kernel.launch_indirect`: reads the counts when all that writes them is done, and then does the same. */
export function launchIndirectStep(op: Op, c: StepContext): Step {
  const launch = launcher(op, 2, c);
  const [counts = -1, offset = -1] = op.operands;
  return (run) => {
    const handle = run.handle(counts);
    const at = run.values[offset] as bigint;
    if (at % 4n !== 0n || handle.offset % 4 !== 0) throw new SluiceError({ code: 'launch/misaligned', message: `the counts of an indirect launch start at byte ${at} of a buffer at byte ${handle.offset}, and a u32 has 4 bytes`, fix: 'put them at a multiple of 4' });
    if (at + 12n > BigInt(handle.byteLength)) throw new SluiceError({ code: 'mem/range', message: `the counts of an indirect launch are 12 bytes at ${at} of a buffer of ${handle.byteLength}`, fix: 'stay inside the buffer' });
    return readBytes(run, c.where, handle, Number(at), 12).then((bytes) => {
      const view = new DataView(bytes.buffer, bytes.byteOffset);
      return launch(run, [0, 4, 8].map((i) => view.getUint32(i, true)), handle);
    });
  };
}

type Launch = (run: Execution, counts: readonly (number | bigint)[], countsFrom?: Handle) => void;

/** Checks counts, views and aliases, then launches: the operands from `first` on are the arguments of the kernel. */
function launcher(op: Op, first: number, c: StepContext): Launch {
  const symbol = op.attrs['kernel'];
  const name = symbol?.kind === 'symbol' ? symbol.name : '';
  const kernel = c.plan.program.kernels.find((k) => k.name === name);
  const prepared = c.kernels.get(name);
  if (kernel === undefined || prepared === undefined) throw new RangeError(`kernel ${name} is not prepared: plan before running`);
  const authored = c.plan.authored.find((k) => k.name === name) ?? kernel;
  /** The elements that the author sees: a kernel that was made legal has others in their place. */
  const alignments = kernel.params.map((p) => {
    const type = authored.params.find((a) => a.name === p.name)?.type;
    return type?.kind === 'buffer' ? type.element : undefined;
  });
  const where = () => ({ ...c.where(), kernel: name });
  const backend = c.plan.compute?.backend.id ?? '';

  return (run, counts, countsFrom) => {
    const groups = counts.map((count) => groupCount(count, name)) as [number, number, number];
    const bindings: Binding[] = [];
    const args = kernel.params.map((p, i): LaunchArg => {
      const id = op.operands[i + first] ?? -1;
      if (p.type.kind !== 'buffer') return { kind: 'scalar', value: run.values[id] as ScalarValue };
      const handle = run.handle(id);
      bindings.push({ name: p.name, handle, type: p.type });
      return bufferArg(p.name, handle, p.type, alignments[i] ?? p.type.element, name);
    });
    refuseAliases(bindings, name);
    const written = bindings.find((b) => b.type.access !== 'read' && b.handle.base === countsFrom?.base);
    if (written !== undefined) throw new SluiceError({ code: 'launch/alias', message: `\`${written.name}\` (${written.type.access}) of \`${name}\` is the buffer that holds the counts of the launch`, fix: 'copy the counts to a buffer of their own' });
    if (groups.includes(0)) return;
    run.launches++;
    run.issue(where, { memory: bindings.map((b) => ({ base: b.handle.base, write: b.type.access !== 'read' })), launch: true }, (finish) => {
      const end = run.tracer?.begin('launch', name, { backend, groups }, where);
      const launched = async () => prepared.launch({ groups, args }, run.signal);
      launched().then(() => {
        end?.();
        finish();
      }, (cause: unknown) => {
        end?.({}, cause);
        finish(launchFailed(name, cause));
      });
    });
  };
}

function launchFailed(kernel: string, cause: unknown): SluiceError {
  if (isSluiceError(cause)) return cause;
  return new SluiceError({ code: 'run/kernel-failed', message: `kernel \`${kernel}\` failed: ${messageOf(cause)}`, fix: 'see the cause; report it to the author of the backend', cause });
}

function groupCount(count: number | bigint, kernel: string): number {
  if (count <= U32_MAX) return Number(count);
  throw new SluiceError({ code: 'launch/groups', message: `a launch of \`${kernel}\` with ${count} workgroups`, fix: `use at most ${U32_MAX} in each dimension; let each invocation do more` });
}

function bufferArg(param: string, handle: Handle, type: BufferType, authored: Type, kernel: string): LaunchArg {
  const alignment = byteSize(authored) ?? 1;
  if (handle.offset % alignment !== 0) {
    throw new SluiceError({ code: 'launch/misaligned', message: `\`${param}\` of \`${kernel}\` is a slice at byte ${handle.offset}, and a ${authored.spelling} has ${alignment} bytes`, fix: `slice at a multiple of ${alignment}` });
  }
  const size = byteSize(type.element) ?? 1;
  const count = Math.ceil(handle.byteLength / size);
  if (count > U32_MAX) throw new SluiceError({ code: 'launch/too-large', message: `\`${param}\` of \`${kernel}\` has ${count} elements`, fix: `pass slices of at most ${U32_MAX} elements` });
  return { kind: 'buffer', memory: handle.memory, count, ...(handle.base.unwritten ? { unwritten: handle.base } : {}) };
}

/** Devices reject one buffer bound for reading and for writing, or twice for writing, even where ranges are apart. */
function refuseAliases(bindings: readonly Binding[], kernel: string): void {
  for (const [i, a] of bindings.entries()) {
    const b = bindings.slice(i + 1).find((other) => other.handle.base === a.handle.base && (a.type.access !== 'read' || other.type.access !== 'read'));
    if (b === undefined) continue;
    throw new SluiceError({ code: 'launch/alias', message: `\`${a.name}\` (${a.type.access}) and \`${b.name}\` (${b.type.access}) of \`${kernel}\` are the same buffer`, fix: 'declare one read_write parameter, or copy one of them' });
  }
}

