import { defaultPasses, hashOf, legalize, optimize } from '@sluice/core';
import type { Capabilities, Cell, KernelIr, ProgramIr } from '@sluice/core';
import { BACKEND, lowerKernel } from './lower.ts';
import type { LoweredKernel, LowerOptions } from './lowered.ts';

export interface LowerProgramOptions extends Omit<LowerOptions, 'program' | 'hash'> {
  /** Ids of passes to run first; those that a session runs if absent. */
  readonly passes?: readonly string[] | undefined;
}

/**
 * The kernels of a verified program as WGSL, made legal for a device with these features.
 * @throws SluiceError what `lowerKernel` and passes throw
 */
export function lowerProgram(program: ProgramIr, { passes = defaultPasses, ...options }: LowerProgramOptions): readonly { readonly kernel: KernelIr; readonly lowered: LoweredKernel }[] {
  const { registry, features } = options;
  const legal = legalize(optimize(program, { registry, passes }), registry, { backend: BACKEND, capabilities: lacking(features.f16 ? WIDE : [...WIDE, 'f16']) });
  const hash = `sha256 ${hashOf(program)}`;
  return legal.kernels.map((kernel) => ({ kernel, lowered: lowerKernel(kernel, { ...options, program: program.name, hash }) }));
}

/** Types that core takes out of kernels before they come here. */
const WIDE = ['i64', 'u64', 'i8', 'u8', 'i16', 'u16', 'bf16'];

function lacking(types: readonly string[]): Capabilities {
  const cell: Cell = { how: 'unavailable', reason: 'WGSL has none' };
  return { default: { how: 'native' }, ops: {}, types: Object.fromEntries(types.map((type) => [type, cell])), limits: {}, spaces: [], floats: { subnormals: 'unspecified', nonFinite: 'unspecified' } };
}
