import { buffer, control, defineKernel, defineProgram, fd, io, kernel, u64 } from '@sluice/core';
import type { Executable, Kernel, LaunchArgs, Program, Value } from '@sluice/core';
import { once } from './once.ts';
import type { Layout } from './tensor.ts';

/*
 * Elements of other types as f32. All is done on integers and on products that f32 holds exactly, so that devices that
 * flush subnormal numbers, or take no NaN through a float, give the same bits as those that do not.
 */

/** The bits of an f16, in the low half of `half`, as those of the f32 of that value. */
function halfToSingle(half: Value<'u32'>): Value<'u32'> {
  const sign = half.and(0x8000).shl(16);
  const exponent = half.shr(10).and(0x1f);
  const fraction = half.and(0x3ff);
  // What is subnormal as an f16 is a normal f32.
  const subnormal = fraction.to('f32').mul(2 ** -24).bitcast('u32');
  const normal = exponent.add(127 - 15).shl(23).or(fraction.shl(13));
  const special = fraction.shl(13).or(0x7f800000);
  return sign.or(exponent.eq(0).select(subnormal, exponent.eq(0x1f).select(special, normal)));
}

/** A kernel makes of `from` elements of `to`, from element `first` on. */
const words = { from: 'buffer<u32, read>', to: 'buffer<u32, write>', first: 'u32' } as const;
const blocks = { from: 'buffer<u16, read>', to: 'buffer<f32, write>', first: 'u32' } as const;

/** An invocation for each word, of two elements. */
const bf16 = () => defineKernel('bf16_to_f32', { params: words, workgroup: 64 }, ({ from, to, first }, { global: { x } }) => {
  control.if(x.lt(from.length), () => {
    const word = from.load(x);
    const at = first.add(x.mul(2));
    to.store(at, word.shl(16));
    to.store(at.add(1), word.and(0xffff0000));
  });
});

const f16 = () => defineKernel('f16_to_f32', { params: words, workgroup: 64 }, ({ from, to, first }, { global: { x } }) => {
  control.if(x.lt(from.length), () => {
    const word = from.load(x);
    const at = first.add(x.mul(2));
    to.store(at, halfToSingle(word.and(0xffff)));
    to.store(at.add(1), halfToSingle(word.shr(16)));
  });
});

/** 32 elements of a block; an invocation for each 16 bits of quants. */
const BLOCK = 32;

/** Half a word of a scale, 16 of two signed bytes. */
const q8 = () => defineKernel('q8_0_to_f32', { params: blocks, workgroup: 64 }, ({ from, to, first }, { global: { x } }) => {
  const [block, pair] = [x.shr(4), x.and(15)];
  const scale = block.mul(17);
  control.if(scale.lt(from.length), () => {
    const d = halfToSingle(from.load(scale)).bitcast('f32');
    const quants = from.load(scale.add(1).add(pair)).bitcast('i32');
    const at = first.add(block.mul(BLOCK)).add(pair.mul(2));
    to.store(at, d.mul(quants.shl(24).shr(24).to('f32')));
    to.store(at.add(1), d.mul(quants.shl(16).shr(24).to('f32')));
  });
});

/** Half a word of a scale, 8 of two bytes: a byte has element i in its low half and element i + 16 in its high half. */
const q4 = () => defineKernel('q4_0_to_f32', { params: blocks, workgroup: 64 }, ({ from, to, first }, { global: { x } }) => {
  const [block, pair] = [x.shr(3), x.and(7)];
  const scale = block.mul(9);
  control.if(scale.lt(from.length), () => {
    const d = halfToSingle(from.load(scale)).bitcast('f32');
    const quants = from.load(scale.add(1).add(pair));
    const at = first.add(block.mul(BLOCK)).add(pair.mul(2));
    for (const [nibble, place] of [0, 16, 1, 17].entries()) {
      const quant = quants.shr(4 * nibble).and(15).bitcast('i32').sub(8);
      to.store(at.add(place), d.mul(quant.to('f32')));
    }
  });
});

/** A tensor in a file: `length` bytes from `offset` on. */
const STRETCH = { file: fd('r'), offset: 'u64', length: 'u64', elements: 'u64' } as const;
interface Loaded extends Readonly<Record<string, Value<'GpuBufferHandle'>>> {
  readonly tensor: Value<'GpuBufferHandle'>;
}
export type LoadProgram = Program<typeof STRETCH, Loaded>;
export type LoadExecutable = Executable<typeof STRETCH, Loaded>;

/** Bytes that are in memory before they are converted, times the iterations of the session's window. */
const CHUNK = 16 * 2 ** 20;

/** What a kernel takes at once: whole blocks or words, and invocations for it. */
interface Unit extends Layout {
  readonly invocations: number;
}

/** Reads a tensor in chunks, and converts each while the next ones are read. */
function converting<P extends typeof words | typeof blocks>(convert: Kernel<P>, { elements: unitElements, bytes: unitBytes, invocations }: Unit): LoadProgram {
  const chunk = CHUNK - (CHUNK % unitBytes);
  return defineProgram(`load_${convert.name}`, STRETCH, ({ file, offset, length, elements }) => {
    const tensor = buffer.alloc('f32', elements, { init: 'none' });
    control.for({ from: u64(0), to: length, step: chunk }, (at) => {
      const bytes = length.sub(at).min(chunk);
      const from = io.dma_from_nvme(file, offset.add(at), bytes);
      const units = bytes.add(unitBytes - 1).div(unitBytes);
      const args: LaunchArgs<typeof words | typeof blocks> = { from, to: tensor, first: at.div(unitBytes).mul(unitElements).to('u32') };
      kernel.launch(convert, units.mul(invocations), args as LaunchArgs<P>);
    });
    return { tensor };
  });
}

/** Programs that read a tensor and give it as f32, by the name of its type. */
export const TO_F32: ReadonlyMap<string, () => LoadProgram> = new Map([
  ['BF16', once(() => converting(bf16(), { elements: 2, bytes: 4, invocations: 1 }))],
  ['F16', once(() => converting(f16(), { elements: 2, bytes: 4, invocations: 1 }))],
  ['Q8_0', once(() => converting(q8(), { elements: BLOCK, bytes: 34, invocations: 16 }))],
  ['Q4_0', once(() => converting(q4(), { elements: BLOCK, bytes: 18, invocations: 8 }))],
]);

/** Reads a tensor as it is, into memory of the host. */
export const toHost = once((): LoadProgram => defineProgram('load', STRETCH, ({ file, offset, length }) => ({
  tensor: io.dma_from_nvme(file, offset, length),
})));

const touch = () => defineKernel('touch', { params: { tensor: 'buffer<u32, read>' }, workgroup: 1 }, () => {});

/** The same, into the memory that kernels work in: that is where a program with a kernel has its buffers, even if none is launched. */
export const toDevice = once((): LoadProgram => defineProgram('load_to_device', STRETCH, ({ file, offset, length }) => {
  const tensor = io.dma_from_nvme(file, offset, length);
  kernel.launch(touch(), { groups: 0 }, { tensor });
  return { tensor };
}));
