import type { Attribute } from '../ir/attributes.ts';
import type { ScalarType } from '../ir/types.ts';

/** Literals of each type that are remembered: a hostile text has no two alike. */
const MOST = 4096;

/** The scalars of a text: each literal is made once, and what it stands for is shared. */
export class Scalars {
  readonly #byType = new Map<ScalarType, Map<string, Attribute>>();

  get(type: ScalarType, text: string): Attribute | undefined {
    return this.#byType.get(type)?.get(text);
  }

  add(type: ScalarType, text: string, bits: bigint): Attribute {
    const attribute: Attribute = { kind: 'scalar', type, bits };
    let known = this.#byType.get(type);
    if (known === undefined) this.#byType.set(type, (known = new Map()));
    if (known.size < MOST) known.set(text, attribute);
    return attribute;
  }
}
