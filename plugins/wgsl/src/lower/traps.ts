import type { Emitter } from '@sluice/core';
import type { Trap } from './lowered.ts';
import type { Module, WgslBuilder } from './module.ts';

const trap: WgslBuilder = (_, ctx, module) => {
  const [tag, message] = [ctx.attr('tag'), ctx.attr('message')];
  trapped({ where: ctx.where, code: 'run/trap', tag: tag?.kind === 'scalar' ? Number(tag.bits) : 0, message: message?.kind === 'string' ? message.value : '' }, ctx.operand(0), ctx, module);
  return [];
};

/** Records the trap if it is the launch's first; never ends the invocation. */
export function trapped(trap: Trap, address: string, ctx: Emitter<string>, module: Module): void {
  ctx.declare(RECORD_TRAP);
  module.emit(`record_trap_u32(${module.trap(trap)}u, ${address}, ${module.id('global_id')});`);
}

/** `launch_status` is the status record, a binding of its own. */
const RECORD_TRAP = `fn record_trap_u32(number: u32, address: u32, at: vec3<u32>) {
  if (atomicExchange(&launch_status[0], 1u) == 0u) {
    atomicStore(&launch_status[1], number);
    atomicStore(&launch_status[2], address);
    atomicStore(&launch_status[3], at.x);
    atomicStore(&launch_status[4], at.y);
    atomicStore(&launch_status[5], at.z);
  }
}`;

export const traps: Readonly<Record<string, WgslBuilder>> = {
  'control.trap': trap,
};
