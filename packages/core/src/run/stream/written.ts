import type { Outcome, Transfer } from '../../registry/backend.ts';
import type { Execution } from '../execution.ts';
import { Submissions } from '../submission.ts';
import { tracedTransfer } from '../trace/traced-transfer.ts';
import { Tracer } from '../trace/tracer.ts';
import type { Timeline } from '../trace/timeline.ts';
import type { WrittenFile } from '../written-file.ts';

/** The files that the runs of one stream have written: they are made durable together, when the stream ends, and stay open until then. */
export class StreamedFiles {
  readonly #files = new Map<string, WrittenFile>();

  /** Takes over what a run has written, before that run ends. */
  take(run: Execution): void {
    for (const [identity, file] of run.written) {
      if (this.#files.has(identity)) continue;
      file.record.use();
      this.#files.set(identity, file);
    }
  }

  /** One sync for each file. @throws SluiceError `io/sync-failed` */
  async makeDurable(timeline: Timeline | undefined): Promise<void> {
    const { signal } = new AbortController();
    const submissions = new Submissions(() => signal);
    const tracer = this.#files.size === 0 ? undefined : Tracer.for(timeline);
    const outcomes = await Promise.all([...this.#files.values()].map(({ carrier, file }) => new Promise<Outcome>((resolve) => {
      const sync: Transfer = { kind: 'sync', file };
      submissions.add(carrier, sync, tracer === undefined ? resolve : tracedTransfer(tracer, carrier, sync, resolve, undefined));
    })));
    const failed = outcomes.find((o) => !o.ok);
    if (failed?.ok === false) throw failed.error;
  }

  /** Lets go of the files. */
  end(): void {
    for (const { record } of this.#files.values()) record.leave();
    this.#files.clear();
  }
}
