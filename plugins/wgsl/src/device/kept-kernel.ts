import { hashOf, scalar, walkOps } from '@sluice/core';
import type { Bound, CompileCache, KernelIr, Op, ScalarName } from '@sluice/core';
import type { LowerKernel, LoweredKernel, LowerOptions, RecordField } from '../lower/lowered.ts';

/** Changes when what is kept under a key does. */
const FORM = 'wgsl 1';

type KeptField = Exclude<RecordField, { kind: 'scalar' }> | (Omit<Extract<RecordField, { kind: 'scalar' }>, 'type'> & { readonly type: ScalarName });

/** A lowered kernel as JSON, without what only diagnostics need. Ops are numbers: their places in the kernel. */
interface Kept extends Omit<LoweredKernel, 'bounds' | 'lines' | 'traps' | 'record'> {
  readonly record: { readonly byteLength: number; readonly fields: readonly KeptField[] };
  readonly proved: readonly number[];
  readonly checked: readonly (readonly [op: number, param: number, greatest: Bound])[];
  readonly accesses: number;
}

/** A lowered kernel, and how to keep it. */
export interface Recalled {
  readonly lowered: LoweredKernel;
  /** To be called when the device has taken it. */
  keep(): Promise<void>;
}

/** The WGSL of a kernel, from the cache or made anew. @throws SluiceError what `lower` throws */
export async function lowerThrough(cache: CompileCache | undefined, lower: LowerKernel, kernel: KernelIr, options: LowerOptions): Promise<Recalled> {
  const make = () => lower(kernel, options);
  if (cache === undefined) return { lowered: make(), keep: () => Promise.resolve() };
  const key = keyOf(kernel, options);
  const bytes = await cache.get(key);
  const recalled = bytes === undefined ? undefined : revived(bytes, kernel, make);
  if (recalled !== undefined) return { lowered: recalled, keep: () => Promise.resolve() };
  const lowered = make();
  return { lowered, keep: () => cache.put(key, new TextEncoder().encode(JSON.stringify(kept(lowered, kernel)))) };
}

/** The hash of a program that has this kernel and nothing else, and a name that says the rest. */
function keyOf(kernel: KernelIr, { features, unguarded, unshifted = false }: LowerOptions): string {
  const name = JSON.stringify([FORM, features.f16, features.subgroups, unguarded, unshifted, [...kernel.body.debug.names]]);
  const body: KernelIr['body'] = {
    opNames: ['control.return'], valueTypes: [], region: { args: [], ops: [{ name: 0, operands: [], results: [], attrs: {}, regions: [] }] },
    debug: { names: new Map(), spans: new Map(), origins: new Map() },
  };
  return hashOf({ kind: 'program', name, params: [], results: [], kernels: [kernel], body, span: undefined });
}

function kept({ bounds: { proved, checked, accesses }, lines: _lines, traps: _traps, record, ...lowered }: LoweredKernel, { body }: KernelIr): Kept {
  const places = new Map([...walkOps(body.region)].map((op, i) => [op, i]));
  return {
    ...lowered,
    record: { byteLength: record.byteLength, fields: record.fields.map((f): KeptField => (f.kind === 'scalar' ? { ...f, type: f.type.name } : f)) },
    proved: [...proved].map((op) => places.get(op) ?? -1),
    checked: [...checked].map(([op, { param, greatest }]) => [places.get(op) ?? -1, param, greatest]),
    accesses,
  };
}

/** What only diagnostics need is made again when one asks. Undefined for bytes that are no kept form of this kernel. */
function revived(bytes: Uint8Array, { body }: KernelIr, make: () => LoweredKernel): LoweredKernel | undefined {
  const read = readKept(bytes);
  if (read === undefined) return undefined;
  const { proved, checked, accesses, record, ...lowered } = read;
  const ops = [...walkOps(body.region)];
  const at = (place: number) => ops[place] as Op;
  if (![...proved, ...checked.map(([op]) => op)].every((place) => ops[place] !== undefined)) return undefined;
  let made: LoweredKernel | undefined;
  const again = (): LoweredKernel => (made ??= make());
  return {
    ...lowered,
    record: { byteLength: record.byteLength, fields: record.fields.map((f): RecordField => (f.kind === 'scalar' ? { ...f, type: scalar(f.type) } : f)) },
    bounds: { proved: new Set(proved.map(at)), checked: new Map(checked.map(([op, param, greatest]) => [at(op), { param, greatest }])), accesses },
    get traps() {
      return again().traps;
    },
    get lines() {
      return again().lines;
    },
  };
}

function readKept(bytes: Uint8Array): Kept | undefined {
  try {
    return JSON.parse(new TextDecoder().decode(bytes)) as Kept;
  } catch {
    return undefined;
  }
}
