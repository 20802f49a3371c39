import type { Op, ValueId } from '../ir/program.ts';
import { loadedType } from '../ir/types.ts';
import type { Type } from '../ir/types.ts';
import { defineDialect, defineOp } from '../ops/op.ts';
import type { OpSpec, VerifyContext } from '../ops/op.ts';
import { elementFault } from './buffer.ts';

const common = { dialect: 'control', version: '1.0.0', category: 'intrinsic' } as const;
const LEAVE = ['control.break', 'control.continue', 'control.return'] as const;

const ifOp = defineOp({
  ...common, id: 'control.if', level: 'both', summary: 'Runs one of two regions; its results are what that region yields.',
  operands: [{ name: 'condition', type: 'bool' }], results: [{ name: 'results', type: 'any', variadic: true }], traits: ['session'],
  regions: [
    { name: 'then', terminators: ['control.yield', ...LEAVE], catches: ['control.yield'], decidedBy: ['condition'], when: true },
    { name: 'otherwise', terminators: ['control.yield', ...LEAVE], catches: ['control.yield'], decidedBy: ['condition'], when: false, optional: true },
  ],
  flow: [
    { from: { region: 'then', terminators: ['control.yield'] }, to: 'results' },
    { from: { region: 'otherwise', terminators: ['control.yield'] }, to: 'results' },
  ],
  verify: (op, c) => {
    const results = op.results.map((v) => c.typeOf(v));
    for (let i = 0; i < op.regions.length; i++) {
      regionArgs(op, c, i, []);
      handsOn(c, c.caught(i), results, 0, 'the results of the if');
    }
    if (op.regions.length === 1 && results.length > 0) c.problem('verify/carried', 'an if with results has no `otherwise` region', 'give it one that yields the same types');
  },
} satisfies OpSpec);

const forOp = defineOp({
  ...common, id: 'control.for', level: 'both',
  summary: 'Counts from `from` up to, not including, `to`: max(0, ceil((to - from) / step)) iterations; the bounds are evaluated once; the index never wraps; step 0 fails.',
  typeVars: { T: ['u32', 'i32', 'u64', 'i64'] },
  operands: [{ name: 'from', type: 'T' }, { name: 'to', type: 'T' }, { name: 'step', type: 'T' }, { name: 'init', type: 'any', variadic: true }],
  results: [{ name: 'results', type: 'any', variadic: true }],
  traits: ['session'],
  regions: [{ name: 'body', terminators: ['control.yield', ...LEAVE], catches: ['control.yield', 'control.break', 'control.continue'], decidedBy: ['from', 'to', 'step'], repeats: true }],
  flow: [
    { from: 'from', to: 'body' },
    { from: 'init', to: 'body', at: 1 },
    { from: 'init', to: 'results' },
    { from: { region: 'body', terminators: ['control.yield', 'control.continue'] }, to: 'body', at: 1 },
    { from: { region: 'body', terminators: ['control.yield', 'control.continue', 'control.break'] }, to: 'results' },
  ],
  infer: (operands) => operands.slice(3),
  verify: (op, c) => {
    const carried = op.operands.slice(3).map((v) => c.typeOf(v));
    const index = op.operands[0];
    regionArgs(op, c, 0, index === undefined ? [] : [c.typeOf(index), ...carried]);
    handsOn(c, c.caught(0), carried, 0, 'the carried values of the loop');
  },
} satisfies OpSpec);

const whileOp = defineOp({
  ...common, id: 'control.while', level: 'both',
  summary: 'Runs `before`, which ends in `condition c, values`; while c is true, runs `after` with the values, whose yield feeds `before`; its results are the last values.',
  operands: [{ name: 'init', type: 'any', variadic: true }], results: [{ name: 'results', type: 'any', variadic: true }], traits: ['session'],
  regions: [
    { name: 'before', terminators: ['control.condition'], catches: ['control.condition'], decidedBy: [{ terminator: 'control.condition', operand: 0 }], repeats: true },
    { name: 'after', terminators: ['control.yield', ...LEAVE], catches: ['control.yield', 'control.break', 'control.continue'], decidedBy: [{ terminator: 'control.condition', operand: 0 }], repeats: true },
  ],
  flow: [
    { from: 'init', to: 'before' },
    { from: { region: 'before', terminators: ['control.condition'], skip: 1 }, to: 'after' },
    { from: { region: 'before', terminators: ['control.condition'], skip: 1 }, to: 'results' },
    { from: { region: 'after', terminators: ['control.yield', 'control.continue'] }, to: 'before' },
    { from: { region: 'after', terminators: ['control.break'] }, to: 'results' },
  ],
  verify: (op, c) => {
    const init = op.operands.map((v) => c.typeOf(v));
    const results = op.results.map((v) => c.typeOf(v));
    regionArgs(op, c, 0, init);
    regionArgs(op, c, 1, results);
    handsOn(c, c.caught(0), results, 1, 'the results of the loop');
    const leaves = c.caught(1);
    handsOn(c, leaves.filter((t) => c.opId(t) === 'control.break'), results, 0, 'the results of the loop');
    handsOn(c, leaves.filter((t) => c.opId(t) !== 'control.break'), init, 0, 'the initial values of the loop');
  },
} satisfies OpSpec);

