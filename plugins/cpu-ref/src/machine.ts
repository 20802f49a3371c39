import { fromBits, scalar, SluiceError } from '@sluice/core';
import type { Attribute, Builder, Emitter, Meaning, Op, Type, Where } from '@sluice/core';
import { elements, locals } from './elements.ts';
import type { Local } from './elements.ts';
import { layoutOf, zeroOf } from './layout.ts';
import { outline } from './outline.ts';
import type { Item } from './outline.ts';
import { pasteOf } from './paste.ts';
import { isVectorText, partsOf, vectorOf } from './vector-text.ts';
import type { AccessKind, Watch } from './watch.ts';

/**
 * Builds the JavaScript of one op. A scalar or an array is a name or a literal, a vector the text `[x, y]` of its
 * components: it is never made in memory, unless it is handed to a function; `meaning` is that of the op for its types, if it has
 * one. Of another package a `Builder<string>` will do, which knows `ctx` alone: see `foreign`.
 */
export type MachineBuilder = (op: Op, ctx: Emitter<string>, machine: Machine, meaning: Meaning | undefined) => ReturnType<Builder<string>>;

/** The generated code of a region. */
export interface BodyText {
  readonly text: string;
  /** At most so many ops run in it each time, what loops in it count themselves left out. */
  readonly steps: number;
  /** It holds a `yield`: a barrier, or a loop that can be long. */
  readonly yields: boolean;
}

/** Where generated code stands: the ids that it may read, in the order of outlined functions' parameters. */
export type IdName = 'lx' | 'ly' | 'lz' | 'gx' | 'gy' | 'gz' | 'wx' | 'wy' | 'wz' | 'sl';
/** Stands for the ids that the kernel turns out to use; no code can hold it as a name. */
export const IDS = '«ids»';

/** What knows where it stands, if asked: an Emitter does. */
interface Place {
  readonly where: Where;
}

/** What the error of a trap says beside what the invocation tells. */
export interface Trap {
  readonly where: Where;
  readonly tag: number;
  readonly message: string;
}

/** How the machine holds arrays: as they are in JavaScript, never changed. */
const ARRAY: Local = { zero: '', typed: (v) => v, exact: (v) => v, scratch: 'A', pack: (v) => v, unpack: (s) => s };

interface Frame {
  readonly items: Item[];
  lines: string[];
  /** The item that is being collected stays where it is. */
  stays: boolean;
  /** Ops around the one that is being lowered, within this frame. */
  depth: number;
  steps: number;
  yields: boolean;
}

/** What one kernel's code is collected in; the lowerings of machine ops write through it. */
export class Machine {
  /** Ops that run before the code must let go: bounds how long a launch can keep the thread. */
  readonly slice: number;
  readonly usedIds = new Set<IdName>();
  /** Functions and arrays beside the kernel's own function. */
  readonly declarations: string[] = [];
  /** Values that the code refers to as f0, f1, … */
  readonly references: unknown[] = [];
  /** Statements that zero workgroup memory. */
  readonly atWorkgroupStart: string[] = [];
  readonly atWorkgroupEnd: string[] = [];
  /** Where each op stands at which the invocations of a workgroup wait for each other. */
  readonly barriers: Where[] = [];
  /** What is done once when all wait there, by the number of the barrier. */
  readonly arrivals = new Map<number, string>();
  readonly traps: Trap[] = [];
  /** Invocations of a workgroup, and lanes of a subgroup. */
  readonly invocations: number;
  readonly lanes: number;
  /** What the code is to look for; absent in the plain mode. */
  readonly watch: Watch | undefined;
  readonly #frames: Frame[] = [];
  readonly #types = new Map<string, Local>();
  readonly #counts = new Map<string, string>();
  /** Names that outlined functions cannot be given: see `adopt`. */
  readonly #fixed = new Set<string>();
  #serial = 0;

  constructor(slice: number, invocations = 1, lanes = 1, watch?: Watch) {
    this.slice = slice;
    this.invocations = invocations;
    this.lanes = lanes;
    this.watch = watch;
  }

  readonly fresh = (hint = 't'): string => `${hint}${this.#serial++}`;

  readonly emit = (line: string): void => {
    this.#frame.lines.push(line);
  };

  /** A local that is `expression` from here on; of a vector, its components. */
  value(type: Type, expression: string, at: Place): string {
    return type.kind === 'vector' ? this.#taken(expression, (part) => this.value(type.element, part, at), type.size) : this.#local('const', type, expression, at);
  }

