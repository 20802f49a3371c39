/**
 * - `run`: a run from its start to its end;
 * - `step`: an op of the host side, as it is issued, with all that it waits for;
 * - `transfer`: bytes between a file and memory, or a sync, from the moment when the backend is handed it;
 * - `launch`: a kernel, until its backend says that it has run or is in the device's queue;
 * - `copy`: bytes between two memories, which are a bounce where the CPU moves them;
 * - `wait`: nothing could be done until something else was.
 */
export type TraceKind = 'run' | 'step' | 'transfer' | 'launch' | 'copy' | 'wait';

/** What a wait is for: earlier ops on the same memory or file, the memory budget, the window of a loop, the device's end, other work of the thread. */
export type WaitFor = 'order' | 'memory' | 'window' | 'device' | 'turn';

/** What is known of an event when it begins. */
export interface TraceFacts {
  /** Id of the backend that does it; absent for the session itself. */
  readonly backend?: string;
  /** Id of the op that it belongs to. */
  readonly op?: string | undefined;
  /** The op's place in the program: `control.for[4]/body/io.dma_from_nvme[1]`. */
  readonly path?: string | undefined;
  /** The author's line: `file:line:column`. */
  readonly span?: string | undefined;
  readonly bytes?: number;
  readonly file?: string;
  /** In the file, in bytes. */
  readonly offset?: bigint;
  /** The way that transfers of the file take, and why. */
  readonly via?: string;
  readonly reason?: string;
  /** Of a copy. */
  readonly from?: string;
  readonly to?: string;
  readonly how?: 'device' | 'cpu';
  /** Workgroups of a launch. */
  readonly groups?: readonly [number, number, number];
}

/** What is known when it ends. */
export interface TraceOutcome {
  /** Bytes by the way that they took, of a transfer that succeeded. */
  readonly direct?: number;
  readonly buffered?: number;
  readonly bounced?: number;
  /** Code or message of what it failed with. */
  readonly error?: string;
}

/** Something that a run did or waited for. Times are milliseconds, as `performance.now()` gives them. */
export interface TraceEvent extends TraceFacts, TraceOutcome {
  readonly kind: TraceKind;
  /** The program of a run, the op of a step, `read`, `write` or `sync`, the kernel of a launch, what a wait is for. */
  readonly name: string;
  /** Counts the runs of the process, so that what belongs together can be told. */
  readonly run: number;
  readonly start: number;
  readonly end: number;
}
