import { toBits } from '@sluice/core';
import type { Launch, ScalarType, ScalarValue } from '@sluice/core';
import type { LoweredKernel } from '../lower/lowered.ts';

type Triple = readonly [number, number, number];

/** What one dispatch of a launch adds to it. */
export interface Dispatch {
  /** Id of its first workgroup in the whole launch. */
  readonly base: Triple;
  readonly groups: Triple;
}

type Field =
  | { readonly kind: 'groups' | 'base'; readonly at: number }
  | { readonly kind: 'count'; readonly at: number; readonly param: number }
  | { readonly kind: 'offset'; readonly at: number; readonly param: number; readonly name: string; readonly wordBytes: number }
  | { readonly kind: 'scalar'; readonly at: number; readonly param: number; readonly type: ScalarType };

/** The record of a kernel's launches, filled in anew for each dispatch. */
export class RecordWriter {
  readonly #fields: readonly Field[];
  readonly #words: Uint32Array;
  readonly #floats: Float32Array;

  constructor({ record, bindings }: LoweredKernel) {
    this.#words = new Uint32Array(record.byteLength / 4);
    this.#floats = new Float32Array(this.#words.buffer);
    this.#fields = record.fields.map((field): Field => {
      const at = field.offset / 4;
      switch (field.kind) {
        case 'groups':
        case 'base':
          return { kind: field.kind, at };
        case 'count':
          return { kind: field.kind, at, param: field.param };
        case 'offset':
          return { kind: field.kind, at, param: field.param, name: field.name, wordBytes: bindings.find((b) => b.param === field.param)?.wordBytes ?? 1 };
        case 'scalar':
          return { kind: field.kind, at, param: field.param, type: field.type };
      }
    });
  }

  /** The words of the record, until it is called again. */
  of(launch: Launch, { base }: Dispatch): Uint32Array {
    for (const field of this.#fields) this.#write(field, launch, base);
    return this.#words;
  }

  #write(field: Field, { groups, args }: Launch, base: Triple): void {
    const { at } = field;
    switch (field.kind) {
      case 'groups':
        return this.#triple(at, groups);
      case 'base':
        return this.#triple(at, base);
      case 'count': {
        const arg = args[field.param];
        this.#words[at] = arg?.kind === 'buffer' ? arg.count : 0;
        return;
      }
      case 'offset': {
        const arg = args[field.param];
        const start = (arg?.kind === 'buffer' ? (arg.memory.view?.offset ?? 0) : 0) / field.wordBytes;
        if (!Number.isInteger(start)) throw new RangeError(`\`${field.name}\` starts at byte ${start * field.wordBytes} of a buffer, within a word of ${field.wordBytes}: such views are copied first`);
        this.#words[at] = start;
        return;
      }
      case 'scalar': {
        const arg = args[field.param];
        return this.#scalar(at, field.type, arg?.kind === 'scalar' ? arg.value : undefined);
      }
    }
  }

  #triple(at: number, [x, y, z]: Triple): void {
    this.#words[at] = x;
    this.#words[at + 1] = y;
    this.#words[at + 2] = z;
  }

  #scalar(at: number, type: ScalarType, value: ScalarValue | undefined): void {
    if (value === undefined || typeof value === 'boolean') this.#words[at] = Number(value ?? 0);
    else if (typeof value === 'number' && type.name === 'f32') this.#floats[at] = value;
    else if (typeof value === 'number' && (type.name === 'u32' || type.name === 'i32')) this.#words[at] = value;
    else this.#words[at] = Number(toBits(type.name, value) & 0xffff_ffffn);
  }
}

/** The dispatches of a launch: more than one where it has more workgroups in a dimension than the device takes at once. */
export function dispatchesOf([x, y, z]: Triple, most: number): readonly Dispatch[] {
  if (x <= most && y <= most && z <= most) return [{ base: [0, 0, 0], groups: [x, y, z] }];
  const cuts = (n: number) => Array.from({ length: Math.ceil(n / most) }, (_, i) => [i * most, Math.min(most, n - i * most)] as const);
  return cuts(z).flatMap(([bz, gz]) => cuts(y).flatMap(([by, gy]) => cuts(x).map(([bx, gx]): Dispatch => ({ base: [bx, by, bz], groups: [gx, gy, gz] }))));
}
