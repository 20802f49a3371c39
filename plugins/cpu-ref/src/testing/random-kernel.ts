import { control, defineKernel, i32, u32, u64 } from '@sluice/core';
import type { BufferView, KernelIr, Value } from '@sluice/core';

type U32 = Value<'u32'>;

interface Context {
  readonly data: BufferView<'u32', 'read_write'>;
  readonly below: (n: number) => number;
  /** How many levels may still open. */
  readonly depth: number;
  /** Ways out of where the block stands; each is given some value to leave with. */
  readonly leaves: readonly ((v: U32) => void)[];
}

/** A kernel of nested loops and branches, with every way out of them, over a u32 buffer and a u32. It always ends. */
export function randomKernel(seed: number): KernelIr {
  let state = seed;
  const below = (n: number): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return (state >>> 8) % n;
  };
  return defineKernel(`random${seed}`, { params: { data: 'buffer<u32, read_write>', n: 'u32' }, workgroup: 3 }, ({ data, n }, { global }) => {
    const leaves = [() => control.return()];
    data.store(global.x, block([global.x, n, u32(below(100)), data.length], { data, below, depth: 3, leaves }));
  });
}

/** Some statements; gives a value that depends on the last ones. */
function block(values: readonly U32[], context: Context): U32 {
  const { data, below, depth } = context;
  const known = [...values];
  const pick = (): U32 => known[below(known.length)] as U32;
  const deeper: Context = { ...context, depth: depth - 1 };
  const inner = (extra: readonly U32[], more: readonly ((v: U32) => void)[]): U32 => block([...known, ...extra], { ...deeper, leaves: more.length === 0 ? context.leaves : [() => control.return(), ...more] });
  const condition = () => pick().and(3).ne(below(4));

  const plain: readonly (() => U32 | undefined)[] = [
    () => pick().add(pick()),
    () => pick().mul(pick()).xor(below(1000)),
    () => data.load(pick().rem(20)),
    () => {
      data.store(pick().rem(20), pick());
      return undefined;
    },
    () => data.atomicAdd(pick().rem(20), pick()),
  ];
  const nested: readonly (() => U32 | undefined)[] = [
    () => control.if(condition(), () => inner([], []), () => inner([], [])),
    () => {
      const leave = context.leaves[below(context.leaves.length)];
      control.if(condition(), () => {
        data.atomicXor(pick().rem(16), pick());
        leave?.(pick());
      });
      return undefined;
    },
    () =>
      control.for({ from: below(3), to: 3 + below(5), step: 1 + below(3) }, { a: pick(), b: pick() }, (i, { a, b }) => {
        const state = (v: U32) => ({ a: b, b: v });
        return state(inner([i, a, b], [(v) => control.break(state(v)), (v) => control.continue(state(v))]));
      }).b,
    () =>
      control.for({ from: u32(below(2)), to: pick().rem(6), step: pick().rem(2).add(1) }, pick(), (i, c) => inner([i, c], [(v) => control.break(v), (v) => control.continue(v)])),
    () =>
      control.for({ from: i32(below(4)), to: pick().rem(5).to('i32').neg(), step: i32(-1 - below(2)) }, pick(), (i, c) => inner([i.to('u32'), c], [(v) => control.break(v), (v) => control.continue(v)])),
    () =>
      control.for({ from: u64(2n ** 40n), to: pick().rem(4).to('u64').add(2n ** 40n), step: u64(1) }, pick(), (i, c) => inner([i.to('u32'), c], [(v) => control.break(v), (v) => control.continue(v)])),
    () =>
      control.while({ left: pick().rem(5), a: pick() }, ({ left, a }) => left.ne(0).and(a.ne(7)), ({ left, a }) => {
        const state = (v: U32) => ({ left: left.sub(1), a: v });
        return state(inner([left, a], [(v) => control.break({ left, a: v }), (v) => control.continue(state(v))]));
      }).a,
  ];
  for (let count = 2 + below(4); count > 0; count--) {
    const kinds = depth > 0 && below(2) === 0 ? nested : plain;
    const made = kinds[below(kinds.length)]?.();
    if (made !== undefined) known.push(made);
  }
  return known.slice(-3).reduce((a, b) => a.add(b));
}
