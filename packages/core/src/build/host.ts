import { arith as arithDialect, buffer as bufferDialect, math as mathDialect } from '../dialects/index.ts';
import type { Region } from '../ir/program.ts';
import { byteSize, parseType, scalar } from '../ir/types.ts';
import { functionsOf } from './functions.ts';
import type { OpFunctions } from './functions.ts';
import { workgroupBuffer } from './kernel.ts';
import { captureSite } from './span.ts';
import { currentTrace } from './trace.ts';
import type { Access, BufferTy, In, Loaded, Scalar, Storage, Ty, Value, Vector } from './types.ts';
import { asValue, constant, coreOp, describe, emitOne, mustBeTraced, wrap } from './value.ts';

const NO_REGIONS: readonly Region[] = [];
const ALLOC = coreOp('buffer.alloc'), READ = coreOp('buffer.read'), ASYNC_COPY = coreOp('buffer.async_copy'), ASYNC_WAIT = coreOp('buffer.async_wait'), MUL = coreOp('arith.mul'), MIN = coreOp('arith.min');
/** A count over it is one that no memory holds: it stays there, in place of wrapping to a small one. */
const U64_MAX = 2n ** 64n - 1n;

/** Arithmetic by op name: `arith.add(x, 1)`; values have the same as methods. */
export const arith: OpFunctions<typeof arithDialect> = functionsOf(arithDialect);

/** Functions of floats by op name: `math.sin(x)`; values have the same as methods. */
export const math: OpFunctions<typeof mathDialect> = functionsOf(mathDialect);

type Handle = Value<'GpuBufferHandle'>;

interface BufferFunctions {
  /** A new device buffer of `length` elements: zero, or with `init: 'none'` whatever the caller writes first. */
  alloc(element: Storage, length: In<'u64'>, options?: { readonly init?: 'zero' | 'none' }): Handle;
  /** Ends a handle before its last use would. */
  free(handle: Handle): void;
  /** Copies all of `source` to the start of `target`, which is as long or longer. */
  copy(source: Handle, target: Handle): void;
  /** Repeats the little-endian bytes of `value` over the whole buffer. */
  fill(handle: Handle, value: Value<Exclude<Scalar, 'bool'>>): void;
  /** A view of `length` bytes from byte `offset`. */
  slice(handle: Handle, offset: In<'u64'>, length: In<'u64'>): Handle;
  byte_length(handle: Handle): Value<'u64'>;
  /** Element `index` of the buffer, seen as elements of that type, when all that writes it before is done; zero where it is out of bounds. */
  read<const S extends Exclude<Storage, Vector | `array<${string}`>>(handle: Handle, index: In<'u64'>, options: { readonly element: S }): Value<Loaded<S>>;
  /**
   * The workgroup as one starts a copy of `count` elements, behind which it waits with `async_wait`: the same operands in
   * every invocation, uniform control flow. In kernels.
   */
  async_copy<S extends Storage>(target: { readonly '~type': BufferTy<S, Exclude<Access, 'read'>> }, targetIndex: In<'u32'>, source: { readonly '~type': NoInfer<BufferTy<S, Exclude<Access, 'write'>>> }, sourceIndex: In<'u32'>, count: In<'u32'>): void;
  /** A barrier behind which the copies that the workgroup started are done. */
  async_wait(): void;
  /** Memory that a workgroup shares; in kernels. */
  readonly workgroup: typeof workgroupBuffer;
  readonly load: OpFunctions<typeof bufferDialect>['load'];
  readonly store: OpFunctions<typeof bufferDialect>['store'];
}

const functions = functionsOf(bufferDialect);

