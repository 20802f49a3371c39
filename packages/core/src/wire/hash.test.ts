import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import type { Attribute } from '../ir/attributes.ts';
import { canonical, equal } from '../ir/canonical.ts';
import type { Program } from '../ir/program.ts';
import { isType, parseType } from '../ir/types.ts';
import type { Type } from '../ir/types.ts';
import { isSluiceError } from '../diagnostics/error.ts';
import { chunks } from '../verify/valid-fixture.ts';
import { decode } from './decode.ts';
import { encode } from './encode.ts';
import { programSection } from './encode-program.ts';
import { hashOf } from './hash.ts';
import { randomProgram } from './random-fixture.ts';

test('is the SHA-256 of the tag and the section of the program', () => {
  const expected = createHash('sha256').update('sluice program 1\n').update(programSection(chunks()).bytes).digest('hex');
  expect(hashOf(chunks())).toBe(expected);
});

test('is pinned: what is cached under it is found again by the next version', () => {
  expect(hashOf(chunks())).toMatchInlineSnapshot(`"8d7dcf0b37deac50391db9848e9ac176367637aab62abbe2e565c46afc93b4b3"`);
});

test('is the same for equal programs: other numbering, no debug tables, clones, decoded ones', () => {
  for (let seed = 0; seed < 100; seed++) {
    const p = randomProgram(seed);
    const hashes = [p, canonical(p), structuredClone(p), decode(encode(p, { debug: false })), { ...p, span: undefined }].map(hashOf);
    expect([...new Set(hashes)], `SEED=${seed}`).toEqual(hashes.slice(0, 1));
  }
});

type Place = string | number;
type Change = (program: Program) => void;

/** What is no part of the meaning, and what only numbers it: the lists of these are changed in length alone. */
const SKIPPED = new Set<Place>(['debug', 'span', 'valueTypes', 'opNames']);
const NUMBERS = new Set<Place>(['args', 'results']);

/**
 * Every change that can be made to a single field of the data, by the path to it. It is found by walking the data, so
 * that a field which is added some day is tested from that day on.
 */
function changesOf(program: Program): readonly (readonly [path: string, change: Change])[] {
  const changes: (readonly [string, Change])[] = [];
  const visit = (node: unknown, path: readonly Place[], body: Program['body']): void => {
    const last = path.at(-1) as Place;
    const within = path.at(-2) as Place;
    const add = (what: string, make: (old: never) => unknown) => changes.push([`${path.join('.')} ${what}`, (p) => {
      let parent = p as unknown as Record<Place, unknown>;
      for (const step of path.slice(0, -1)) parent = parent[step] as Record<Place, unknown>;
      parent[last] = make(parent[last] as never);
    }]);
    if (isType(node)) return void add('type', (old: Type) => (old.spelling === 'u32' ? parseType('f32') : parseType('u32')));
    switch (typeof node) {
      case 'string':
        if (last === 'kind' && isAttribute(at(program, path.slice(0, -1)))) return;
        if (last !== 'kind') add('text', (old: string) => `${old}x`);
        return;
      case 'bigint':
        // The lowest bit: every type has it. -0.0 and 0.0 differ by one bit too, and so do NaNs.
        return void add('bit', (old: bigint) => old ^ 1n);
      case 'boolean':
        return void add('flag', (old: boolean) => !old);
      case 'number':
        if (NUMBERS.has(within)) return;
        if (last === 'name') return void (body.opNames.length > 1 && add('op', (old: number) => (old + 1) % body.opNames.length));
        if (within === 'operands') return void (body.valueTypes.length > 1 && add('operand', (old: number) => (old + 1) % body.valueTypes.length));
        return void add('number', (old: number) => old + 1);
      case 'object': {
        if (Array.isArray(node)) {
          if (node.length > 0 && last !== 'workgroup') add('one fewer', (old: unknown[]) => old.slice(0, -1));
          for (const [i, each] of node.entries()) visit(each, [...path, i], body);
          return;
        }
        if (isAttribute(node)) {
          add('another kind', (): Attribute => (node.kind === 'symbol' ? { kind: 'enum', value: 'x' } : { kind: 'symbol', name: 'x' }));
          add('nested', (old: Attribute): Attribute => ({ kind: 'list', items: [old] }));
        }
        if (last === 'attrs') add('one more', (old: Record<string, Attribute>) => ({ ...old, 'one more': { kind: 'bool', value: true } }));
        if (last === 'attrs') for (const key of Object.keys(node as object)) add(`${key} renamed`, (old: Record<string, Attribute>) => Object.fromEntries(Object.entries(old).map(([k, v]) => [k === key ? 'another key' : k, v])));
        const own = (node as Partial<Program>).body ?? body;
        for (const key of Object.keys(node as object)) if (!SKIPPED.has(key)) visit((node as Record<string, unknown>)[key], [...path, key], own);
        return;
      }
      default:
        if (node !== undefined) throw new Error(`${path.join('.')} is a ${typeof node}`);
    }
  };
  for (const key of Object.keys(program)) if (!SKIPPED.has(key)) visit(program[key as keyof Program], [key], program.body);
  // What every op's name and every value's type refer to.
  for (const [i, owner] of [program, ...program.kernels].entries()) {
    const bodyIn = (p: Program) => (i === 0 ? p : p.kernels[i - 1] as Program['kernels'][number]).body as unknown as { opNames: string[]; valueTypes: Type[] };
    const whole = canonical({ ...program, body: owner.body }).body;
    for (const [n, id] of owner.body.opNames.entries()) if (whole.opNames.includes(id)) changes.push([`op name ${n}`, (p) => void (bodyIn(p).opNames[n] += 'x')]);
    for (const v of usedIn(owner.body)) changes.push([`value type ${v}`, (p) => void (bodyIn(p).valueTypes[v] = parseType(owner.body.valueTypes[v]?.spelling === 'u32' ? 'f32' : 'u32'))]);
  }
  return changes;
}

