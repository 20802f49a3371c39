/** Kernels to WGSL text: what the backend does, without a device. */
export { BACKEND, lowerKernel } from './lower/lower.ts';
export { lowerings } from './lower/lowerings.ts';
export { STATUS_WORDS } from './lower/lowered.ts';
export type { Binding, Features, LaunchRecord, LineOrigin, LoweredKernel, LowerOptions, RecordField, Trap } from './lower/lowered.ts';
