import { SluiceError } from '../diagnostics/error.ts';
import type { Op } from '../ir/program.ts';
import { allocStep, byteLengthStep, copyStep, fillStep, freeStep, sliceStep } from './buffer-steps.ts';
import { forStep, ifStep, whileStep } from './control-steps.ts';
import { FILE_LIMIT } from './grant-window.ts';
import { launchIndirectStep, launchStep } from './launch-step.ts';
import { readStep } from './read-step.ts';
import type { Step, StepContext } from './step.ts';

/** How the session runs its own ops: the ones with trait `session` that are no terminators. */
export const SESSION_OPS: Readonly<Record<string, (op: Op, c: StepContext) => Step>> = {
  'control.if': ifStep,
  'control.for': forStep,
  'control.while': whileStep,
  'buffer.alloc': allocStep,
  'buffer.free': freeStep,
  'buffer.copy': copyStep,
  'buffer.fill': fillStep,
  'buffer.slice': sliceStep,
  'buffer.byte_length': byteLengthStep,
  'grant.size': grantSizeStep,
  'kernel.launch': launchStep,
  'kernel.launch_indirect': launchIndirectStep,
  'buffer.read': readStep,
  'control.assert': assertStep,
};

function assertStep(op: Op): Step {
  const [condition = -1] = op.operands;
  const { message } = op.attrs;
  const said = message?.kind === 'string' ? message.value : '';
  return (run) => {
    if (run.values[condition] !== true) throw new SluiceError({ code: 'run/assert', message: `an assertion does not hold: ${said}`, fix: 'see what the program asserts there, and what it was given' });
  };
}

function grantSizeStep(op: Op, c: StepContext): Step {
  const [fd = -1] = op.operands;
  const [result = -1] = op.results;
  return (run) => {
    const { record, files } = run.grant(run.values[fd] as number);
    record.refuseRevoked();
    const [backend, file] = files.entries().next().value ?? [];
    if (record.length !== undefined || backend === undefined || file === undefined) return run.bind(result, record.length ?? 0n);
    // The size is a value that the program may branch on: it is read when writes to the file that were issued before are done.
    const order = run.session.fileOrder(file.identity);
    return new Promise<void>((resolve) => {
      run.issue(c.where, { memory: [], files: [{ order, from: 0n, to: FILE_LIMIT, write: false }] }, (finish) => {
        record.refuseRevoked();
        record.use();
        record.size(backend, file, run.signal).then((size) => run.bind(result, size)).then(() => finish(), finish).finally(() => record.leave());
      }, resolve);
    });
  };
}
