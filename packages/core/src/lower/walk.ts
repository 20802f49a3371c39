import { SluiceError } from '../diagnostics/error.ts';
import type { Where } from '../diagnostics/error.ts';
import type { Attribute } from '../ir/attributes.ts';
import type { Kernel, Op, Region, ValueId } from '../ir/program.ts';
import { opId } from '../ir/program.ts';
import type { Type } from '../ir/types.ts';
import { whereOf } from '../ir/where.ts';
import type { Builder, Emitter, Exits } from '../registry/lowering.ts';
import type { OpDef, Use } from '../ops/op.ts';
import type { Registry } from '../registry/registry.ts';
import { LIMITS } from '../verify/limits.ts';

/** What a backend gives to have a kernel walked; `V` is its value, for text backends an expression. */
export interface Walk<V> {
  readonly registry: Registry;
  /** The id of the backend that is lowered for. */
  readonly target: string;
  /** The values of the kernel's parameters, in order. */
  readonly params: readonly V[];
  /** The builder for one use of an op, or undefined where the backend has none. */
  builderOf(def: OpDef, use: Use): Builder<V> | undefined;
  /** Appends a line to the code. */
  emit(line: string): void;
  /** Adds text beside the kernel; absent where the code has no such place, and a builder that asks for it is at fault. Called once for each text. */
  declare?(text: string): void;
  /** A name that nothing else has. */
  fresh(hint?: string): string;
  /** What terminators do that leave the kernel itself: `control.return`. */
  readonly exits?: Exits<V>;
  /** Stands around the lowering of each op, terminators too, and calls `lower` once: for line tables, costs, output by op. */
  around?(op: Op, def: OpDef, lower: () => void): void;
}

/**
 * Lowers the body of a verified and legalised kernel, op by op in program order, and returns the operands of its
 * last terminator.
 *
 * A terminator has no builder. It asks outward, from its own region on, for the first region whose exits take its id.
 * A region whose op catches that id ends the search: the op uses the operands that `Emitter.region` returns, which is
 * enough for the normal end of a region (the first terminator that it catches) and for nothing else.
 * @throws SluiceError `plan/no-lowering` for an op without builder and a terminator that nothing takes,
 *   `plan/bad-lowering` for a builder that breaks its contract, `verify/limit` for nesting over 64 regions
 */
export function walkKernel<V>(kernel: Kernel, walk: Walk<V>): readonly V[] {
  return new Walker(kernel, walk).run();
}

/** Where the walk stands in one region. */
interface Step {
  /** The region's name in the op that owns it; none for the body of the kernel. */
  readonly region: string | undefined;
  op: Op | undefined;
  id: string;
  index: number;
}

class Walker<V> {
  readonly kernel: Kernel;
  readonly walk: Walk<V>;
  readonly #values: V[] = [];
  readonly #declared = new Set<string>();
  readonly #defs = new Map<string, OpDef>();
  /** From the body of the kernel to the region that is being lowered. */
  readonly #steps: Step[] = [];

  constructor(kernel: Kernel, walk: Walk<V>) {
    this.kernel = kernel;
    this.walk = walk;
  }

  run(): readonly V[] {
    const scope: Scope<V> = { exits: this.walk.exits ?? {}, catches: ['control.return'], outer: undefined };
    return this.lowerRegion(this.kernel.body.region, undefined, this.walk.params, scope);
  }

  /** Where the op stands that is being lowered: in the kernel as its author wrote it, whatever passes did. */
  where(): Where {
    const { body, name, span } = this.kernel;
    const op = this.#steps.at(-1)?.op;
    if (op === undefined) return { kernel: name, span };
    const here = this.#steps.map((s) => `${s.region === undefined ? '' : `${s.region}/`}${s.id}[${s.index}]`).join('/');
    return whereOf({ kernel: name, span }, body, op, (id) => this.walk.registry.lookup(id)?.regions.map((r) => r.name) ?? [], here);
  }

  lowerRegion(region: Region, name: string | undefined, args: readonly V[], scope: Scope<V>): readonly V[] {
    if (this.#steps.length > LIMITS.depth) throw new SluiceError({ code: 'verify/limit', message: `regions nest more than ${LIMITS.depth} deep`, fix: 'flatten the control flow', where: this.where() });
    this.#bind(region.args, args, 'block arguments');
    const step: Step = { region: name, op: undefined, id: '', index: -1 };
    this.#steps.push(step);
    for (const op of region.ops) {
      step.op = op;
      step.id = opId(this.kernel.body, op);
      step.index += 1;
      const def = this.#defs.get(step.id) ?? this.#lookup(step.id);
      if (this.walk.around === undefined) this.#lower(op, def, scope);
      else this.walk.around(op, def, () => this.#lower(op, def, scope));
    }
    const last = step.op?.operands.map((v) => this.value(v)) ?? [];
    this.#steps.pop();
    return last;
  }

  #lower(op: Op, def: OpDef, scope: Scope<V>): void {
    const operands = op.operands.map((v) => this.value(v));
    if (def.traits.includes('terminator')) return this.#leave(def.id, operands, scope);
    const use: Use = { operands: op.operands.map((v) => this.type(v)), results: op.results.map((v) => this.type(v)), attrs: op.attrs };
    const build = this.walk.builderOf(def, use);
    if (build === undefined) throw noLowering(def, use, this.walk.target, this.where());
    const results = build(op, new OpEmitter(this, op, def, use, operands, scope));
    this.#bind(op.results, results, 'results');
  }

  #leave(id: string, operands: readonly V[], scope: Scope<V>): void {
    for (let at: Scope<V> | undefined = scope; at !== undefined; at = at.outer) {
      const exit = at.exits[id];
      if (exit !== undefined) return exit(operands);
      if (!at.catches.includes(id)) continue;
      if (at === scope && at.catches[0] === id) return;
      break;
    }
    throw new SluiceError({ code: 'plan/no-lowering', message: `no lowering takes \`${id}\` here`, fix: 'lower the op that it leaves with an exit for it', where: this.where() });
  }

