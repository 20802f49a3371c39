import { describe, expect, test, vi } from 'vitest';
import { codes, equal, isSluiceError, print, Registry } from '../src/index.ts';
import { parse } from '../src/text/parse.ts';
import { drawing, randomProgram } from './random-ir.ts';
import type { Draw } from './random-ir.ts';

vi.setConfig({ testTimeout: 600_000 });

const seeds = process.env['SEED'] === undefined ? Array.from({ length: Number(process.env['PROGRAMS'] ?? 400) }, (_, i) => i + 1) : [Number(process.env['SEED'])];

/** A registry that knows no op. Random attributes are none that records have, and records refuse those. */
const registry = Object.create(new Registry(), { lookup: { value: () => undefined } }) as Registry;

describe('print and parse', () => {
  test('what is printed reads back as an equal program, and prints the same again', () => {
    const ids = [...new Registry().ops.keys()];
    for (const seed of seeds) {
      const program = randomProgram(seed, ids);
      const text = print(program);
      const read = parse(text, registry);
      if (!equal(read, program)) throw new Error(`SEED=${seed}: not equal\n${text}\n\nand again:\n${print(read)}`);
      expect(print(read), `SEED=${seed}`).toBe(text);
      expect(parse(print(read), registry).body.debug.names, `SEED=${seed}`).toEqual(read.body.debug.names);
    }
  });
});

describe('every op of the registry', () => {
  test.each([...new Registry().ops.keys()])('%s with literals for operands is read, or refused with codes', (id) => {
    const full = new Registry();
    for (const literal of ['1', 'true', 'nan', '1: u32', '-1: i64', '0.5: f16', '1: vec2<f32>', '1: buffer<u32, read>']) {
      for (let count = 0; count < 6; count++) {
        const op = `${id} ${Array.from({ length: count }, () => literal).join(', ')}`;
        for (const text of [op, `%r = ${op}`, `%r, %s = ${op} () {\n}`, `%r: f32 = ${op} {to = u32, value = 1: f32}`]) {
          try {
            parse(`program p() {\n  ${text}\n}`, full);
          } catch (error) {
            if (!isSluiceError(error) || !error.code.startsWith('text/')) throw new Error(text, { cause: error });
          }
        }
      }
    }
  });
});

/** Ways to damage a text at a place. */
const MUTATIONS: readonly ((text: string, at: number, other: number, draw: Draw) => string)[] = [
  (text, at, _, draw) => text.slice(0, at) + String.fromCharCode(draw(4) === 0 ? draw(65536) : draw(128)) + text.slice(at + 1),
  (text, at, other) => text.slice(0, Math.min(at, other)) + text.slice(Math.max(at, other)),
  (text, at) => text.slice(0, at),
  (text, at, other, draw) => text.slice(0, at) + text.slice(other, other + draw(60)) + text.slice(at),
  (text, at, _, draw) => text.slice(0, at) + (['{', '}', '(', ')', '"', "'", '\n', '//', '%', '=', ',', ':', '->', '@', '[', '<', '0x', '-', '\\', '%1', ' : u32', 'program', 'kernel k() {', '\u0000', '\ud800'][draw(25)] as string) + text.slice(at),
];

describe('damaged texts', () => {
  test('give a program or coded problems, each with a place in the text', () => {
    const full = new Registry();
    const ids = [...full.ops.keys()];
    let [read, refused] = [0, 0];
    for (const seed of seeds) {
      const draw = drawing(seed ^ 0x5eed);
      let text = print(randomProgram(seed, ids));
      for (let n = 1 + draw(4); n > 0; n--) {
        const mutate = MUTATIONS[draw(MUTATIONS.length)] as (typeof MUTATIONS)[number];
        text = mutate(text, draw(text.length + 1), draw(text.length + 1), draw);
      }
      try {
        const program = parse(text, draw(2) === 0 ? registry : full, { file: 'damaged.slu' });
        expect(equal(parse(print(program), registry), program), `SEED=${seed}`).toBe(true);
        read++;
      } catch (error) {
        refused++;
        if (!isSluiceError(error) || !error.code.startsWith('text/')) throw new Error(`SEED=${seed}: ${String(error)}`, { cause: error });
        const problems = error.problems.length === 0 ? [error] : error.problems;
        const lines = text.split(/\r\n|\n|\r/);
        for (const { code, fix, where } of problems) {
          const { line = 0, column = 0, file } = where?.span ?? {};
          if (!(code in codes) || fix === '' || file !== 'damaged.slu' || line < 1 || line > lines.length || column < 1 || column > (lines[line - 1]?.length ?? 0) + 1) {
            throw new Error(`SEED=${seed}: ${code} at ${line}:${column}`, { cause: error });
          }
        }
      }
    }
    if (seeds.length > 100) expect([read > 0, refused > 0]).toEqual([true, true]);
  });
});