function isAttribute(node: unknown): node is Attribute {
  const kind = typeof node === 'object' && node !== null ? (node as { kind?: unknown }).kind : undefined;
  return typeof kind === 'string' && ['scalar', 'bool', 'string', 'enum', 'type', 'symbol', 'list'].includes(kind);
}

function at(program: Program, path: readonly Place[]): unknown {
  return path.reduce<unknown>((node, step) => (node as Record<Place, unknown>)[step], program);
}

function usedIn({ region }: Program['body']): ReadonlySet<number> {
  const used = new Set<number>(region.args);
  for (const op of region.ops) {
    for (const v of [...op.operands, ...op.results]) used.add(v);
    for (const inner of op.regions) for (const v of usedIn({ region: inner } as Program['body'])) used.add(v);
  }
  return used;
}

/** A copy that may be written to; types stay as they are. */
function copyOf<T>(node: T): T {
  if (typeof node !== 'object' || node === null || isType(node) || node instanceof Map) return node;
  if (Array.isArray(node)) return node.map(copyOf) as T;
  return Object.fromEntries(Object.entries(node).map(([key, each]) => [key, copyOf(each)])) as T;
}

test('is another one after a change of any field of generated programs', () => {
  let [tried, differ] = [0, 0];
  for (const p of [chunks(), ...Array.from({ length: 8 }, (_, seed) => randomProgram(seed))]) {
    const before = hashOf(p);
    for (const [path, change] of changesOf(p)) {
      const q = copyOf(p);
      change(q);
      let after: string;
      try {
        after = hashOf(q);
      } catch (error) {
        // No program any more: a value that is defined twice, or text where there must be none.
        if (isSluiceError(error) && error.code === 'wire/unencodable') continue;
        throw error;
      }
      tried++;
      // What nothing defines is told apart by its use alone: two such values may change places without a difference.
      if ((after === before) !== equal(p, q)) throw new Error(`${p.name}: ${path}: equal is ${equal(p, q)}, and the hashes are ${after === before ? 'the same' : 'different'}`);
      if (after !== before) differ++;
      else if (p.name === 'chunks') throw new Error(`${path} does not count`);
    }
  }
  expect(tried).toBeGreaterThan(4_000);
  expect(differ / tried).toBeGreaterThan(0.999);
}, 60_000);
