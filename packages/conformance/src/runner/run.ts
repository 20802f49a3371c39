import { covers, exceptionFor, matches } from './backend.ts';
import type { BackendUnderTest, Exception, OpenBackend } from './backend.ts';
import { Unsupported, suites } from './suite.ts';
import type { Case, Suite } from './suite.ts';

export type Verdict =
  | 'passed'
  | 'failed'
  /** By the backend's capabilities, or by its list: for good. */
  | 'unsupported'
  /** It failed, as its list says. */
  | 'expected-failure'
  /** It passed, and its list says that it fails: the list is out of date. A failure. */
  | 'unexpected-pass';

export interface Outcome {
  readonly suite: string;
  readonly case: string;
  readonly verdict: Verdict;
  /** Why, for every verdict but `passed`. */
  readonly reason?: string;
  readonly seconds: number;
}

export interface BackendReport {
  readonly backend: string;
  readonly outcomes: readonly Outcome[];
  /** Exceptions that cover no case: out of date. */
  readonly stale: readonly Exception[];
}

export interface ConformanceReport {
  readonly ok: boolean;
  readonly backends: readonly BackendReport[];
}

export interface ConformanceOptions {
  /** Absent: all that have registered themselves. */
  readonly suites?: readonly Suite[];
  /** Only cases whose `<suite>/<case>` contains this. */
  readonly only?: string;
  readonly onOutcome?: (backend: string, outcome: Outcome) => void;
}

/** One case of a suite, planned for a backend. */
export interface PlannedCase {
  readonly suite: Suite;
  readonly case: Case;
  /** `<suite>/<case>`. */
  readonly id: string;
}

/** Runs every suite on every backend that has its tags. Rejects only where a backend cannot be opened or closed. */
export async function runConformance(backends: readonly BackendUnderTest[], options: ConformanceOptions = {}): Promise<ConformanceReport> {
  const reports: BackendReport[] = [];
  for (const backend of backends) {
    const open = await backend.open({ mask: backend.mask ?? {} });
    try {
      const planned = plan(backend, open, options);
      const outcomes: Outcome[] = [];
      for (const p of planned) {
        const outcome = await runCase(backend, open, p);
        outcomes.push(outcome);
        options.onOutcome?.(backend.name, outcome);
      }
      reports.push({ backend: backend.name, outcomes, stale: options.only === undefined ? staleOf(backend, planned) : [] });
    } finally {
      await open.close();
    }
  }
  return { ok: reports.every((r) => r.stale.length === 0 && r.outcomes.every(isFine)), backends: reports };
}

export function plan(backend: BackendUnderTest, open: OpenBackend, { suites: chosen = suites(), only = '' }: ConformanceOptions = {}): readonly PlannedCase[] {
  return chosen
    .filter((s) => matches(s, backend))
    .flatMap((s) => s.cases(open.registry).map((c) => ({ suite: s, case: c, id: `${s.id}/${c.id}` })))
    .filter((p) => p.id.includes(only));
}

/** Exceptions of the backend that cover none of the cases. */
export function staleOf(backend: BackendUnderTest, planned: readonly PlannedCase[]): readonly Exception[] {
  return [...(backend.unsupported ?? []), ...(backend.expectedFailures ?? [])].filter((e) => !planned.some((p) => covers(e, p.id)));
}

export function isFine({ verdict }: Outcome): boolean {
  return verdict !== 'failed' && verdict !== 'unexpected-pass';
}

export async function runCase(backend: BackendUnderTest, open: OpenBackend, planned: PlannedCase): Promise<Outcome> {
  const from = performance.now();
  const outcome = (verdict: Verdict, reason?: string): Outcome => ({
    suite: planned.suite.id, case: planned.case.id, verdict, seconds: (performance.now() - from) / 1000, ...(reason === undefined ? {} : { reason }),
  });
  const never = exceptionFor(backend.unsupported, planned.id);
  if (never !== undefined) return outcome('unsupported', never.reason);
  const failing = exceptionFor(backend.expectedFailures, planned.id);
  try {
    await planned.case.run({ ...open, backend: backend.name });
  } catch (error) {
    if (error instanceof Unsupported) return outcome('unsupported', error.message);
    const message = told(error);
    return failing === undefined ? outcome('failed', message) : outcome('expected-failure', failing.reason);
  }
  return failing === undefined ? outcome('passed') : outcome('unexpected-pass', `it is expected to fail (${failing.reason}) and passes: take it off the list`);
}

/** An error with its causes: what a property failed on stands in the cause of the error that has the counterexample. */
function told(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return `${error.stack ?? error.message}${error.cause === undefined ? '' : `\ncaused by ${told(error.cause)}`}`;
}
