import type { Span } from './span.ts';
import type { Code, Family } from './codes.ts';
import { codes } from './codes.ts';
import { errorToJson } from './json.ts';
import type { Json } from './json.ts';

/** Where in a program something happened. */
export interface Where {
  readonly program?: string | undefined;
  readonly kernel?: string | undefined;
  /** The op's id and its place: `control.for[4]/body/io.dma_from_nvme[1]`. */
  readonly op?: string | undefined;
  readonly path?: string | undefined;
  readonly span?: Span | undefined;
}

export interface Problem {
  /** A row of the code table, or a code of a plugin (`<plugin>/<what>`), which then gives `family`. */
  readonly code: Code | (string & {});
  readonly family?: Family;
  /** What happened, with the values. */
  readonly message: string;
  /** What to do about it, concretely. */
  readonly fix: string;
  readonly where?: Where | undefined;
  /** What could be used instead. */
  readonly available?: readonly string[];
  readonly cause?: unknown;
  /** Facts for programs: errno, counts, offsets. */
  readonly details?: Readonly<Record<string, unknown>>;
  readonly problems?: readonly SluiceError[];
}

/**
 * The one error class. `family` says who can mend it: the program is invalid, the program is valid but not
 * runnable here, or the run failed.
 */
export class SluiceError extends Error {
  readonly '~sluice' = 'error';
  readonly code: string;
  readonly family: Family;
  readonly fix: string;
  readonly where: Where | undefined;
  readonly available: readonly string[];
  readonly details: Readonly<Record<string, unknown>>;
  /** The single problems, where several were found at once. */
  readonly problems: readonly SluiceError[];

  constructor(problem: Problem) {
    super(problem.message, problem.cause === undefined ? undefined : { cause: problem.cause });
    this.name = 'SluiceError';
    this.code = problem.code;
    this.family = problem.family ?? codes[problem.code as Code]?.family ?? 'run';
    this.fix = problem.fix;
    this.where = problem.where === undefined ? undefined : { ...problem.where }; // what is found on reading is found now
    this.available = problem.available ?? [];
    this.details = problem.details ?? {};
    this.problems = problem.problems ?? [];
  }

  /** Everything but the stack, with bigints as decimal strings. */
  toJSON(): { readonly [key: string]: Json } {
    return errorToJson(this);
  }
}

/** A SluiceError of any copy of core: branded by a string key, not by class. */
export function isSluiceError(e: unknown): e is SluiceError {
  return e instanceof Error && (e as { '~sluice'?: unknown })['~sluice'] === 'error';
}

/** `problems` as one error: the problem itself when there is one, else an error that lists them under `code`. */
export function combine(code: Code, message: string, problems: readonly SluiceError[]): SluiceError {
  const [first] = problems;
  if (first !== undefined && problems.length === 1 && first.code === code) return first;
  return new SluiceError({ code, message, fix: first?.fix ?? '', problems, where: first?.where, available: first?.available ?? [] });
}
