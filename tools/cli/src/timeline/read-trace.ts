import type { SluiceError } from '@sluice/core';
import { cliError } from '../codes.ts';

/** Something that took a stretch of time. Times are microseconds. */
export interface Slice {
  readonly name: string;
  readonly category: string;
  readonly start: number;
  readonly end: number;
  /** Slices of the track that it lies within. */
  readonly depth: number;
}

export interface Track {
  readonly name: string;
  /** In order of time. */
  readonly slices: readonly Slice[];
}

/** A process of the format: the tracks of one stage. */
export interface Stage {
  readonly name: string;
  readonly tracks: readonly Track[];
}

/** Of a file. */
export const MOST_BYTES = 256 * 2 ** 20;
const MOST_EVENTS = 2_000_000;
const LONGEST_NAME = 200;

/**
 * What a file in the trace-event format holds, from whomever it is: an object with `traceEvents`, or the events alone. Slices
 * (`X`, `B` and `E`) and names of tracks (`M`) are read, everything else is passed over. Takes time in n log n.
 * @throws SluiceError `cli/trace`
 */
export function readTrace(text: string): readonly Stage[] {
  const events = eventsOf(text);
  const raw = new Map<string, RawTrack>();
  const names = new Map<string, string>();
  const order = new Map<string, number>();
  for (const [i, given] of events.entries()) {
    const event = recordAt(given, i);
    const { ph, name } = event;
    const pid = idOf(event['pid'], i);
    const tid = idOf(event['tid'], i);
    const track = `${pid}/${tid}`;
    if (ph === 'M') readName(event, pid, track, names, order);
    if (ph !== 'X' && ph !== 'B' && ph !== 'E') continue;
    const at = timeOf(event['ts'], 'ts', i);
    const known = raw.get(track) ?? new RawTrack(pid);
    raw.set(track, known);
    const what = { name: short(name), category: short(event['cat']) };
    if (ph === 'X') known.add({ ...what, start: at, end: at + timeOf(event['dur'] ?? 0, 'dur', i, 0) });
    else if (ph === 'B') known.begin({ ...what, start: at });
    else known.end(at);
  }
  return stagesOf(raw, names, order);
}

function eventsOf(text: string): readonly unknown[] {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw noTrace(`it is not JSON: ${cause instanceof Error ? cause.message : String(cause)}`);
  }
  const events = Array.isArray(value) ? (value as readonly unknown[]) : (value as { readonly traceEvents?: unknown } | null)?.traceEvents;
  if (!Array.isArray(events)) throw noTrace('it has no list of events, which would be `traceEvents` of an object, or the whole file');
  if (events.length > MOST_EVENTS) throw noTrace(`it has ${events.length} events, and at most ${MOST_EVENTS} are accepted`);
  return events as readonly unknown[];
}

function recordAt(given: unknown, index: number): Readonly<Record<string, unknown>> {
  if (typeof given !== 'object' || given === null || Array.isArray(given)) throw noTrace(`event ${index} is no object`);
  return given as Readonly<Record<string, unknown>>;
}

function idOf(value: unknown, index: number): string {
  if (value === undefined) return '0';
  if (typeof value === 'number' || typeof value === 'string') return short(String(value));
  throw noTrace(`\`pid\` or \`tid\` of event ${index} is neither a number nor text`);
}

function timeOf(value: unknown, what: string, index: number, least = -Number.MAX_SAFE_INTEGER): number {
  // Some writers give text.
  const time = typeof value === 'string' && value.trim() !== '' ? Number(value) : value;
  if (typeof time === 'number' && time >= least && time <= Number.MAX_SAFE_INTEGER) return time;
  throw noTrace(`\`${what}\` of event ${index} is no number of microseconds`);
}

function readName({ name, args }: Readonly<Record<string, unknown>>, pid: string, track: string, names: Map<string, string>, order: Map<string, number>): void {
  const { name: given, sort_index: at } = (typeof args === 'object' && args !== null ? args : {}) as Readonly<Record<string, unknown>>;
  const of = name === 'process_name' || name === 'process_sort_index' ? pid : track;
  if ((name === 'process_name' || name === 'thread_name') && typeof given === 'string') names.set(of, short(given));
  if ((name === 'process_sort_index' || name === 'thread_sort_index') && typeof at === 'number') order.set(of, at);
}

function short(value: unknown): string {
  const text = typeof value === 'string' ? value : '';
  return text.length > LONGEST_NAME ? `${text.slice(0, LONGEST_NAME - 1)}…` : text;
}

type Bare = Omit<Slice, 'depth'>;

/** The slices of one track as they come. */
class RawTrack {
  readonly pid: string;
  readonly #slices: Bare[] = [];
  readonly #open: Omit<Bare, 'end'>[] = [];
  #last = -Infinity;

  constructor(pid: string) {
    this.pid = pid;
  }

  add(slice: Bare): void {
    this.#slices.push(slice);
    this.#last = Math.max(this.#last, slice.end);
  }

  begin(slice: Omit<Bare, 'end'>): void {
    this.#open.push(slice);
    this.#last = Math.max(this.#last, slice.start);
  }

  /** Ends what began last; an end of nothing says nothing. */
  end(at: number): void {
    const begun = this.#open.pop();
    if (begun !== undefined) this.add({ ...begun, end: Math.max(begun.start, at) });
  }

  /** In order of time; what never ended ends with the track. */
  get slices(): readonly Slice[] {
    while (this.#open.length > 0) this.end(this.#last);
    const ends: number[] = [];
    return this.#slices.sort((a, b) => a.start - b.start || b.end - a.end).map((slice) => {
      while (ends.length > 0 && (ends.at(-1) ?? 0) <= slice.start) ends.pop();
      const depth = ends.length;
      // What reaches beyond the one that it lies within is drawn there all the same.
      ends.push(Math.max(slice.end, slice.start));
      return { ...slice, depth };
    });
  }
}

function stagesOf(raw: ReadonlyMap<string, RawTrack>, names: ReadonlyMap<string, string>, order: ReadonlyMap<string, number>): readonly Stage[] {
  const stages = new Map<string, { readonly key: string; readonly track: Track }[]>();
  for (const [key, found] of raw) {
    const { slices } = found;
    if (slices.length === 0) continue;
    const own = stages.get(found.pid) ?? [];
    stages.set(found.pid, own);
    own.push({ key, track: { name: names.get(key) ?? `thread ${key.slice(found.pid.length + 1)}`, slices } });
  }
  if (stages.size === 0) throw noTrace('it has no slices (events with `ph` X, or B and E)');
  const rank = (key: string) => order.get(key) ?? Number.MAX_SAFE_INTEGER;
  return [...stages].sort(([a], [b]) => rank(a) - rank(b)).map(([pid, tracks]) => ({
    name: names.get(pid) ?? `process ${pid}`,
    tracks: tracks.sort((a, b) => rank(a.key) - rank(b.key)).map((t) => t.track),
  }));
}

export function noTrace(why: string): SluiceError {
  return cliError('cli/trace', `the file is no trace that can be drawn: ${why}`, 'give a file that `sluice run --trace` wrote, or another one in the trace-event format of Perfetto and Chrome');
}
