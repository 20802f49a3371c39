import type { Attribute } from '../ir/attributes.ts';
import type { Body, Kernel, Program } from '../ir/program.ts';
import type { Type } from '../ir/types.ts';
import type { RegionSpec } from '../ops/op.ts';
import type { Registry } from '../registry/registry.ts';
import type { OpFacts } from './facts.ts';
import { factsOf } from './facts.ts';
import type { Located } from './path.ts';
import type { Report } from './report.ts';

/** One body under verification, and all that its rules look at. Its data has passed the shape rules. */
export interface BodyContext extends Located {
  readonly level: 'kernel' | 'host';
  /** What the body is as a region: what may end it. */
  readonly spec: RegionSpec;
  /** Types that its return hands on. */
  readonly returns: readonly Type[];
  readonly registry: Registry;
  readonly report: Report;
  /** Kernels that a launch may name; none within a kernel. */
  readonly kernels: ReadonlyMap<string, Kernel>;
  /** List attributes found to be lists of strings: many ops may share a long one. */
  readonly judgedLists: Set<Attribute>;
}

/** The region of a body: a return ends it, from any depth in a kernel, at the top level alone in a host body. */
const BODY: RegionSpec = { name: 'body', terminators: ['control.return'], catches: ['control.return'] };

export function kernelContext(kernel: Kernel, program: Program | undefined, ordinal: number, registry: Registry, report: Report, known: Map<string, OpFacts>): BodyContext {
  return { ...common(kernel.body, ordinal, registry, report, known), level: 'kernel', returns: [], program: program?.name, kernel: kernel.name, span: kernel.span, kernels: new Map() };
}

export function hostContext(program: Program, registry: Registry, report: Report, known: Map<string, OpFacts>): BodyContext {
  const kernels = new Map(program.kernels.map((k) => [k.name, k]));
  return { ...common(program.body, program.kernels.length, registry, report, known), level: 'host', returns: program.results.map((r) => r.type), program: program.name, kernel: undefined, span: program.span, kernels };
}

function common(body: Body, ordinal: number, registry: Registry, report: Report, known: Map<string, OpFacts>) {
  return { body, facts: factsOf(body.opNames, registry, known), ordinal, spec: BODY, registry, report, judgedLists: new Set<Attribute>() };
}