  /** A local that can be assigned; zero unless `initial` is given. */
  variable(type: Type, at: Place, initial = this.zero(type, at)): string {
    if (type.kind !== 'vector') return this.#local('let', type, initial, at);
    return vectorOf(partsOf(initial).map((part) => this.#local('let', type.element, part, at)));
  }

  /** Zero of a type. */
  zero(type: Type, at: Place): string {
    const local = this.#localOf(type);
    if (type.kind === 'vector') return vectorOf(new Array<string>(type.size).fill(this.zero(type.element, at)));
    if (local === undefined) throw unsupportedType(type, at.where);
    return type.kind === 'array' ? this.reference(zeroOf(type)) : local.zero;
  }

  /**
   * A name for what text of another package computes, from here on. Code that moves into a function of its own takes
   * along what it knows the type of; what names any other value stays.
   */
  adopt(type: Type, expression: string, at: Place): string {
    if (type.kind === 'vector') return this.#taken(expression, (part) => this.adopt(type.element, part, at), type.size);
    const local = this.#localOf(type);
    if (local !== undefined) return this.value(type, local.exact(`(${expression})`, this), at);
    if (this.#counts.has(expression)) return expression;
    const name = this.fresh();
    this.emit(`const ${name} = (${expression});`);
    this.#fixed.add(name);
    return name;
  }

  /** The components of a vector that `expression` gives, each through `take`. */
  #taken(expression: string, take: (part: string) => string, size: number): string {
    if (isVectorText(expression) && partsOf(expression).length === size) return vectorOf(partsOf(expression).map(take));
    const name = this.fresh();
    this.emit(`const ${name} = (${expression});`);
    return vectorOf(Array.from({ length: size }, (_, i) => take(`${name}[${i}]`)));
  }

  #localOf(type: Type): Local | undefined {
    return type.kind === 'array' ? ARRAY : locals[type.spelling];
  }

  /** Says that the op that is being lowered stays where it is, and those around it. */
  stay(): void {
    for (const frame of this.#frames) frame.stays = true;
  }

  /** The op that is being lowered uses these: it stays if one of them cannot move. */
  use(values: readonly string[]): void {
    if (this.#fixed.size > 0 && values.some((value) => partsOf(value).some((part) => this.#fixed.has(part)))) this.stay();
  }

  /** Statements that tell the engine the types of locals: it forgets them at a yield, and would ask again in each iteration. */
  retype(names: readonly string[]): string {
    return names
      .flatMap(partsOf)
      .map((name) => {
        const typed = this.#types.get(name)?.typed(name) ?? name;
        return typed === name ? '' : `${name} = ${typed};`;
      })
      .join(' ');
  }

  #local(keyword: string, type: Type, expression: string, at: Place): string {
    const local = this.#localOf(type);
    if (local === undefined) throw unsupportedType(type, at.where);
    const name = this.fresh('v');
    this.#types.set(name, local);
    this.emit(`${keyword} ${name} = ${expression};`);
    return name;
  }

  /**
   * Emitted before a branch that uses `value`. V8 moves a computation into the branches that use it, and copies it where
   * there are several: without this, a kernel of 900 ops with loads and stores runs at a hundredth of its speed.
   */
  pin(value: string): void {
    for (const part of partsOf(value)) {
      const array = this.#types.get(part)?.pin;
      if (array !== undefined) this.emit(`${array}[0] = ${part};`);
    }
  }

  /** Assigns all at once: a value may be one of the targets. */
  assign(targets: readonly string[], values: readonly string[]): void {
    const from = values.slice(0, targets.length).flatMap(partsOf);
    const moves = targets.flatMap(partsOf).map((target, i) => ({ target, value: from[i] ?? target })).filter((m) => m.target !== m.value);
    const tangled = moves.some((m, i) => moves.slice(0, i).some((earlier) => earlier.target === m.value));
    const ready = tangled ? moves.map((m) => ({ target: m.target, value: this.#copy(m.value) })) : moves;
    for (const m of ready) this.emit(`${m.target} = ${m.value};`);
  }

  #copy(value: string): string {
    const name = this.fresh();
    this.emit(`const ${name} = ${value};`);
    return name;
  }

  /** Collects what one op emits, and counts it. */
  readonly around = (steps: number, lower: () => void): void => {
    const frame = this.#frame;
    const outer = frame.lines;
    frame.lines = [];
    if (frame.depth === 0) frame.stays = false;
    frame.depth++;
    lower();
    frame.depth--;
    // An op in a region that was not collected apart is a part of the op that owns the region.
    const text = frame.lines.join('\n');
    if (text !== '' && frame.depth > 0) outer.push(text);
    else if (text !== '') frame.items.push({ text, stays: frame.stays });
    frame.lines = outer;
    frame.steps += steps;
  };

  /** Collects the code of a region apart. `lower` may return the values of the region that code behind it uses. */
  body(lower: () => readonly string[] | void): BodyText {
    const frame: Frame = { items: [], lines: [], stays: false, depth: 0, steps: 0, yields: false };
    this.#frames.push(frame);
    const live = lower() ?? [];
    this.#frames.pop();
    const items = outline(frame.items, { localOf: (name) => this.#types.get(name), fresh: this.fresh, declare: (text) => this.declarations.push(text), parameters: IDS }, live);
    return { text: items.join('\n'), steps: frame.steps, yields: frame.yields };
  }

  /** Counts ops that run in the current region beside those that `around` counts. */
  charge(steps: number): void {
    this.#frame.steps += steps;
  }

  /** Says that the current region holds a `yield`. */
  yields(): void {
    this.#frame.yields = true;
  }

  get #frame(): Frame {
    const frame = this.#frames.at(-1);
    if (frame === undefined) throw new RangeError('no region is being lowered');
    return frame;
  }

  id(name: IdName): string {
    this.usedIds.add(name);
    return name;
  }

  /** Registers `name` as a buffer of `count` elements. */
  buffer(name: string, element: Type, count: string, at: Place): string {
    if (layoutOf(element) === undefined) throw unsupportedType(element, at.where);
    this.#counts.set(name, count);
    return name;
  }

  /** Elements of a buffer: a name or a literal. */
  countOf(buffer: string): string {
    return this.#counts.get(buffer) ?? `${buffer}.length`;
  }

  /**
   * Emitted where all invocations of a workgroup wait for each other; `once` is what is done when the last has come,
   * before the first goes on. It stands outside the invocation's function: it knows no locals and no ids.
   */
  await(where: Where, once?: string): void {
    const number = this.barriers.push(where);
    if (once !== undefined) this.arrivals.set(number, once);
    this.yields();
    this.emit(`stepsAtBarrier = spent;\nspent = 0;\nyield ${-number};`);
    if (this.watch !== undefined) this.emit(this.watch.resume);
  }

  /**
   * Expressions to be evaluated before the op that is being lowered touches that element, which is in bounds, each
   * with a comma behind it; none in the plain mode.
   */
  touch(kind: AccessKind, buffer: string, index: string, at: Place): string {
    return this.watch === undefined ? '' : `${this.watch.access(kind, buffer, index, this.watch.site(kind, at.where))}, `;
  }

  /** A name for a value of this process in the generated code. */
  reference(value: unknown): string {
    const known = this.references.indexOf(value);
    return `f${known >= 0 ? known : this.references.push(value) - 1}`;
  }

  /** The meaning applied to operands: its text where it can be pasted, else a call. */
  apply(meaning: Meaning, operands: readonly string[]): string {
    return pasteOf(meaning)?.(operands) ?? `${this.reference(meaning)}(${operands.join(', ')})`;
  }

  /** A statement that fails the run. */
  fault(error: () => SluiceError): string {
    return `throw ${this.reference(error)}();`;
  }
}

/**
 * A scalar attribute as a literal that stands anywhere an operand may; undefined for anything else. The literal becomes
 * a part of the code, so nothing is taken on trust that a program made by hand could hold: neither type nor bits.
 */
export function literalOf(attribute: Attribute | undefined): string | undefined {
  if (attribute?.kind !== 'scalar') return undefined;
  const { type, bits } = attribute;
  if (scalar(type.name) !== type || typeof bits !== 'bigint' || BigInt.asUintN(type.bits, bits) !== bits) return undefined;
  const value = fromBits(type.name, bits);
  const text = Object.is(value, -0) ? '-0' : typeof value === 'bigint' ? `${value}n` : String(value);
  return text.startsWith('-') ? `(${text})` : text;
}

/** The number that `text` is a literal of, undefined for a name. */
export function literalValue(text: string): number | bigint | undefined {
  const [, digits, big] = /^\(?(-?\d+)(n?)\)?$/.exec(text) ?? [];
  return digits === undefined ? undefined : big === 'n' ? BigInt(digits) : Number(digits);
}

function unsupportedType(type: Type, where: Where): SluiceError {
  return new SluiceError({
    code: 'plan/type',
    message: `cpu-ref has no ${type.spelling}`,
    fix: 'use one of the types that it has, or another backend',
    where,
    available: [...new Set([...Object.keys(locals), ...Object.keys(elements)])],
  });
}
