import { execFile } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { noPeer, wrongValue } from '../../errors.ts';
import type { Sample } from '../../harness.ts';

/** A way to run fio; `name` says it in words. */
export interface FioJob {
  readonly name: string;
  readonly options: readonly string[];
}

const HUGE_PAGES = '/proc/sys/vm/nr_hugepages';
/** For 32 MiB in flight, and what fio adds. */
const RESERVED = 40;

export const SEQUENTIAL: readonly FioJob[] = [
  { name: 'fio 1M x 8', options: ['--bs=1M', '--iodepth=8'] },
  { name: 'fio 1M x 32', options: ['--bs=1M', '--iodepth=32'] },
  { name: 'fio 4M x 8', options: ['--bs=4M', '--iodepth=8'] },
];

export const RANDOM: readonly FioJob[] = [
  { name: 'fio 4k x 64', options: ['--bs=4k', '--iodepth=64'] },
  { name: 'fio 4k x 256', options: ['--bs=4k', '--iodepth=256', '--iodepth_batch_submit=16', '--iodepth_batch_complete_min=8', '--iodepth_batch_complete_max=64'] },
];

/** @throws SluiceError `bench/no-peer` where fio is not installed */
export async function requireFio(): Promise<void> {
  try {
    await promisify(execFile)('fio', ['--version']);
  } catch (cause) {
    throw noPeer('fio, which the suite `io` measures against, is not installed', 'apt-get install fio', cause);
  }
}

/**
 * One run of fio over `bytes` of `file`, past the page cache, with registered buffers and files. `work` is what the sample
 * counts in. Uses huge pages for its buffers where this user may reserve them, and gives them back.
 */
export async function fio(job: FioJob, kind: FioKind, file: string, bytes: number, work: number): Promise<Sample> {
  return together(job, [{ kind, file }], bytes, work);
}

type FioKind = 'read' | 'write' | 'randread';

/** The same for several files at once, in one run of fio, with `bytes` of each: until the slowest is done. */
export async function together(job: FioJob, parts: readonly { readonly kind: FioKind; readonly file: string }[], bytes: number, work: number): Promise<Sample> {
  const before = await reserve(parts.length);
  try {
    const memory = before === undefined ? [] : ['--iomem=mmaphuge'];
    const shared = [...job.options, `--io_size=${bytes}`, '--direct=1', '--ioengine=io_uring', '--fixedbufs=1', '--registerfiles=1', '--norandommap', '--output-format=json', ...memory];
    const jobs = parts.flatMap(({ kind, file }, i) => [`--name=bench${i}`, `--filename=${file}`, `--rw=${kind}`, `--size=${kind === 'randread' ? '100%' : bytes}`, ...shared]);
    const { stdout } = await promisify(execFile)('fio', jobs, { maxBuffer: 1 << 26 });
    const results = (JSON.parse(stdout.slice(stdout.indexOf('{'))) as { jobs: readonly FioResult[] }).jobs;
    const samples = parts.map(({ kind }, i) => {
      const result = results[i];
      const moved = kind === 'write' ? result?.write : result?.read;
      if (result === undefined || moved === undefined || moved.io_bytes < bytes) throw wrongValue('fio', `moved ${moved?.io_bytes ?? 0} of ${bytes} bytes`);
      return { seconds: moved.io_bytes / moved.bw_bytes, cpuSeconds: ((result.usr_cpu + result.sys_cpu) / 100) * (result.job_runtime / 1e3) };
    });
    return { seconds: Math.max(...samples.map((s) => s.seconds)) / work, cpuSeconds: samples.reduce((sum, s) => sum + s.cpuSeconds, 0) / work };
  } finally {
    if (before !== undefined) await writeFile(HUGE_PAGES, before);
  }
}

interface FioResult {
  readonly read: { readonly io_bytes: number; readonly bw_bytes: number };
  readonly write: { readonly io_bytes: number; readonly bw_bytes: number };
  readonly usr_cpu: number;
  readonly sys_cpu: number;
  /** Milliseconds. */
  readonly job_runtime: number;
}

/** Reserves huge pages for so many jobs; gives how many there were before, or undefined where this user may not. */
async function reserve(jobs: number): Promise<string | undefined> {
  const before = (await readFile(HUGE_PAGES, 'utf8')).trim();
  try {
    await writeFile(HUGE_PAGES, String(Number(before) + jobs * RESERVED));
    return before;
  } catch {
    return undefined;
  }
}
