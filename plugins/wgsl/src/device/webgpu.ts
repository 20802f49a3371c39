/// <reference types="@webgpu/types" />

/** WebGPU as this process has it, or why it has none. */
export type Found = { readonly gpu: GPU; readonly by: 'Dawn' | 'the browser' } | Missing;

export interface Missing {
  readonly reason: string;
  readonly fix: string;
}

interface DawnModule {
  create(flags: string[]): GPU;
}

/** The browser's `navigator.gpu`, or Dawn from the npm package `webgpu`, with adapters whose name has `adapter` in it. Never throws. */
export async function findWebGpu(adapter: string | undefined): Promise<Found> {
  const { navigator } = globalThis as { readonly navigator?: { readonly gpu?: GPU } };
  if (navigator?.gpu !== undefined) return { gpu: navigator.gpu, by: 'the browser' };
  let dawn: DawnModule;
  try {
    // By a name that bundlers do not follow: pages have no use for it.
    const name = 'webgpu';
    dawn = (await import(/* @vite-ignore */ /* webpackIgnore: true */ name)) as DawnModule;
  } catch (cause) {
    const { code, message } = cause as { readonly code?: string; readonly message?: string };
    if (code === 'ERR_MODULE_NOT_FOUND') return { reason: 'the npm package `webgpu` (Dawn) is not installed, and there is no `navigator.gpu`', fix: 'npm install webgpu' };
    return { reason: `the npm package \`webgpu\` (Dawn) cannot be loaded: ${message ?? String(cause)}`, fix: 'see whether it has a build for this platform' };
  }
  return { gpu: instance(dawn, adapter === undefined ? [] : [`adapter=${adapter}`]), by: 'Dawn' };
}

const KEPT = Symbol.for('@sluice/wgsl/dawn');

/** Dawn crashes when its instance is collected while something of it is alive: each is kept as long as the process lives. */
function instance(dawn: DawnModule, flags: string[]): GPU {
  const kept = ((globalThis as { [KEPT]?: Map<string, GPU> })[KEPT] ??= new Map());
  const key = flags.join(' ');
  const gpu = kept.get(key) ?? dawn.create(flags);
  kept.set(key, gpu);
  return gpu;
}

// The numbers of the WebGPU specification: Dawn does not put the objects that name them into the global scope.
export const USAGE = { MAP_READ: 1, MAP_WRITE: 2, COPY_SRC: 4, COPY_DST: 8, UNIFORM: 64, STORAGE: 128 } as const;
export const MAP = { READ: 1, WRITE: 2 } as const;
export const COMPUTE_STAGE = 4;
