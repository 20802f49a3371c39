import { SluiceError } from '../diagnostics/error.ts';
import type { Attribute, Attributes } from '../ir/attributes.ts';

/** An op that has another name now: programs that were written before are given the new one when they are read. */
export interface Migration {
  /** The id that nobody registers any more. */
  readonly from: string;
  /** The id that it has now, or that is the `from` of a later migration. */
  readonly to: string;
  /** Attributes that have another name now, new name by old one. */
  readonly attrs?: Readonly<Record<string, string>>;
}

/**
 * Migrations by the id that they are for, each followed to the op that it ends at.
 * @throws SluiceError `wire/migration-cycle`; `wire/migration` for two of the same id
 */
export class Migrations {
  readonly #rows = new Map<string, Migration>();

  constructor(rows: Iterable<Migration>) {
    for (const row of rows) {
      const other = this.#rows.get(row.from);
      if (other !== undefined && other !== row) throw new SluiceError({ code: 'wire/migration', message: `\`${row.from}\` is renamed twice, to \`${other.to}\` and to \`${row.to}\``, fix: 'keep one of them' });
      this.#rows.set(row.from, row);
    }
    const ends = new Set<string>();
    for (const from of this.#rows.keys()) this.#follow(from, ends);
  }

  has(id: string): boolean {
    return this.#rows.has(id);
  }

  /** What `id` is called now. */
  id(id: string): string {
    return this.#of(id).at(-1)?.to ?? id;
  }

  /**
   * The attributes of an op that was called `id`; the same record where none has another name.
   * @throws SluiceError `wire/migration` where the new name is taken
   */
  attributes(id: string, attrs: Attributes): Attributes {
    let now = attrs;
    for (const { attrs: renamed = {}, to } of this.#of(id)) {
      if (!Object.keys(renamed).some((old) => Object.hasOwn(now, old))) continue;
      const entries = new Map<string, Attribute>();
      for (const [old, a] of Object.entries(now)) {
        const key = Object.hasOwn(renamed, old) ? (renamed[old] as string) : old;
        if (entries.has(key)) throw new SluiceError({ code: 'wire/migration', message: `\`${id}\` has two attributes that \`${to}\` calls \`${key}\``, fix: 'mend the migration, or the program' });
        entries.set(key, a);
      }
      now = Object.fromEntries(entries);
    }
    return now;
  }

  #of(id: string): readonly Migration[] {
    const steps: Migration[] = [];
    for (let row = this.#rows.get(id); row !== undefined; row = this.#rows.get(row.to)) steps.push(row);
    return steps;
  }

  /** `ends`: ids from which every way is known to end. */
  #follow(from: string, ends: Set<string>): void {
    const path: string[] = [];
    for (let id = from; this.#rows.has(id) && !ends.has(id); id = (this.#rows.get(id) as Migration).to) {
      if (path.includes(id)) {
        const cycle = [...path.slice(path.indexOf(id)), id];
        throw new SluiceError({ code: 'wire/migration-cycle', message: `renamed ops go in a circle: ${cycle.map((c) => `\`${c}\``).join(' -> ')}`, fix: 'let each chain of renamed ops end at an op that is registered', details: { cycle } });
      }
      path.push(id);
    }
    for (const id of path) ends.add(id);
  }
}
