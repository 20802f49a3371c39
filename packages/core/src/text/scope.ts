import type { ValueId } from '../ir/program.ts';

/** What a value is called in a text: by name, or by number. */
export type Label = string | number;

/** A number at most so far behind the highest one so far has a slot in an array; others are kept like names. */
const STRIDE = 64;

/** The values of one body by what they are called: a region sees those of the regions around it, until it ends. */
export class Scope {
  /** Value id + 1 by number; 0 where it is not here. */
  readonly #numbered: ValueId[] = [];
  readonly #named = new Map<Label, ValueId>();
  /** What the open regions define, in order. */
  readonly #trail: Label[] = [];

  /** The value that is seen as `%label`, -1 where there is none. */
  numbered(label: number): ValueId {
    const slot = label < this.#numbered.length ? (this.#numbered[label] as number) : 0;
    return slot > 0 || this.#named.size === 0 ? slot - 1 : this.named(label);
  }

  named(label: Label): ValueId {
    return this.#named.get(label) ?? -1;
  }

  /** Makes `id` seen as `label` until the region ends that is open. It must not be seen already. */
  define(label: Label, id: ValueId): void {
    this.#trail.push(label);
    const numbered = this.#numbered;
    if (typeof label === 'string' || label > numbered.length + STRIDE) {
      this.#named.set(label, id);
      return;
    }
    while (numbered.length <= label) numbered.push(0);
    numbered[label] = id + 1;
  }

  /** Opens a region; what it gives is for `close`. */
  open(): number {
    return this.#trail.length;
  }

  close(mark: number): void {
    const trail = this.#trail;
    for (let i = trail.length - 1; i >= mark; i--) {
      const label = trail[i] as Label;
      if (typeof label === 'number' && label < this.#numbered.length && this.#numbered[label] !== 0) this.#numbered[label] = 0;
      else this.#named.delete(label);
    }
    trail.length = mark;
  }

  /** What is seen, the latest first: for "did you mean". */
  *seen(): Generator<string> {
    for (let i = this.#trail.length - 1; i >= 0; i--) yield String(this.#trail[i]);
  }
}
