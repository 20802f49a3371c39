import type { Body, Kernel, Op, ValueId } from '../../ir/program.ts';
import { scalarAttribute } from '../../ir/attributes.ts';
import { scalar } from '../../ir/types.ts';
import type { Registry } from '../../registry/registry.ts';
import { shown } from '../../text/json.ts';
import { constantOp } from '../constants.ts';
import type { PassFacts } from '../facts.ts';
import type { Rewriter } from '../rewrite.ts';
import { rewrite } from '../rewrite.ts';
import { isOwnIndex } from './elementwise-kernel.ts';

/**
 * `kernel` with what it stores to parameter `param`, at its own index and in every invocation, handed to the loads that
 * follow, and the stores left out where nobody else reads them. Each access of the parameter must be at the invocation's
 * own index. The same kernel where a store stands in a branch or loop, or memory would convert the value.
 */
export function forwarded(kernel: Kernel, param: number, dropStores: boolean, registry: Registry): Kernel {
  const { body } = kernel;
  const type = kernel.params[param]?.type;
  const buffer = body.region.args[param];
  const constant = constantOp(registry);
  if (type?.kind !== 'buffer' || type.element.kind !== 'scalar' || !type.element.computed || buffer === undefined || constant === undefined) return kernel;
  const stores = body.region.ops.filter((op) => isOn(body, op, buffer, 'buffer.store'));
  const inner = countOn(body.region.ops.flatMap((op) => op.regions.flatMap((r) => r.ops)), body, buffer);
  if (stores.length === 0 || inner > 0) return kernel;

  // What a load sees that stands before the stores may be what an earlier launch stored.
  const firstLoad = body.region.ops.findIndex((op) => isOn(body, op, buffer, 'buffer.load'));
  const drops = dropStores && (firstLoad < 0 || firstLoad > body.region.ops.indexOf(stores[0] as Op));
  const element = type.element;
  let stored: ValueId | undefined;
  const made = rewrite(body, registry, {
    visit(op: Op, _: PassFacts, to: Rewriter): Op | undefined {
      if (isOn(body, op, buffer, 'buffer.store')) {
        stored = op.operands[2];
        return drops ? undefined : op;
      }
      if (!isOn(body, op, buffer, 'buffer.load') || stored === undefined) return op;
      // Out of bounds the store is dropped, and the load gives zero.
      const [length, inside, zero] = [to.value(scalar('u32')), to.value(scalar('bool')), to.value(element)];
      to.insert(to.op('buffer.length', [buffer], [length]));
      to.insert(to.op('arith.lt', [op.operands[1] as ValueId, length], [inside]));
      to.insert(to.op(constant, [], [zero], { value: scalarAttribute(element.name, element.bits === 64 ? 0n : 0) }));
      return to.op('arith.select', [inside, stored, zero], op.results);
    },
  });
  return made === body ? kernel : shown({ ...kernel, body: made });
}

function isOn(body: Body, op: Op, buffer: ValueId, id: string): boolean {
  return op.operands[0] === buffer && body.opNames[op.name] === id;
}

/** Accesses of `buffer` in these ops and all within them, its length aside. */
function countOn(ops: readonly Op[], body: Body, buffer: ValueId): number {
  let count = 0;
  for (const op of ops) {
    if (op.operands[0] === buffer && body.opNames[op.name] !== 'buffer.length' && !isOwnIndex(body, op)) count++;
    count += countOn(op.regions.flatMap((r) => r.ops), body, buffer);
  }
  return count;
}
