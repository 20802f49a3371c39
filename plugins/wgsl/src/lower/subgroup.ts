import { neutral, scalarAttribute, SluiceError } from '@sluice/core';
import type { Emitter, Op, ScalarType } from '@sluice/core';
import { combined, constantText } from './arith.ts';
import type { Module, WgslBuilder } from './module.ts';

/*
 * Subgroup ops, with WGSL's own where the device has the feature. Where it has not, the invocations of a run of 32 leave
 * their values in workgroup memory and read those of the others, between two barriers: these ops stand in uniform flow.
 */

/** Lanes of a subgroup that is emulated; a workgroup may have fewer. */
export const EMULATED_LANES = 32;

/** How one op is done in each of the two ways. */
interface Ways {
  native(ctx: Emitter<string>, module: Module): string;
  emulated(scratch: Scratch, ctx: Emitter<string>, module: Module): string;
}

/** What the lanes left, between the barriers. */
interface Scratch {
  /** The value of lane `lane`, which is there, of the invocation's subgroup. */
  of(lane: string): string;
}

const exchange = ({ native, emulated }: Ways): WgslBuilder => (op, ctx, module) => {
  if (module.options.features.subgroups) {
    module.usesSubgroups = true;
    return [native(ctx, module)];
  }
  return [throughMemory(op, emulated, ctx, module)];
};

const SCRATCH = 'subgroup_values';

function throughMemory(op: Op, emulated: Ways['emulated'], ctx: Emitter<string>, module: Module): string {
  const type = ctx.operandType(0);
  const coded = CODES[type.spelling];
  if (coded === undefined) throw new SluiceError({ code: 'plan/type', message: `wgsl has no \`${ctx.where.op ?? 'subgroup op'}\` on ${type.spelling}`, fix: 'use a scalar that it has', where: ctx.where });
  let scratch = module.slots.get(SCRATCH);
  if (scratch === undefined) {
    scratch = module.fresh(SCRATCH);
    module.slots.set(SCRATCH, scratch);
    module.declare(`var<workgroup> ${scratch}: array<u32, ${module.invocations}>;`);
    module.workgroupBytes += module.invocations * 4;
  }
  const name = scratch;
  module.emit(`${name}[${module.id('local_index')}] = ${coded.encode(ctx.operand(0))};\nworkgroupBarrier();`);
  const result = module.value(op.results[0], emulated({ of: (lane) => coded.decode(`${name}[${module.id('subgroup_first')} + ${lane}]`) }, ctx, module));
  module.emit('workgroupBarrier();');
  return result;
}

/** Values as words, and back. */
const CODES: Readonly<Record<string, { encode(v: string): string; decode(word: string): string }>> = {
  bool: { encode: (v) => `select(0u, 1u, ${v})`, decode: (w) => `(${w} != 0u)` },
  u32: { encode: (v) => v, decode: (w) => w },
  i32: { encode: (v) => `bitcast<u32>(${v})`, decode: (w) => `bitcast<i32>(${w})` },
  f32: { encode: (v) => `bitcast<u32>(${v})`, decode: (w) => `bitcast<f32>(${w})` },
  f16: { encode: (v) => `bitcast<u32>(f32(${v}))`, decode: (w) => `f16(bitcast<f32>(${w}))` },
};

function lanesOf(module: Module): string {
  return module.id('subgroup_lanes');
}

/** A variable that a loop over the lanes from `from` up to `to` works out. */
function overLanes(initial: string, from: string, to: string, next: (lane: string, so_far: string) => string, module: Module): string {
  const result = module.fresh('over_lanes');
  module.emit(`var ${result} = ${initial};`);
  const lane = module.fresh('lane');
  module.block(`for (var ${lane} = ${from}; ${lane} < ${to}; ${lane}++) {`, () => module.emit(`${result} = ${next(lane, result)};`));
  return result;
}

const ballot = exchange({
  native: (ctx) => `subgroupBallot(${ctx.operand(0)})`,
  emulated: (values, _, module) => `vec4<u32>(${overLanes('0u', '0u', lanesOf(module), (lane, word) => `${word} | (select(0u, 1u, ${values.of(lane)}) << ${lane})`, module)}, 0u, 0u, 0u)`,
});

const vote = (builtin: string, operator: '&' | '|') =>
  exchange({
    native: (ctx) => `${builtin}(${ctx.operand(0)})`,
    emulated: (values, _, module) => overLanes(operator === '&' ? 'true' : 'false', '0u', lanesOf(module), (lane, all) => `${all} ${operator} ${values.of(lane)}`, module),
  });

/** `source`: the lane whose value is wanted, and whether the subgroup has it. */
const shuffle = (source: (asked: string, lane: () => string, lanes: string) => { readonly lane: string; readonly there: string }) => {
  const chosen = (ctx: Emitter<string>, module: Module) => {
    const asked = module.named('asked', ctx.operands[1] ?? constantText(ctx.attr('lane'), ctx));
    const { lane, there } = source(asked, () => module.id('subgroup_lane'), lanesOf(module));
    const isThere = module.named('is_there', there);
    return { isThere, lane: module.named('source_lane', `select(0u, ${lane}, ${isThere})`) };
  };
  return exchange({
    native: (ctx, module) => {
      const { isThere, lane } = chosen(ctx, module);
      return `select(${module.zero(ctx.resultType(0), ctx)}, subgroupShuffle(${ctx.operand(0)}, ${lane}), ${isThere})`;
    },
    emulated: (values, ctx, module) => {
      const { isThere, lane } = chosen(ctx, module);
      return `select(${module.zero(ctx.resultType(0), ctx)}, ${values.of(lane)}, ${isThere})`;
    },
  });
};

