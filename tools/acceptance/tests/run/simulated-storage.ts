import { API_VERSION, SluiceError, definePlugin, failedTransfer } from '@sluice/core';
import type { Backend, Capabilities, OpenFile, Outcome, Plugin, StorageDevice, Transfer, TransferBuilder } from '@sluice/core';
import { Registry } from '@sluice/core';
import { plugin as fs } from '@sluice/fs/plugin';

/** Numbers below a bound that depend on the seed alone (mulberry32). */
export type Random = (below: number) => number;

export function seeded(seed: number): Random {
  let a = seed;
  return (below) => {
    a = (a + 0x6d2b79f5) | 0;
    let t = Math.imul(a ^ (a >>> 15), 1 | a);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) % below;
  };
}

/** A file in memory. It grows as it is written. */
export class SimulatedFile {
  readonly name: string;
  bytes: Uint8Array;
  /** Something was written since the last sync began. */
  dirty = false;

  constructor(name: string, bytes: Uint8Array) {
    this.name = name;
    this.bytes = bytes;
  }
}

interface OpenSimulated extends OpenFile {
  readonly of: SimulatedFile;
}

/** A transfer on the device. */
interface InFlight {
  readonly transfer: Transfer;
  readonly from: bigint;
  readonly to: bigint;
}

/** What the device does, and what it saw. */
export interface Simulation {
  /** Decides everything that happens; another one for each schedule. */
  random: Random;
  /** Of so many transfers, one fails; never if 0. */
  failOneIn: number;
  readonly inFlight: Set<InFlight>;
  /** Errors that it reported. */
  readonly reported: SluiceError[];
  /** What breaks the contract of the run layer. */
  readonly violations: string[];
  most: number;
}

/**
 * A storage device in memory whose completions come in any order, late, short, failed and twice, as a seed decides. The bytes
 * of a transfer move at any moment between its start and its end, so that what is not ordered shows in them.
 */
export function simulatedStorage(): { readonly plugin: Plugin; readonly simulation: Simulation } {
  const simulation: Simulation = { random: seeded(1), failOneIn: 0, inFlight: new Set(), reported: [], violations: [], most: 0 };
  const due: (() => void)[] = [];

  /** One thing that is due, whichever: in a turn of its own. */
  function later(what: () => void): void {
    if (due.push(what) === 1) setImmediate(step);
  }
  function step(): void {
    const [what] = due.splice(simulation.random(due.length), 1);
    what?.();
    if (due.length > 0) setImmediate(step);
  }
  /** After a number of turns. */
  function delayed(turns: number, what: () => void): void {
    later(turns === 0 ? what : () => delayed(turns - 1, what));
  }

  const submit: StorageDevice['submit'] = (batch, complete, signal) => batch.forEach((transfer, index) => {
    const { random, inFlight } = simulation;
    const self = { transfer, ...rangeOf(transfer) };
    for (const other of inFlight) judge(simulation, self, other);
    inFlight.add(self);
    simulation.most = Math.max(simulation.most, inFlight.size);
    const file = (transfer.file as OpenSimulated).of;
    const fails = simulation.failOneIn > 0 && random(simulation.failOneIn) === 0;
    const length = transfer.kind === 'sync' ? 0 : transfer.memory.byteLength;
    const moved = fails ? random(length + 1) : length;
    const synced = transfer.kind === 'sync' && !fails;
    if (synced) file.dirty = false;
    delayed(random(3), () => {
      const aborted = signal.aborted && random(2) === 0;
      const short = move(transfer, file, aborted ? 0 : moved);
      delayed(random(3), () => {
        inFlight.delete(self);
        const outcome: Outcome = aborted ? failedTransfer(transfer, 0, { code: 'io/aborted', message: 'the transfer was aborted', fix: 'none' })
          : short !== undefined ? failedTransfer(transfer, short, { code: 'io/short-read', message: `${file.name} ended`, fix: 'read what is there' })
          : fails ? failedTransfer(transfer, moved, { code: `io/${transfer.kind}-failed`, message: `the device failed a ${transfer.kind} of ${file.name}`, fix: 'try another seed' })
          : { ok: true, direct: length, buffered: 0, bounced: 0 };
        if (!outcome.ok) simulation.reported.push(outcome.error);
        complete(index, outcome);
        // Some are told twice, and of some that never were: neither means anything.
        if (random(8) === 0) later(() => complete(index, failedTransfer(transfer, 0, { code: 'io/read-failed', message: 'told twice', fix: 'none' })));
        if (random(16) === 0) complete(batch.length + random(3), outcome);
      });
    });
  });

  const inner = new Registry().with(fs).backends.get('fs') as Backend;
  const backend: Backend = {
    id: 'simulated', slot: 'nativeModule', role: 'storage', rank: 5,
    probe: async () => {
      const probe = await inner.probe();
      if (!probe.available) return probe;
      const capabilities: Capabilities = probe.capabilities;
      return { available: true, capabilities, description: 'files in memory, whose device does as a seed decides' };
    },
    open: () => Promise.resolve({
      backend: 'simulated',
      storage: {
        spaces: ['host'], submit,
        open: (source) => {
          if (!(source instanceof SimulatedFile)) throw new SluiceError({ code: 'io/source', message: 'no simulated file', fix: 'grant one' });
          const of = source;
          const file: OpenSimulated = { of, name: of.name, identity: of.name, via: 'direct', viaReason: 'simulated', size: () => Promise.resolve(BigInt(of.bytes.length)), close: () => Promise.resolve() };
          return Promise.resolve(file);
        },
      },
      close: () => Promise.resolve(),
    }),
  };
  const moves = (kind: 'read' | 'write'): TransferBuilder => (_, ctx) => ({ kind, file: ctx.file('fd'), offset: ctx.u64('offset'), memory: ctx.memory('handle') });
  const plugin = definePlugin({
    name: '@acme/simulated', version: '1.0.0', api: API_VERSION,
    register(hooks) {
      hooks.backend(backend);
      hooks.lowering('io.dma_from_nvme', { slot: 'nativeModule', backend: 'simulated', build: moves('read') });
      hooks.lowering('io.write_back_to_nvme', { slot: 'nativeModule', backend: 'simulated', build: moves('write') });
    },
  });
  return { plugin, simulation };
}

