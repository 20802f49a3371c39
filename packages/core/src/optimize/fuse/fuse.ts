import type { Kernel, Op, Program, Region, ValueId } from '../../ir/program.ts';
import type { Pass } from '../../registry/plugin.ts';
import type { Registry } from '../../registry/registry.ts';
import { shown } from '../../text/json.ts';
import { Constants } from '../constants.ts';
import { BodyEdit } from '../edit.ts';
import type { PassFacts } from '../facts.ts';
import { usesOf } from './elementwise-kernel.ts';
import type { KernelUses } from './elementwise-kernel.ts';
import { forwarded } from './forward.ts';
import { join } from './join.ts';

/** Buffers that a kernel may have on every device: one of eight is the status record's. */
const MOST_BUFFERS = 7;

/** Runs elementwise kernels that follow each other in one launch. */
export const fuse: Pass = {
  id: 'core.fuse',
  summary: 'Makes one launch of two elementwise ones, where each invocation needs of the first only what it wrote itself; what nothing else reads never goes to memory.',
  run: (program, { registry }) => new Fuse(program, registry).run(),
};

/** A launch, taken apart. */
interface Launched {
  readonly op: Op;
  readonly kernel: Kernel;
  readonly groups: readonly ValueId[];
  readonly args: readonly ValueId[];
  readonly uses: KernelUses;
}

class Fuse extends BodyEdit {
  readonly #program: Program;
  readonly #kernels: Map<string, Kernel>;
  readonly #uses = new Map<Kernel, KernelUses | undefined>();
  readonly #constants: Constants;
  /** What made each value, of handles. */
  readonly #makers = new Map<ValueId, PassFacts>();
  /** By value: how often the host body uses it. */
  readonly #count: Uint32Array;
  #fused = 0;

  constructor(program: Program, registry: Registry) {
    super(program.body, registry);
    this.#program = program;
    this.#kernels = new Map(program.kernels.map((k) => [k.name, k]));
    this.#constants = new Constants(program.body.valueTypes.length);
    this.#count = new Uint32Array(program.body.valueTypes.length);
  }

