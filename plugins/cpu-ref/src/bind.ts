import { SluiceError } from '@sluice/core';
import type { KernelIr, LaunchArg, Memory, Param } from '@sluice/core';
import type { View } from './elements.ts';
import { layoutOf } from './layout.ts';
import type { Layout } from './layout.ts';

export interface Bound {
  readonly args: readonly (View | number | bigint | boolean)[];
  /** Brings back what was written to copies. To be called when the launch is over, however it ended. */
  settle(): void;
}

/**
 * Typed views of the arguments' memory, in place. The last element may reach past the memory's bytes: an allocation
 * has padding there, which is its own. A slice has not: what lies behind it belongs to its neighbour, so a slice that
 * ends inside an element is bound as a copy, and only its own bytes come back.
 * @throws SluiceError `run/kernel-failed`, `launch/misaligned`
 */
export function bindArgs(kernel: KernelIr, args: readonly LaunchArg[]): Bound {
  const writeBack: (() => void)[] = [];
  const bound = kernel.params.map((param, i) => {
    const arg = args[i];
    const layout = param.type.kind === 'buffer' ? layoutOf(param.type.element) : undefined;
    if (arg?.kind === 'scalar' && layout === undefined) return arg.value;
    if (arg?.kind !== 'buffer' || layout === undefined) throw mismatch(kernel, param, arg);
    return viewOf(kernel, param, layout, arg, writeBack);
  });
  return { args: bound, settle: () => writeBack.forEach((copy) => copy()) };
}

function viewOf(kernel: KernelIr, param: Param, { scalar, count: scalars, bytes: elementBytes }: Layout, { memory, count }: { readonly memory: Memory; readonly count: number }, writeBack: (() => void)[]): View {
  const { bytes } = memory;
  if (bytes === undefined) throw failed(kernel, `the memory of \`${param.name}\` is in space ${memory.space}, where the CPU cannot address it`, 'bind memory of space host');
  const size = count * elementBytes;
  if (bytes.byteLength >= size) {
    if (bytes.byteOffset % scalar.bytes === 0) return new scalar.view(bytes.buffer, bytes.byteOffset, count * scalars);
    throw new SluiceError({ code: 'launch/misaligned', message: `\`${param.name}\` starts at byte ${bytes.byteOffset} of its memory, its elements are made of scalars of ${scalar.bytes} bytes`, fix: 'slice at a multiple of the element size', where: { kernel: kernel.name } });
  }
  const own = bytes.subarray(0, memory.byteLength);
  const copy = new Uint8Array(size);
  copy.set(own);
  if (param.type.kind === 'buffer' && param.type.access !== 'read') writeBack.push(() => own.set(copy.subarray(0, own.byteLength)));
  return new scalar.view(copy.buffer, 0, count * scalars);
}

function mismatch(kernel: KernelIr, param: Param, arg: LaunchArg | undefined): SluiceError {
  return failed(kernel, `\`${param.name}\` is a ${param.type.spelling} and was given ${arg === undefined ? 'nothing' : `a ${arg.kind}`}`, 'give one argument for each parameter, of its kind');
}

function failed(kernel: KernelIr, message: string, fix: string): SluiceError {
  return new SluiceError({ code: 'run/kernel-failed', message, fix, where: { kernel: kernel.name, span: kernel.span } });
}
