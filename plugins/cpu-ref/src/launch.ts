import { isSluiceError, SluiceError } from '@sluice/core';
import type { KernelIr, Launch } from '@sluice/core';
import { bindArgs } from './bind.ts';
import type { CompiledKernel, LaunchCode, Trapped } from './compile.ts';
import { Schedule } from './schedule.ts';
import type { Unwritten } from './unwritten.ts';

/** The longest that a launch keeps the thread before it lets other work run, in milliseconds; half of what is promised. */
const TURN_MS = 16;

/** Hands the thread over now and then: one for each device, so that a row of short launches lets go as one long one does. */
export class Turns {
  #since = performance.now();

  due(): boolean {
    return performance.now() - this.#since >= TURN_MS;
  }

  /** Lets the event loop run. @throws the signal's reason */
  async pass(signal: AbortSignal): Promise<void> {
    await new Promise<void>((resume) => soon(resume));
    this.#since = performance.now();
    signal.throwIfAborted();
  }
}

const immediate = (globalThis as { setImmediate?: (resume: () => void) => unknown }).setImmediate;
const soon: (resume: () => void) => unknown = immediate ?? ((resume) => setTimeout(resume, 0));

export interface LaunchLimits {
  readonly turns: Turns;
  /** Ops that one launch may run, over all invocations. */
  readonly stepLimit: number;
  /** Steps between two looks at the clock. */
  readonly slice: number;
  /** Permutes the order in which workgroups and invocations run; absent, they run in order. */
  readonly seed?: number | undefined;
  /** Kept by a device that looks for loads of what nothing wrote. */
  readonly unwritten?: Unwritten | undefined;
}

/** Runs one launch to its end. Rejects with the signal's reason, or a SluiceError of family `run`. */
export async function runLaunch(kernel: KernelIr, code: CompiledKernel, launch: Launch, limits: LaunchLimits, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted();
  const bound = bindArgs(kernel, launch.args);
  const meter = new Meter(kernel, limits, signal);
  try {
    if (limits.turns.due()) await limits.turns.pass(signal);
    const [sx, sy, sz] = kernel.workgroup;
    const schedule = limits.seed === undefined ? undefined : new Schedule(limits.seed, launch.groups, sx * sy * sz);
    const bindings = code.bind({ groups: launch.groups, args: bound.args, written: limits.unwritten?.of(launch.args) ?? [], schedule });
    if (bindings.kind === 'rows') await runRows(bindings, launch, meter, schedule);
    else await runWorkgroups(kernel, code, bindings, launch, meter, schedule);
    const found = bindings.found?.();
    if (found !== undefined) throw found;
    const trapped = bindings.trapped();
    if (trapped !== undefined) throw trapError(kernel, code, trapped);
  } catch (error) {
    if (isSluiceError(error) || (signal.aborted && error === signal.reason)) throw error;
    throw new SluiceError({ code: 'run/kernel-failed', message: `kernel \`${kernel.name}\` failed on cpu-ref: ${error instanceof Error ? error.message : String(error)}`, fix: 'report it: the generated code is at fault, or the meaning of an op', where: { kernel: kernel.name, span: kernel.span }, cause: error });
  } finally {
    bound.settle();
  }
}

/** What a launch that ran to its end is rejected with where an invocation trapped. */
function trapError({ name, span }: KernelIr, { traps }: CompiledKernel, [number, address, x, y, z]: Trapped): SluiceError {
  const { where, tag, message } = traps[number - 1] ?? { where: {}, tag: 0, message: '' };
  return new SluiceError({
    code: 'run/trap',
    message: `invocation (${x}, ${y}, ${z}) of kernel \`${name}\` trapped with tag ${tag} at ${address}${message === '' ? '' : `: ${message}`}`,
    fix: 'see what the kernel says with that tag; what the launch wrote is not to be used',
    where: { span, ...where }, details: { tag, address, invocation: [x, y, z] },
  });
}

/** Counts the steps of a launch; says when to hand over. */
class Meter {
  readonly #kernel: KernelIr;
  readonly #limits: LaunchLimits;
  readonly #signal: AbortSignal;
  #total = 0;
  #unclocked = 0;

  constructor(kernel: KernelIr, limits: LaunchLimits, signal: AbortSignal) {
    this.#kernel = kernel;
    this.#limits = limits;
    this.#signal = signal;
  }

