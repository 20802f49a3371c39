import type { Kernel, Program } from '../ir/program.ts';
import type { Span } from '../diagnostics/span.ts';
import { isClonedType } from '../ir/interned.ts';
import { isType } from '../ir/types.ts';
import type { Type } from '../ir/types.ts';
import type { Registry } from '../registry/registry.ts';
import { LIMITS } from './limits.ts';
import { isSpan } from './path.ts';
import type { Report } from './report.ts';

/*
 * The first rules, for data that anybody may have made: after them every field is there and of its kind, every index
 * is in range, no region stands within itself, and the sizes are within the limits. All other rules
 * rest on that and recurse without fear.
 */

/** Whether `x` has the shape of a program; reports what has not. */
export function checkProgramShape(x: unknown, registry: Registry, report: Report): x is Program {
  const before = report.count;
  const shape = new ShapeCheck(registry, report);
  const program = shape.record(x, 'the program');
  if (program === undefined) return false;
  shape.owner = { program: textOr(program['name'], '?') };
  shape.kind(program, 'program');
  shape.text(program['name'], 'the name of the program');
  shape.params(program['params'], 'parameter');
  shape.results(program['results']);
  shape.span(program['span']);
  const kernels = shape.list(program['kernels'], 'the kernels of the program', LIMITS.kernels);
  for (const kernel of kernels) shape.kernel(kernel);
  shape.owner = { program: textOr(program['name'], '?') };
  shape.body(program['body']);
  return report.count === before;
}

/** Whether `x` has the shape of a kernel; reports what has not. */
export function checkKernelShape(x: unknown, registry: Registry, report: Report): x is Kernel {
  const before = report.count;
  new ShapeCheck(registry, report).kernel(x);
  return report.count === before;
}

type Fields = Readonly<Record<string, unknown>>;

/** A step of the path to where the check stands. */
interface Step {
  readonly name: string;
  readonly index: number;
  readonly region: number;
}

class ShapeCheck {
  owner: { readonly program?: string; readonly kernel?: string } = {};
  readonly #registry: Registry;
  readonly #report: Report;
  readonly #trail: Step[] = [];
  /** The regions around where the check stands, by depth. */
  readonly #open: object[] = [];
  /** Types that were looked at, so that each is judged once. */
  readonly #types = new Set<unknown>();
  #names: readonly unknown[] = [];
  /** Values of the body, and of all bodies so far. */
  #values = 0;
  #allValues = 0;
  #ops = 0;
  #uses = 0;
  /** A limit was passed: nothing more is looked at. */
  #over = false;

  constructor(registry: Registry, report: Report) {
    this.#registry = registry;
    this.#report = report;
  }

  kernel(x: unknown): void {
    const kernel = this.record(x, 'a kernel');
    if (kernel === undefined) return;
    this.owner = { ...this.owner, kernel: textOr(kernel['name'], '?') };
    this.kind(kernel, 'kernel');
    this.text(kernel['name'], 'the name of the kernel');
    this.params(kernel['params'], 'parameter');
    const sides = this.list(kernel['workgroup'], 'the workgroup size', 3);
    if (sides.length !== 3 || [...sides].some((s) => typeof s !== 'number')) this.#malformed('the workgroup size is not three numbers');
    this.span(kernel['span']);
    this.body(kernel['body']);
  }

