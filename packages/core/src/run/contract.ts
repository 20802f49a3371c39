import { SluiceError, isSluiceError } from '../diagnostics/error.ts';
import { inWords } from '../diagnostics/in-words.ts';
import type { Kernel } from '../ir/program.ts';
import type { Allocator, Backend, Compute, Device, FileSource, Memory, OpenFile, OpenOptions, PreparedKernel, Storage } from '../registry/backend.ts';
import { isRecord, misshapen } from '../registry/shape.ts';
import type { Shape } from '../registry/shape.ts';
import { brokenContract, discard, guarded, messageOf } from './faults.ts';

const DEVICE: Shape = { backend: 'string', close: 'function' };
const FACETS: Readonly<Record<'compute' | 'storage', Shape>> = {
  compute: { space: 'string', prepare: 'function' },
  storage: { spaces: 'object', open: 'function', submit: 'function' },
};
const ALLOCATOR: Shape = { space: 'string', limit: 'number', allocate: 'function', release: 'function', trim: 'function', close: 'function' };
const OPEN_FILE: Shape = { name: 'string', identity: 'string', via: 'string', viaReason: 'string', size: 'function', close: 'function' };
const PREPARED: Shape = { launch: 'function' };
const MEMORY: Shape = { space: 'string', byteLength: 'number' };

/**
 * Opens a backend.
 * @throws SluiceError `backend/open-failed`, `backend/fault`, a code of the plugin, or the reason of the signal
 */
export async function openDevice(backend: Backend, options: OpenOptions): Promise<Device> {
  const { id } = backend;
  let device: unknown;
  try {
    device = await backend.open(options);
  } catch (cause) {
    options.signal?.throwIfAborted();
    if (isSluiceError(cause)) throw cause;
    throw new SluiceError({ code: 'backend/open-failed', message: `backend \`${id}\` could not be opened: ${messageOf(cause)}`, fix: 'see the cause; take the backend off the list of `backends` to do without it', cause });
  }
  return upToContract(id, 'device', device, deviceFault(device));
}

function deviceFault(device: unknown): string | undefined {
  const fault = misshapen(device, DEVICE);
  if (fault !== undefined) return fault;
  const facets = device as Readonly<Record<string, unknown>>;
  for (const [name, shape] of Object.entries(FACETS)) {
    const odd = facets[name] === undefined ? undefined : misshapen(facets[name], shape);
    if (odd !== undefined) return `an object whose \`${name}\` is ${odd}`;
  }
  const { allocators = [] } = facets;
  if (!Array.isArray(allocators)) return `an object whose \`allocators\` are ${inWords(allocators)}`;
  const odd = allocators.map((a: unknown) => misshapen(a, ALLOCATOR)).find((f) => f !== undefined);
  return odd === undefined ? undefined : `an object one of whose \`allocators\` is ${odd}`;
}

/** Opens a file. @throws SluiceError the `io/` codes of opening, `backend/fault`, or the reason of the signal */
export async function openFile(backend: string, storage: Storage, source: FileSource, options: Parameters<Storage['open']>[1]): Promise<OpenFile> {
  const file: unknown = await guarded(backend, 'open', options.signal, () => storage.open(source, options));
  return upToContract(backend, 'file', file, misshapen(file, OPEN_FILE));
}

/** `opened`, which is of no use, and closed, where there is a fault in it. */
async function upToContract<T>(backend: string, what: string, opened: unknown, fault: string | undefined): Promise<T> {
  if (fault === undefined) return opened as T;
  await discard(opened);
  throw brokenContract(backend, `opened a ${what} that is ${fault}`);
}

/** Bytes of a file now. */
export async function fileSize(backend: string, file: OpenFile, signal: AbortSignal | undefined): Promise<bigint> {
  const size: unknown = await guarded(backend, 'size', signal, () => file.size());
  if (typeof size === 'bigint' && size >= 0n) return size;
  throw brokenContract(backend, `gave ${inWords(size)} as the size of ${file.name}`);
}

export async function prepareKernel(backend: string, compute: Compute, kernel: Kernel, options: Parameters<Compute['prepare']>[1]): Promise<PreparedKernel> {
  const prepared: unknown = await guarded(backend, 'prepare', options.signal, () => compute.prepare(kernel, options));
  const fault = misshapen(prepared, PREPARED);
  if (fault === undefined) return prepared as PreparedKernel;
  throw brokenContract(backend, `prepared kernel \`${kernel.name}\` as ${fault}`);
}

/** Memory of exactly `byteLength` bytes. @throws SluiceError `mem/too-large`, `backend/fault` */
export function allocateMemory(allocator: Allocator, byteLength: number, contents: 'zero' | 'any'): Memory {
  const broken = (how: string, cause?: unknown) => new SluiceError({ code: 'backend/fault', message: `the allocator of memory in ${allocator.space} ${how}`, fix: 'report it to the author of the plugin that has it', cause });
  let memory: unknown;
  try {
    memory = allocator.allocate(byteLength, contents);
  } catch (cause) {
    throw isSluiceError(cause) ? cause : broken(`threw for ${byteLength} bytes: ${messageOf(cause)}`, cause);
  }
  const fault = memoryFault(memory, byteLength);
  if (fault === undefined) return memory as Memory;
  throw broken(`gave ${fault} for ${byteLength} bytes`);
}

function memoryFault(memory: unknown, byteLength: number): string | undefined {
  const fault = memoryShapeFault(memory);
  if (fault !== undefined) return fault;
  const made = memory as Memory;
  return made.byteLength === byteLength ? undefined : `memory of ${made.byteLength} bytes`;
}

/** What keeps a value of a plugin from being memory, in words. */
export function memoryShapeFault(memory: unknown): string | undefined {
  // Every transfer's is looked at: in words only what is wrong.
  if (!isRecord(memory) || typeof memory['space'] !== 'string' || typeof memory['byteLength'] !== 'number') return misshapen(memory, MEMORY);
  const { byteLength, bytes } = memory as unknown as Memory;
  if (!Number.isSafeInteger(byteLength) || byteLength < 0) return `memory of ${byteLength} bytes`;
  if (bytes === undefined) return undefined;
  if (!(bytes instanceof Uint8Array)) return `memory whose \`bytes\` are ${inWords(bytes)}`;
  return bytes.length < byteLength ? `memory of ${byteLength} bytes with ${bytes.length} that the CPU can address` : undefined;
}
