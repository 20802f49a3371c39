/** Longer names are not compared, so that a hostile one costs nothing. */
const LONGEST = 64;
/** Names that are looked at; of more, the first ones. */
const MOST = 4096;

/** Names that are given. */
const GIVEN = 3;

/** At most three of `known` within a third of the name's length in edits, nearest first: for "did you mean". */
export function nearest(name: string, known: Iterable<string>): readonly string[] {
  if (name.length > LONGEST) return [];
  let within = Math.max(1, Math.floor(name.length / 3));
  const near: { readonly known: string; readonly distance: number }[] = [];
  const edits = editsFrom(name, within);
  let looked = 0;
  for (const candidate of known) {
    if (looked++ >= MOST) break;
    const distance = edits(candidate, within);
    if (distance > within || near.some((n) => n.known === candidate)) continue;
    near.push({ known: candidate, distance });
    near.sort((a, b) => a.distance - b.distance || (a.known < b.known ? -1 : 1)).splice(GIVEN);
    // Only what is as near as the last one may still take its place.
    within = near[GIVEN - 1]?.distance ?? within;
  }
  return near.map((n) => n.known);
}

/** `; did you mean x or y?`, or nothing. */
export function meant(names: readonly string[]): string {
  return names.length === 0 ? '' : `; did you mean ${names.map((n) => `\`${n}\``).join(' or ')}?`;
}

/**
 * Gives the edits from `name` to another: a character more, less, another, or two neighbours in the wrong order. Looks for
 * at most `within` of them, a number up to `most`, and gives a greater one where it takes more.
 */
function editsFrom(name: string, most: number): (to: string, within: number) => number {
  const width = name.length + most + 2;
  let [before, row, next] = [new Uint8Array(width), new Uint8Array(width), new Uint8Array(width)];
  return (to, within) => {
    if (Math.abs(to.length - name.length) > within) return within + 1;
    for (let j = 0; j <= to.length; j++) row[j] = j;
    for (let i = 1; i <= name.length; i++) {
      // Where more characters are added or left out than there may be edits, it is never worth looking.
      const [from, end] = [Math.max(1, i - within), Math.min(to.length, i + within)];
      next[from - 1] = from === 1 ? i : within + 1;
      if (end === i + within) row[end] = within + 1;
      let least = next[from - 1] as number;
      const c = name.charCodeAt(i - 1);
      for (let j = from; j <= end; j++) {
        const d = to.charCodeAt(j - 1);
        let edits = row[j - 1] as number;
        if (c !== d) {
          edits = 1 + Math.min(edits, row[j] as number, next[j - 1] as number);
          if (i > 1 && j > 1 && c === to.charCodeAt(j - 2) && d === name.charCodeAt(i - 2)) edits = Math.min(edits, (before[j - 2] as number) + 1);
        }
        next[j] = edits;
        if (edits < least) least = edits;
      }
      if (least > within) return least;
      [before, row, next] = [row, next, before];
    }
    return row[to.length] as number;
  };
}
