import { meant, nearest } from '../diagnostics/nearest.ts';
import { LIMITS } from './limits.ts';
import type { Found } from './problems.ts';
import type { Reader } from './reader.ts';

/**
 * The ops of a text that nobody registered. One whose types are all written is read, and left to the verifier, which knows
 * more to say. It is not asked about a text that has problems, so there such ops are problems of the text too.
 */
export class UnknownOps {
  readonly #reader: Reader;
  /** The first use of each that is not reported. */
  readonly #left = new Map<string, Pick<Found, 'at' | 'where'>>();
  readonly #reported = new Set<string>();

  constructor(reader: Reader) {
    this.#reader = reader;
  }

  /** The op `id` is used at `at`. */
  use(id: string, at: number): void {
    if (this.#left.size < LIMITS.problems && !this.#left.has(id)) this.#left.set(id, { at, where: this.#reader.where() });
  }

  /** Something in the op at `at` follows from its record alone. */
  needed(id: string, at: number): void {
    this.#reported.add(id);
    const near = this.#near(id);
    this.#reader.wrong('text/unknown-op', at, messageOf(id, near), 'correct the name, import the plugin that declares it, or write the types of its results and literals behind a colon', near);
  }

  /** At the end of the text: reports those that were left, each once, if there is another problem. */
  finish(): void {
    const { problems, registry } = this.#reader;
    if (problems.none || registry === undefined) return;
    for (const [id, { at, where }] of this.#left) {
      if (this.#reported.has(id)) continue;
      const near = this.#near(id);
      problems.addLate({ code: 'text/unknown-op', message: messageOf(id, near), fix: 'correct the name, or import the plugin that declares it', at, where, available: near });
    }
  }

  #near(id: string): readonly string[] {
    return nearest(id, this.#reader.registry?.ops.keys() ?? []);
  }
}

function messageOf(id: string, near: readonly string[]): string {
  return `\`${id}\` is not a registered op${meant(near)}`;
}
