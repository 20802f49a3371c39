import type { TraceEvent } from './event.ts';
import { lanesFor } from './lanes.ts';
import type { Stretch } from './lanes.ts';
import type { Timeline } from './timeline.ts';

/*
 * The trace-event format ("Trace Event Format", Google, 2016), as Perfetto and chrome://tracing read it. A process of the
 * format is a stage, a thread is a lane of it: slices of one thread must nest, so what overlaps is put on lanes of its own.
 */

/** A slice (`X`), or the name of a track (`M`). Times are microseconds from the first event on. */
export type ChromeEvent =
  | { readonly ph: 'X'; readonly name: string; readonly cat: string; readonly pid: number; readonly tid: number; readonly ts: number; readonly dur: number; readonly args: Readonly<Record<string, unknown>> }
  | { readonly ph: 'M'; readonly name: string; readonly pid: number; readonly tid: number; readonly args: Readonly<Record<string, unknown>> };

export interface ChromeTrace {
  readonly displayTimeUnit: 'ms';
  readonly traceEvents: readonly ChromeEvent[];
  readonly otherData: Readonly<Record<string, unknown>>;
}

/** What a timeline holds, as a value that `JSON.stringify` makes a file for Perfetto of (https://ui.perfetto.dev). */
export function chromeTrace({ events, dropped }: Timeline): ChromeTrace {
  const origin = events.reduce((least, e) => Math.min(least, e.start), Infinity);
  const nanoseconds = (milliseconds: number) => Math.round((milliseconds - origin) * 1e6);
  const named: ChromeEvent[] = [];
  const slices: ChromeEvent[] = [];
  stages(events).forEach(({ name, threads }, i) => {
    const pid = i + 1;
    named.push(meta('process_name', pid, 0, { name }), meta('process_sort_index', pid, 0, { sort_index: pid }));
    let tid = 0;
    for (const [thread, own] of threads) {
      for (const [lane, group] of onLanes(own).entries()) {
        tid++;
        named.push(meta('thread_name', pid, tid, { name: lane === 0 ? thread : `${thread} ${lane + 1}` }), meta('thread_sort_index', pid, tid, { sort_index: tid }));
        for (const event of group) {
          const [from, to] = [nanoseconds(event.start), nanoseconds(event.end)];
          slices.push({ ph: 'X', name: event.name, cat: event.kind, pid, tid, ts: from / 1000, dur: (to - from) / 1000, args: argsOf(event) });
        }
      }
    }
  });
  return { displayTimeUnit: 'ms', traceEvents: [...named, ...slices], otherData: { writer: 'sluice', dropped } };
}

function meta(name: string, pid: number, tid: number, args: Readonly<Record<string, unknown>>): ChromeEvent {
  return { ph: 'M', name, pid, tid, args };
}

interface Stage {
  readonly name: string;
  readonly threads: ReadonlyMap<string, readonly TraceEvent[]>;
}

/** The stages that there are events of, in the order in which bytes go through them. */
function stages(events: readonly TraceEvent[]): readonly Stage[] {
  const found = new Map<string, { readonly rank: number; readonly name: string; readonly threads: Map<string, TraceEvent[]> }>();
  for (const event of events) {
    const { rank, stage, thread } = trackOf(event);
    let known = found.get(stage);
    if (known === undefined) found.set(stage, (known = { rank, name: stage, threads: new Map() }));
    const own = known.threads.get(thread);
    if (own === undefined) known.threads.set(thread, [event]);
    else own.push(event);
  }
  const sorted = [...found.values()].sort((a, b) => a.rank - b.rank || (a.name < b.name ? -1 : 1));
  return sorted.map(({ name, threads }) => ({ name, threads: new Map([...threads].sort(([a], [b]) => (a < b ? -1 : 1))) }));
}

const HOST = 'host';

function trackOf({ kind, name, backend = 'session', from, to }: TraceEvent): { readonly rank: number; readonly stage: string; readonly thread: string } {
  switch (kind) {
    case 'run':
    case 'step':
      return { rank: 0, stage: HOST, thread: HOST };
    case 'transfer':
      return { rank: 1, stage: `storage ${backend}`, thread: name };
    case 'copy':
      return { rank: 2, stage: 'copies between memories', thread: `${from} > ${to}` };
    case 'launch':
      return { rank: 3, stage: `compute ${backend}`, thread: 'launch' };
    case 'wait':
      return name === 'order' ? { rank: 4, stage: 'waiting for earlier ops', thread: 'wait' } : { rank: 0, stage: HOST, thread: HOST };
  }
}

/** Events of one thread by lane, each lane in order of time. On the host, what belongs to one run nests and stays together. */
function onLanes(events: readonly TraceEvent[]): readonly (readonly TraceEvent[])[] {
  const nests = events.some((e) => e.kind === 'run' || e.kind === 'step');
  const groups = nests ? [...byRun(events).values()] : events.map((e) => [e]);
  const lanes = lanesFor(groups.map(extent));
  const placed: TraceEvent[][] = [];
  groups.forEach((group, i) => {
    const lane = (placed[lanes[i] ?? 0] ??= []);
    for (const event of group) lane.push(event);
  });
  for (const lane of placed) lane.sort((a, b) => a.start - b.start || b.end - a.end);
  return placed;
}

/** From the first start to the last end. A loop: the spread of a call takes no more than some 100,000. */
function extent(events: readonly TraceEvent[]): Stretch {
  let [start, end] = [Infinity, -Infinity];
  for (const event of events) {
    start = Math.min(start, event.start);
    end = Math.max(end, event.end);
  }
  return { start, end };
}

function byRun(events: readonly TraceEvent[]): ReadonlyMap<number, readonly TraceEvent[]> {
  const runs = new Map<number, TraceEvent[]>();
  for (const event of events) {
    const own = runs.get(event.run);
    if (own === undefined) runs.set(event.run, [event]);
    else own.push(event);
  }
  return runs;
}

const SHOWN = ['run', 'backend', 'op', 'path', 'span', 'file', 'via', 'reason', 'from', 'to', 'how', 'groups', 'bytes', 'error'] as const satisfies readonly (keyof TraceEvent)[];

/** What a viewer shows of a slice. JSON has no bigint: an offset that is no safe integer is text. */
function argsOf(event: TraceEvent): Readonly<Record<string, unknown>> {
  const { offset, direct = 0, buffered = 0, bounced = 0 } = event;
  const ways = Object.entries({ direct, buffered, bounced }).filter(([, bytes]) => bytes > 0);
  return {
    ...Object.fromEntries(SHOWN.flatMap((key) => (event[key] === undefined ? [] : [[key, event[key]]]))),
    ...(offset === undefined ? {} : { offset: offset <= Number.MAX_SAFE_INTEGER ? Number(offset) : String(offset) }),
    ...(ways.length === 0 ? {} : { way: ways.map(([way]) => way).join(' and '), ...Object.fromEntries(ways) }),
  };
}
