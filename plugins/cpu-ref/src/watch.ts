import type { Where } from '@sluice/core';
import type { References } from './elements.ts';
import { Findings } from './findings.ts';
import type { Written } from './findings.ts';

/** What a kernel is compiled to look for, and the order in which it runs. */
export interface Detect {
  readonly races: boolean;
  readonly uninitialised: boolean;
  /** Permutes the order in which workgroups and invocations run; absent, they run in order. */
  readonly seed?: number | undefined;
  /** Bytes of shadow memory that one launch may have. */
  readonly shadowBytes: number;
}

export type AccessKind = 'load' | 'store' | 'atomic';

/** An op that touches a buffer, or copies. */
export interface Site {
  readonly kind: AccessKind;
  readonly where: Where;
}

export interface WatchedBuffer {
  /** As a message names it. */
  readonly label: string;
  readonly where: Where;
  readonly memory: 'storage' | 'workgroup';
  readonly elementBytes: number;
  /** Which parameter of the kernel it is. */
  readonly param?: number;
  /** Its name in the generated code, and that of its number of elements or the number itself. */
  readonly name: string;
  readonly count: string;
}

interface Watched extends WatchedBuffer {
  readonly number: number;
  readonly uses: Set<AccessKind>;
}

/*
 * Every invocation has a number for each stretch of the launch between two barriers, its segment: `base` of the stretch
 * and its place in the workgroup, counted up over the whole launch. Accesses of different segments are ordered if both
 * belong to one workgroup (they are not below `first`) and a barrier stands between them (one is below `base`). Storage
 * and workgroup memory have clocks of their own, because a barrier may order the latter alone; 0 is no segment. Behind
 * the invocations comes one more place: what a workgroup does as one, by copies and uniform loads.
 *
 * Workgroups run one after the other, so a few segments of each element tell of any pair. Of stores the last is enough:
 * it is ordered behind those before it, or a race with one of them was found already. Of loads and of atomics, which
 * leave each other alone, two invocations of the last stretch, or one of an earlier workgroup, from which no barrier
 * parts what is to come.
 */
const CLOCKS = {
  storage: { base: 'sBase', first: 'sFirst', me: 'sMe' },
  workgroup: { base: 'mBase', first: 'mFirst', me: 'mMe' },
} as const;

/** Each use of an element, as pairs of a segment and the op: of a store one, of the others two. */
const ENTRIES: Readonly<Record<AccessKind, number>> = { store: 1, load: 2, atomic: 2 };
const KINDS: readonly AccessKind[] = ['store', 'load', 'atomic'];
const CONFLICTS: Readonly<Record<AccessKind, readonly AccessKind[]>> = { load: ['store', 'atomic'], store: KINDS, atomic: ['store', 'load'] };

/** Collects what the instrumented code of one kernel must know: its ops that touch memory, and their buffers. */
export class Watch {
  readonly detect: Detect;
  readonly sites: Site[] = [];
  readonly buffers: WatchedBuffer[] = [];
  /** Segments of one stretch: one for each invocation of a workgroup, and the last for the workgroup as one. */
  readonly places: number;
  readonly #byName = new Map<string, Watched>();
  readonly #invocations: number;

  constructor(detect: Detect, invocations: number) {
    this.detect = detect;
    this.places = invocations + 1;
    this.#invocations = invocations;
  }

  buffer(buffer: WatchedBuffer): void {
    this.#byName.set(buffer.name, { ...buffer, number: this.buffers.push(buffer) - 1, uses: new Set() });
  }

  site(kind: AccessKind, where: Where): number {
    return this.sites.push({ kind, where }) - 1;
  }

  /** An expression to be evaluated before an access of op `site` to that element, which is in bounds. */
  access(kind: AccessKind, buffer: string, index: string, site: number): string {
    const watched = this.#byName.get(buffer);
    if (watched === undefined) return 'undefined';
    watched.uses.add(kind);
    return `${kind}_${buffer}(${index}, ${site})`;
  }

  /** Names the segments of the invocation that goes on; stands in its function. */
  readonly resume = 'sMe = sBase + l; mMe = mBase + l;';

  /** Orders all that the workgroup did before what it does next. */
  barrier(memory: 'workgroup' | 'storage'): string {
    const step = `mBase = step(mBase);`;
    return memory === 'storage' ? `sBase = step(sBase); ${step}` : step;
  }

  /** What the workgroup does as one, between barriers of its own. */
  asOne(accesses: string): string {
    return `${this.barrier('storage')}\nsMe = sBase + ${this.#invocations}; mMe = mBase + ${this.#invocations};\n${accesses}\n${this.barrier('storage')}`;
  }

