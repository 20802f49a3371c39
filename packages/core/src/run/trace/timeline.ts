import { SluiceError } from '../../diagnostics/error.ts';
import { inWords } from '../../diagnostics/in-words.ts';
import type { TraceEvent } from './event.ts';

/** Events that a timeline keeps unless it is told otherwise: some 100 MB. */
const LIMIT = 500_000;

/** Collects what runs do, for those that are given it as `trace`. Any number of runs and sessions may share one. */
export class Timeline {
  readonly '~timeline' = 1;
  readonly #limit: number;
  readonly #events: TraceEvent[] = [];
  #dropped = 0;

  /** @throws SluiceError `session/option` for a limit that is no number of events */
  constructor({ limit = LIMIT }: { /** Events to keep; later ones are counted and dropped. 500,000 if absent. */ readonly limit?: number } = {}) {
    if (!Number.isSafeInteger(limit) || limit <= 0) throw new SluiceError({ code: 'session/option', message: `option \`limit\` of a Timeline is ${inWords(limit)}`, fix: 'pass a positive number of events' });
    this.#limit = limit;
  }

  /** In the order in which they ended. */
  get events(): readonly TraceEvent[] {
    return this.#events;
  }

  /** Events that there was no room for. */
  get dropped(): number {
    return this.#dropped;
  }

  add(event: TraceEvent): void {
    if (this.#events.length < this.#limit) this.#events.push(event);
    else this.#dropped++;
  }
}
