/** Kernels to WGSL text: what the backend does, without a device. */
export { lowerKernel } from './lower/lower.ts';
export { lowerings } from './lower/lowerings.ts';
export { lowerProgram } from './lower/program.ts';
export type { LowerProgramOptions } from './lower/program.ts';
export { BACKEND, STATUS_WORDS } from './lower/lowered.ts';
export type { Binding, Features, LaunchRecord, LineOrigin, LoweredKernel, LowerOptions, RecordField, Trap } from './lower/lowered.ts';
