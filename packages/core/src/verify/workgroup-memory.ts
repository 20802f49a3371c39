import { workgroupLayout } from '../dialects/buffer.ts';
import type { Op } from '../ir/program.ts';
import type { BodyContext } from './context.ts';
import { LIMITS } from './limits.ts';

/** The workgroup memory that a kernel makes, all of it together, is within the limit. */
export function checkWorkgroupMemory(c: BodyContext): void {
  if (c.level !== 'kernel') return;
  let total = 0;
  for (const op of c.body.region.ops) {
    const bytes = bytesOf(c, op);
    total += bytes;
    if (total <= LIMITS.workgroupBytes || bytes === 0) continue;
    const all = total === bytes ? '' : `, ${total} with what was made before`;
    c.report.add(c, op, 'verify/workgroup-bytes', `\`${c.facts[op.name]?.id ?? ''}\` makes ${bytes} bytes of workgroup memory${all}: ${LIMITS.workgroupBytes} is the most of a kernel`, 'make it smaller: 16384 bytes is what every backend has');
    return;
  }
}

function bytesOf(c: BodyContext, op: Op): number {
  const [result] = op.results;
  const type = result === undefined ? undefined : c.body.valueTypes[result];
  return type?.kind === 'buffer' && type.access === 'workgroup' ? (workgroupLayout(op.attrs)?.bytes ?? 0) : 0;
}