function rangeOf(transfer: Transfer): { readonly from: bigint; readonly to: bigint } {
  return transfer.kind === 'sync' ? { from: 0n, to: 2n ** 63n } : { from: transfer.offset, to: transfer.offset + BigInt(transfer.memory.byteLength) };
}

/** What may not be on the device at the same time. */
function judge({ violations }: Simulation, a: InFlight, b: InFlight): void {
  const [s, t] = [a.transfer, b.transfer];
  if (s.kind === 'sync' || t.kind === 'sync') return;
  const sameBytes = s.file.identity === t.file.identity && a.from < b.to && b.from < a.to;
  if (sameBytes && (s.kind === 'write' || t.kind === 'write')) violations.push(`a ${s.kind} of ${a.from}..${a.to} began while a ${t.kind} of ${b.from}..${b.to} was on the device`);
  const [m, n] = [s.memory.bytes?.buffer, t.memory.bytes?.buffer];
  // A read fills memory: nobody else may have that, and memory that was given back too soon is soon somebody else's.
  if (m !== undefined && m === n && (s.kind === 'read' || t.kind === 'read')) violations.push(`a ${s.kind} and a ${t.kind} on the device have the same memory`);
}

/** Moves the first bytes of a transfer; gives how many there were, where a file ended too soon. */
function move(transfer: Transfer, file: SimulatedFile, bytes: number): number | undefined {
  if (transfer.kind === 'sync') return undefined;
  const memory = transfer.memory.bytes as Uint8Array;
  const offset = Number(transfer.offset);
  if (transfer.kind === 'read') {
    const found = file.bytes.subarray(offset, offset + bytes);
    memory.set(found);
    return found.length < bytes ? found.length : undefined;
  }
  if (offset + bytes > file.bytes.length) {
    const grown = new Uint8Array(offset + bytes);
    grown.set(file.bytes);
    file.bytes = grown;
  }
  file.bytes.set(memory.subarray(0, bytes), offset);
  if (bytes > 0) file.dirty = true;
  return undefined;
}
