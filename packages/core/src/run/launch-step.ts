import { SluiceError, isSluiceError } from '../diagnostics/error.ts';
import type { ScalarValue } from '../ir/attributes.ts';
import type { Kernel, Op, ValueId } from '../ir/program.ts';
import { byteSize } from '../ir/types.ts';
import type { BufferType } from '../ir/types.ts';
import type { LaunchArg } from '../registry/backend.ts';
import { messageOf } from './faults.ts';
import type { Execution } from './execution.ts';
import type { Base, Handle } from './memory.ts';
import { readBytes } from './read-step.ts';
import type { Step, StepContext } from './step.ts';

const U32_MAX = 2 ** 32 - 1;

/** A buffer parameter of a kernel, and the value that is passed for it. */
interface BufferParam {
  readonly id: ValueId;
  readonly name: string;
  readonly access: BufferType['access'];
  readonly write: boolean;
  /** Bytes of an element as the kernel has it, which may have been made legal. */
  readonly size: number;
  /** What starts of views are a multiple of: bytes of an element as its author has it. */
  readonly alignment: number;
  readonly authored: string;
}

interface Binding {
  readonly param: BufferParam;
  readonly base: Base;
  readonly write: boolean;
}

/** `kernel.launch`: launches when earlier effects on its buffers are done. */
export function launchStep(op: Op, c: StepContext): Step {
  const launch = launcher(op, 3, c);
  const [x = -1, y = -1, z = -1] = op.operands;
  const count = (run: Execution, id: ValueId) => run.values[id] as number | bigint;
  return (run) => launch(run, count(run, x), count(run, y), count(run, z));
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
      return launch(run, view.getUint32(0, true), view.getUint32(4, true), view.getUint32(8, true), handle);
    });
  };
}

type Launch = (run: Execution, x: number | bigint, y: number | bigint, z: number | bigint, countsFrom?: Handle) => void;

/** Checks counts, views and aliases, then launches: the operands from `first` on are the arguments of the kernel. */
function launcher(op: Op, first: number, c: StepContext): Launch {
  const symbol = op.attrs['kernel'];
  const name = symbol?.kind === 'symbol' ? symbol.name : '';
  const kernel = c.plan.program.kernels.find((k) => k.name === name);
  const prepared = c.kernels.get(name);
  if (kernel === undefined || prepared === undefined) throw new RangeError(`kernel ${name} is not prepared: plan before running`);
  const params = paramsOf(op, first, kernel, c.plan.authored.find((k) => k.name === name) ?? kernel);
  const buffers = params.filter((p) => typeof p !== 'number');
  const where = () => ({ ...c.where(), kernel: name });
  const backend = c.plan.compute?.backend.id ?? '';

  return (run, x, y, z, countsFrom) => {
    const groups = [groupCount(x, name), groupCount(y, name), groupCount(z, name)] as const;
    const bindings = buffers.map((param): Binding => ({ param, base: run.handle(param.id).base, write: param.write }));
    const args = params.map((param): LaunchArg => (typeof param === 'number' ? { kind: 'scalar', value: run.values[param] as ScalarValue } : bufferArg(param, run.handle(param.id), name)));
    refuseAliases(bindings, countsFrom?.base, name);
    if (groups[0] === 0 || groups[1] === 0 || groups[2] === 0) return;
    run.launches++;
    run.issue(where, { memory: bindings, launch: true }, (finish) => {
      const end = run.tracer?.begin('launch', name, { backend, groups }, where);
      const done = () => {
        end?.();
        finish();
      };
      const failed = (cause: unknown) => {
        end?.({}, cause);
        finish(launchFailed(name, cause));
      };
      let launched: void | Promise<void>;
      try {
        launched = prepared.launch({ groups, args }, run.signal);
      } catch (cause) {
        return failed(cause);
      }
      if (launched === undefined) done();
      else Promise.resolve(launched).then(done, failed);
    });
  };
}

/** For each parameter of a kernel where its argument is found: of a scalar, the value alone. */
function paramsOf(op: Op, first: number, kernel: Kernel, authored: Kernel): readonly (BufferParam | ValueId)[] {
  return kernel.params.map(({ name, type }, i) => {
    const id = op.operands[i + first] ?? -1;
    if (type.kind !== 'buffer') return id;
    const given = authored.params.find((p) => p.name === name)?.type;
    const element = given?.kind === 'buffer' ? given.element : type.element;
    return { id, name, access: type.access, write: type.access !== 'read', size: byteSize(type.element) ?? 1, alignment: byteSize(element) ?? 1, authored: element.spelling };
  });
}

function launchFailed(kernel: string, cause: unknown): SluiceError {
  if (isSluiceError(cause)) return cause;
  return new SluiceError({ code: 'run/kernel-failed', message: `kernel \`${kernel}\` failed: ${messageOf(cause)}`, fix: 'see the cause; report it to the author of the backend', cause });
}

function groupCount(count: number | bigint, kernel: string): number {
  if (count <= U32_MAX) return Number(count);
  throw new SluiceError({ code: 'launch/groups', message: `a launch of \`${kernel}\` with ${count} workgroups`, fix: `use at most ${U32_MAX} in each dimension; let each invocation do more` });
}

function bufferArg({ name, size, alignment, authored }: BufferParam, handle: Handle, kernel: string): LaunchArg {
  if (handle.offset % alignment !== 0) {
    throw new SluiceError({ code: 'launch/misaligned', message: `\`${name}\` of \`${kernel}\` is a slice at byte ${handle.offset}, and a ${authored} has ${alignment} bytes`, fix: `slice at a multiple of ${alignment}` });
  }
  const count = Math.ceil(handle.byteLength / size);
  if (count > U32_MAX) throw new SluiceError({ code: 'launch/too-large', message: `\`${name}\` of \`${kernel}\` has ${count} elements`, fix: `pass slices of at most ${U32_MAX} elements` });
  const { base, memory } = handle;
  return base.unwritten ? { kind: 'buffer', memory, count, unwritten: base } : { kind: 'buffer', memory, count };
}

/** Devices reject one buffer bound for reading and for writing, or twice for writing, even where ranges are apart. */
function refuseAliases(bindings: readonly Binding[], counts: Base | undefined, kernel: string): void {
  for (let i = 0; i < bindings.length; i++) {
    const { param, base, write } = bindings[i] as Binding;
    for (let j = 0; j < i; j++) {
      const other = bindings[j] as Binding;
      if (other.base !== base || !(write || other.write)) continue;
      throw new SluiceError({ code: 'launch/alias', message: `\`${other.param.name}\` (${other.param.access}) and \`${param.name}\` (${param.access}) of \`${kernel}\` are the same buffer`, fix: 'declare one read_write parameter, or copy one of them' });
    }
    if (write && base === counts) throw new SluiceError({ code: 'launch/alias', message: `\`${param.name}\` (${param.access}) of \`${kernel}\` is the buffer that holds the counts of the launch`, fix: 'copy the counts to a buffer of their own' });
  }
}
