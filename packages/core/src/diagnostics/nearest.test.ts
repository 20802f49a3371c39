import { describe, expect, test } from 'vitest';
import { drawing } from '../../tests/random-ir.ts';
import { nearest } from './nearest.ts';

/** The edits by their definition, in every cell of the table. */
function editsBetween(a: string, b: string): number {
  const rows = Array.from({ length: a.length + 1 }, (_, i) => Array.from({ length: b.length + 1 }, (__, j) => (i === 0 ? j : j === 0 ? i : 0)));
  const at = (i: number, j: number) => rows[i]![j]!;
  for (let i = 1; i <= a.length; i++) {
    for (let j = 1; j <= b.length; j++) {
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1] ? at(i - 2, j - 2) + 1 : Infinity;
      rows[i]![j] = Math.min(at(i - 1, j - 1) + (a[i - 1] === b[j - 1] ? 0 : 1), at(i - 1, j) + 1, at(i, j - 1) + 1, swapped);
    }
  }
  return at(a.length, b.length);
}

/** What `nearest` gives, by its definition. */
function nearestOf(name: string, known: readonly string[]): readonly string[] {
  const within = Math.max(1, Math.floor(name.length / 3));
  return [...new Set(known)].map((k) => ({ k, edits: editsBetween(name, k) })).filter(({ edits }) => edits <= within)
    .sort((a, b) => a.edits - b.edits || (a.k < b.k ? -1 : 1)).slice(0, 3).map(({ k }) => k);
}

describe('the nearest names', () => {
  test.each([
    ['control.retrun', ['control.return', 'control.trap', 'arith.add'], ['control.return', 'control.trap']],
    ['ab', ['ba', 'abc', 'b', 'xb', 'xyz'], ['abc', 'b', 'ba']],
    ['x', ['y', 'ab', ''], ['', 'y']],
    ['', ['', 'a', 'ab'], ['', 'a']],
  ])('of %j', (name, known, expected) => expect(nearest(name, known)).toEqual(expected));

  test.each(Array.from({ length: 40 }, (_, seed) => [seed]))('are those of the definition, seed %i', (seed) => {
    const draw = drawing(seed);
    const word = (most: number, letters: string) => Array.from({ length: draw(most + 1) }, () => letters[draw(letters.length)]).join('');
    const edited = (name: string) => Array.from({ length: draw(12) }).reduce((text: string) => {
      const at = draw(text.length + 1);
      return text.slice(0, at) + word(2, 'abcx') + text.slice(at + draw(2));
    }, name);
    for (let run = 0; run < 50; run++) {
      const name = run % 2 === 0 ? word(24, 'abc_') : word(64, 'abcdef');
      const known = Array.from({ length: draw(10) }, () => (run % 2 === 0 ? word(24, 'abc_') : edited(name)));
      expect(nearest(name, known), JSON.stringify({ name, known })).toEqual(nearestOf(name, known));
    }
  });

  test('are none of a name that is too long to compare', () => expect(nearest('a'.repeat(65), ['a'.repeat(65)])).toEqual([]));
});
