import type { TraceEvent, TraceKind } from './event.ts';

/** The five channels of `diagnostics_channel.tracingChannel()`, as far as they are used here. */
interface TracingChannel {
  readonly start: Channel;
  readonly end: Channel;
  readonly asyncStart: Channel;
  readonly asyncEnd: Channel;
  readonly error: Channel;
}
interface Channel {
  readonly hasSubscribers: boolean;
  publish(message: object): void;
}
interface DiagnosticsChannel {
  tracingChannel?(name: string): TracingChannel;
}

/** What subscribers are handed: one object for each event, which is completed as the event goes on. */
export type TraceMessage = { -readonly [K in keyof TraceEvent]?: TraceEvent[K] } & Pick<TraceEvent, 'kind' | 'name' | 'run' | 'start'>;

const KINDS: readonly TraceKind[] = ['run', 'step', 'transfer', 'launch', 'copy', 'wait'];

/**
 * The tracing channels `sluice:run`, `sluice:transfer` and so on. Core imports nothing of Node: it asks the process for the
 * module, which Node has from 20.16 on, and other runtimes where they have it.
 */
export class Channels {
  readonly #channels: readonly (readonly [TraceKind, TracingChannel])[];

  constructor(host: unknown = globalThis) {
    const { process } = host as { readonly process?: { getBuiltinModule?(id: string): unknown } };
    const module = process?.getBuiltinModule?.('node:diagnostics_channel') as DiagnosticsChannel | undefined;
    this.#channels = module?.tracingChannel === undefined ? [] : KINDS.map((kind) => [kind, module.tracingChannel?.(`sluice:${kind}`) as TracingChannel] as const);
  }

  /** Somebody listens to some of them. */
  get heard(): boolean {
    // No method of an array: it is asked at each run.
    for (const [, { start, end, asyncStart, asyncEnd, error }] of this.#channels) {
      if (start.hasSubscribers || asyncEnd.hasSubscribers || error.hasSubscribers || end.hasSubscribers || asyncStart.hasSubscribers) return true;
    }
    return false;
  }

  /** The event has begun, and the code that began it goes on. */
  began(message: TraceMessage): void {
    const channel = this.#of(message.kind);
    channel?.start.publish(message);
    channel?.end.publish(message);
  }

  ended(message: TraceMessage): void {
    const channel = this.#of(message.kind);
    if (message.error !== undefined) channel?.error.publish(message);
    channel?.asyncStart.publish(message);
    channel?.asyncEnd.publish(message);
  }

  #of(kind: TraceKind): TracingChannel | undefined {
    return this.#channels.find(([k]) => k === kind)?.[1];
  }
}
