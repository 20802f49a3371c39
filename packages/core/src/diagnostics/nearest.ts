/** Longer names are not compared, so that a hostile one costs nothing. */
const LONGEST = 64;
/** Names that are looked at; of more, the first ones. */
const MOST = 4096;

/** At most three of `known` within a third of the name's length in edits, nearest first: for "did you mean". */
export function nearest(name: string, known: Iterable<string>): readonly string[] {
  if (name.length > LONGEST) return [];
  const within = Math.max(1, Math.floor(name.length / 3));
  const near: { readonly known: string; readonly distance: number }[] = [];
  let looked = 0;
  for (const candidate of known) {
    if (looked++ >= MOST) break;
    if (Math.abs(candidate.length - name.length) > within) continue;
    const distance = editDistance(name, candidate);
    if (distance <= within) near.push({ known: candidate, distance });
  }
  return near.sort((a, b) => a.distance - b.distance || (a.known < b.known ? -1 : 1)).slice(0, 3).map((n) => n.known);
}

/** `; did you mean x or y?`, or nothing. */
export function meant(names: readonly string[]): string {
  return names.length === 0 ? '' : `; did you mean ${names.map((n) => `\`${n}\``).join(' or ')}?`;
}

/** Edits from one to the other: a character more, less, another, or two neighbours in the wrong order. */
function editDistance(a: string, b: string): number {
  let [before, row]: [number[], number[]] = [[], Array.from({ length: b.length + 1 }, (_, j) => j)];
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const other = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1] ? (before[j - 2] ?? 0) + 1 : Infinity;
      next.push(Math.min(other, swapped, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    [before, row] = [row, next];
  }
  return row[b.length] ?? 0;
}
