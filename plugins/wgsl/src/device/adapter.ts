import type { Probe } from '@sluice/core';
import { capabilitiesOf } from './capabilities.ts';
import { FEATURES, adapterChoice } from './options.ts';
import type { Feature, WgslOptions } from './options.ts';
import { findWebGpu } from './webgpu.ts';
import type { Missing } from './webgpu.ts';

/** What a device is opened with; the same for the probe and the device, so that what the one promises the other has. */
export interface AdapterTraits {
  readonly features: readonly Feature[];
  readonly limits: DeviceLimits;
}

/** Limits that a device is asked for, at the adapter's own values. */
export interface DeviceLimits {
  readonly maxBufferSize: number;
  readonly maxStorageBufferBindingSize: number;
  readonly maxStorageBuffersPerShaderStage: number;
  readonly maxComputeWorkgroupStorageSize: number;
  readonly maxComputeInvocationsPerWorkgroup: number;
  readonly maxComputeWorkgroupSizeX: number;
  readonly maxComputeWorkgroupSizeY: number;
  readonly maxComputeWorkgroupSizeZ: number;
  readonly maxComputeWorkgroupsPerDimension: number;
}
const LIMITS: readonly (keyof DeviceLimits)[] = [
  'maxBufferSize', 'maxStorageBufferBindingSize', 'maxStorageBuffersPerShaderStage', 'maxComputeWorkgroupStorageSize', 'maxComputeInvocationsPerWorkgroup',
  'maxComputeWorkgroupSizeX', 'maxComputeWorkgroupSizeY', 'maxComputeWorkgroupSizeZ', 'maxComputeWorkgroupsPerDimension',
];

export interface FoundAdapter {
  readonly adapter: GPUAdapter;
  /** What WebGPU is of. */
  readonly by: 'Dawn' | 'the browser';
  readonly traits: AdapterTraits;
  readonly description: string;
}

/** An adapter, new on each call: it makes one device. Never throws. */
export async function findAdapter(options: WgslOptions): Promise<FoundAdapter | Missing> {
  const choice = adapterChoice(options);
  if ('reason' in choice) return choice;
  const found = await findWebGpu(choice.adapter);
  if (!('gpu' in found)) return found;
  let adapter: GPUAdapter | null;
  try {
    adapter = await found.gpu.requestAdapter(choice.powerPreference === undefined ? {} : { powerPreference: choice.powerPreference });
  } catch (cause) {
    // Dawn lists the adapters there are when none has the name.
    const message = (cause instanceof Error ? cause.message : String(cause)).trim().replaceAll(/\s*\n\s*/g, ' ');
    return { reason: choice.adapter === undefined ? `asking for an adapter failed: ${message}` : `no adapter is called \`${choice.adapter}\`: ${message}`, fix: choice.adapter === undefined ? 'see the message' : 'name one of these, or none' };
  }
  if (adapter === null) {
    return found.by === 'Dawn'
      ? { reason: 'Dawn finds no adapter that it takes: no Vulkan, Metal or Direct3D 12 driver, no Vulkan loader (libvulkan.so.1), or only drivers that it refuses, such as old Mesa', fix: 'install a graphics driver; on Linux also the Vulkan loader (Debian: apt-get install libvulkan1), with VK_DRIVER_FILES naming the driver\'s ICD file where it is in no usual place' }
      : { reason: 'the browser has no adapter for this page', fix: 'allow it: hardware acceleration, and where the browser asks for it the flag for WebGPU' };
  }
  const { limits, features, info } = adapter;
  const traits: AdapterTraits = {
    features: FEATURES.filter((f) => features.has(f) && !choice.without.includes(f)),
    limits: Object.fromEntries(LIMITS.map((name) => [name, limits[name]])) as unknown as DeviceLimits,
  };
  const name = [info.description, info.device, info.architecture, info.vendor].find((part) => part !== '') ?? 'an adapter without a name';
  const software = info.isFallbackAdapter ? ', a software adapter' : '';
  return { adapter, by: found.by, traits, description: `WebGPU of ${found.by} on ${name}${software}; ${traits.features.length === 0 ? 'no optional features' : traits.features.join(', ')}` };
}

export async function probeAdapter(options: WgslOptions): Promise<Probe> {
  const found = await findAdapter(options);
  if (!('adapter' in found)) return { available: false, ...found };
  return { available: true, capabilities: capabilitiesOf(found.traits), description: found.description };
}
