import { SluiceError, isSluiceError } from '../diagnostics/error.ts';
import type { Body, Kernel, Op, Program, ValueId } from '../ir/program.ts';
import type { OpDef } from '../ops/op.ts';
import type { Pass } from '../registry/plugin.ts';
import type { Registry } from '../registry/registry.ts';
import { shown } from '../text/json.ts';
import { eachKernel } from './bodies.ts';
import type { BodyEdit } from './edit.ts';
import type { PassFacts } from './facts.ts';
import type { Rewriter, Visitor } from './rewrite.ts';
import { rewrite } from './rewrite.ts';
import { asResults, place, template } from './template.ts';
import type { PlacedUse, Template } from './template.ts';

/** Composites may be made of composites; a cycle among them ends here. */
const MAX_DEPTH = 32;

/** Replaces composite ops by what they are composed of. */
export const inline: Pass = {
  id: 'core.inline',
  summary: 'Replaces composite ops by what they are composed of: those that the target does not lower itself, or all where there is no target.',
  run(program, { registry, target }) {
    const inlines = (def: OpDef) => target === undefined || registry.getLowering(def.id, target.backend)?.kind === 'compose';
    const host = inlineHost(program, registry, inlines);
    const kernels = eachKernel(host.kernels, (k) => inlineKernel(k, registry, target?.backend ?? 'reference', inlines));
    return kernels === host.kernels ? host : shown({ ...host, kernels });
  },
};

/**
 * `kernel` with every composite op for which `inlines` holds replaced by what its `compose` builds for `target`, down to
 * ops that need none. The same kernel where there is nothing to inline. It must be verified.
 * @throws SluiceError `plan/no-lowering` for a cycle of composites, `plan/bad-lowering`, `build/result` and what a `compose` throws
 */
export function inlineKernel(kernel: Kernel, registry: Registry, target: string, inlines: (def: OpDef) => boolean): Kernel {
  const body = inlined({ kind: 'kernel', name: kernel.name, body: kernel.body, kernels: [] }, registry, target, inlines).body;
  return body === kernel.body ? kernel : shown({ ...kernel, body });
}

/** The same for the host body of `program`; the kernels that composites launch become its own. */
export function inlineHost(program: Program, registry: Registry, inlines: (def: OpDef) => boolean): Program {
  const { body, kernels } = inlined({ kind: 'program', name: program.name, body: program.body, kernels: program.kernels }, registry, 'host', inlines);
  return body === program.body ? program : shown({ ...program, body, kernels });
}

interface Owner {
  readonly kind: 'kernel' | 'program';
  readonly name: string;
  readonly body: Body;
  readonly kernels: readonly Kernel[];
}

function inlined(owner: Owner, registry: Registry, target: string, inlines: (def: OpDef) => boolean): { readonly body: Body; readonly kernels: readonly Kernel[] } {
  const composites = new Composites(owner, registry, target, inlines);
  if (!owner.body.opNames.some((id) => composites.find(id) !== undefined)) return owner;
  return { body: rewrite(owner.body, registry, composites), kernels: composites.kernels };
}

class Composites implements Visitor {
  kernels: readonly Kernel[];
  /** Kernels that composites brought, with their names in the program. */
  readonly #adopted = new Map<Kernel, string>();
  readonly #owner: Owner;
  readonly #registry: Registry;
  readonly #target: string;
  readonly #inlines: (def: OpDef) => boolean;

  constructor(owner: Owner, registry: Registry, target: string, inlines: (def: OpDef) => boolean) {
    this.kernels = owner.kernels;
    this.#owner = owner;
    this.#registry = registry;
    this.#target = target;
    this.#inlines = inlines;
  }

  find(id: string): OpDef | undefined {
    const def = this.#registry.lookup(id);
    return def?.compose !== undefined && this.#inlines(def) ? def : undefined;
  }

  visit(op: Op, { def }: PassFacts, to: Rewriter): Op | undefined {
    if (def === undefined || this.find(def.id) === undefined) return op;
    const out: Op[] = [];
    const made = this.#expand(def, { id: def.id, operands: op.operands, attrs: op.attrs, results: op.results.map((r) => to.typeOf(r)) }, out, to, 0);
    for (const inner of out) to.insert(inner);
    op.results.forEach((r, i) => to.replace(r, made[i] as ValueId));
    return undefined;
  }

  #expand(def: OpDef, use: PlacedUse, out: Op[], to: BodyEdit, depth: number): readonly ValueId[] {
    const { kind, name } = this.#owner;
    if (depth === MAX_DEPTH) {
      throw new SluiceError({ code: 'plan/no-lowering', message: `\`${def.id}\` is composed of itself, through ${MAX_DEPTH} levels`, fix: 'mend its `compose`, or give it a lowering', where: { [kind]: name, op: def.id } });
    }
    const made = this.#composed(def, use, to);
    return place(made, use.operands, out, {
      to,
      origin: def.id,
      kernelNames: this.#adopt(made.kernels),
      expand: (inner, into) => {
        const found = this.find(inner.id);
        return found === undefined ? undefined : this.#expand(found, inner, into, to, depth + 1);
      },
    });
  }

  /** What `compose` gives for these operands, as one value for each result of the op. */
  #composed(def: OpDef, use: PlacedUse, to: BodyEdit): Template {
    const { kind, name } = this.#owner;
    const types = use.operands.map((v) => to.typeOf(v));
    const compose = (args: readonly unknown[]) => called(def, { [kind]: name, op: def.id }, () => def.compose?.(args as readonly never[], use.attrs, this.#target));
    return template(kind, name, types, compose, (made, trace) =>
      asResults(made, use.results.length, (what) => trace.fail('build/result', `\`compose\` of \`${def.id}\` ${what}`, 'return one value for a single result, or an array with one value for each')));
  }

  /** Makes kernels of a template the program's; gives the new names of those whose name another one has. */
  #adopt(kernels: readonly Kernel[]): ReadonlyMap<string, string> {
    const names = new Map<string, string>();
    for (const kernel of kernels) {
      const adopted = this.#adopted.get(kernel) ?? (this.kernels.includes(kernel) ? kernel.name : undefined);
      if (adopted !== undefined) {
        if (adopted !== kernel.name) names.set(kernel.name, adopted);
        continue;
      }
      const taken = new Set(this.kernels.map((k) => k.name));
      let name = kernel.name;
      for (let i = 2; taken.has(name); i++) name = `${kernel.name}_${i}`;
      if (name !== kernel.name) names.set(kernel.name, name);
      this.#adopted.set(kernel, name);
      this.kernels = [...this.kernels, name === kernel.name ? kernel : shown({ ...kernel, name })];
    }
    return names;
  }
}

/** What goes wrong in somebody's `compose` says whose it is. */
function called<T>(def: OpDef, where: { readonly op: string }, compose: () => T): T {
  try {
    return compose();
  } catch (cause) {
    if (isSluiceError(cause)) throw cause;
    throw new SluiceError({ code: 'plan/bad-lowering', message: `\`compose\` of \`${def.id}\` threw: ${cause instanceof Error ? cause.message : String(cause)}`, fix: 'report it to the author of the op', where, cause });
  }
}