  body(x: unknown): void {
    const body = this.record(x, 'the body');
    if (body === undefined || this.#over) return;
    this.#names = this.list(body['opNames'], 'the op names of the body', LIMITS.opNames);
    if (this.#names.some((n) => typeof n !== 'string')) this.#malformed('an op name of the body is not a string');
    else if (new Set(this.#names).size !== this.#names.length) this.#malformed('an op name stands twice in the table of the body');
    const types = this.list(body['valueTypes'], 'the value types of the body', LIMITS.values);
    this.#values = types.length;
    this.#allValues += types.length;
    if (this.#allValues > LIMITS.values) return this.#limit(`the program has more than ${LIMITS.values} values`);
    for (let v = 0; v < types.length && !this.#over; v++) this.type(types[v], 'value', v);
    const debug = this.record(body['debug'], 'the debug tables of the body');
    for (const table of ['names', 'spans', 'origins']) {
      const map = debug?.[table] as { get?: unknown } | undefined | null;
      if (debug !== undefined && typeof map?.get !== 'function') this.#malformed(`debug table \`${table}\` is not a map`);
    }
    this.#region(body['region'], 0);
  }

  #region(x: unknown, depth: number): void {
    const region = this.record(x, 'a region');
    if (region === undefined || this.#over) return;
    if (depth > LIMITS.depth) {
      if (this.#open.includes(region)) this.#malformed('a region stands within itself');
      this.#limit(`regions are nested more than ${LIMITS.depth} deep`);
      return;
    }
    this.#open[depth] = region;
    this.#ids(region['args'], 'block argument');
    const ops = region['ops'];
    if (!Array.isArray(ops)) return this.#malformed('the ops of a region are not an array');
    this.#ops += ops.length;
    if (this.#ops > LIMITS.ops) return this.#limit(`the program has more than ${LIMITS.ops} ops`);
    for (let i = 0; i < ops.length && !this.#over; i++) this.#op(ops[i], i, depth);
  }

  #op(x: unknown, index: number, depth: number): void {
    if (typeof x !== 'object' || x === null) return this.#malformed(`op ${index} of a region is ${show(x)}`);
    const op = x as Fields;
    const name = op['name'] as number;
    const { operands, results, attrs, regions } = op;
    if (typeof name !== 'number' || typeof this.#names[name] !== 'string') {
      this.#malformed(`the name of op ${index} is ${show(name)}, not an index into the table of ${this.#names.length} op names`);
    }
    this.#ids(operands, 'operand', name, index);
    this.#ids(results, 'result', name, index);
    if (typeof attrs !== 'object' || attrs === null || Array.isArray(attrs)) this.#at(name, index, 'the attributes of the op are not a record');
    if (!Array.isArray(regions)) return this.#at(name, index, 'the regions of the op are not an array');
    if (regions.length === 0) return;
    this.#count(regions.length);
    for (let r = 0; r < regions.length && !this.#over; r++) {
      this.#trail.push({ name: String(this.#names[name] ?? '?'), index, region: r });
      this.#region(regions[r], depth + 1);
      this.#trail.pop();
    }
  }

  /** Value ids; `name` and `index` say of which op. */
  #ids(x: unknown, what: string, name = -1, index = -1): void {
    if (!Array.isArray(x)) return this.#at(name, index, `the ${what}s are not an array`);
    this.#count(x.length);
    for (let i = 0; i < x.length && !this.#over; i++) {
      const id: unknown = x[i];
      if (typeof id !== 'number' || id >>> 0 !== id) this.#at(name, index, `${what} ${i} is ${show(id)}, which is not a value id`);
      else if (id >= this.#values) {
        this.#problem('verify/dominance', `${what} ${i} is %${id}, and the body has ${this.#values} values`, 'use the id of a value that is defined before', name, index);
      }
    }
  }

  params(x: unknown, what: string): void {
    for (const [i, each] of this.list(x, `the ${what}s`, LIMITS.params).entries()) {
      const param = this.record(each, `${what} ${i}`);
      if (param === undefined) continue;
      this.text(param['name'], `the name of ${what} ${i}`);
      this.type(param['type'], what, i);
      this.record(param['attrs'], `the attributes of ${what} ${i}`);
    }
  }

  results(x: unknown): void {
    for (const [i, each] of this.list(x, 'the results of the program', LIMITS.params).entries()) {
      const result = this.record(each, `result ${i}`);
      if (result === undefined) continue;
      this.text(result['name'], `the name of result ${i}`);
      this.type(result['type'], 'result', i);
    }
  }

  record(x: unknown, what: string): Fields | undefined {
    if (typeof x === 'object' && x !== null && !Array.isArray(x)) return x as Fields;
    this.#malformed(`${what} is ${show(x)}, not a record`);
    return undefined;
  }

  /** The items, or none where `x` is not an array or is over the limit. */
  list(x: unknown, what: string, limit: number): readonly unknown[] {
    if (!Array.isArray(x)) {
      this.#malformed(`${what} are ${show(x)}, not an array`);
      return [];
    }
    if (x.length <= limit) {
      if (limit !== LIMITS.values) this.#count(x.length);
      return this.#over ? [] : x;
    }
    this.#limit(`${what} are ${x.length}, more than ${limit}`);
    return [];
  }

  kind(x: Fields, kind: 'program' | 'kernel'): void {
    if (x['kind'] !== kind) this.#malformed(`the kind of the ${kind} is ${show(x['kind'])}, not '${kind}'`);
  }

  text(x: unknown, what: string): void {
    if (typeof x !== 'string') this.#malformed(`${what} is ${show(x)}, not a string`);
  }

  type(x: unknown, what: string, index: number): x is Type {
    if (this.#types.has(x)) return true;
    if (isType(x) || isClonedType(x)) {
      this.#types.add(x);
      return true;
    }
    this.#malformed(`the type of ${what} ${index} is ${show(x)}, which is not a type`, 'make types with scalar, vector, array, buffer or parseType: equal types are one object');
    return false;
  }

  span(x: unknown): x is Span | undefined {
    if (x === undefined || isSpan(x)) return true;
    this.#malformed('a span has no file, line and column');
    return false;
  }

  /** Counts what is not an op: so much more has to be looked at. */
  #count(entries: number): void {
    this.#uses += entries;
    if (this.#uses > LIMITS.uses) this.#limit(`the program has more than ${LIMITS.uses} uses of values`);
  }

  #at(name: number, index: number, message: string): void {
    this.#problem('verify/malformed', message, MAKE_ALL, name, index);
  }

  #malformed(message: string, fix = MAKE_ALL): void {
    this.#problem('verify/malformed', message, fix);
  }

  #limit(message: string): void {
    this.#problem('verify/limit', message, 'split the program');
    this.#over = true;
  }

  #problem(code: 'verify/malformed' | 'verify/dominance' | 'verify/limit', message: string, fix: string, name = -1, index = -1): void {
    if (this.#over) return;
    const id = String(this.#names[name] ?? '?');
    const steps = this.#trail.map((s) => `${s.name}[${s.index}]/${this.#registry.lookup(s.name)?.regions[s.region]?.name ?? `region${s.region}`}`);
    const own = index < 0 ? {} : { op: id, path: [...steps, `${id}[${index}]`].join('/') };
    const outer = index < 0 && steps.length > 0 ? { path: steps.join('/') } : {};
    this.#report.addPlaced({ code, message, fix, where: { ...this.owner, ...outer, ...own } });
    if (this.#report.full) this.#over = true;
  }
}

const MAKE_ALL = 'build programs with defineProgram, the text form or the binary form, which give every field';

function textOr(x: unknown, other: string): string {
  return typeof x === 'string' ? x : other;
}

/** A value of any kind in a few words. */
function show(x: unknown): string {
  if (typeof x === 'number' || typeof x === 'boolean' || x === undefined || x === null) return String(x);
  if (typeof x === 'bigint') return `${x}n`;
  if (typeof x === 'string') return x.length > 40 ? `'${x.slice(0, 40)}…'` : `'${x}'`;
  return Array.isArray(x) ? 'an array' : typeof x === 'object' ? 'an object' : `a ${typeof x}`;
}
