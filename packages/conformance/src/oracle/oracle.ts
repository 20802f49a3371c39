import { byteSize } from '@sluice/core';
import type { KernelIr, Op, OpDef, ProgramIr, Registry, RuntimeValue, ScalarValue, Type } from '@sluice/core';
import { exactly } from './compute.ts';
import type { Compute } from './compute.ts';
import { Interpreter, Shared, toEnd } from './interpreter.ts';
import { launch } from './launch.ts';
import type { LaunchOptions } from './launch.ts';
import { BufferRef, Bytes, View, encode } from './memory.ts';
import type { Value } from './value.ts';

/** A file of the oracle: bytes that grow as they are written. */
export class FileModel {
  data: Uint8Array;

  constructor(data: Uint8Array) {
    this.data = data;
  }

  write(at: number, bytes: Uint8Array): void {
    const grown = new Uint8Array(Math.max(this.data.length, bytes.length === 0 ? 0 : at + bytes.length));
    grown.set(this.data);
    grown.set(bytes, at);
    this.data = grown;
  }
}

/** What a parameter is given: a number, the bytes of a buffer, or a file. */
export type OracleArg = ScalarValue | Uint8Array | FileModel;
/** What a result is: a number, or what a buffer must hold. */
export type OracleResult = ScalarValue | Bytes;

export interface OracleOptions {
  readonly registry: Registry;
  /** How value ops compute; exactly, if absent. */
  readonly compute?: Compute;
  /** See `LaunchOptions`; a program without races gives the same in every order. */
  readonly order?: LaunchOptions['order'];
  /** Lanes of a subgroup on the backend that is compared; a program whose kernels ask for them fails without it. */
  readonly subgroupSize?: number | undefined;
}

/** What a program gives, one op after the other. Buffers and files that are given stay as they are, but for a `FileModel`. */
export function interpret(program: ProgramIr, args: Readonly<Record<string, OracleArg>>, options: OracleOptions): Readonly<Record<string, OracleResult>> {
  const { registry, compute = exactly, order = 'forward', subgroupSize } = options;
  const host = new Host(program, new Shared(registry, compute), { order, subgroupSize });
  const given = program.params.map((p) => host.given(args[p.name]));
  const { values } = toEnd(host.region(program.body.region, given));
  return Object.fromEntries(program.results.map((r, i) => [r.name, settled(values[i] as Value)]));
}

function settled(value: Value): OracleResult {
  return value instanceof View ? value.read() : (value as ScalarValue);
}

class Host extends Interpreter {
  readonly program: ProgramIr;
  readonly options: LaunchOptions;
  readonly files: FileModel[] = [];

  constructor(program: ProgramIr, shared: Shared, options: LaunchOptions) {
    super(shared, program.body);
    this.program = program;
    this.options = options;
  }

  given(arg: OracleArg | undefined): Value {
    if (arg === undefined) throw new RangeError('an argument is missing');
    if (arg instanceof FileModel) return this.files.push(arg) - 1;
    return arg instanceof Uint8Array ? View.of(arg) : arg;
  }

  file(fd: Value | undefined): FileModel {
    const file = this.files[fd as number];
    if (file === undefined) throw new RangeError(`no file ${String(fd)}`);
    return file;
  }

  override machineOp(op: Op, id: string, operands: readonly Value[], _def: OpDef): readonly Value[] | undefined {
    return HOST[id]?.(this, op, operands);
  }
}

const HOST: Readonly<Record<string, (host: Host, op: Op, operands: readonly Value[]) => readonly Value[]>> = {
  'buffer.alloc': (_, __, [length]) => [new View(new Bytes(new Uint8Array(Number(length))))],
  'buffer.free': (_, __, [handle]) => {
    live(handle).ended = true;
    return [];
  },
  'buffer.copy': (_, __, [source, target]) => {
    live(target).write(live(source).read());
    return [];
  },
  'buffer.fill': (host, op, [handle, value]) => {
    const view = live(handle);
    const pattern = encode(host.typeOf(op.operands[1] as number), [value as RuntimeValue]);
    view.write(new Bytes(Uint8Array.from({ length: view.byteLength }, (_, i) => pattern[i % pattern.length] as number)));
    return [];
  },
  'buffer.slice': (_, __, [handle, offset, length]) => {
    const view = live(handle);
    return [new View(view.base, view.offset + Number(offset), Number(length))];
  },
  'buffer.byte_length': (_, __, [handle]) => [BigInt(live(handle).byteLength)],
  'grant.size': (host, _, [fd]) => [BigInt(host.file(fd).data.length)],
  'io.dma_from_nvme': (host, _, [fd, offset, length]) => [View.of(host.file(fd).data.slice(Number(offset), Number(offset) + Number(length)))],
  'mem.zerocopy_map': (host, _, [fd]) => [View.of(host.file(fd).data)],
  'mem.unmap': (_, __, [handle]) => {
    live(handle).ended = true;
    return [];
  },
  'io.write_back_to_nvme': (host, _, [handle, fd, offset]) => {
    host.file(fd).write(Number(offset), live(handle).read().data);
    return [];
  },
  'io.gather': (host, _, [fd, offsets, lengths]) => {
    const words = (v: Value | undefined) => {
      const { data } = live(v).read();
      return [...new BigUint64Array(data.buffer, data.byteOffset, data.byteLength >> 3)].map(Number);
    };
    const sizes = words(lengths);
    const { data } = host.file(fd);
    const parts = words(offsets).map((at, i) => data.subarray(at, at + (sizes[i] ?? 0)));
    return [View.of(Uint8Array.from(parts.flatMap((p) => [...p])))];
  },
  'buffer.read': (_, op, [handle, index]) => {
    const { element } = op.attrs;
    if (element?.kind !== 'type') throw new RangeError('buffer.read without an element');
    return [new BufferRef(live(handle), element.type).load(Number(index))];
  },
  'control.assert': (_, __, [condition]) => {
    if (condition !== true) throw new RangeError('an assertion of the program does not hold');
    return [];
  },
  'kernel.launch': (host, op, [x, y, z, ...args]) => launched(host, op, [Number(x), Number(y), Number(z)], args),
  'kernel.launch_indirect': (host, op, [counts, offset, ...args]) => {
    const { data } = live(counts).read();
    const words = new DataView(data.buffer, data.byteOffset);
    return launched(host, op, [0, 4, 8].map((at) => words.getUint32(Number(offset) + at, true)) as [number, number, number], args);
  },
};

function launched(host: Host, op: Op, groups: readonly [number, number, number], args: readonly Value[]): readonly Value[] {
  const kernel = kernelOf(host, op);
  if (groups.includes(0)) return [];
  launch(kernel, groups, args.map((arg, i) => bound(arg, kernel.params[i]?.type)), host.shared, host.options);
  return [];
}

function kernelOf(host: Host, op: Op): KernelIr {
  const symbol = op.attrs['kernel'];
  const found = host.program.kernels.find((k) => symbol?.kind === 'symbol' && k.name === symbol.name);
  if (found === undefined) throw new RangeError('a launch names no kernel of the program');
  return found;
}

function bound(arg: Value, type: Type | undefined): Value {
  if (type?.kind !== 'buffer') return arg;
  const view = live(arg);
  if (view.offset % (byteSize(type.element) ?? 1) !== 0) throw new RangeError('a slice does not start at an element');
  return new BufferRef(view, type.element);
}

function live(value: Value | undefined): View {
  if (!(value instanceof View)) throw new RangeError('not a handle');
  if (value.ended) throw new RangeError('a handle was used after it ended');
  return value;
}