/** Device memory: handles in programs; in kernels, buffers have `load`, `store` and atomics as methods too. */
export const buffer: BufferFunctions = {
  alloc(element, length, options = {}) {
    const trace = currentTrace('buffer.alloc');
    const site = captureSite(1);
    const bytes = byteSize(parseType(element));
    if (bytes === undefined) throw trace.fail('build/operand', `buffer.alloc of ${describe(element)}, which has no layout in memory`, 'use an element that buffers have');
    const size = BigInt(bytes);
    const u64 = scalar('u64');
    const byteLength =
      typeof length === 'bigint' || Number.isSafeInteger(length)
        ? constant(trace, 'u64', BigInt(length as bigint) * size)
        : size === 1n ? asValue(trace, length, u64) : emitOne(trace, MUL, [emitOne(trace, MIN, [asValue(trace, length, u64), constant(trace, 'u64', U64_MAX / size)]), constant(trace, 'u64', size)]);
    const [id] = trace.emit(ALLOC, [byteLength], { init: { kind: 'enum', value: options.init ?? 'zero' } }, NO_REGIONS, undefined, site);
    return wrap(trace, id as number) as unknown as Handle;
  },
  free: (handle) => void hostOp('buffer.free', [handle, HANDLE]),
  copy: (source, target) => void hostOp('buffer.copy', [source, HANDLE], [target, HANDLE]),
  fill: (handle, value) => void hostOp('buffer.fill', [handle, HANDLE], [value, HANDLE]),
  slice: (handle, offset, length) => handle.slice(offset, length),
  byte_length: (handle) => handle.byteLength,
  read(handle, index, { element }) {
    const trace = currentTrace('buffer.read');
    const [id] = trace.emit(READ, [asValue(trace, handle, parseType(HANDLE)), asValue(trace, index, scalar('u64'))], { element: { kind: 'type', type: parseType(element) } }, NO_REGIONS, undefined, captureSite(1));
    return wrap(trace, id as number) as never;
  },
  async_copy(target, targetIndex, source, sourceIndex, count) {
    const trace = currentTrace('buffer.async_copy');
    const u32 = (x: unknown) => asValue(trace, x, scalar('u32'));
    const [to, from] = [mustBeTraced(trace, target, 'the target of buffer.async_copy'), mustBeTraced(trace, source, 'the source of buffer.async_copy')];
    trace.emit(ASYNC_COPY, [to, u32(targetIndex), from, u32(sourceIndex), u32(count)], undefined, NO_REGIONS, [], captureSite(1));
  },
  async_wait: () => void currentTrace('buffer.async_wait').emit(ASYNC_WAIT, [], undefined, NO_REGIONS, [], captureSite(1)),
  workgroup: workgroupBuffer,
  load: functions.load,
  store: functions.store,
};

type Argument = readonly [value: unknown, type: string];
const HANDLE = 'GpuBufferHandle';

/** Emits a host op, with the author's line; literals take the type beside them. Gives the result of an op that has one. */
function hostOp<T extends Ty>(id: string, ...args: readonly Argument[]): Value<T> {
  const trace = currentTrace(id);
  const [result] = trace.emit(coreOp(id), args.map(([value, type]) => asValue(trace, value, parseType(type))), undefined, NO_REGIONS, undefined, captureSite(2));
  return (result === undefined ? undefined : wrap(trace, result)) as unknown as Value<T>;
}

interface GrantFunctions {
  /** Bytes that the grant covers. */
  size(fd: Value<'fd'>): Value<'u64'>;
}
export const grant: GrantFunctions = { size: (fd) => hostOp('grant.size', [fd, 'i32']) };

interface IoFunctions {
  /** Exactly `length` bytes of the granted file from `offset`, in a new device buffer. */
  dma_from_nvme(fd: Value<'fd'>, offset: In<'u64'>, length: In<'u64'>): Handle;
  /** Writes the whole buffer to the granted file at `offset`, extending the file if needed. */
  write_back_to_nvme(handle: Handle, fd: Value<'fd'>, offset: In<'u64'>): void;
  /** Stretches of the file, packed into a new device buffer of `length` bytes: a u64 of `offsets` and of `lengths` for each. */
  gather(fd: Value<'fd'>, offsets: Handle, lengths: Handle, length: In<'u64'>): Handle;
}
/** Storage to device memory and back. Runs only where a linked backend lowers it. */
export const io: IoFunctions = {
  dma_from_nvme: (fd, offset, length) => hostOp('io.dma_from_nvme', [fd, 'i32'], [offset, 'u64'], [length, 'u64']),
  write_back_to_nvme: (handle, fd, offset) => void hostOp('io.write_back_to_nvme', [handle, HANDLE], [fd, 'i32'], [offset, 'u64']),
  gather: (fd, offsets, lengths, length) => hostOp('io.gather', [fd, 'i32'], [offsets, HANDLE], [lengths, HANDLE], [length, 'u64']),
};

interface MemFunctions {
  /** Maps the granted range read-only, so that the device reads the file's own pages. */
  zerocopy_map(fd: Value<'fd'>): Handle;
  unmap(handle: Handle): void;
}
/** Maps of files; in dialect `io`. */
export const mem: MemFunctions = {
  zerocopy_map: (fd) => hostOp('mem.zerocopy_map', [fd, 'i32']),
  unmap: (handle) => void hostOp('mem.unmap', [handle, HANDLE]),
};
