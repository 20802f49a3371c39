import { definePlugin, Registry } from '@sluice/core';
import type { KernelIr } from '@sluice/core';
import { lowerings, lowerKernel } from '@sluice/wgsl/lower';
import type { LoweredKernel, LowerOptions } from '@sluice/wgsl/lower';
import { messagesOf } from './validator.ts';

/** The built-in ops, and their WGSL. */
export const registry = new Registry().with(definePlugin({
  name: 'wgsl-lowerings', version: '0.0.0', api: 1,
  register: ({ lowering }) => {
    for (const [op, build] of Object.entries(lowerings)) lowering(op, { slot: 'primaryText', backend: 'wgsl', build });
  },
}));

export type Variant = Omit<LowerOptions, 'registry'>;
export const ALL: Variant = { features: { f16: true, subgroups: true }, unguarded: false };
/** Every way in which a kernel is lowered. */
export const VARIANTS: Readonly<Record<string, Variant>> = {
  guarded: ALL,
  unguarded: { ...ALL, unguarded: true },
  plain: { ...ALL, unguarded: true, unshifted: true },
  'without subgroups': { ...ALL, features: { f16: true, subgroups: false } },
};

export function lower(kernel: KernelIr, variant: Variant = ALL): LoweredKernel {
  return lowerKernel(kernel, { ...variant, registry });
}

/** What Dawn says of the kernel's WGSL, with the code below it; nothing if it is in order. */
export async function faultsOf(kernel: KernelIr, variant: Variant = ALL): Promise<string> {
  const { code } = lower(kernel, variant);
  const said = await messagesOf(code);
  return said.length === 0 ? '' : `${said.slice(0, 5).join('\n')}\n\n${code}`;
}