  /** Adds steps that ran. @returns whether it is time to call `pass` */
  add(steps: number): boolean {
    this.#total += steps;
    this.#unclocked += steps;
    const { stepLimit, turns, slice } = this.#limits;
    if (this.#total > stepLimit) {
      throw new SluiceError({ code: 'run/step-limit', message: `kernel \`${this.#kernel.name}\` ran ${this.#total} steps, the limit is ${stepLimit}`, fix: 'check that its loops end, or raise `stepLimit`', where: { kernel: this.#kernel.name, span: this.#kernel.span }, details: { steps: this.#total, stepLimit } });
    }
    if (this.#unclocked < slice) return false;
    this.#unclocked = 0;
    return turns.due();
  }

  pass(): Promise<void> {
    return this.#limits.turns.pass(this.#signal);
  }
}

type Rows = Extract<LaunchCode, { kind: 'rows' }>;
type Workgroups = Extract<LaunchCode, { kind: 'barriers' }>;

async function runRows(code: Rows, { groups }: Launch, meter: Meter, schedule: Schedule | undefined): Promise<void> {
  for (let z = 0; z < groups[2]; z++) {
    for (let y = 0; y < groups[1]; y++) {
      const row = schedule === undefined ? code.row(y, z) : code.row(schedule.workgroup(1, y), schedule.workgroup(2, z));
      for (let turn = row.next(); ; turn = row.next()) {
        if (meter.add(turn.value)) await meter.pass();
        if (turn.done === true) break;
      }
    }
  }
}

async function runWorkgroups(kernel: KernelIr, compiled: CompiledKernel, code: Workgroups, { groups }: Launch, meter: Meter, schedule: Schedule | undefined): Promise<void> {
  const size = kernel.workgroup[0] * kernel.workgroup[1] * kernel.workgroup[2];
  for (let tz = 0; tz < groups[2]; tz++) {
    for (let ty = 0; ty < groups[1]; ty++) {
      for (let tx = 0; tx < groups[0]; tx++) {
        const [x, y, z] = schedule === undefined ? [tx, ty, tz] as const : [schedule.workgroup(0, tx), schedule.workgroup(1, ty), schedule.workgroup(2, tz)] as const;
        code.begin(x, y, z);
        const invocations = Array.from({ length: size }, (_, local) => code.invocation(x, y, z, local));
        const next = () => toNextBarrier(kernel, compiled, code, invocations, meter, schedule?.invocations());
        for (let at = await next(); at !== 0; at = await next()) code.arrived(at);
        code.end();
      }
    }
  }
}

/** Runs each invocation up to a barrier, or its end, in the given order; the number of the barrier at which they wait, 0 for none. */
async function toNextBarrier(kernel: KernelIr, compiled: CompiledKernel, code: Workgroups, invocations: readonly Generator<number, number>[], meter: Meter, order: Uint32Array | undefined): Promise<number> {
  let first: Arrival | undefined;
  for (let place = 0; place < invocations.length; place++) {
    const local = order?.[place] ?? place;
    const invocation = invocations[local];
    if (invocation === undefined) continue;
    let turn = invocation.next();
    while (turn.done !== true && turn.value > 0) {
      if (meter.add(turn.value)) await meter.pass();
      turn = invocation.next();
    }
    if (meter.add(turn.done === true ? turn.value : code.stepsToBarrier())) await meter.pass();
    const at = turn.done === true ? 0 : turn.value;
    first ??= { local, at };
    if (at !== first.at) throw divergent(kernel, compiled, { local, at }, first);
  }
  return -(first?.at ?? 0);
}

/** Where an invocation has come to: minus the number of a barrier, 0 if it has ended. */
interface Arrival {
  readonly local: number;
  readonly at: number;
}

function divergent(kernel: KernelIr, compiled: CompiledKernel, { local, at }: Arrival, first: Arrival): SluiceError {
  const barrier = compiled.barriers[-Math.min(at, first.at) - 1];
  const say = (n: number) => (n === 0 ? 'has ended' : `waits at ${compiled.barriers[-n - 1]?.path ?? 'a barrier'}`);
  return new SluiceError({ code: 'run/kernel-failed', message: `invocation ${local} of a workgroup of \`${kernel.name}\` ${say(at)}, invocation ${first.local} ${say(first.at)}`, fix: 'put the barrier where every invocation of the workgroup passes', where: barrier ?? { kernel: kernel.name } });
}
