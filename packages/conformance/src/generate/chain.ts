import { bufferType, loadedType, scalar } from '@sluice/core';
import type { KernelIr, Registry, Type } from '@sluice/core';
import { kernelOf, param } from '../ir/draft.ts';
import { axis } from './catalog.ts';
import type { Catalog } from './catalog.ts';
import { KernelWriter } from './kernel.ts';
import { Picks } from './recipe.ts';
import type { KernelRecipe } from './recipe.ts';
import type { Floats } from './scope.ts';

/** A kernel of a chain: every invocation makes its own element of `to` of its own element of `from`. */
export interface Stage {
  readonly kernel: KernelIr;
  readonly from: Type;
  readonly to: Type;
}

const WIDTHS = [4, 1, 8, 5] as const;

/** Elementwise kernels of which each takes what the one before it gives; none, or two at least. */
export function buildChain(recipes: readonly KernelRecipe[], registry: Registry, catalog: Catalog, floats: Floats): readonly Stage[] {
  if (recipes.length < 2) return [];
  const width = new Picks(recipes[0]?.picks ?? []).of(WIDTHS);
  let from: Type | undefined;
  return recipes.map((recipe, i) => {
    const picks = new Picks(recipe.picks.slice(1));
    const element = () => (picks.below(2) === 0 ? scalar('u32') : picks.of(catalog.elements));
    from ??= element();
    const stage = buildStage(`e${i}`, { recipe, width, from, to: element() }, new KernelWriter(registry, catalog, floats), picks);
    from = stage.to;
    return stage;
  });
}

interface StagePlan {
  readonly recipe: KernelRecipe;
  readonly width: number;
  readonly from: Type;
  readonly to: Type;
}

function buildStage(name: string, { recipe, width, from, to }: StagePlan, w: KernelWriter, picks: Picks): Stage {
  const params = [param('from', bufferType(from, 'read')), param('to', bufferType(to, 'write')), param('s', scalar('u32'))];
  const [source = -1, target = -1, s = -1] = params.map((p) => w.draft.value(p.type));
  w.workgroupSize = width;
  const own = w.draft.one(w.ops, 'kernel.global_id', [], axis('x'));
  w.own = own;
  w.local = own;
  w.add(own);
  w.add(s, { uniform: true });
  w.add(w.draft.one(w.ops, 'buffer.load', [source, own]));
  // A launch that may trap is never made one with another.
  w.traps = picks.below(8) === 7;
  w.statements(recipe.body);
  const type = loadedType(to);
  const value = w.known.findLast((v) => v.type === type) ?? w.make(type, picks);
  w.draft.op(w.ops, 'buffer.store', [target, own, value.id]);
  w.draft.op(w.ops, 'control.return', []);
  return { kernel: kernelOf(name, params, [width, 1, 1], w.draft.body([source, target, s], w.ops)), from, to };
}