  run(): Program {
    this.#look(this.body.region);
    const body = this.finish(this.#region(this.body.region));
    if (this.#fused === 0) return this.#program;
    const launched = new Set<string>();
    this.#namesIn(body.region, launched);
    return shown({ ...this.#program, body, kernels: [...this.#kernels.values()].filter((k) => launched.has(k.name)) });
  }

  #namesIn(region: Region, into: Set<string>): void {
    for (const op of region.ops) {
      if (op.attrs['kernel']?.kind === 'symbol') into.add(op.attrs['kernel'].name);
      for (const inner of op.regions) this.#namesIn(inner, into);
    }
  }

  #look(region: Region): void {
    for (const op of region.ops) {
      const facts = this.facts[op.name] as PassFacts;
      this.#constants.see(op, facts);
      for (const v of op.operands) this.#count[v] = (this.#count[v] ?? 0) + 1;
      for (const v of op.results) this.#makers.set(v, facts);
      for (const inner of op.regions) this.#look(inner);
    }
  }

  #region(region: Region): Region {
    const out: Op[] = [];
    /** The launch that may still be joined: nothing but what could as well stand before it has followed. */
    let open: Launched | undefined;
    let changed = false;
    for (const op of region.ops) {
      this.source = op;
      const facts = this.facts[op.name] as PassFacts;
      const next = this.#launched(op, facts);
      const joined = open === undefined || next === undefined ? undefined : this.#joined(open, next);
      if (joined !== undefined && open !== undefined) {
        out.splice(out.indexOf(open.op), 1);
        out.push(joined);
        open = this.#launched(joined, facts);
        changed = true;
        continue;
      }
      const regions = op.regions.map((r) => this.#region(r));
      const same = regions.every((r, i) => r === op.regions[i]);
      this.source = op;
      out.push(same ? op : this.changed(op, op.operands, regions));
      changed ||= !same;
      if (next !== undefined) open = next;
      else if (!facts.movable && !isAlloc(facts)) open = undefined;
    }
    return changed ? { args: region.args, ops: out } : region;
  }

  #launched(op: Op, { def }: PassFacts): Launched | undefined {
    const { kernel } = op.attrs;
    const effect = def?.effects.find((e) => e.kind === 'launch');
    const found = kernel?.kind === 'symbol' ? this.#kernels.get(kernel.name) : undefined;
    if (def === undefined || effect?.kind !== 'launch' || def.effects.length !== 1 || found === undefined) return undefined;
    const first = def.operands.findIndex((p) => p.name === effect.args);
    if (!this.#uses.has(found)) this.#uses.set(found, usesOf(found, this.registry));
    const uses = this.#uses.get(found);
    return uses === undefined ? undefined : { op, kernel: found, groups: op.operands.slice(0, first), args: op.operands.slice(first), uses };
  }

  #joined(a: Launched, b: Launched): Op | undefined {
    const alongX = [...a.groups.slice(1), ...b.groups.slice(1)].every((v) => Number(this.#constants.of(v)) === 1);
    if (!alongX || !this.#sameValue(a.groups[0], b.groups[0]) || a.kernel.workgroup[0] !== b.kernel.workgroup[0] || a.op.name !== b.op.name) return undefined;
    const shared = this.#shared(a, b);
    if (shared === undefined) return undefined;
    let name = `${a.kernel.name}_${b.kernel.name}`;
    for (let i = 2; this.#kernels.has(name); i++) name = `${a.kernel.name}_${b.kernel.name}_${i}`;
    const made = join(a.kernel, a.args, b.kernel, b.args, name, this.registry);
    if (made === undefined || made.kernel.params.filter((p) => p.type.kind === 'buffer').length > MOST_BUFFERS) return undefined;
    let { kernel } = made;
    for (const handle of shared) {
      const maker = this.#makers.get(handle);
      const only = maker !== undefined && isAlloc(maker) && this.#count[handle] === 2;
      kernel = forwarded(kernel, made.args.indexOf(handle), only, this.registry);
    }
    this.#fused++;
    this.#kernels.set(name, kernel);
    // One launch uses each handle once: two uses have become one.
    for (const handle of shared) this.#count[handle] = (this.#count[handle] ?? 1) - 1;
    return this.op(this.idOf(a.op), [...a.groups, ...made.args], [], { ...a.op.attrs, kernel: { kind: 'symbol', name } });
  }

  #sameValue(a: ValueId | undefined, b: ValueId | undefined): boolean {
    if (a === b) return true;
    const [x, y] = [this.#constants.of(a), this.#constants.of(b)];
    return x !== undefined && x === y;
  }

  /**
   * Handles that both touch, one of them writing: each invocation must touch its own element alone. Undefined where it
   * does not, or where two handles may be one memory.
   */
  #shared(a: Launched, b: Launched): readonly ValueId[] | undefined {
    const shared: ValueId[] = [];
    for (const [i, one] of a.uses.entries()) {
      for (const [j, other] of b.uses.entries()) {
        const [first, second] = [a.args[i], b.args[j]];
        if (one === undefined || other === undefined || first === undefined || second === undefined) continue;
        const writes = a.kernel.params[i]?.type.kind === 'buffer' && (isWritten(a.kernel, i) || isWritten(b.kernel, j));
        if (first === second) {
          if (writes && !(one.own && other.own)) return undefined;
          if (writes) shared.push(first);
        } else if (writes && !this.#areApart(first, second)) return undefined;
      }
    }
    return shared;
  }

  /** Memory that the program made itself is nobody else's, as long as the other is a parameter or was made as well. */
  #areApart(a: ValueId, b: ValueId): boolean {
    const [x, y] = [this.#originOf(a), this.#originOf(b)];
    return x !== 'unknown' && y !== 'unknown' && (x === 'made' || y === 'made');
  }

  /** Where a handle comes from; what a region hands on, or an op makes a view of, may be any. */
  #originOf(handle: ValueId): 'made' | 'given' | 'unknown' {
    const maker = this.#makers.get(handle);
    if (maker !== undefined) return isFresh(maker) ? 'made' : 'unknown';
    return this.body.region.args.includes(handle) ? 'given' : 'unknown';
  }
}

function isWritten(kernel: Kernel, param: number): boolean {
  const type = kernel.params[param]?.type;
  return type?.kind === 'buffer' && type.access !== 'read';
}

/** It makes a handle to new memory, and does nothing else. */
function isAlloc({ def }: PassFacts): boolean {
  return def !== undefined && def.effects.length > 0 && def.effects.every((e) => e.kind === 'alloc') && def.traits.includes('session');
}

function isFresh({ def }: PassFacts): boolean {
  return def?.effects.some((e) => e.kind === 'alloc') === true && def.effects.every((e) => e.kind !== 'view');
}
