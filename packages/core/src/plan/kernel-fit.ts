import type { Code } from '../diagnostics/codes.ts';
import type { Where } from '../diagnostics/error.ts';
import { workgroupLayout } from '../dialects/buffer.ts';
import type { Attributes } from '../ir/attributes.ts';
import type { Body, Kernel, Op, Region, ValueId } from '../ir/program.ts';
import type { Type } from '../ir/types.ts';
import { whereOf } from '../ir/where.ts';
import { emulation } from '../optimize/legalize.ts';
import type { RegionNames } from '../ir/where.ts';
import { cellType, hasAttributeCells, opCell, typeCell } from '../registry/capabilities.ts';
import type { Capabilities, Cell } from '../registry/capabilities.ts';
import type { Registry } from '../registry/registry.ts';
import type { Candidate } from './candidates.ts';

/** One thing that a backend lacks for a kernel. */
export interface Gap {
  /** Equal for the same lack on another backend. */
  readonly key: string;
  readonly code: Code;
  /** To be followed by the backends that lack it. */
  readonly message: string;
  /** Why this backend falls out. */
  readonly reason: string;
  readonly fix: string;
  readonly where: Where;
  readonly available: readonly string[];
}

/** Everything that `candidate` lacks for `kernel`: ops, types, limits. */
export function kernelGaps(kernel: Kernel, candidate: Candidate, registry: Registry, names: RegionNames): readonly Gap[] {
  const { backend, capabilities } = candidate;
  if (capabilities === undefined) return [];
  const gaps: Gap[] = [];
  const top: Where = { kernel: kernel.name, span: kernel.span };
  const { body } = kernel;

  for (const [op, type, attrs] of distinctUses(body, capabilities)) {
    const id = body.opNames[op.name] ?? '';
    const key = `${id} ${type}${attrs}`;
    const def = registry.lookup(id);
    if (def === undefined || def.traits.includes('terminator')) continue;
    const where = () => whereOf(top, body, op, names);
    const cell = opCell(capabilities, id, type, op.attrs);
    if (cell.how === 'unavailable') {
      gaps.push({ key, code: 'plan/no-capability', message: `\`${id}\` on ${type}${attrs} is unavailable`, reason: cell.reason ?? `\`${id}\` is unavailable`, fix: 'use another op, or a backend that has it', where: where(), available: [] });
    } else if (!def.traits.includes('constant') && registry.getLowering(id, backend.id)?.kind !== 'builder') {
      gaps.push({ key: id, code: 'plan/no-lowering', message: `\`${id}\` has no lowering`, reason: `does not lower \`${id}\``, fix: def.providers.length > 0 ? `import ${def.providers.map((p) => `'${p}'`).join(' or ')}` : `import a plugin that lowers \`${id}\``, where: where(), available: def.providers });
    }
  }

  for (const type of typesOf(body)) {
    const cell = typeCell(capabilities, type.spelling);
    if (cell.how !== 'unavailable') continue;
    gaps.push({ key: `type ${type.spelling}`, code: 'plan/type', message: `kernel \`${kernel.name}\` uses ${type.spelling}, which is unavailable`, reason: cell.reason ?? `has no ${type.spelling}`, fix: 'use another element type, or a backend that has it', where: top, available: [] });
  }

  const needs: readonly (readonly [keyof typeof capabilities.limits, number, string])[] = [
    ['buffers', kernel.params.filter((p) => p.type.kind === 'buffer').length, 'buffer parameters'],
    ['workgroupInvocations', kernel.workgroup[0] * kernel.workgroup[1] * kernel.workgroup[2], 'invocations in a workgroup'],
    ['workgroupBytes', workgroupBytes(kernel), 'bytes of workgroup memory'],
  ];
  for (const [limit, need, what] of needs) {
    const max = capabilities.limits[limit] ?? Infinity;
    if (need <= max) continue;
    gaps.push({ key: `${kernel.name} ${limit}`, code: 'plan/limit', message: `kernel \`${kernel.name}\` has ${need} ${what}, which is too many`, reason: `allows ${max} ${what}`, fix: `use at most ${max}, or another backend`, where: top, available: [] });
  }
  return gaps;
}

