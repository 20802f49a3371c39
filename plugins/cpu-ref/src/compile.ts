import { componentUse, isSluiceError, SluiceError, walkKernel } from '@sluice/core';
import type { Builder, KernelIr, OpDef, Registry, Type, Use, Where } from '@sluice/core';
import type { View } from './elements.ts';
import { letGo } from './control.ts';
import type { Written } from './findings.ts';
import { foreign } from './foreign.ts';
import { functionOf } from './function-of.ts';
import { layoutOf } from './layout.ts';
import { lowerings } from './lowerings.ts';
import { IDS, Machine } from './machine.ts';
import type { BodyText, IdName, MachineBuilder, Trap } from './machine.ts';
import { scratchFor } from './outline.ts';
import type { Schedule } from './schedule.ts';
import { exchange } from './subgroups.ts';
import { partsOf, vectorOf } from './vector-text.ts';
import { Watch } from './watch.ts';
import type { Detect } from './watch.ts';

/** The id of the backend, and of its lowerings in slot `extensions`. */
export const BACKEND = 'cpu-ref';
/** Lanes of a subgroup, where nothing else is asked for. */
export const SUBGROUP_SIZE = 32;

/** What one launch binds: one entry for each parameter of the kernel. */
export interface Bindings {
  readonly groups: readonly [number, number, number];
  readonly args: readonly (View | number | bigint | boolean)[];
  readonly written?: Written;
  /** The order of a kernel that is compiled for a seed. */
  readonly schedule?: Schedule | undefined;
}

/**
 * The code of one launch. A step is an op that ran; each run gives the thread back by a `yield` of the steps since the
 * last one, and returns the steps that are left.
 */
export type LaunchCode =
  /** `row` runs the invocations of workgroups (0, y, z) to (groups[0] - 1, y, z), in order. */
  | { readonly kind: 'rows'; trapped(): Trapped | undefined; found?(): SluiceError | undefined; row(y: number, z: number): Generator<number, number> }
  /**
   * `invocation` yields -n at barrier n (from 1), with its steps in `stepsToBarrier`; `arrived` does what is to be done
   * once when all of a workgroup wait there. `begin` zeroes workgroup memory, `end` ends the workgroup.
   */
  | { readonly kind: 'barriers'; trapped(): Trapped | undefined; found?(): SluiceError | undefined; begin(x: number, y: number, z: number): void; arrived(barrier: number): void; end(): void; stepsToBarrier(): number; invocation(x: number, y: number, z: number, local: number): Generator<number, number> };

/** The first trap of a launch: its number in `traps` (from 1), what it was given, and the invocation's ids. */
export type Trapped = readonly [trap: number, address: number, x: number, y: number, z: number];

export interface CompiledKernel {
  /** The generated JavaScript. */
  readonly text: string;
  /** Where barrier n stands, at n - 1. */
  readonly barriers: readonly Where[];
  /** Trap n, at n - 1. */
  readonly traps: readonly Trap[];
  bind(bindings: Bindings): LaunchCode;
}

/**
 * Compiles a verified and legalised kernel. `slice`: steps between two yields; `lanes`: invocations of a subgroup;
 * `detect`: what its code is to look for while it runs, nothing if absent.
 * @throws SluiceError `plan/no-lowering`, `plan/type`, `plan/bad-lowering`; for a kernel that was not verified also
 *   `verify/attribute`, `verify/workgroup-size`, `verify/malformed`
 */
export function compileKernel(kernel: KernelIr, registry: Registry, slice: number, lanes: number = SUBGROUP_SIZE, detect?: Detect): CompiledKernel {
  try {
    const size = workgroupOf(kernel);
    const invocations = size[0] * size[1] * size[2];
    return compile(kernel, size, registry, new Machine(slice, invocations, lanes, detect === undefined ? undefined : new Watch(detect, invocations)));
  } catch (cause) {
    if (isSluiceError(cause)) throw cause;
    throw new SluiceError({ code: 'verify/malformed', message: `kernel \`${String(kernel.name)}\` cannot be compiled: ${cause instanceof Error ? cause.message : String(cause)}`, fix: 'verify the kernel before it is prepared', cause });
  }
}

type Size = readonly [number, number, number];

/** The workgroup size, which becomes a part of the code. */
function workgroupOf(kernel: KernelIr): Size {
  const [x, y, z] = kernel.workgroup;
  const bad = [x, y, z].find((n) => !Number.isInteger(n) || n < 1);
  if (bad !== undefined) throw new SluiceError({ code: 'verify/workgroup-size', message: `kernel \`${kernel.name}\` has ${String(bad)} in its workgroup size`, fix: 'give three positive whole numbers', where: { kernel: kernel.name } });
  return [x, y, z];
}

