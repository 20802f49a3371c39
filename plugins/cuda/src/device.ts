/** What a storage backend needs that fills memory of the device: `@sluice/gds` does. */
export { CudaDevice } from './cuda-device.ts';
export type { Block, BlockUser, Stretch } from './cuda-device.ts';
export { deviceAllocator, pinnedAllocator } from './allocators.ts';
export { findDevice } from './find-device.ts';
export type { FoundCuda } from './find-device.ts';
export type { FoundDevice, Missing } from './native.ts';
export { DEVICE_SPACE, DeviceMemory, PINNED_SPACE, located } from './memory.ts';
export type { CudaOptions } from './options.ts';