function terminator<const Id extends `control.${string}`>(id: Id, summary: string) {
  return defineOp({ ...common, id, level: 'both', summary, operands: [{ name: 'values', type: 'any', variadic: true }], results: [], traits: ['terminator', 'session'] });
}

const condition = defineOp({
  ...common, id: 'control.condition', level: 'both', summary: 'Ends the `before` region of a while: goes on with the values, or leaves the loop with them.',
  operands: [{ name: 'condition', type: 'bool' }, { name: 'values', type: 'any', variadic: true }], results: [], traits: ['terminator', 'session'],
} satisfies OpSpec);

const barrier = defineOp({
  ...common, id: 'control.barrier', level: 'kernel',
  summary: 'Waits for every invocation of the workgroup; orders its accesses to workgroup memory (`workgroup`) or to buffers (`storage`) as well.',
  operands: [], results: [], attrs: { memory: { kind: 'enum', values: ['workgroup', 'storage'], default: 'workgroup' } }, traits: ['barrier'],
} satisfies OpSpec);

const uniformLoad = defineOp({
  ...common, id: 'control.uniform_load', level: 'kernel',
  summary: 'One element, read once for the whole workgroup, which asks for it as one: a barrier for workgroup memory and buffers, and the same value for every invocation; zero where the index is out of bounds.',
  typeVars: { A: ['read', 'read_write', 'workgroup'] },
  operands: [{ name: 'buffer', type: 'buffer<any, A>' }, { name: 'index', type: 'u32' }], results: [{ name: 'value', type: 'any' }],
  traits: ['barrier', 'uniform'], effects: [{ kind: 'read', on: 'buffer' }],
  infer: ([b]) => {
    const fault = b?.kind === 'buffer' ? elementFault(b.element) : 'it is not a buffer';
    return b?.kind === 'buffer' && fault === undefined ? [loadedType(b.element)] : `operand \`buffer\`: ${fault ?? ''}`;
  },
} satisfies OpSpec);

const trap = defineOp({
  ...common, id: 'control.trap', level: 'kernel',
  summary: 'Says that something is wrong: the first trap of a launch is recorded with its tag, `address` and the invocation. The launch runs to its end, what it writes from then on is unspecified, and the run fails with `message`.',
  operands: [{ name: 'address', type: 'u32' }], results: [], attrs: { tag: { kind: 'u32' }, message: { kind: 'string', default: '' } },
} satisfies OpSpec);

const assertOp = defineOp({
  ...common, id: 'control.assert', level: 'host', summary: 'Fails the run with `message` where the condition does not hold.',
  operands: [{ name: 'condition', type: 'bool' }], results: [], attrs: { message: { kind: 'string' } }, traits: ['session'],
} satisfies OpSpec);

/** Checks the block arguments of region `index`. */
function regionArgs(op: Op, c: VerifyContext, index: number, expected: readonly Type[]): void {
  const args = op.regions[index]?.args ?? [];
  if (areOfTypes(c, args, 0, expected)) return;
  c.problem('verify/region-args', `region ${index} of \`${c.opId(op)}\` has block arguments (${spell(c, args)}), expected (${expected.map((t) => t.spelling).join(', ')})`, 'give the region one block argument for each value that the op hands in');
}

/** Checks what terminators hand on, from operand `skip` on. */
function handsOn(c: VerifyContext, terminators: readonly Op[], expected: readonly Type[], skip: number, what: string): void {
  for (const t of terminators) {
    if (areOfTypes(c, t.operands, skip, expected)) continue;
    c.problem('verify/carried', `\`${c.opId(t)}\` hands on (${spell(c, t.operands.slice(skip))}), ${what} are (${expected.map((type) => type.spelling).join(', ')})`, 'hand on as many values, of the same types', t);
  }
}

/** Whether `values` from `skip` on are as many as `expected` and of those types. Allocates nothing: it runs for every loop and branch. */
function areOfTypes(c: VerifyContext, values: readonly ValueId[], skip: number, expected: readonly Type[]): boolean {
  if (values.length - skip !== expected.length) return false;
  for (let i = 0; i < expected.length; i++) {
    const value = values[skip + i];
    if (value === undefined || c.typeOf(value) !== expected[i]) return false;
  }
  return true;
}

function spell(c: VerifyContext, values: readonly ValueId[]): string {
  return values.map((v) => c.typeOf(v).spelling).join(', ');
}

/** Structured control flow: the same ops in kernels and in host bodies. */
export const control = defineDialect({
  id: 'control', version: '1.0.0', summary: 'Structured control flow, barriers, and what fails a run.',
  ops: [
    ifOp, forOp, whileOp, barrier, uniformLoad, trap, assertOp, condition,
    terminator('control.yield', 'Ends a region and hands its values to the op that owns the region.'),
    terminator('control.break', 'Leaves the innermost loop; the values become its results.'),
    terminator('control.continue', 'Goes on with the next iteration of the innermost loop, with the values as carried values.'),
    terminator('control.return', 'Ends the kernel or program; the values of a program are its results.'),
  ],
});