function compile(kernel: KernelIr, size: Size, registry: Registry, machine: Machine): CompiledKernel {
  const where: Where = { kernel: kernel.name, span: kernel.span };
  const others = new Set<string>();
  const params = kernel.params.map((p, i) => (p.type.kind === 'buffer' ? machine.buffer(`b${i}`, p.type.element, `n${i}`, { where }) : `s${i}`));
  kernel.params.forEach(({ name, type }, param) => {
    const layout = type.kind === 'buffer' ? layoutOf(type.element) : undefined;
    if (layout !== undefined) machine.watch?.buffer({ name: `b${param}`, count: `n${param}`, label: `\`${name}\``, where, memory: 'storage', elementBytes: layout.bytes, param });
  });
  const body = machine.body(() => {
    walkKernel<string>(kernel, {
      registry,
      target: BACKEND,
      params,
      builderOf: (def, use) => builderOf(def, use, { kernel, registry, machine, others }),
      emit: machine.emit,
      fresh: machine.fresh,
      exits: { 'control.return': () => machine.emit('break invocation;') },
      around: (_, def, lower) => machine.around(def.traits.includes('constant') ? 0 : 1, lower),
    });
  });
  const entry = machine.barriers.length > 0 ? invocation(size, machine, body) : row(size, machine, body);
  const ids = [...machine.usedIds].sort().join(', ');
  const code = [...machine.declarations, entry].join('\n').replaceAll(IDS, ids);
  // Parameters and `var`, not `const`: a closure asks of each use of a const whether it is initialised yet.
  const bound = kernel.params.map((p, i) => (p.type.kind === 'buffer' ? `var b${i} = args[${i}], n${i} = b${i}.length${perElement(p.type.element)};` : `var s${i} = args[${i}];`));
  const traps = machine.traps.length > 0 ? ['var trapped;'] : [];
  const watched = machine.watch?.declarations(where, size, machine) ?? [];
  const references = machine.references.map((_, i) => `var f${i} = references[${i}];`);
  const text = ["'use strict';", 'var cx = groups[0], cy = groups[1], cz = groups[2];', ...bound, ...references, ...traps, ...watched, ...scratchFor(code), code].join('\n');
  const make = parsed(text, others, where) as (groups: Bindings['groups'], args: Bindings['args'], references: readonly unknown[], written: Written, schedule: Schedule | undefined) => LaunchCode;
  return { text, barriers: machine.barriers, traps: machine.traps, bind: ({ groups, args, written = [], schedule }) => make(groups, args, machine.references, written, schedule) };
}

/** The typed array of a buffer has several entries for an element that is no scalar. */
function perElement(element: Type): string {
  const count = layoutOf(element)?.count ?? 1;
  return count === 1 ? '' : ` / ${count}`;
}

/** @throws SluiceError `plan/bad-lowering` where lowerings of other packages, of the ops `others`, emitted what is no JavaScript */
function parsed(text: string, others: ReadonlySet<string>, where: Where): ReturnType<typeof functionOf> {
  try {
    return functionOf(['groups', 'args', 'references', 'written', 'schedule'], text);
  } catch (cause) {
    if (others.size === 0) throw cause;
    throw new SluiceError({ code: 'plan/bad-lowering', message: `the code of kernel \`${where.kernel ?? ''}\` does not parse: ${cause instanceof Error ? cause.message : String(cause)}; other packages lower ${[...others].join(', ')}`, fix: 'correct the lowering of one of these ops: whole statements, names from `ctx.fresh()`', where, cause });
  }
}

interface Lowered {
  readonly kernel: KernelIr;
  readonly registry: Registry;
  readonly machine: Machine;
  /** Collects the ops that other packages lower. */
  readonly others: Set<string>;
}

const OWN: ReadonlySet<MachineBuilder> = new Set(Object.values(lowerings));

/** An op that acts on the machine has a lowering here, or in another package; any other is its meaning. */
function builderOf(def: OpDef, use: Use, { kernel, registry, machine, others }: Lowered): Builder<string> | undefined {
  const table = registry.table(def.id);
  const cpuRef = table?.cpuRef.get(BACKEND) ?? table?.cpuRef.get('*');
  const lanes = use.operands[0]?.kind === 'vector' && def.traits.includes('elementwise');
  const meaning = cpuRef?.(lanes ? componentUse(use) : use);
  const build = table?.extensions.get(BACKEND) as MachineBuilder | undefined;
  if (build !== undefined) {
    const own = OWN.has(build);
    if (!own) others.add(def.id);
    const machineBuilder = own ? build : foreign(build as Builder<string>, kernel);
    return (op, ctx) => (machine.use(ctx.operands), machineBuilder(op, ctx, machine, meaning));
  }
  if (meaning === undefined || use.results.length !== 1) return undefined;
  if (def.traits.includes('subgroup')) return exchange(meaning, machine);
  return (_, ctx) => {
    machine.use(ctx.operands);
    const type = ctx.resultType(0);
    if (!lanes || type.kind !== 'vector') return [machine.value(type, machine.apply(meaning, ctx.operands), ctx)];
    const operands = ctx.operands.map(partsOf);
    return [vectorOf(Array.from({ length: type.size }, (__, i) => machine.value(type.element, machine.apply(meaning, operands.map((parts) => parts[i] ?? '')), ctx)))];
  };
}

