import { isSluiceError } from '@sluice/core';
import { expect, test } from 'vitest';
import { codes } from '../src/codes.ts';
import { parseGguf } from '../src/gguf-header.ts';
import { parseSafetensors } from '../src/safetensors-header.ts';
import type { Header, Incomplete } from '../src/tensor.ts';
import { bytes, gguf, ggufFile, pattern, random, safetensors, u32, u64 } from './fixture.ts';

/*
 * Files damaged at random: what comes of it is a header whose tensors lie in the file, or a coded error. A failure names
 * its seed; run it alone with SEED=<seed>. MUTANTS=<n> runs more.
 */
const COUNT = Number(process.env['MUTANTS'] ?? 5000);
const seeds = process.env['SEED'] === undefined ? Array.from({ length: COUNT }, (_, i) => i + 1) : [Number(process.env['SEED'])];

type Parse = (bytes: Uint8Array, fileBytes: bigint, name: string) => Header | Incomplete;
const { pair, list, string } = gguf;
const FORMATS: Readonly<Record<string, { readonly parse: Parse; readonly whole: Uint8Array }>> = {
  safetensors: {
    parse: parseSafetensors,
    whole: safetensors({
      a: { dtype: 'F32', shape: [2, 3], data: pattern(24) }, b: { dtype: 'BF16', shape: [], data: pattern(2) },
      'c:d"': { dtype: 'F4', shape: [4], data: pattern(2) }, e: { dtype: 'U8', shape: [0], data: new Uint8Array() },
    }, { format: 'pt' }, 3),
  },
  gguf: {
    parse: parseGguf,
    whole: ggufFile(
      [pair('general.alignment', 4, u32(8)), pair('tokens', 9, list(8, [string('a'), string('bc')])), pair('nested', 9, list(9, [list(0, [Uint8Array.of(1)])])), pair('flag', 7, [1]), pair('n', 10, u64(7))],
      [{ name: 'w', type: 2, dimensions: [32, 2], data: pattern(36) }, { name: 'v', type: 0, dimensions: [3], data: pattern(12) }, { name: 'u', type: 30, dimensions: [0], data: new Uint8Array() }],
      8,
    ),
  },
};

type Draw = ReturnType<typeof random>;
const MUTATIONS: readonly ((b: Uint8Array, draw: Draw) => Uint8Array)[] = [
  (b, draw) => {
    const at = draw(b.length);
    return put(b, at, [(b[at] ?? 0) ^ (1 << draw(8))], 1);
  },
  (b, draw) => put(b, draw(b.length), [draw(256)], 1),
  (b, draw) => put(b, draw(b.length), ['{', '}', '"', ':', ',', '[', ']', '-', '9', '\\'][draw(10)]!, draw(2)),
  (b, draw) => b.slice(0, draw(b.length)),
  (b, draw) => put(b, draw(b.length), [], 1 + draw(8)),
  (b, draw) => put(b, draw(b.length), pattern(1 + draw(8), 1 + draw(99)), draw(2) * 4),
  // The largest lengths, counts and offsets there are, and those next to nothing.
  (b, draw) => put(b, draw(b.length), u64([2n ** 64n - 1n, 2n ** 63n, 2n ** 53n, 2n ** 32n, 0n, 1n][draw(6)]!), 8),
  (b, draw) => put(b, draw(b.length), u32([2 ** 32 - 1, 2 ** 31, 9, 0][draw(4)]!), 4),
  (b, draw) => {
    const [from, length] = [draw(b.length), draw(60)];
    return put(b, draw(b.length), b.slice(from, from + length), draw(2) * length);
  },
];

function put(b: Uint8Array, at: number, what: Uint8Array | readonly number[] | string, over: number): Uint8Array {
  return bytes(b.subarray(0, at), what, b.subarray(at + over));
}

/** As a file is read: a start of it, and more for as long as that is not enough. */
function parsed(parse: Parse, file: Uint8Array, first: number): Header {
  for (let length = Math.min(first, file.length); ; ) {
    const found = parse(file.subarray(0, length), BigInt(file.length), 'fuzzed');
    if (!('needs' in found)) return found;
    // Otherwise it would be read for ever.
    expect(found.needs).toBeGreaterThan(length);
    expect(found.needs).toBeLessThanOrEqual(file.length);
    length = Math.min(file.length, Math.max(found.needs, 2 * length));
  }
}

test.each(Object.entries(FORMATS))('damaged files in %s are refused with a code, or are within bounds', (_, { parse, whole }) => {
  const outcomes = { read: 0, refused: 0 };
  for (const seed of seeds) {
    const draw = random(seed);
    let file = whole;
    for (let i = 0; i <= draw(3); i++) file = file.length === 0 ? file : MUTATIONS[draw(MUTATIONS.length)]!(file, draw);
    const at = `SEED=${seed}`;
    try {
      const { tensors } = parsed(parse, file, draw(64));
      let end = 0n;
      for (const t of tensors) {
        expect(t.offset, at).toBeGreaterThanOrEqual(end);
        expect(t.byteLength, at).toBeGreaterThanOrEqual(0n);
        end = t.offset + t.byteLength;
        expect(t.shape.reduce((a, b) => a * b, 1), at).toBe(t.elements);
      }
      expect(end, at).toBeLessThanOrEqual(BigInt(file.length));
      outcomes.read++;
    } catch (error) {
      if (!isSluiceError(error)) throw error;
      expect(Object.keys(codes), at).toContain(error.code);
      expect([error.message, error.fix].every((text) => text.length > 0), at).toBe(true);
      outcomes.refused++;
    }
  }
  // Both happen often, or the mutants test nothing.
  if (seeds.length > 1) expect(Math.min(outcomes.read, outcomes.refused)).toBeGreaterThan(seeds.length / 50);
});
