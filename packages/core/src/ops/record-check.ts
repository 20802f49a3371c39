import { SluiceError } from '../diagnostics/error.ts';
import type { Effect, OpSpec } from './op.ts';

/**
 * Refuses a record that contradicts itself: a name in an effect, a flow or a decision that no operand, result or region
 * has would otherwise be an order of effects that silently is not kept.
 * @throws SluiceError `registry/bad-op`
 */
export function checkRecord(spec: OpSpec): void {
  const bad = (what: string, fix = 'correct the op record') => new SluiceError({ code: 'registry/bad-op', message: `op \`${spec.id}\`: ${what}`, fix });
  if (!/^[a-z][\w-]*\.[\w.-]+$/.test(spec.id)) throw bad('an id is `<name>.<name>`');
  if (spec.category === 'composite' && spec.compose === undefined) throw bad('it is composite and has no `compose`', 'give it one, or make it an `extension`');
  if (spec.category !== 'composite' && spec.compose !== undefined) throw bad(`it is ${spec.category} and has a \`compose\``, 'make it `composite`');
  const operands = spec.operands.map((p) => p.name);
  const results = spec.results.map((p) => p.name);
  const names = [...operands, ...results];
  const twice = names.find((n, i) => names.indexOf(n) !== i);
  if (twice !== undefined) throw bad(`two of its operands and results are called \`${twice}\``);
  for (const effect of spec.effects ?? []) {
    for (const [role, name] of namesOf(effect)) {
      const among = role === 'result' ? results : role === 'operand' ? operands : names;
      if (!among.includes(name)) throw bad(`its effect \`${effect.kind}\` names \`${name}\`, which is no ${role}`, `it has ${among.join(', ') || 'none'}`);
    }
  }
  const regions = (spec.regions ?? []).map((r) => r.name);
  for (const region of spec.regions ?? []) {
    const stray = region.catches.find((t) => !region.terminators.includes(t));
    if (stray !== undefined) throw bad(`region \`${region.name}\` catches \`${stray}\`, which may not end it`, 'list it among its `terminators`');
    for (const by of region.decidedBy ?? []) {
      if (typeof by === 'string' && !operands.includes(by)) throw bad(`region \`${region.name}\` is decided by \`${by}\`, which is no operand`);
    }
  }
  for (const { from, to } of spec.flow ?? []) {
    if (typeof from === 'string' ? !operands.includes(from) : !regions.includes(from.region)) throw bad(`values flow from \`${typeof from === 'string' ? from : from.region}\`, which is no operand or region`);
    if (to !== 'results' && !regions.includes(to)) throw bad(`values flow to \`${to}\`, which is no region`, 'name a region, or `results`');
  }
}

type Role = 'operand' | 'result' | 'operand or result';

function namesOf(effect: Effect): readonly (readonly [Role, string])[] {
  switch (effect.kind) {
    case 'read':
    case 'write':
      return [['operand or result', effect.on]];
    case 'free':
      return [['operand', effect.on]];
    case 'alloc':
      return [['result', effect.on], ...operandsIn(effect.byteLength)];
    case 'view':
      return [['result', effect.on], ['operand', effect.of]];
    case 'file-read':
    case 'file-write':
      return operandsIn(effect.fd, effect.offset, effect.length);
    case 'launch':
      return [['operand', effect.args]];
  }
}

function operandsIn(...names: readonly (string | undefined)[]): readonly (readonly [Role, string])[] {
  return names.flatMap((n) => (n === undefined ? [] : [['operand', n] as const]));
}
