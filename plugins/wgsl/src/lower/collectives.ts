import type { Emitter, Type } from '@sluice/core';
import { loadElement } from './access.ts';
import type { Module, WgslBuilder } from './module.ts';
import { typeText } from './types.ts';

/* What a workgroup does as one. */

const barrier: WgslBuilder = (_, ctx, module) => {
  const memory = ctx.attr('memory');
  // Memory of the workgroup is ordered by either.
  module.emit(memory?.kind === 'enum' && memory.value === 'storage' ? 'workgroupBarrier();\nstorageBarrier();' : 'workgroupBarrier();');
  return [];
};

/** One invocation reads, when all have come; WGSL's own broadcast tells the compiler that the value is uniform. */
const uniformLoad: WgslBuilder = (op, ctx, module) => {
  const [buffer = '', index = ''] = ctx.operands;
  const memory = module.memory(buffer, ctx);
  const slot = slotOf(ctx.resultType(0), ctx, module);
  module.emit('workgroupBarrier();\nstorageBarrier();');
  module.block(`if (${module.id('local_index')} == 0u) {`, () => module.emit(`${slot} = ${loadElement(memory, index, module.inBounds(op), 'element', ctx, module)};`));
  return [module.named('uniform_value', `workgroupUniformLoad(&${slot})`)];
};

/** Workgroup memory for one value of the type. */
function slotOf(type: Type, ctx: Emitter<string>, module: Module): string {
  const text = typeText(type, ctx);
  const known = module.slots.get(text);
  if (known !== undefined) return known;
  const slot = module.fresh('broadcast');
  module.slots.set(text, slot);
  module.declare(`var<workgroup> ${slot}: ${text};`);
  module.workgroupBytes += bytesOf(type);
  return slot;
}

/** As WGSL lays values out, each scalar counted as 4 bytes. */
function bytesOf(type: Type): number {
  if (type.kind === 'vector') return type.size === 2 ? 8 : 16;
  return type.kind === 'array' ? type.length * bytesOf(type.element) : 4;
}

export const collectives: Readonly<Record<string, WgslBuilder>> = {
  'control.barrier': barrier,
  'control.uniform_load': uniformLoad,
};
