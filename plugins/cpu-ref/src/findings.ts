import { SluiceError } from '@sluice/core';
import type { Where } from '@sluice/core';
import type { WrittenBytes } from './unwritten.ts';
import type { AccessKind, Watch } from './watch.ts';

/** Findings that an error lists; more are counted. */
const LISTED = 10;

export const CODES = {
  'cpu-ref/race': { family: 'run', summary: 'Two accesses to one element, at least one of which writes, that nothing orders in the run made; found by `detect: [\'races\']`.' },
  'cpu-ref/uninitialised': { family: 'run', summary: 'A load of an element that nothing wrote: of workgroup memory, or of a buffer allocated with `init: \'none\'`; found by `detect: [\'uninitialised\']`.' },
  'cpu-ref/shadow-limit': { family: 'run', summary: 'What the detectors must remember of a launch does not fit into `shadowBytes`, or the launch is longer than they can count.' },
} as const;

/** What an error says of one access, in `details.accesses`. */
interface Access extends Where {
  readonly access: AccessKind;
  /** The global id; absent where the workgroup acts as one. */
  readonly invocation?: Triple;
  readonly workgroup: Triple;
}

/** For each parameter, which of its bytes are written: undefined where all are. */
export type Written = readonly (WrittenBytes | undefined)[];

export interface Watched {
  readonly watch: Watch;
  readonly kernel: Where;
  readonly workgroup: Triple;
  readonly written: Written;
}

type Triple = readonly [number, number, number];

/** What the detectors remember of one launch, and what they found. */
export class Findings {
  readonly #run: Watched;
  readonly #errors: SluiceError[] = [];
  readonly #known = new Set<number>();
  #bytes = 0;
  /** Of each workgroup that ran: its first segments, and its id. */
  readonly #firsts = { storage: [] as number[], workgroup: [] as number[] };
  readonly #ids: Triple[] = [];

  constructor(run: Watched) {
    this.#run = run;
  }

  /** @throws SluiceError `cpu-ref/shadow-limit` */
  shadow(count: number, words: number): Uint32Array {
    return this.#claim(count * words * 4, () => new Uint32Array(count * words));
  }

  /** One entry for each byte of a parameter, or for each element of workgroup memory: 0 where nothing was written. */
  written(buffer: number, count: number): Uint8Array | undefined {
    const param = this.#run.watch.buffers[buffer]?.param;
    if (param !== undefined) {
      const bytes = this.#run.written[param];
      return bytes === undefined ? undefined : this.#claim(bytes.byteLength, () => bytes.view());
    }
    return this.#claim(count, () => new Uint8Array(count));
  }

  #claim<T>(bytes: number, allocate: () => T): T {
    this.#bytes += bytes;
    const limit = this.#run.watch.detect.shadowBytes;
    const takes = `the shadow of a launch of \`${this.#run.kernel.kernel ?? ''}\` takes ${this.#bytes} bytes or more`;
    if (this.#bytes > limit) throw this.#limit(`${takes}, the limit is ${limit}`, 'launch it on smaller buffers, raise `shadowBytes`, or run it without `detect`');
    try {
      return allocate();
    } catch (cause) {
      throw this.#limit(`${takes}, which this process does not get: ${cause instanceof Error ? cause.message : String(cause)}`, 'launch it on smaller buffers, or run it without `detect`');
    }
  }

  /** Ends the launch. @throws SluiceError `cpu-ref/shadow-limit` */
  exhausted(): never {
    throw this.#limit(`a launch of \`${this.#run.kernel.kernel ?? ''}\` has more invocations and barriers than the detectors can count`, 'launch fewer workgroups');
  }

