import { isSluiceError } from '../../diagnostics/error.ts';
import type { Where } from '../../diagnostics/error.ts';
import { shared } from '../../global-slot.ts';
import { messageOf } from '../faults.ts';
import { Channels } from './channels.ts';
import type { TraceMessage } from './channels.ts';
import type { TraceEvent, TraceFacts, TraceKind, TraceOutcome, WaitFor } from './event.ts';
import type { Timeline } from './timeline.ts';

/** Ends an event: with what came out, or with what it failed with. The first call counts. */
export type End = (outcome?: TraceOutcome, error?: unknown) => void;

const counter = shared('traced-runs', () => ({ next: 1 }));
let channels: Channels | undefined;

/** Tells of one run, to whoever listens. A run that nobody listens to has none. */
export class Tracer {
  readonly #run = counter.next++;
  readonly #timeline: Timeline | undefined;
  readonly #channels: Channels | undefined;

  private constructor(timeline: Timeline | undefined, heard: Channels | undefined) {
    this.#timeline = timeline;
    this.#channels = heard;
  }

  /** Undefined where nobody listens when the run starts. */
  static for(timeline: Timeline | undefined): Tracer | undefined {
    channels ??= new Channels();
    const heard = channels.heard ? channels : undefined;
    return timeline === undefined && heard === undefined ? undefined : new Tracer(timeline, heard);
  }

  begin(kind: TraceKind, name: string, facts: TraceFacts = {}, where?: () => Where): End {
    const message: TraceMessage = where === undefined ? { kind, name, run: this.#run, start: performance.now(), ...facts } : {
      kind, name, run: this.#run, start: performance.now(), ...facts,
      // Found when they are read: that takes a search, which would be seen as time of the run.
      get op() {
        return placeOf(where).op;
      },
      get path() {
        return placeOf(where).path;
      },
      get span() {
        return placeOf(where).span;
      },
    };
    this.#channels?.began(message);
    return (outcome, error) => {
      if (message.end !== undefined) return;
      message.end = performance.now();
      Object.assign(message, outcome);
      if (error !== undefined) message.error = isSluiceError(error) ? error.code : messageOf(error);
      this.#timeline?.add(message as TraceEvent);
      this.#channels?.ended(message);
    };
  }

  /** Nothing can be done until `waited` settles; gives what it gives. */
  async wait<T>(what: WaitFor, waited: Promise<T>, where?: () => Where): Promise<T> {
    const end = this.begin('wait', what, {}, where);
    try {
      return await waited;
    } finally {
      end();
    }
  }

}

/** Where an op stands is found once: it takes a search. */
const places = new WeakMap<() => Where, Pick<TraceFacts, 'op' | 'path' | 'span'>>();

function placeOf(where: () => Where): Pick<TraceFacts, 'op' | 'path' | 'span'> {
  let place = places.get(where);
  if (place === undefined) {
    const { op, path, span } = where();
    place = { op, path, ...(span === undefined ? {} : { span: `${span.file}:${span.line}:${span.column}` }) };
    places.set(where, place);
  }
  return place;
}
