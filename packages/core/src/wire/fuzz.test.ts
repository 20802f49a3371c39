import { describe, expect, test } from 'vitest';
import { codes } from '../diagnostics/codes.ts';
import { isSluiceError } from '../diagnostics/error.ts';
import { equal } from '../ir/canonical.ts';
import type { Program } from '../ir/program.ts';
import { walkOps } from '../ir/program.ts';
import { Registry } from '../registry/registry.ts';
import { chunks } from '../verify/valid-fixture.ts';
import { verify } from '../verify/verify.ts';
import { checksumOf } from './checksum.ts';
import { decode } from './decode.ts';
import { encode } from './encode.ts';
import { HEADER } from './format.ts';
import { drawing, randomProgram } from './random-fixture.ts';
import type { Draw } from './random-fixture.ts';

/*
 * Files damaged at random, most with a checksum that fits again: whatever comes of it is a program within the bounds or
 * a coded error with an offset. A failure names its seed; run it alone with SEED=<seed>. MUTANTS=<n> runs more.
 */
const COUNT = Number(process.env['MUTANTS'] ?? 8000);
const seeds = process.env['SEED'] === undefined ? Array.from({ length: COUNT }, (_, i) => i) : [Number(process.env['SEED'])];
const registry = new Registry();

/** Small enough that a mutant can be over them. */
const LIMITS = { ops: 400, values: 600, depth: 6, kernels: 4, params: 4, types: 24, opNames: 32, attributeBytes: 100_000 };

type Mutation = (bytes: Uint8Array, draw: Draw, other: Uint8Array) => Uint8Array;

const join = (...parts: readonly ArrayLike<number>[]) => Uint8Array.from(parts.flatMap((part) => Array.from(part)));
/** Anywhere behind the header. */
const at = (bytes: Uint8Array, draw: Draw) => HEADER.size + draw(Math.max(1, bytes.length - HEADER.size));
const set = (bytes: Uint8Array, place: number, value: number) => bytes.map((byte, i) => (i === place ? value : byte));

const MUTATIONS: readonly Mutation[] = [
  (b, draw) => {
    const place = at(b, draw);
    return set(b, place, (b[place] ?? 0) ^ (1 << draw(8)));
  },
  (b, draw) => set(b, at(b, draw), draw(256)),
  (b, draw) => set(b, at(b, draw), [0, 1, 0x7f, 0x80, 0xff][draw(5)] ?? 0),
  (b, draw) => set(b, draw(b.length), draw(256)),
  (b, draw) => b.slice(0, draw(b.length)),
  (b, draw) => {
    const place = at(b, draw);
    return join(b.slice(0, place), b.slice(place + 1 + draw(8)));
  },
  (b, draw) => {
    const place = at(b, draw);
    return join(b.slice(0, place), Array.from({ length: 1 + draw(8) }, () => draw(256)), b.slice(place));
  },
  // The largest counts and indices there are.
  (b, draw) => {
    const place = at(b, draw);
    return join(b.slice(0, place), [0xff, 0xff, 0xff, 0xff, draw(20)], b.slice(place + draw(6)));
  },
  (b, draw) => {
    const [from, to, length] = [at(b, draw), at(b, draw), draw(60)];
    return join(b.slice(0, to), b.slice(from, from + length), b.slice(to + (draw(2) === 0 ? length : 0)));
  },
  (b, draw, other) => {
    const [from, to, length] = [at(other, draw), at(b, draw), draw(200)];
    return join(b.slice(0, to), other.slice(from, from + length), b.slice(to + (draw(2) === 0 ? length : 0)));
  },
];

/** As if whoever damaged it had written a header that fits. */
function repaired(bytes: Uint8Array): Uint8Array {
  if (bytes.length < HEADER.size) return bytes;
  const view = new DataView(bytes.buffer);
  view.setUint32(HEADER.byteLength, bytes.length, true);
  view.setUint32(HEADER.checksum, checksumOf(bytes), true);
  return bytes;
}

function isWithin(p: Program): boolean {
  const bodies = [p, ...p.kernels].map((x) => x.body);
  const ops = bodies.reduce((sum, b) => sum + [...walkOps(b.region)].length, 0);
  const values = bodies.reduce((sum, b) => sum + b.valueTypes.length, 0);
  return ops <= LIMITS.ops && values <= LIMITS.values && p.kernels.length <= LIMITS.kernels && [p, ...p.kernels].every((x) => x.params.length <= LIMITS.params);
}

/** The code of what came of it, or `decoded`. */
function outcome(bytes: Uint8Array): string {
  let program: Program;
  try {
    program = decode(bytes, { limits: LIMITS });
  } catch (error) {
    if (!isSluiceError(error)) throw error;
    const { offset } = error.details;
    if (!error.code.startsWith('wire/') || !(error.code in codes) || error.fix === '' || typeof offset !== 'number' || !(offset >= 0 && offset <= bytes.length)) throw error;
    return error.code;
  }
  if (!isWithin(program)) throw new Error('over the bound');
  // What was decoded is data like any other: it can be judged, and written again.
  verify(program, registry);
  if (!equal(decode(encode(program)), program)) throw new Error('the program does not survive being written again');
  for (const { body } of [program, ...program.kernels]) if (body.debug.spans.size + body.debug.origins.size > 2 * LIMITS.ops) throw new Error('over the bound');
  return 'decoded';
}

describe('damaged files', () => {
  const originals = [encode(chunks(), { registry }), ...Array.from({ length: 60 }, (_, seed) => encode(randomProgram(seed), { registry, debug: seed % 2 === 0 }))].filter((b) => b.length < 6000);

  test(`${COUNT} of them give a program within bounds, or a coded error with an offset`, () => {
    const met = new Map<string, number>();
    for (const seed of seeds) {
      const draw = drawing(seed);
      const one = () => originals[draw(originals.length)] as Uint8Array;
      let bytes = Uint8Array.from(one());
      for (let n = 1 + draw(4); n > 0; n--) bytes = (MUTATIONS[draw(MUTATIONS.length)] as Mutation)(bytes, draw, one()) as typeof bytes;
      const repair = draw(5) > 0;
      try {
        const found = outcome(repair ? repaired(bytes) : bytes);
        met.set(found, (met.get(found) ?? 0) + 1);
      } catch (cause) {
        throw new Error(`SEED=${seed}: ${String(cause)}`, { cause });
      }
    }
    // The damage is wide enough to mean something: every way to fail was met, and some survived.
    if (seeds.length >= 8000) expect([...met.keys()].sort()).toEqual(expect.arrayContaining(['decoded', 'wire/checksum', 'wire/limit', 'wire/malformed', 'wire/not-wire', 'wire/truncated', 'wire/version']));
  }, 600_000);

  test('every single byte and every cut of a file is noticed without repair', () => {
    const bytes = encode(chunks(), { registry });
    for (let i = 0; i < bytes.length; i++) {
      for (const bit of [0, 7]) expect(outcome(set(bytes, i, (bytes[i] as number) ^ (1 << bit)))).not.toBe('decoded');
      expect(outcome(bytes.slice(0, i))).toMatch(/not-wire|truncated/);
    }
  });
});