  #limit(message: string, fix: string): SluiceError {
    return new SluiceError({ code: 'cpu-ref/shadow-limit', family: 'run', message, fix, where: this.#run.kernel });
  }

  workgroup(storage: number, workgroup: number, x: number, y: number, z: number): void {
    this.#firsts.storage.push(storage);
    this.#firsts.workgroup.push(workgroup);
    this.#ids.push([x, y, z]);
  }

  race(buffer: number, element: number, earlier: number, earlierSite: number, later: number, laterSite: number): void {
    if (!this.#isNew(buffer, Math.min(earlierSite, laterSite), Math.max(earlierSite, laterSite))) return;
    const { label, memory } = this.#run.watch.buffers[buffer] ?? { label: '', memory: 'storage' };
    const [a, b] = [this.#access(memory, earlier, earlierSite), this.#access(memory, later, laterSite)];
    const same = a.workgroup.every((n, i) => n === b.workgroup[i]);
    this.#errors.push(new SluiceError({
      code: 'cpu-ref/race', family: 'run',
      message: `a race on element ${element} of ${label}: ${inWords(a)}, and ${inWords(b)}, with ${same ? 'no barrier between them' : 'nothing between them, for workgroups of one launch are not ordered'}`,
      fix: same ? `put a barrier for ${memory === 'storage' ? 'storage' : 'workgroup memory'} between them, behind an \`async_copy\` its wait; or make both atomic` : 'give each workgroup elements of its own, make both accesses atomic, or split the kernel into two launches',
      where: whereOf(b), details: { buffer: label, element, accesses: [a, b], ...this.#seed },
    }));
  }

  uninitialised(buffer: number, element: number, segment: number, site: number): void {
    if (!this.#isNew(buffer, site, this.#run.watch.sites.length)) return;
    const { label, memory, where } = this.#run.watch.buffers[buffer] ?? { label: '', memory: 'storage', where: {} };
    const access = this.#access(memory, segment, site);
    this.#errors.push(new SluiceError({
      code: 'cpu-ref/uninitialised', family: 'run',
      message: `${inWords(access)} reads element ${element} of ${label}, which nothing wrote`,
      fix: memory === 'storage' ? 'write it first, or allocate it without `init: \'none\'`' : 'store to it first; it reads as zero, if that is what is meant store the zero',
      where: whereOf(access), details: { buffer: label, element, accesses: [access], declared: { ...where }, ...this.#seed },
    }));
  }

  get #seed(): { readonly seed?: number } {
    const { seed } = this.#run.watch.detect;
    return seed === undefined ? {} : { seed };
  }

  /** The same two ops on the same buffer are told once; a load of what nothing wrote has no second one. */
  #isNew(buffer: number, site: number, other: number): boolean {
    const most = this.#run.watch.sites.length + 1;
    const finding = (buffer * most + site) * most + other;
    if (this.#known.has(finding)) return false;
    this.#known.add(finding);
    return this.#known.size <= LISTED;
  }

  #access(memory: 'storage' | 'workgroup', segment: number, site: number): Access {
    const firsts = this.#firsts[memory];
    const index = lastAtMost(firsts, segment);
    const workgroup = this.#ids[index] ?? [0, 0, 0];
    const local = (segment - (firsts[index] ?? 0)) % this.#run.watch.places;
    const { kind, where } = this.#run.watch.sites[site] ?? { kind: 'load', where: {} };
    if (local === this.#run.watch.places - 1) return { ...where, access: kind, workgroup };
    const [sx, sy, sz] = this.#run.workgroup;
    const at = [local % sx, Math.floor(local / sx) % sy, Math.floor(local / (sx * sy))] as const;
    return { ...where, access: kind, workgroup, invocation: [workgroup[0] * sx + at[0], workgroup[1] * sy + at[1], workgroup[2] * sz + at[2]] };
  }

  /** What the launch fails with; undefined where nothing was found. */
  error(): SluiceError | undefined {
    const [first] = this.#errors;
    if (first === undefined || this.#known.size === 1) return first;
    const more = this.#known.size - this.#errors.length;
    return new SluiceError({
      code: first.code, family: 'run', fix: first.fix, where: this.#run.kernel, problems: this.#errors,
      message: `the detectors found ${this.#known.size} faults in kernel \`${this.#run.kernel.kernel ?? ''}\`${more > 0 ? `, of which the first ${this.#errors.length} are told` : ''}`,
      details: { found: this.#known.size, ...this.#seed },
    });
  }
}

function lastAtMost(sorted: readonly number[], value: number): number {
  let [low, high] = [0, sorted.length];
  while (low + 1 < high) {
    const middle = (low + high) >>> 1;
    if ((sorted[middle] ?? 0) <= value) low = middle;
    else high = middle;
  }
  return low;
}

function whereOf({ program, kernel, op, path, span }: Access): Where {
  return { program, kernel, op, path, span };
}

function inWords({ op = 'an op', path, span, invocation, workgroup }: Access): string {
  return `\`${op}\`${place(path, span)} by ${invocation === undefined ? `workgroup (${workgroup.join(', ')}) as one` : `invocation (${invocation.join(', ')})`}`;
}

function place(path: string | undefined, span: Where['span']): string {
  const source = span === undefined ? '' : `${span.file}:${span.line}:${span.column}`;
  const parts = [path ?? '', source].filter((part) => part !== '');
  return parts.length === 0 ? '' : ` (${parts.join(', ')})`;
}
