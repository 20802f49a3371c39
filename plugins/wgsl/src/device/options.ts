import { SluiceError } from '@sluice/core';
import type { Missing } from './webgpu.ts';

/** Features that kernels use where an adapter has them. */
export type Feature = 'shader-f16' | 'subgroups';
export const FEATURES: readonly Feature[] = ['shader-f16', 'subgroups'];
const PREFERENCES: readonly string[] = ['low-power', 'high-performance'] satisfies readonly GPUPowerPreference[];

export interface WgslOptions {
  /** Part of the adapter's name, such as `SwiftShader` or `NVIDIA`, in Node; absent, `SLUICE_WGSL_ADAPTER`, or the first one. */
  readonly adapter?: string;
  /** Absent, `SLUICE_WGSL_POWER`, or what the system prefers. */
  readonly powerPreference?: 'low-power' | 'high-performance';
  /** Features to do without, though the adapter has them. */
  readonly without?: readonly Feature[];
}

/** Which adapter, and with what. */
export interface AdapterChoice {
  readonly adapter: string | undefined;
  readonly powerPreference: GPUPowerPreference | undefined;
  readonly without: readonly Feature[];
}

/** @throws SluiceError `session/option` */
export function checkOptions({ adapter, powerPreference, without = [] }: WgslOptions): void {
  const wrong = (message: string, fix: string) => new SluiceError({ code: 'session/option', message, fix });
  if (adapter !== undefined && (typeof adapter !== 'string' || adapter === '')) throw wrong(`adapter is ${JSON.stringify(adapter)}`, 'give a part of its name, or leave it out');
  if (powerPreference !== undefined && !PREFERENCES.includes(powerPreference)) throw wrong(`powerPreference is ${JSON.stringify(powerPreference)}`, `give one of ${PREFERENCES.join(', ')}, or leave it out`);
  const unknown = without.find((f) => !FEATURES.includes(f));
  if (unknown !== undefined) throw wrong(`without holds ${JSON.stringify(unknown)}`, `give some of ${FEATURES.join(', ')}`);
}

/** What the options leave open, the environment says: as it is now, so that a program may set it before it probes. */
export function adapterChoice({ adapter, powerPreference, without = [] }: WgslOptions): AdapterChoice | Missing {
  const power = powerPreference ?? environment('SLUICE_WGSL_POWER');
  if (power !== undefined && !PREFERENCES.includes(power)) return { reason: `the environment variable SLUICE_WGSL_POWER is ${JSON.stringify(power)}`, fix: `set it to one of ${PREFERENCES.join(', ')}, or unset it` };
  return { adapter: adapter ?? environment('SLUICE_WGSL_ADAPTER'), powerPreference: power as GPUPowerPreference | undefined, without };
}

function environment(name: string): string | undefined {
  const { process } = globalThis as { readonly process?: { readonly env?: Readonly<Record<string, string | undefined>> } };
  const value = process?.env?.[name];
  return value === '' ? undefined : value;
}