/**
 * How a backend that has no gaps runs the kernel: the first cell that is not native, if there is one. `authored` is the
 * kernel before it was made legal: types and uses of ops that are gone since are emulated.
 */
export function kernelCell(kernel: Kernel, authored: Kernel | undefined, capabilities: Capabilities, registry: Registry): Cell {
  const { body } = kernel;
  const types = typesOf(body);
  const gone = authored === undefined || authored === kernel ? [] : typesOf(authored.body).filter((type) => !types.includes(type));
  const cells = [...gone.flatMap((type): Cell[] => {
    const reason = emulation(type);
    return reason === undefined ? [] : [{ how: 'emulated', reason }];
  }), ...goneOps(authored, kernel, capabilities), ...types.map((type) => typeCell(capabilities, type.spelling))];
  for (const [op, type] of distinctUses(body, capabilities)) {
    const id = body.opNames[op.name] ?? '';
    if (registry.lookup(id)?.traits.includes('terminator') === false) cells.push(opCell(capabilities, id, type, op.attrs));
  }
  const worst = cells.find((c) => c.how !== 'native');
  return { how: worst?.how ?? 'native', ...(worst?.reason === undefined ? {} : { reason: worst.reason }) };
}

/** The cells of what the author's kernel does on vectors with ops that are unavailable there, and that legalising replaced. */
function goneOps(authored: Kernel | undefined, kernel: Kernel, capabilities: Capabilities): readonly Cell[] {
  if (authored === undefined || authored === kernel) return [];
  const keyed = ({ body }: Kernel) => distinctUses(body, capabilities).map(([op, type]) => ({ op, type, id: body.opNames[op.name] ?? '' }));
  const left = new Set(keyed(kernel).map(({ id, type }) => `${id} ${type}`));
  return keyed(authored).flatMap(({ op, type, id }): Cell[] => {
    const replaced = type.startsWith('vec') && !left.has(`${id} ${type}`) && opCell(capabilities, id, type, op.attrs).how === 'unavailable';
    return replaced ? [{ how: 'emulated', reason: `\`${id}\` on ${type} by component` }] : [];
  });
}

function workgroupBytes(kernel: Kernel): number {
  let total = 0;
  for (const op of kernel.body.region.ops) {
    if (kernel.body.opNames[op.name] === 'buffer.workgroup') total += workgroupLayout(op.attrs)?.bytes ?? 0;
  }
  return total;
}

/** Each type that a value has, once; of a buffer its element. Not every entry of the table is one: passes leave holes. */
function typesOf({ region, valueTypes }: Body): readonly Type[] {
  const types = new Set<Type>();
  const see = (values: readonly ValueId[]) => {
    for (const v of values) {
      const type = valueTypes[v];
      if (type !== undefined) types.add(type.kind === 'buffer' ? type.element : type);
    }
  };
  const look = ({ args, ops }: Region) => {
    see(args);
    for (const op of ops) {
      see(op.results);
      for (const inner of op.regions) look(inner);
    }
  };
  look(region);
  return [...types];
}

/**
 * The first op of each id and type that occur, in program order, with the type's spelling (`none` where it has no type),
 * and with its enumerated attributes in words where the backend has cells for such.
 */
function distinctUses({ region, valueTypes, opNames }: Body, capabilities: Capabilities): readonly (readonly [Op, string, string])[] {
  const byAttributes = opNames.map((id) => hasAttributeCells(capabilities, id));
  const seen = new Set<number | string>();
  const uses: [Op, string, string][] = [];
  const look = ({ ops }: Region) => {
    for (const op of ops) {
      const type = cellType(valueTypes[op.operands[0] ?? op.results[0] ?? -1]);
      const plain = op.name * 2 ** 32 + (type === undefined ? 0 : type.serial + 1);
      const attrs = byAttributes[op.name] === true ? enumerated(op.attrs) : '';
      const key = attrs === '' ? plain : `${plain}${attrs}`;
      if (!seen.has(key)) {
        seen.add(key);
        uses.push([op, type?.spelling ?? 'none', attrs]);
      }
      for (const inner of op.regions) look(inner);
    }
  };
  look(region);
  return uses;
}

function enumerated(attrs: Attributes): string {
  return Object.entries(attrs).map(([name, a]) => (a.kind === 'enum' ? ` with ${name} ${a.value}` : '')).join('');
}