  #bind(ids: readonly ValueId[], values: readonly V[], what: string): void {
    if (values.length !== ids.length) throw this.badLowering(`gives ${values.length} values for ${ids.length} ${what}`);
    for (let i = 0; i < ids.length; i++) {
      const value = values[i];
      if (value === undefined) throw this.badLowering(`gives undefined for one of its ${what}`);
      this.#values[ids[i] ?? -1] = value;
    }
  }

  declare(text: string): void {
    if (this.walk.declare === undefined) throw this.badLowering(`declares something beside the kernel, which ${this.walk.target} has no place for`);
    if (this.#declared.has(text)) return;
    this.#declared.add(text);
    this.walk.declare(text);
  }

  value(id: ValueId | undefined): V {
    const value = id === undefined ? undefined : this.#values[id];
    if (value === undefined) throw new SluiceError({ code: 'verify/dominance', message: `value %${id} is used before it is defined`, fix: 'verify the kernel before it is lowered', where: this.where() });
    return value;
  }

  type(id: ValueId | undefined): Type {
    const type = id === undefined ? undefined : this.kernel.body.valueTypes[id];
    if (type === undefined) throw new SluiceError({ code: 'verify/malformed', message: `value %${id} has no type`, fix: 'verify the kernel before it is lowered', where: this.where() });
    return type;
  }

  badLowering(what: string): SluiceError {
    const where = this.where();
    return new SluiceError({ code: 'plan/bad-lowering', message: `the lowering of \`${where.op ?? this.kernel.name}\` ${what}`, fix: 'correct the lowering: it is at fault, not the program', where });
  }

  #lookup(id: string): OpDef {
    const def = this.walk.registry.lookup(id);
    if (def === undefined) throw new SluiceError({ code: 'verify/unknown-op', message: `\`${id}\` is not registered`, fix: 'import the plugin that declares it', where: this.where() });
    this.#defs.set(id, def);
    return def;
  }
}

/** What the builder of one op is handed; a class, because there is one for each op. */
class OpEmitter<V> implements Emitter<V> {
  readonly target: string;
  readonly operands: readonly V[];
  readonly emit: (line: string) => void;
  readonly fresh: (hint?: string) => string;
  readonly #walker: Walker<V>;
  readonly #op: Op;
  readonly #def: OpDef;
  readonly #use: Use;
  readonly #scope: Scope<V>;
  #emitted: number[] | undefined;

  constructor(walker: Walker<V>, op: Op, def: OpDef, use: Use, operands: readonly V[], scope: Scope<V>) {
    this.target = walker.walk.target;
    this.operands = operands;
    this.emit = walker.walk.emit;
    this.fresh = walker.walk.fresh;
    this.#walker = walker;
    this.#op = op;
    this.#def = def;
    this.#use = use;
    this.#scope = scope;
  }

  get where(): Where {
    return this.#walker.where();
  }

  declare(text: string): void {
    this.#walker.declare(text);
  }

  operand(index: number): V {
    return this.#walker.value(this.#op.operands[index]);
  }

  operandType(index: number): Type {
    return this.#use.operands[index] ?? this.#walker.type(undefined);
  }

  resultType(index: number): Type {
    return this.#use.results[index] ?? this.#walker.type(undefined);
  }

  attr(name: string): Attribute | undefined {
    return this.#op.attrs[name];
  }

  region(index: number, args: readonly V[], exits: Exits<V> = {}): readonly V[] {
    const region = this.#op.regions[index];
    const emitted = (this.#emitted ??= []);
    if (region === undefined || emitted.includes(index)) throw this.#walker.badLowering(`emits region ${index} ${region === undefined ? 'that is not there' : 'twice'}`);
    emitted.push(index);
    const spec = this.#def.regions[Math.min(index, this.#def.regions.length - 1)];
    return this.#walker.lowerRegion(region, spec?.name ?? String(index), args, { exits, catches: spec?.catches ?? [], outer: this.#scope });
  }
}

/** A region on the way out from where the walk stands. */
interface Scope<V> {
  readonly exits: Exits<V>;
  /** Terminator ids that end at the op that owns the region. */
  readonly catches: readonly string[];
  readonly outer: Scope<V> | undefined;
}

function noLowering(def: OpDef, use: Use, target: string, where: Where): SluiceError {
  const types = use.operands.map((t) => t.spelling).join(', ');
  const closers = def.providers.map((p) => `'${p}'`).join(' or ');
  return new SluiceError({
    code: 'plan/no-lowering',
    message: `\`${def.id}\`${types === '' ? '' : ` on (${types})`} has no lowering on ${target}`,
    fix: closers === '' ? `use a backend that lowers it, or import a plugin that lowers it for ${target}` : `import ${closers}, or any plugin that lowers the ${def.dialect} dialect`,
    where,
    available: def.providers,
  });
}