  /** `accesses` as those of a copy that may have run since the clocks stood at `sFrom` and `mFrom`. */
  since(sFrom: string, mFrom: string, accesses: string): string {
    const size = this.#invocations;
    return [
      this.barrier('storage'),
      `sMe = sBase + ${size}; mMe = mBase + ${size};`,
      'const sNow = sBase, mNow = mBase;',
      `sBase = ${sFrom}; mBase = ${mFrom};`,
      accesses,
      'sBase = sNow; mBase = mNow;',
      this.barrier('storage'),
    ].join('\n');
  }

  /** To be run when workgroup (wx, wy, wz) starts. */
  start(): string {
    const fresh = this.detect.uninitialised ? [...this.#byName.values()].filter((b) => b.memory === 'workgroup').map((b) => `written_${b.name}.fill(0);`) : [];
    return [this.barrier('storage'), 'sFirst = sBase; mFirst = mBase;', 'findings.workgroup(sFirst, mFirst, wx, wy, wz);', ...fresh].join('\n');
  }

  /** Declarations that stand before the kernel's code, once that is complete. */
  declarations(kernel: Where, workgroup: readonly [number, number, number], to: References): readonly string[] {
    const make = to.reference((written: Written) => new Findings({ kernel, workgroup, watch: this, written }));
    return [
      `var findings = ${make}(written), sBase = 0, sFirst = 0, sMe = 0, mBase = 0, mFirst = 0, mMe = 0;`,
      `function step(base) { return base < ${2 ** 32 - 2 * this.places} ? base + ${this.places} : findings.exhausted(); }`,
      ...[...this.#byName.values()].flatMap((buffer) => this.#buffer(buffer)),
    ];
  }

  #buffer(buffer: Watched): readonly string[] {
    const { name, count, number } = buffer;
    const { races, uninitialised } = this.detect;
    const watched = races && (buffer.uses.has('store') || buffer.uses.has('atomic'));
    const used = KINDS.filter((kind) => buffer.uses.has(kind));
    const words = 2 * used.reduce((sum, kind) => sum + ENTRIES[kind], 0);
    return [
      ...(watched ? [`var shadow_${name} = findings.shadow(${count}, ${words});`] : []),
      ...(uninitialised ? [`var written_${name} = findings.written(${number}, ${count});`] : []),
      ...used.map((kind) => [
        `function ${kind}_${name}(i, site) {`,
        ...(uninitialised ? [initialisation(buffer, kind)] : []),
        ...(watched ? [race(buffer, kind, used, words)] : []),
        '}',
      ].join('\n')),
    ];
  }
}

/** Says of a load that nothing wrote the element; an atomic, which changes it, counts as a store. */
function initialisation({ name, memory, elementBytes, number }: Watched, kind: AccessKind): string {
  const written = `written_${name}`;
  if (memory === 'workgroup') return kind === 'load' ? `if (${written}[i] === 0) findings.uninitialised(${number}, i, mMe, site);` : `${written}[i] = 1;`;
  const each = (then: string) => `if (${written} !== undefined) { for (let b = i * ${elementBytes}, end = b + ${elementBytes}; b < end; b += 1) ${then} }`;
  return each(kind === 'load' ? `if (${written}[b] === 0) { findings.uninitialised(${number}, i, sMe, site); break; }` : `${written}[b] = 1;`);
}

/** Compares an access with those that it conflicts with, and puts it down. */
function race({ name, memory, number }: Watched, kind: AccessKind, used: readonly AccessKind[], words: number): string {
  const shadow = `shadow_${name}`;
  const { base, first, me } = CLOCKS[memory];
  const placeOf = (of: AccessKind) => 2 * used.slice(0, used.indexOf(of)).reduce((sum, k) => sum + ENTRIES[k], 0);
  const at = (word: number) => (word === 0 ? `${shadow}[at]` : `${shadow}[at + ${word}]`);
  // A workgroup's memory is its own: what others left there is ordered.
  const unordered = memory === 'workgroup' ? `p >= ${base} && p !== ${me}` : `p !== 0 && p !== ${me} && (p < ${first} || p >= ${base})`;
  const ordered = memory === 'workgroup' ? `p < ${base}` : `p === 0 || (p >= ${first} && p < ${base})`;
  const compare = CONFLICTS[kind].filter((other) => used.includes(other)).flatMap((other) =>
    Array.from({ length: ENTRIES[other] }, (_, entry) => placeOf(other) + 2 * entry).map((word) => `p = ${at(word)};\nif (${unordered}) findings.race(${number}, i, p, ${at(word + 1)}, ${me}, site);`));
  const own = placeOf(kind);
  const put = (word: number) => `${at(word)} = ${me}; ${at(word + 1)} = site;`;
  const note = kind === 'store' ? put(own) : [
    `p = ${at(own)};`,
    `if (p !== ${me}) {`,
    `if (${ordered}) { ${put(own)} ${at(own + 2)} = 0; }`,
    `else if (p >= ${base} && ${at(own + 2)} === 0) { ${put(own + 2)} }`,
    '}',
  ].join('\n');
  return [`const at = i * ${words};`, 'let p;', ...compare, note].join('\n');
}
