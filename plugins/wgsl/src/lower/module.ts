import { SluiceError } from '@sluice/core';
import type { Builder, Emitter, IndexBounds, KernelIr, Op, Type, ValueId } from '@sluice/core';
import { isAtom, isLiteral } from './literals.ts';
import type { Features, Trap } from './lowered.ts';
import { Names } from './names.ts';
import { typeText, zeroOf } from './types.ts';
import type { Layout } from './types.ts';

/** A buffer parameter, or memory of the workgroup. */
export interface Memory {
  readonly name: string;
  readonly layout: Layout;
  /** Words are atomics. */
  readonly atomic: boolean;
  /** Elements, as an expression that may stand anywhere. */
  readonly count: string;
  /** Elements, of memory of the workgroup. */
  readonly length?: number;
  /** The word at which it starts, where that is not the first. */
  readonly offset?: string;
}

/** Where an invocation stands, each a vec3<u32> or u32 that the entry point has if it is used. */
export type IdName = 'global_id' | 'local_id' | 'workgroup_id' | 'local_index' | 'subgroup_lane' | 'subgroup_size' | 'subgroup_first' | 'subgroup_lanes';

/** What one module is lowered with. */
export interface ModuleOptions {
  readonly features: Features;
  readonly unguarded: boolean;
  readonly unshifted: boolean;
}

/** What one kernel's code is collected in; the builders of this package write through it. */
export class Module {
  readonly kernel: KernelIr;
  readonly options: ModuleOptions;
  readonly bounds: IndexBounds;
  readonly names = new Names();
  /** Variables and functions beside the entry point. */
  readonly declarations: string[] = [];
  readonly usedIds = new Set<IdName>();
  readonly traps: Trap[] = [];
  readonly memories = new Map<string, Memory>();
  /** Workgroup memory that holds one value, by its type as WGSL spells it. */
  readonly slots = new Map<string, string>();
  /** Values of buffers whose words are atomics. */
  readonly atomics: ReadonlySet<ValueId>;
  /** Values that something uses. */
  readonly used: ReadonlySet<ValueId>;
  /** Invocations of a workgroup. */
  readonly invocations: number;
  usesSubgroups = false;
  /** Lines of the body, and the op that each came from. */
  readonly lines: string[] = [];
  readonly origins: (Op | undefined)[] = [];
  /** The op that is being lowered. */
  op: Op | undefined;
  /** What workgroup memory takes, of buffers and of what builders add. */
  workgroupBytes = 0;
  #depth = 1;
  #dead = false;

  constructor(kernel: KernelIr, options: ModuleOptions, bounds: IndexBounds, uses: { readonly atomics: ReadonlySet<ValueId>; readonly used: ReadonlySet<ValueId> }) {
    this.kernel = kernel;
    this.options = options;
    this.bounds = bounds;
    this.atomics = uses.atomics;
    this.used = uses.used;
    this.invocations = kernel.workgroup[0] * kernel.workgroup[1] * kernel.workgroup[2];
    modules.set(this.emit, this);
  }

