import fc from 'fast-check';
import type { Capabilities } from '@sluice/core';
import { programs } from '../generate/program.ts';
import { properties } from './properties.ts';
import type { Checking, Property } from './properties.ts';

export interface FuzzOptions extends Checking {
  readonly programs: number;
  /** The first; each chunk of programs has the next one. */
  readonly seed: number;
  /** Absent: all. */
  readonly properties?: readonly Property[];
  /** Generates nothing that these call unavailable. */
  readonly capabilities?: Capabilities;
  /** Programs of one chunk: 50 if absent. */
  readonly chunk?: number;
  readonly onProgress?: (done: FuzzTotals) => void;
}

export interface FuzzTotals {
  readonly programs: number;
  readonly mutants: number;
  readonly seconds: number;
}
export type FuzzOutcome = FuzzTotals & ({ readonly ok: true } | { readonly ok: false; readonly property: string; readonly seed: number; readonly message: string });

/** Milliseconds that a chunk may take, and with it the search for the smallest program on which a property fails. */
const LONGEST = 60_000;

/**
 * Checks properties on generated programs, chunk by chunk; stops at the first that does not hold, with the smallest
 * program found for it as text.
 */
export async function fuzz(options: FuzzOptions): Promise<FuzzOutcome> {
  const { registry, seed, properties: chosen = properties, chunk = 50 } = options;
  const from = performance.now();
  const mutating = chosen.filter((p) => p.mutates === true).length;
  const totals = (done: number): FuzzTotals => ({ programs: done, mutants: done * mutating * options.mutants, seconds: (performance.now() - from) / 1000 });
  const arbitrary = programs({ registry, file: false, ...(options.capabilities === undefined ? {} : { capabilities: options.capabilities }) });
  for (let done = 0, at = seed; done < options.programs; at++) {
    const numRuns = Math.min(chunk, options.programs - done);
    let failing = '';
    const property = fc.asyncProperty(arbitrary, fc.nat(), async (made, draw) => {
      for (const p of chosen) {
        failing = p.id;
        await p.check(made, draw, options);
      }
    });
    const result = await fc.check(property, { seed: at, numRuns, interruptAfterTimeLimit: LONGEST });
    if (result.failed) return { ...totals(done + result.numRuns), ok: false, property: failing, seed: at, message: `${String(result.errorInstance)}\n${fc.defaultReportMessage(result) ?? ''}` };
    done += Math.max(1, result.numRuns);
    options.onProgress?.(totals(done));
  }
  return { ...totals(options.programs), ok: true };
}
