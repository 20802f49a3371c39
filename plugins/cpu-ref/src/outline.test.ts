import { control, defineKernel, f32, i32, i64, Registry, u32, u64 } from '@sluice/core';
import type { KernelIr, Value } from '@sluice/core';
import { describe, expect, test } from 'vitest';
import { compileKernel } from './compile.ts';
import { locals } from './elements.ts';
import { FUNCTION_TEXT, outline } from './outline.ts';
import { plugin } from './plugin.ts';
import { interpret } from './testing/interpreter.ts';

const registry = new Registry().with(plugin);

/** The functions of generated code, by name, with the length of their text. */
function functionsOf(text: string): readonly { readonly name: string; readonly size: number }[] {
  const starts = [...text.matchAll(/^function (c\d+)\(|^return \{ kind/gm)];
  return starts.map((m, i) => ({ name: m[1] ?? 'kernel', size: (starts[i + 1]?.index ?? text.length) - (m.index ?? 0) }));
}

function agrees(kernel: KernelIr, n: number): string {
  const start = Uint32Array.from({ length: 16 }, (_, i) => Math.imul(i + 1, 2654435761) >>> 0);
  const [expected, found] = [start.slice(), start.slice()];
  interpret(kernel, registry, 3, [expected, n]);
  const compiled = compileKernel(kernel, registry, 65536);
  const code = compiled.bind({ groups: [3, 1, 1], args: [found, n] });
  if (code.kind !== 'rows') throw new Error('expected rows');
  for (const turn of code.row(0, 0)) expect(turn).toBeGreaterThan(0);
  expect(found).toEqual(expected);
  return compiled.text;
}

/** `count` ops on values of every type, each used by later ones; gives a u32 that depends on them. */
function long(count: number, seed: number, start: readonly Value<'u32'>[]): Value<'u32'> {
  let state = seed;
  const below = (n: number) => ((state = (Math.imul(state, 1664525) + 1013904223) >>> 0) >>> 8) % n;
  const pools = { u: [...start], i: [i32(-5)], wide: [i64(-7)], uwide: [u64(2n ** 63n)], f: [f32(1.5)], b: [start[0]?.lt(5) ?? u32(0).eq(0)] };
  const pick = <T>(pool: readonly T[]): T => pool[Math.max(0, pool.length - 1 - below(12))] as T;
  const ops: readonly (() => unknown)[] = [
    () => pools.u.push(pick(pools.u).add(pick(pools.u))), () => pools.u.push(pick(pools.u).xor(pick(pools.i).to('u32'))), () => pools.u.push(pick(pools.b).select(pick(pools.u), 3)),
    () => pools.i.push(pick(pools.i).sub(pick(pools.u).to('i32'))), () => pools.i.push(pick(pools.i).mul(pick(pools.i))), () => pools.u.push(pick(pools.u).mul(0x9e3779b1)),
    () => pools.wide.push(pick(pools.wide).add(pick(pools.i).to('i64'))), () => pools.uwide.push(pick(pools.uwide).mul(pick(pools.u).to('u64'))), () => pools.i.push(pick(pools.wide).to('i32')),
    () => pools.f.push(pick(pools.f).mul(0.5).add(pick(pools.u).and(255).to('f32'))), () => pools.u.push(pick(pools.f).to('u32')), () => pools.u.push(pick(pools.uwide).shr(32).to('u32')),
    // Each uses the last one: an unused condition is refused.
    () => pools.b.push(pick(pools.u).lt(pick(pools.u)).xor(pools.b.at(-1) ?? true)),
  ];
  for (let i = 0; i < count; i++) ops[below(ops.length)]?.();
  return pools.u.slice(-4).concat(pools.b.slice(-2).map((b) => b.select(u32(1), 2)), pools.wide.slice(-1).map((v) => v.to('u32')), pools.i.slice(-1).map((v) => v.to('u32'))).reduce((a, b) => a.add(b));
}

const SPEC = { params: { data: 'buffer<u32, read_write>', n: 'u32' }, workgroup: 3 } as const;

describe('a long kernel', () => {
  test('in one stretch is several functions, none over the limit by more than one op', () => {
    const text = agrees(defineKernel('straight', SPEC, ({ data, n }, { global }) => data.store(global.x, long(6000, 1, [global.x, n]))), 5);
    const functions = functionsOf(text);
    expect(functions.length).toBeGreaterThan(5);
    for (const f of functions) expect(f.size, f.name).toBeLessThan(FUNCTION_TEXT * 1.25);
  });

  test('whose loop bodies and branches are long, with ways out between', () => {
    const kernel = defineKernel('loops', SPEC, ({ data, n }, { global }) => {
      const sum = control.for({ from: u32(0), to: n }, { a: global.x, b: u32(1) }, (i, { a, b }) => {
        const first = long(1500, 2, [i, a, b]);
        control.if(first.and(15).eq(3), () => control.continue({ a: b, b: first }));
        const second = control.if(first.and(1).eq(0), () => long(1500, 3, [first, b]), () => long(1500, 4, [first, a]));
        control.if(second.and(31).eq(1), () => control.break({ a: first, b: second }));
        control.if(second.and(31).eq(2), () => {
          data.atomicXor(global.x, second);
          control.return();
        });
        return { a: b, b: long(1500, 5, [second, i]) };
      });
      const counted = control.for({ to: 3 }, sum.a, (i, c) => long(1500, 6, [i, c, sum.b]));
      data.store(global.x, counted.add(sum.b));
    });
    const functions = functionsOf(agrees(kernel, 20));
    expect(functions.length).toBeGreaterThan(8);
    for (const f of functions) expect(f.size, f.name).toBeLessThan(FUNCTION_TEXT * 2);
  });

  test('a short one stays in one piece', () => {
    expect(functionsOf(agrees(defineKernel('short', SPEC, ({ data, n }, { global }) => data.store(global.x, long(300, 1, [global.x, n]))), 5))).toHaveLength(1);
  });
});

describe('outline', () => {
  /** Filler of about 2,000 characters that uses and declares nothing. */
  const filler = (n: number) => `b0[${n}] = 1; ${'//'.padEnd(2000, '.')}`;
  const run = (items: readonly string[], types: Readonly<Record<string, string>>) => {
    const declared: string[] = [];
    let serial = 0;
    const out = outline(items.map((text) => ({ text, stays: text.includes('foreign') })), { localOf: (name) => locals[types[name] ?? ''], fresh: (hint) => `${hint}${serial++}`, declare: (text) => declared.push(text), parameters: 'gx' });
    return { out, declared };
  };
  const fillers = (count: number) => Array.from({ length: count }, (_, i) => filler(i));

  test('carries what is alive in and out', () => {
    const { out, declared } = run(['const v1 = gx;', 'b0[0] = 5; yield 1;', 'const v2 = v1 + 1;', ...fillers(10), 'const v3 = v2 > 2;', 'yield v2;', 'b0[1] = v3;', ...fillers(10)], { v1: 'u32', v2: 'u32', v3: 'bool' });
    expect(declared[0]?.split('\n').filter((l) => !l.startsWith('b0['))).toEqual(['function c0(gx) {', 'let v1 = F[0] >>> 0;', 'const v2 = v1 + 1;', 'const v3 = v2 > 2;', 'F[0] = v2;', 'F[1] = v3 ? 1 : 0;', '}']);
    expect(out.slice(0, 3)).toEqual(['const v1 = gx;', 'b0[0] = 5; yield 1;', 'F[0] = v1;\nc0(gx);\nlet v2 = F[0] >>> 0;\nlet v3 = F[1] === 1;']);
  });

  test.each([
    ['a yield', 'yield 1;'], ['a jump to a label outside', 'if (gx) break L9;'], ['a continue of a loop outside', 'continue L9;'], ['an assignment to a variable outside', 'v9 = 4;'],
    ['a local of an unknown type', 'b0[0] = v404;'], ['what stays', 'foreign();'],
  ])('leaves %s where it is', (_, item) => {
    const { out } = run([...fillers(10), item, ...fillers(10)], { v9: 'u32' });
    expect(out.join('\n')).toContain(item);
  });

  test('moves loops with jumps of their own', () => {
    const item = 'let v1 = 0;\nL1: for (; v1 < 5; v1 = v1 + 1) {\nif (v1 > 3) break L1;\n}';
    const { out, declared } = run([...fillers(3), item, ...fillers(20)], { v1: 'u32' });
    expect(out.join('\n')).not.toContain('L1');
    expect(declared.join('\n')).toContain(item);
  });

  test('leaves short code alone', () => {
    expect(run(fillers(5), {}).out).toEqual(fillers(5));
  });
});
