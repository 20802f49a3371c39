import { onAbort } from '@sluice/core';
import type { DeviceBuffer, Progress, Report, Session, SluiceError } from '@sluice/core';
import { formatError, quoted } from './codes.ts';
import { TO_F32, toDevice, toHost } from './conversions.ts';
import type { LoadExecutable, LoadProgram } from './conversions.ts';
import type { ModelFile } from './model-file.ts';
import type { Tensor } from './tensor.ts';

export interface LoadOptions {
  /**
   * `f32`: tensors of floats arrive as f32, through kernels that run where the session computes; those of integers and
   * booleans as they are. Absent: all as they are in the file.
   */
  readonly dtype?: 'f32' | undefined;
  /** Only these tensors; absent: all. */
  readonly names?: readonly string[] | undefined;
  /**
   * Bytes of tensors that are read ahead of the one that is handed over: another tensor is begun while those that are on
   * their way have fewer, and are fewer than 32. They count against the memory of the session. 0 reads one tensor at a
   * time; 128 MiB if absent.
   */
  readonly ahead?: number | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((progress: LoadProgress) => void) | undefined;
}

export interface LoadProgress {
  /** The tensor of which bytes have arrived. */
  readonly tensor: Tensor;
  /** Bytes of the file that have arrived so far, of all tensors together. */
  readonly done: bigint;
  /** Bytes of all tensors that are asked for. */
  readonly total: bigint;
}

export interface LoadedTensor {
  readonly tensor: Tensor;
  /** The type of the elements in the buffer: that of the tensor, or `F32` where it was converted. */
  readonly dtype: string;
  /** It belongs to the caller: close it, or leave that to the end of the session. */
  readonly buffer: DeviceBuffer;
  /** How it came: backends, bytes of each way, seconds. */
  readonly report: Report;
}

/** A tensor with how it is read. */
interface Job {
  readonly tensor: Tensor;
  readonly dtype: string;
  readonly executable: LoadExecutable;
  /** Of the buffer that it becomes. */
  readonly byteLength: bigint;
}

/** A tensor that is on its way. */
interface Coming extends Pick<Job, 'byteLength'> {
  readonly loaded: Promise<LoadedTensor>;
}

const AHEAD = 128 * 2 ** 20;
/** Tensors that are on their way at once, however small: more keep no device busier. */
const MOST_COMING = 32;

/**
 * Reads `tensors`, which are in the order of the files, and hands them over in that order. Where the caller stops, or
 * something fails, what is on its way is ended and closed.
 */
export async function* loadTensors(session: Session, files: readonly ModelFile[], tensors: readonly Tensor[], options: LoadOptions): AsyncGenerator<LoadedTensor, void, undefined> {
  const { ahead = AHEAD, signal, onProgress } = options;
  signal?.throwIfAborted();
  const jobs = await jobsOf(session, tensors, options);
  const arrived = reporter(tensors, onProgress);
  const stop = new AbortController();
  const disregard = onAbort(signal, () => stop.abort(signal?.reason));
  const coming: Coming[] = [];
  let begun = 0;
  const onTheWay = () => coming.reduce((sum, c) => sum + c.byteLength, 0n);
  const begin = () => {
    const job = jobs[begun++] as Job;
    coming.push({ byteLength: job.byteLength, loaded: loadOne(job, files, stop.signal, arrived) });
  };
  const readAhead = () => {
    while (begun < jobs.length && coming.length < MOST_COMING && onTheWay() < BigInt(ahead)) begin();
  };
  try {
    while (coming.length > 0 || begun < jobs.length) {
      signal?.throwIfAborted();
      readAhead();
      if (coming.length === 0) begin();
      const next = await (coming[0] as Coming).loaded;
      coming.shift();
      // The device works on while the caller does.
      readAhead();
      yield next;
    }
  } finally {
    disregard();
    stop.abort();
    await Promise.all(coming.map(({ loaded }) => loaded.then(({ buffer }) => buffer.close(), () => {})));
  }
}

/** @throws SluiceError `formats/dtype` with every tensor that cannot be converted, before any byte moves */
async function jobsOf(session: Session, tensors: readonly Tensor[], { dtype, signal }: LoadOptions): Promise<readonly Job[]> {
  const compile = (program: LoadProgram) => session.compile(program, signal === undefined ? {} : { signal });
  const plain = (await hasDeviceMemory(session)) ? toDevice() : toHost();
  const jobs: Job[] = [];
  const problems: SluiceError[] = [];
  for (const tensor of tensors) {
    const convert = dtype === undefined ? undefined : TO_F32.get(tensor.dtype);
    if (dtype !== undefined && convert === undefined && !KEPT.test(tensor.dtype)) problems.push(notConverted(tensor));
    else if (convert === undefined) jobs.push({ tensor, dtype: tensor.dtype, executable: await compile(plain), byteLength: tensor.byteLength });
    else jobs.push({ tensor, dtype: 'F32', executable: await compile(convert()), byteLength: 4n * BigInt(tensor.elements) });
  }
  const [first] = problems;
  if (first !== undefined) throw problems.length === 1 ? first : formatError('formats/dtype', `${problems.length} tensors cannot be converted to f32`, first.fix, { problems, available: first.available });
  return jobs;
}

/** What `f32` leaves as it is. */
const KEPT = /^(F32|BOOL|[UI]\d+)$/;

function notConverted({ name, dtype }: Tensor): SluiceError {
  return formatError('formats/dtype', `tensor ${quoted(name)} is ${dtype}, which no kernel converts to f32`, 'load it as it is, and convert it with a kernel of your own', { available: [...TO_F32.keys()] });
}

/** Whether kernels of the session work in memory of a device: an empty buffer lands there. */
async function hasDeviceMemory(session: Session): Promise<boolean> {
  const empty = await session.buffer(new Uint8Array(0));
  await empty.close();
  return empty.space !== 'host';
}

type Arrived = (tensor: Tensor, bytes: bigint) => void;

function reporter(tensors: readonly Tensor[], onProgress: LoadOptions['onProgress']): Arrived {
  const total = tensors.reduce((sum, t) => sum + t.byteLength, 0n);
  let done = 0n;
  return (tensor, bytes) => {
    done += bytes;
    onProgress?.({ tensor, done, total });
  };
}

function loadOne({ tensor, dtype, executable }: Job, files: readonly ModelFile[], signal: AbortSignal, arrived: Arrived): Promise<LoadedTensor> {
  const { grant: file } = files[tensor.file] as ModelFile;
  let before = 0n;
  const onProgress = ({ done }: Progress) => {
    arrived(tensor, done - before);
    before = done;
  };
  const loaded = executable.run({ file, offset: tensor.offset, length: tensor.byteLength, elements: tensor.elements }, { signal, onProgress })
    .then(({ results, report: moved }) => ({ tensor, dtype, buffer: results.tensor, report: moved }));
  loaded.catch(() => {}); // it is looked at when its turn comes
  return loaded;
}
