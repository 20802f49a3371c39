import { defineKernel, defineProgram, kernel } from '@sluice/core';
import type { Program, Value } from '@sluice/core';

type U32 = Value<'u32'>;

type OperationName = 'add' | 'sub' | 'mul' | 'and' | 'or' | 'xor' | 'shl' | 'shr' | 'min';
/** One u32 op, in IR and as one writes it in JavaScript. */
interface Operation {
  readonly inIr: (a: U32, b: U32 | number) => U32;
  readonly inJavaScript: (a: string, b: string) => string;
}

const OPERATIONS: Readonly<Record<OperationName, Operation>> = {
  add: { inIr: (a, b) => a.add(b), inJavaScript: (a, b) => `(${a} + ${b}) >>> 0` },
  sub: { inIr: (a, b) => a.sub(b), inJavaScript: (a, b) => `(${a} - ${b}) >>> 0` },
  mul: { inIr: (a, b) => a.mul(b), inJavaScript: (a, b) => `Math.imul(${a}, ${b}) >>> 0` },
  and: { inIr: (a, b) => a.and(b), inJavaScript: (a, b) => `(${a} & ${b}) >>> 0` },
  or: { inIr: (a, b) => a.or(b), inJavaScript: (a, b) => `(${a} | ${b}) >>> 0` },
  xor: { inIr: (a, b) => a.xor(b), inJavaScript: (a, b) => `(${a} ^ ${b}) >>> 0` },
  shl: { inIr: (a, b) => a.shl(b), inJavaScript: (a, b) => `(${a} << ${b}) >>> 0` },
  shr: { inIr: (a, b) => a.shr(b), inJavaScript: (a, b) => `${a} >>> ${b}` },
  min: { inIr: (a, b) => a.min(b), inJavaScript: (a, b) => `Math.min(${a}, ${b})` },
};

/** `to = from op by`; variables are numbered, `by` may be a literal. */
export interface Step {
  readonly op: OperationName;
  readonly to: number;
  readonly from: number;
  readonly by: { readonly variable: number } | { readonly literal: number };
}

const [A, B, C, D, SCRATCH] = [0, 1, 2, 3, 4] as const;
const ODD = 'odd', COUNT = 'count';
/** One round of mixing. What is in A to D can be recovered from what comes out: no bit drowns, however many rounds. */
const ROUND: readonly (readonly [op: Step['op'], to: number, from: number, by: number | typeof ODD | typeof COUNT])[] = [
  ['add', A, A, B], ['mul', A, A, ODD], ['shr', SCRATCH, A, COUNT], ['xor', B, B, SCRATCH],
  ['sub', C, C, A], ['shl', SCRATCH, C, COUNT], ['xor', D, D, SCRATCH], ['and', SCRATCH, A, ODD],
  ['add', C, C, SCRATCH], ['or', SCRATCH, B, ODD], ['sub', D, D, SCRATCH], ['min', SCRATCH, A, B], ['xor', C, C, SCRATCH],
];

/** `ops` simple u32 ops that depend on each other, the same ones for the same number. */
export function arithmetic(ops: number): readonly Step[] {
  return Array.from({ length: ops }, (_, i): Step => {
    const [op, to, from, by] = ROUND[i % ROUND.length] ?? ['add', A, A, B];
    const turn = Math.floor(i / ROUND.length);
    const variable = (role: number) => (role === SCRATCH ? SCRATCH : (role + turn) % SCRATCH);
    return { op, to: variable(to), from: variable(from), by: typeof by === 'number' ? { variable: variable(by) } : { literal: by === ODD ? (Math.imul(i + 1, 0x9e3779b1) | 1) >>> 0 : 1 + (i % 31) } };
  });
}

/** Applies the steps to each of the first `n` elements of `y`, one invocation each. */
export function arithmeticProgram(steps: readonly Step[]): Program<{ y: 'GpuBufferHandle'; n: 'u32' }> {
  const mix = defineKernel('mix', { params: { y: 'buffer<u32, read_write>' }, workgroup: 64 }, ({ y }, { global: { x } }) => {
    const start = y.load(x);
    const variables: U32[] = [start, start.add(x), start.xor(x), x, x];
    const at = (variable: number): U32 => variables[variable] ?? start;
    for (const { op, to, from, by } of steps) variables[to] = OPERATIONS[op].inIr(at(from), 'literal' in by ? by.literal : at(by.variable));
    y.store(x, at(A).xor(at(B)).xor(at(C)).xor(at(D)));
  });
  return defineProgram('arithmetic', { y: 'GpuBufferHandle', n: 'u32' }, ({ y, n }) => kernel.launch(mix, n, { y }));
}

/** The same as one loop over the array, with a variable for each variable and a line for each step. */
export function arithmeticInJavaScript(steps: readonly Step[]): (y: Uint32Array) => void {
  const lines = steps.map(({ op, to, from, by }) => `v${to} = ${OPERATIONS[op].inJavaScript(`v${from}`, 'literal' in by ? String(by.literal) : `v${by.variable}`)};`);
  const text = [
    'for (let x = 0; x < y.length; x++) {',
    'let v0 = y[x], v1 = (v0 + x) >>> 0, v2 = (v0 ^ x) >>> 0, v3 = x, v4 = x;',
    ...lines,
    'y[x] = v0 ^ v1 ^ v2 ^ v3;',
    '}',
  ];
  // oxlint-disable-next-line no-new-func, typescript/no-implied-eval -- as many lines as the kernel has ops, for any number of ops
  return new Function('y', text.join('\n')) as (y: Uint32Array) => void;
}