  /** Appends lines to the body. What stands behind a way out is dropped: no invocation comes there. */
  readonly emit = (text: string): void => {
    if (this.#dead) return;
    for (const line of text.split('\n')) {
      this.lines.push(`${'  '.repeat(this.#depth)}${line}`);
      this.origins.push(this.op);
    }
  };

  readonly fresh = (hint = 'v'): string => this.names.make(hint);

  readonly declare = (text: string): void => {
    this.declarations.push(text);
  };

  id(name: IdName): string {
    this.usedIds.add(name);
    return name;
  }

  /** The name of a value in the source, or one like it. */
  nameOf(value: ValueId | undefined): string {
    return this.fresh(value === undefined ? 'v' : this.kernel.body.debug.names.get(value));
  }

  /** A name for `expression` from here on, unless it is as good as one. */
  value(value: ValueId | undefined, expression: string): string {
    if (isAtom(expression)) return expression;
    const name = this.nameOf(value);
    this.emit(`let ${name} = ${expression};`);
    return name;
  }

  /** A name for `expression`, which is then no literal. */
  named(hint: string, expression: string): string {
    const name = this.fresh(hint);
    this.emit(`let ${name} = ${expression};`);
    return name;
  }

  /** A variable; zero where there is no `initial`. */
  variable(name: string, type: Type, ctx: Emitter<string>, initial?: string): string {
    this.emit(initial === undefined ? `var ${name}: ${typeText(type, ctx)};` : `var ${name} = ${initial};`);
    return name;
  }

  zero(type: Type, ctx: Emitter<string>): string {
    return zeroOf(type, ctx);
  }

  /** The operands, of which one at least is no literal. */
  operands(ctx: Emitter<string>): readonly string[] {
    const { operands } = ctx;
    return operands.every(isLiteral) ? operands.map((text, i) => (i === 0 ? this.named('c', text) : text)) : operands;
  }

  /** Emits a block: what `body` emits stands between `open` and `}`; without that where the next block goes on from it. */
  block(open: string, body: () => void, goesOn = false): { readonly dead: boolean; readonly empty: boolean } {
    const before = this.#dead;
    this.emit(open);
    const from = this.lines.length;
    this.#depth++;
    body();
    this.#depth--;
    const dead = this.#dead;
    this.#dead = before;
    const empty = this.lines.length === from;
    if (!goesOn) this.emit('}');
    return { dead, empty };
  }

  /** Takes back the last `count` lines. */
  retract(count: number): void {
    if (this.#dead) return;
    this.lines.length -= count;
    this.origins.length -= count;
  }

  /** A statement that leads elsewhere. */
  leave(statement: string): void {
    // At the end of the entry point there is nothing to return before.
    if (statement !== 'return;' || this.#depth > 1) this.emit(statement);
    this.#dead = true;
  }

  /** Says that no invocation comes here. */
  kill(): void {
    this.#dead = true;
  }

  /** Assigns all at once: a value may be one of the targets. */
  assign(targets: readonly string[], values: readonly string[]): void {
    const moves = targets.map((target, i) => ({ target, value: values[i] ?? target })).filter((m) => m.target !== m.value);
    const tangled = moves.some((m, i) => moves.slice(0, i).some((earlier) => earlier.target === /^\w+/.exec(m.value)?.[0]));
    const ready = tangled ? moves.map((m) => ({ target: m.target, value: isLiteral(m.value) ? m.value : this.named('next', m.value) })) : moves;
    for (const m of ready) this.emit(`${m.target} = ${m.value};`);
  }

  memory(name: string, ctx: Emitter<string>): Memory {
    const memory = this.memories.get(name);
    if (memory === undefined) throw new SluiceError({ code: 'plan/bad-lowering', message: `\`${name}\` is no buffer of the kernel`, fix: 'hand on buffers by the names that operands have', where: ctx.where });
    return memory;
  }

  /** Whether the access that is being lowered needs no guard. */
  inBounds(op: Op): boolean {
    return this.bounds.proved.has(op) || (this.options.unguarded && this.bounds.checked.has(op));
  }

  /** The number of a trap. */
  trap(trap: Trap): number {
    return this.traps.push(trap);
  }
}

/* By the emit function of a walk, which every Emitter of it shows. */
const modules = new WeakMap<Emitter<string>['emit'], Module>();

/** Builds the WGSL of one op: a result is any expression that has no effects. */
export type WgslBuilder = (op: Op, ctx: Emitter<string>, module: Module) => readonly string[];

/** As a registry holds it. */
export function builder(build: WgslBuilder): Builder<string> {
  return (op, ctx) => {
    const module = modules.get(ctx.emit);
    if (module === undefined) throw new SluiceError({ code: 'plan/bad-lowering', message: `the lowering of \`${ctx.where.op ?? ''}\` to WGSL is called for code that @sluice/wgsl does not make`, fix: 'call it with the Emitter that a builder was handed', where: ctx.where });
    return build(op, ctx, module);
  };
}
