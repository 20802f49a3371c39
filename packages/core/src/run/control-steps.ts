import { SluiceError } from '../diagnostics/error.ts';
import type { Op, ValueId } from '../ir/program.ts';
import type { Execution } from './execution.ts';
import { Flight, Iteration } from './iteration.ts';
import type { Exit, RegionStep, Step, StepContext } from './step.ts';

const YIELD = 'control.yield';
const BREAK = 'control.break';
const CONTINUE = 'control.continue';

export function ifStep(op: Op, c: StepContext): Step {
  const then = c.region(0);
  const otherwise = op.regions.length > 1 ? c.region(1) : undefined;
  const condition = op.operands[0] ?? -1;
  const settle = (run: Execution, exit: Exit): Exit | undefined => {
    if (exit.id !== YIELD) return exit;
    give(run, op, exit.values);
    return undefined;
  };
  return (run) => {
    const region = run.values[condition] === true ? then : otherwise;
    if (region === undefined) return undefined;
    const exit = region(run, []);
    return exit instanceof Promise ? exit.then((e) => settle(run, e)) : settle(run, exit);
  };
}

export function forStep(op: Op, c: StepContext): Step {
  const body = c.region(0);
  const [from = -1, to = -1, by = -1, ...init] = op.operands;
  return (run) => {
    const wide = typeof run.values[from] === 'bigint';
    const [low, high, step] = [from, to, by].map((id) => BigInt(run.values[id] as number | bigint)) as [bigint, bigint, bigint];
    if (step === 0n) throw new SluiceError({ code: 'run/zero-step', message: 'a loop counts with step 0', fix: 'give it another step' });
    let index = low;
    return loop(run, op, taken(run, init), (carried) => {
      if (step > 0n ? index >= high : index <= high) return { values: carried };
      const args = [wide ? index : Number(index), ...carried];
      index += step;
      return { body, args };
    });
  };
}

export function whileStep(op: Op, c: StepContext): Step {
  const before = c.region(0);
  const after = c.region(1);
  const decided = ({ values: [holds, ...values] }: Exit): Turn => (holds === true ? { body: after, args: values } : { values });
  return (run) =>
    loop(run, op, taken(run, op.operands), (carried) => {
      const exit = before(run, carried);
      return exit instanceof Promise ? exit.then(decided) : decided(exit);
    });
}

/** What a loop does next: one more iteration, or its end with these results. */
type Turn = { readonly body: RegionStep; readonly args: readonly unknown[] } | { readonly body?: undefined; readonly values: readonly unknown[] };

/** Runs iterations until `next` ends the loop, or a terminator leaves it; waits no more often than it must. */
async function loop(run: Execution, op: Op, init: readonly unknown[], next: (carried: readonly unknown[]) => Turn | Promise<Turn>): Promise<Exit | undefined> {
  const { turns, window } = run.session;
  const flight = new Flight(window);
  const outer = run.iteration;
  let carried = init;
  try {
    for (;;) {
      run.check();
      if (turns.due()) await (run.tracer === undefined ? turns.pass() : run.tracer.wait('turn', turns.pass()));
      const iteration = new Iteration(outer);
      run.iteration = iteration;
      const decision = next(carried);
      const turn = decision instanceof Promise ? await decision : decision;
      if (turn.body === undefined) {
        give(run, op, turn.values);
        return undefined;
      }
      const issued = turn.body(run, turn.args);
      const exit = issued instanceof Promise ? await issued : issued;
      if (exit.id === BREAK) {
        give(run, op, exit.values);
        return undefined;
      }
      if (exit.id !== YIELD && exit.id !== CONTINUE) return exit;
      carried = exit.values;
      const full = flight.add(iteration);
      if (full !== undefined) await (run.tracer === undefined ? full : run.tracer.wait('window', full));
    }
  } finally {
    run.iteration = outer;
  }
}

/** Binds results; they take over the holds of the values. */
function give(run: Execution, op: Op, values: readonly unknown[]): void {
  op.results.forEach((id, i) => run.bind(id, values[i]));
}

/** The values of `ids`, each with a hold of its own. */
function taken(run: Execution, ids: readonly ValueId[]): readonly unknown[] {
  return ids.map((id) => {
    run.holds.hold(run.values[id]);
    return run.values[id];
  });
}
