import type { Body, Program, ValueId } from '../../ir/program.ts';
import { walkOps } from '../../ir/program.ts';
import { parseType } from '../../ir/types.ts';
import type { Type, VectorType } from '../../ir/types.ts';
import { componentType } from '../../ops/elementwise.ts';
import { cellType, mayLackOp, opCell, typeCell } from '../../registry/capabilities.ts';
import type { Capabilities } from '../../registry/capabilities.ts';
import type { Pass } from '../../registry/plugin.ts';
import type { Registry } from '../../registry/registry.ts';
import { inParts } from '../parts/program.ts';
import type { PartsUse } from '../parts/scheme.ts';
import { vectorScheme } from './scheme.ts';

/** Makes scalar ops of the ops on vectors that a target lacks, and scalars of the vectors that it lacks. */
export const legalizeVector: Pass = {
  id: 'core.legalize-vector',
  summary: 'Computes ops on vectors component by component, where the target has them on scalars alone.',
  run(program, { registry, target }) {
    if (target === undefined) return scalarised(program, registry, everyVector(program), () => false);
    const { capabilities } = target;
    const ids = new Set(program.kernels.flatMap((k) => k.body.opNames.filter((id) => mayLackOp(capabilities, id))));
    const types = lackingTypes(capabilities);
    if (ids.size === 0 && types.size === 0) return program;
    const takes = (use: PartsUse) => ids.has(use.def.id) && isLacking(use, capabilities);
    for (const { body } of program.kernels) for (const type of unbuildable(body, ids, registry, capabilities)) types.add(type);
    return scalarised(program, registry, types, takes);
  },
};

function scalarised(program: Program, registry: Registry, types: ReadonlySet<Type>, takes: (use: PartsUse) => boolean): Program {
  // Parameters of kernels are scalars and buffers: a launch hands over what it did.
  return inParts(program, registry, vectorScheme(types, takes), (value) => [value]);
}

function everyVector({ kernels }: Program): ReadonlySet<Type> {
  const types = new Set<Type>();
  const look = (type: Type): void => {
    if (type.kind === 'vector') types.add(type);
    else if (type.kind === 'buffer' || type.kind === 'array') look(type.element);
  };
  for (const { body } of kernels) body.valueTypes.forEach(look);
  return types;
}

/** Vectors with a cell of their own that says no, of scalars that there are. */
function lackingTypes(capabilities: Capabilities): Set<Type> {
  const off = Object.entries(capabilities.types).flatMap(([spelling, cell]) => (cell.how === 'unavailable' && spelling.startsWith('vec') ? [parseType(spelling)] : []));
  return new Set(off.filter((t) => t.kind === 'vector' && typeCell(capabilities, t.element.spelling).how !== 'unavailable'));
}

/** An op on vectors that the target has on scalars, or that others can be put in place of. */
function isLacking({ def, operands, results, attrs }: PartsUse, capabilities: Capabilities): boolean {
  const type = cellType(operands[0] ?? results[0]);
  if (![...operands, ...results].some((t) => t.kind === 'vector') || opCell(capabilities, def.id, type?.spelling, attrs).how !== 'unavailable') return false;
  if (def.dialect === 'vector') return operands[0]?.kind !== 'array' && results[0]?.kind !== 'array';
  const component = type === undefined ? undefined : componentType(type);
  return def.traits.includes('elementwise') && opCell(capabilities, def.id, component?.spelling, attrs).how !== 'unavailable';
}

/** Vectors that ops would have to be taken apart for, which the target can take apart or put together by no op. */
function unbuildable(body: Body, ids: ReadonlySet<string>, registry: Registry, capabilities: Capabilities): readonly VectorType[] {
  const has = (id: string, type: Type) => opCell(capabilities, id, type.spelling).how !== 'unavailable';
  const found = new Set<VectorType>();
  for (const op of walkOps(body.region)) {
    const def = registry.lookup(body.opNames[op.name] ?? '');
    if (def === undefined || !ids.has(def.id)) continue;
    const typesOf = (values: readonly ValueId[]) => values.map((v) => body.valueTypes[v] as Type);
    const use = { def, operands: typesOf(op.operands), results: typesOf(op.results), attrs: op.attrs, index: undefined };
    if (!isLacking(use, capabilities)) continue;
    for (const t of [...use.operands, ...use.results]) if (t.kind === 'vector' && !(has('vector.extract', t) && has('vector.construct', t.element))) found.add(t);
  }
  return [...found];
}