function combineOf(ctx: Emitter<string>): string {
  const combine = ctx.attr('combine');
  return combine?.kind === 'enum' ? combine.value : '';
}

function neutralText(ctx: Emitter<string>, module: Module): string {
  const type = ctx.resultType(0) as ScalarType;
  return module.value(undefined, constantText(scalarAttribute(type.name, neutral(combineOf(ctx), type)), ctx));
}

/** WGSL's own, by what combines; of floats it knows no least and greatest that take NaN for absent. */
const REDUCE: Readonly<Record<string, string>> = { add: 'subgroupAdd', mul: 'subgroupMul', min: 'subgroupMin', max: 'subgroupMax', and: 'subgroupAnd', or: 'subgroupOr', xor: 'subgroupXor' };
const INCLUSIVE: Readonly<Record<string, string>> = { add: 'subgroupInclusiveAdd', mul: 'subgroupInclusiveMul' };

function builtinFor(table: Readonly<Record<string, string>>, ctx: Emitter<string>): string | undefined {
  const type = ctx.resultType(0);
  const combine = combineOf(ctx);
  const isOrder = combine === 'min' || combine === 'max';
  return type.kind === 'scalar' && type.class === 'float' && isOrder ? undefined : table[combine];
}

/** The values of the lanes up to this one combined. */
function inclusive(ctx: Emitter<string>, module: Module): string {
  const own = builtinFor(INCLUSIVE, ctx);
  if (own !== undefined) return module.named('scan', `${own}(${ctx.operand(0)})`);
  const scan = module.fresh('scan');
  module.emit(`var ${scan} = ${ctx.operand(0)};`);
  const [distance, lane] = [module.fresh('distance'), module.id('subgroup_lane')];
  module.block(`for (var ${distance} = 1u; ${distance} < ${module.id('subgroup_size')}; ${distance} <<= 1u) {`, () => {
    const there = module.named('is_there', `${lane} >= ${distance}`);
    const other = module.named('other', `subgroupShuffle(${scan}, select(${lane}, ${lane} - ${distance}, ${there}))`);
    module.emit(`${scan} = select(${scan}, ${combined(combineOf(ctx), other, scan, ctx.resultType(0), ctx)}, ${there});`);
  });
  return scan;
}

/** Lanes from 0 up to `end` combined, in their order. */
function folded(values: Scratch, first: string, from: string, end: string, ctx: Emitter<string>, module: Module): string {
  return overLanes(first, from, end, (lane, sum) => combined(combineOf(ctx), sum, values.of(lane), ctx.resultType(0), ctx), module);
}

const reduce = exchange({
  native: (ctx, module) => {
    const own = builtinFor(REDUCE, ctx);
    return own === undefined ? `subgroupShuffle(${inclusive(ctx, module)}, ${lanesOf(module)} - 1u)` : `${own}(${ctx.operand(0)})`;
  },
  emulated: (values, ctx, module) => folded(values, values.of('0u'), '1u', lanesOf(module), ctx, module),
});

const inclusiveScan = exchange({
  native: inclusive,
  emulated: (values, ctx, module) => folded(values, values.of('0u'), '1u', `${module.id('subgroup_lane')} + 1u`, ctx, module),
});

const exclusiveScan = exchange({
  native: (ctx, module) => {
    const [scan, lane, first] = [inclusive(ctx, module), module.id('subgroup_lane'), neutralText(ctx, module)];
    return `select(subgroupShuffle(${scan}, select(0u, ${lane} - 1u, ${lane} > 0u)), ${first}, ${lane} == 0u)`;
  },
  emulated: (values, ctx, module) => {
    const lane = module.id('subgroup_lane');
    const sum = folded(values, values.of('0u'), '1u', lane, ctx, module);
    return `select(${sum}, ${neutralText(ctx, module)}, ${lane} == 0u)`;
  },
});

const size: WgslBuilder = (_, __, module) => {
  if (!module.options.features.subgroups) return [`${EMULATED_LANES}u`];
  module.usesSubgroups = true;
  return [module.id('subgroup_size')];
};
const lane: WgslBuilder = (_, __, module) => {
  if (module.options.features.subgroups) module.usesSubgroups = true;
  return [module.id('subgroup_lane')];
};

export const subgroup: Readonly<Record<string, WgslBuilder>> = {
  'subgroup.size': size,
  'subgroup.lane': lane,
  'subgroup.ballot': ballot,
  'subgroup.all': vote('subgroupAll', '&'),
  'subgroup.any': vote('subgroupAny', '|'),
  'subgroup.shuffle': shuffle((asked, _, lanes) => ({ lane: asked, there: `${asked} < ${lanes}` })),
  'subgroup.shuffle_xor': shuffle((asked, lane, lanes) => ({ lane: `${lane()} ^ ${asked}`, there: `(${lane()} ^ ${asked}) < ${lanes}` })),
  'subgroup.shuffle_up': shuffle((asked, lane) => ({ lane: `${lane()} - ${asked}`, there: `${asked} <= ${lane()}` })),
  'subgroup.shuffle_down': shuffle((asked, lane, lanes) => ({ lane: `${lane()} + ${asked}`, there: `${asked} < ${lanes} - ${lane()}` })),
  'subgroup.broadcast': shuffle((asked, _, lanes) => ({ lane: asked, there: `${asked} < ${lanes}` })),
  'subgroup.reduce': reduce,
  'subgroup.inclusive_scan': inclusiveScan,
  'subgroup.exclusive_scan': exclusiveScan,
};