/** The ids that `body` uses, declared; `l` is the invocation's index in its workgroup. */
function idsOf([sx, sy, sz]: Size, machine: Machine): readonly string[] {
  const axes = [
    { axis: 'x', size: sx, local: sx * sy * sz === sx ? 'l' : `l % ${sx}` },
    { axis: 'y', size: sy, local: `((l / ${sx}) | 0) % ${sy}` },
    { axis: 'z', size: sz, local: `(l / ${sx * sy}) | 0` },
  ] as const;
  const names: (readonly [IdName, string])[] = [
    ...axes.map(({ axis, local }) => [`l${axis}`, local] as const),
    ...axes.map(({ axis, size, local }) => [`g${axis}`, `(Math.imul(w${axis}, ${size}) + ${machine.usedIds.has(`l${axis}`) ? `l${axis}` : local}) >>> 0`] as const),
  ];
  if (machine.usedIds.has('sl')) names.push(['sl', machine.lanes < sx * sy * sz ? `l % ${machine.lanes}` : 'l']);
  return names.filter(([name]) => machine.usedIds.has(name)).map(([name, text]) => `const ${name} = ${text};`);
}

/** What a launch can be asked when it is over. */
function outcomeOf(machine: Machine): string {
  return `trapped: () => ${machine.traps.length > 0 ? 'trapped' : 'undefined'}${machine.watch === undefined ? '' : ', found: () => findings.error()'}`;
}

/** A generator over a row of workgroups: without barriers, each invocation runs from start to end. */
function row(workgroup: Size, machine: Machine, body: BodyText): string {
  const size = workgroup[0] * workgroup[1] * workgroup[2];
  const steps = body.steps + 1;
  const inSlice = Math.max(1, Math.floor(machine.slice / steps));
  const { watch } = machine;
  const seeded = watch?.detect.seed !== undefined;
  return [
    `return { kind: 'rows', ${outcomeOf(machine)}, row: function* (wy, wz) {`,
    'let spent = 0;',
    'for (let x = 0; x < cx; x += 1) {',
    ...machine.atWorkgroupStart,
    seeded ? 'const wx = schedule.workgroup(0, x) >>> 0, order = schedule.invocations();' : 'const wx = x >>> 0;',
    ...(watch === undefined ? [] : [watch.start()]),
    `for (let from = 0; from < ${size}; from += ${inSlice}) {`,
    seeded ? `for (let turn = from, end = Math.min(${size}, from + ${inSlice}); turn < end; turn += 1) {\nconst l = order[turn];` : `for (let l = from, end = Math.min(${size}, from + ${inSlice}); l < end; l += 1) {`,
    ...(watch === undefined ? [] : [watch.resume]),
    `spent += ${steps};`,
    ...idsOf(workgroup, machine),
    `invocation: {\n${body.text}\n}`,
    '}',
    letGo(machine),
    '}',
    ...machine.atWorkgroupEnd,
    '}',
    'return spent;',
    '} };',
  ].join('\n');
}

/** A generator for each invocation, so that it can wait at a barrier. */
function invocation(workgroup: Size, machine: Machine, body: BodyText): string {
  const { watch } = machine;
  return [
    watch === undefined ? 'function begin() {' : `function begin(wx, wy, wz) {\n${watch.start()}`,
    ...machine.atWorkgroupStart,
    '}',
    'function end() {',
    ...machine.atWorkgroupEnd,
    '}',
    'function arrived(barrier) {',
    ...[...machine.arrivals].map(([barrier, once]) => `if (barrier === ${barrier}) {\n${once}\n}`),
    '}',
    'var stepsAtBarrier = 0;',
    `return { kind: 'barriers', ${outcomeOf(machine)}, begin, arrived, end, stepsToBarrier: () => stepsAtBarrier, invocation: function* (wx, wy, wz, l) {`,
    `let spent = ${body.steps + 1};`,
    ...(watch === undefined ? [] : [watch.resume]),
    ...idsOf(workgroup, machine),
    `invocation: {\n${body.text}\n}`,
    'return spent;',
    '} };',
  ].join('\n');
}
