import type { Op } from '../ir/program.ts';
import type { OpDef } from '../ops/op.ts';
import type { BodyContext } from './context.ts';
import type { OpFacts } from './facts.ts';

/**
 * A host body has handles, and a handle is bytes. An op that sees typed elements in them says so with
 * `bytesExtraction`; this is what can be told from a record that does not:
 * - it takes a `buffer<…>` where host bodies have only handles, or gives one;
 * - it launches kernels on handles;
 * - it reads the memory of a handle and gives a scalar or vector, which can only have come out of it.
 */
export function checkBytesExtraction(c: BodyContext, op: Op, facts: OpFacts): boolean {
  const { def } = facts;
  if (!facts.mayExtract || c.level !== 'host' || def === undefined) return true;
  const how = extraction(c, op, def, facts);
  if (how === undefined) return true;
  c.report.add(c, op, 'verify/bytes-extraction', `\`${facts.id}\` ${how}, and its record does not declare bytesExtraction`, 'declare `bytesExtraction: true` in the op record, or take and give handles alone');
  return false;
}

function extraction(c: BodyContext, op: Op, def: OpDef, facts: OpFacts): string | undefined {
  if (facts.launches !== undefined) return 'launches kernels on handles';
  const operand = def.operands.find((p) => p.type.startsWith('buffer<'));
  if (operand !== undefined) return `takes \`${operand.name}\` as typed elements (${operand.type})`;
  const result = def.results.find((p) => p.type.startsWith('buffer<'));
  if (result !== undefined) return `gives \`${result.name}\` as typed elements (${result.type})`;
  const read = facts.accesses.find((a) => a.reads && c.body.valueTypes[op.operands[a.operand] ?? -1]?.kind === 'handle');
  if (read === undefined) return undefined;
  const value = op.results.map((v) => c.body.valueTypes[v]).find((t) => t?.kind === 'scalar' || t?.kind === 'vector');
  return value === undefined ? undefined : `reads the bytes of \`${def.operands[read.operand]?.name}\` as a ${value.spelling}`;
}
