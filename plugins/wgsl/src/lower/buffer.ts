import { SluiceError, workgroupLayout } from '@sluice/core';
import { guarded, isOutside, loadElement, storeElement, wordOf, writeElement } from './access.ts';
import { integerOf } from './literals.ts';
import type { Memory, Module, WgslBuilder } from './module.ts';
import { layoutOf } from './types.ts';

const load: WgslBuilder = (op, ctx, module) => {
  const [buffer = '', index = ''] = ctx.operands;
  return [loadElement(module.memory(buffer, ctx), index, module.inBounds(op), 'element', ctx, module)];
};

const store: WgslBuilder = (op, ctx, module) => {
  const [buffer = '', index = '', value = ''] = ctx.operands;
  storeElement(module.memory(buffer, ctx), index, value, module.inBounds(op), module);
  return [];
};

const length: WgslBuilder = (_, ctx, module) => [module.memory(ctx.operand(0), ctx).count];

/** The old value, where something uses it. */
function atomic(call: (place: string, values: readonly string[], old: string | undefined, module: Module) => void): WgslBuilder {
  return (op, ctx, module) => {
    const [buffer = '', index = '', ...values] = ctx.operands;
    const memory = module.memory(buffer, ctx);
    const type = ctx.resultType(0);
    if (isOutside(memory, index)) return [module.zero(type, ctx)];
    const [result] = op.results;
    const isUsed = result !== undefined && module.used.has(result);
    const old = isUsed ? module.variable(module.nameOf(result), type, ctx) : undefined;
    guarded(memory, index, module.inBounds(op), module, () => call(placeOf(memory, index), values, old, module));
    return [old ?? module.zero(type, ctx)];
  };
}

function placeOf(memory: Memory, index: string): string {
  return `&${memory.name}[${wordOf(memory, index)}]`;
}

const combining = (name: string): WgslBuilder =>
  atomic((place, [value], old, module) => module.emit(`${old === undefined ? '' : `${old} = `}${name}(${place}, ${value});`));

/** WGSL's own may fail for no reason: it is tried again until it has not. */
const compareExchange = atomic((place, [expected, value], old, module) => {
  const tried = module.fresh('tried');
  module.block('loop {', () => {
    module.emit(`let ${tried} = atomicCompareExchangeWeak(${place}, ${expected}, ${value});`);
    if (old !== undefined) module.emit(`${old} = ${tried}.old_value;`);
    module.emit(`if (${tried}.exchanged || ${tried}.old_value != ${expected}) { break; }`);
  });
});

const workgroup: WgslBuilder = (op, ctx, module) => {
  const given = workgroupLayout(op.attrs);
  const [result] = op.results;
  if (given === undefined || result === undefined || !(given.length > 0)) throw new SluiceError({ code: 'verify/attribute', message: 'workgroup memory has no layout', fix: 'give it an element type that memory has, and a positive length', where: ctx.where });
  const layout = layoutOf(given.element, ctx);
  const isAtomic = module.atomics.has(result);
  const name = module.fresh(module.kernel.body.debug.names.get(result) ?? 'shared_memory');
  const words = given.length * layout.words;
  module.declare(`var<workgroup> ${name}: array<${isAtomic ? `atomic<${layout.word}>` : layout.word}, ${words}>;`);
  module.workgroupBytes += words * layout.wordBytes;
  module.memories.set(name, { name, layout, atomic: isAtomic, count: `${given.length}u`, length: given.length });
  return [name];
};

/** The workgroup's invocations take turns; the target's end and the source's are looked at once. */
const asyncCopy: WgslBuilder = (_, ctx, module) => {
  const [target = '', to = '', source = '', from = '', count = ''] = ctx.operands;
  const [into, outOf] = [module.memory(target, ctx), module.memory(source, ctx)];
  const room = (memory: Memory, at: string) => (integerOf(at) === 0 ? memory.count : `select(0u, ${memory.count} - ${module.named('start', at)}, ${at} < ${memory.count})`);
  const end = module.named('end', `min(${module.named('wanted', count)}, ${room(into, to)})`);
  const there = module.named('there', room(outOf, from));
  const i = module.fresh('i');
  const at = (start: string) => (integerOf(start) === 0 ? i : module.named('at', `${start} + ${i}`));
  module.block(`for (var ${i} = ${module.id('local_index')}; ${i} < ${end}; ${i} += ${module.invocations}u) {`, () => {
    const element = module.value(undefined, loadElement(outOf, at(from), false, 'element', ctx, module, `${i} < ${there}`));
    writeElement(into, at(to), element, module);
  });
  return [];
};

const asyncWait: WgslBuilder = (_, __, module) => {
  module.emit('workgroupBarrier();\nstorageBarrier();');
  return [];
};

const ATOMICS: Readonly<Record<string, string>> = { add: 'Add', sub: 'Sub', min: 'Min', max: 'Max', and: 'And', or: 'Or', xor: 'Xor', exchange: 'Exchange' };

export const buffer: Readonly<Record<string, WgslBuilder>> = {
  'buffer.load': load,
  'buffer.store': store,
  'buffer.length': length,
  'buffer.workgroup': workgroup,
  ...Object.fromEntries(Object.entries(ATOMICS).map(([name, suffix]) => [`buffer.atomic_${name}`, combining(`atomic${suffix}`)])),
  'buffer.atomic_compare_exchange': compareExchange,
  'buffer.async_copy': asyncCopy,
  'buffer.async_wait': asyncWait,
};
