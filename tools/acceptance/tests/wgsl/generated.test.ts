import { legalize, scalarOf, walkOps } from '@sluice/core';
import type { Capabilities, Cell, KernelIr, Type } from '@sluice/core';
import { fuzz } from '@sluice/conformance';
import type { Property } from '@sluice/conformance';
import { expect, test } from 'vitest';
import { VARIANTS, faultsOf, registry } from './lowering.ts';

const off: Cell = { how: 'unavailable', reason: 'WGSL has none' };
const WIDE = ['i64', 'u64'];
const LACKING = [...WIDE, 'i8', 'u8', 'i16', 'u16', 'bf16'];
const cells = (types: readonly string[]): Readonly<Record<string, Cell>> => Object.fromEntries(types.map((type) => [type, off]));
const base: Omit<Capabilities, 'types'> = {
  default: { how: 'native' }, limits: {}, spaces: ['device'], floats: { subnormals: 'unspecified', nonFinite: 'unspecified' },
  ops: Object.fromEntries([...registry.ops.values()].filter((def) => def.traits.includes('atomic')).map((def) => [def.id, cells([...WIDE, 'ordering=acquire', 'ordering=release', 'ordering=acq_rel'])])),
};
const capabilities: Capabilities = { ...base, types: cells(LACKING) };
/** What passes make legal is generated too: scalars of 64 bits, and small elements of buffers. */
const generates: Capabilities = { ...base, types: cells(WIDE.flatMap((t) => [`vec2<${t}>`, `vec3<${t}>`, `vec4<${t}>`, `array<${t}, 2>`])) };
const VARIANT_LIST = Object.values(VARIANTS);

/** Whether a planner would hand the kernel to the backend: passes leave some ops on 64-bit values as they are. */
function isLegal({ body, params }: KernelIr): boolean {
  const lacks = (types: readonly (Type | undefined)[]) => types.some((t) => t !== undefined && LACKING.includes(scalarOf(t.kind === 'buffer' ? t.element : t)?.name ?? ''));
  if (lacks(params.map((p) => p.type))) return false;
  for (const op of walkOps(body.region)) {
    if (lacks([...op.operands, ...op.results, ...op.regions.flatMap((r) => r.args)].map((v) => body.valueTypes[v]))) return false;
    const { ordering } = op.attrs;
    if (ordering?.kind === 'enum' && ordering.value !== 'relaxed') return false;
  }
  return true;
}

/** A kernel binds at most 8 buffers, one of which is the record of traps. */
const fits = ({ params }: KernelIr) => params.filter((p) => p.type.kind === 'buffer').length <= 7;

test('what the verifier accepts, Dawn accepts: generated kernels, made legal, in every variant', async () => {
  let judged = 0;
  let refused = 0;
  const isTaken: Property = {
    id: 'taken', summary: 'Dawn says nothing of its kernels',
    check: async ({ program }) => {
      const legal = legalize(program, registry, { backend: 'wgsl', capabilities });
      for (const kernel of legal.kernels) {
        if (!isLegal(kernel) || !fits(kernel)) {
          refused++;
          continue;
        }
        const variant = VARIANT_LIST[judged++ % VARIANT_LIST.length];
        const faults = await faultsOf(kernel, variant);
        if (faults !== '') throw new Error(faults);
      }
    },
  };
  const outcome = await fuzz({ registry, programs: 400, seed: 1, mutants: 0, capabilities: generates, properties: [isTaken] });
  expect(outcome.ok ? '' : outcome.message).toBe('');
  expect(judged).toBeGreaterThanOrEqual(300);
  expect(refused).toBeLessThan(judged);
});
