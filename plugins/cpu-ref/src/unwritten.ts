import type { LaunchArg } from '@sluice/core';

/** Which bytes of a launch argument were written, one entry for each, from the argument's first byte on: 0 where not. */
export interface WrittenBytes {
  /** Of all of the allocation. */
  readonly byteLength: number;
  view(): Uint8Array;
}

/** What a device knows of the allocations that nothing but its launches wrote. */
export class Unwritten {
  readonly #known = new WeakMap<object, Uint8Array>();

  /** For each argument, undefined where all of it counts as written. */
  of(args: readonly LaunchArg[]): readonly (WrittenBytes | undefined)[] {
    return args.map((arg) => (arg.kind === 'buffer' && arg.unwritten !== undefined ? this.#bytes(arg, arg.unwritten) : undefined));
  }

  #bytes({ memory }: Extract<LaunchArg, { kind: 'buffer' }>, mark: object): WrittenBytes {
    const { of: { byteLength } = memory, offset = 0 } = memory.view ?? {};
    return {
      byteLength,
      view: () => {
        const known = this.#known.get(mark) ?? new Uint8Array(byteLength);
        this.#known.set(mark, known);
        return known.subarray(offset, offset + memory.byteLength);
      },
    };
  }
}
