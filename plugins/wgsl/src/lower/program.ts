import { defaultPasses, hashOf, legalize, optimize } from '@sluice/core';
import type { Capabilities, KernelIr, ProgramIr } from '@sluice/core';
import { lowerKernel } from './lower.ts';
import { BACKEND } from './lowered.ts';
import type { Features, LoweredKernel, LowerOptions } from './lowered.ts';
import { typeCells } from './types.ts';

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
  const legal = legalize(optimize(program, { registry, passes }), registry, { backend: BACKEND, capabilities: capabilitiesWith(features) });
  const hash = `sha256 ${hashOf(program)}`;
  return legal.kernels.map((kernel) => ({ kernel, lowered: lowerKernel(kernel, { ...options, program: program.name, hash }) }));
}

function capabilitiesWith(features: Features): Capabilities {
  return { default: { how: 'native' }, ops: {}, types: typeCells(features), limits: {}, spaces: [], floats: { subnormals: 'unspecified', nonFinite: 'unspecified' } };
}
