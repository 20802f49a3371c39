import { Handle } from './memory.ts';
import type { Base } from './memory.ts';

/** The holds that one run has on memory, so that whatever happens each is given back once. */
export class Holds {
  readonly #held = new Map<Base, number>();

  /** Takes one more hold of a handle; a stale one has none. */
  hold(value: unknown): void {
    if (!(value instanceof Handle) || !value.live) return;
    value.base.hold();
    this.adopt(value.base);
  }

  /** Takes over a hold on `base` that was made elsewhere. */
  adopt(base: Base): void {
    this.#held.set(base, (this.#held.get(base) ?? 0) + 1);
  }

  /** Hands a hold over to somebody else. */
  disown(base: Base): void {
    const held = (this.#held.get(base) ?? 0) - 1;
    if (held > 0) this.#held.set(base, held);
    else this.#held.delete(base);
  }

  release(base: Base): void {
    this.disown(base);
    base.drop();
  }

  /** Ends all handles of the program's own memory; it is given back when the tasks that use it are done. */
  free({ base }: Handle): void {
    base.generation++;
    const held = this.#held.get(base) ?? 0;
    this.#held.delete(base);
    for (let i = 0; i < held; i++) base.drop();
  }

  /** Lets go of everything that is left. */
  end(): void {
    this.#held.forEach(dropAll);
    this.#held.clear();
  }
}

function dropAll(count: number, base: Base): void {
  for (let i = 0; i < count; i++) base.drop();
}
