import { scalarAttribute } from '../ir/attributes.ts';
import type { Attribute, ScalarValue } from '../ir/attributes.ts';
import type { Body, Kernel, Op, Program, Region } from '../ir/program.ts';
import type { ScalarName, Type } from '../ir/types.ts';
import { parseType } from '../ir/types.ts';

/*
 * IR as literals, for tests: nothing is checked, so that invalid IR can be made, and all of it can be written to.
 */
export type Mutable<T> = { -readonly [K in keyof T]: T[K] };
type Attrs = Record<string, Attribute>;

/** Builds one body: ops go to the region that is open. */
export class BodyBuilder {
  readonly opNames: string[] = [];
  readonly valueTypes: Type[] = [];
  readonly names = new Map<number, string>();
  readonly spans = new Map<Op, { file: string; line: number; column: number }>();
  #ops: Op[] = [];

  value(type: string): number {
    return this.valueTypes.push(parseType(type)) - 1;
  }

  /** Appends an op; its results get the ids that follow. */
  op(id: string, operands: number[] = [], results: string[] = [], attrs: Attrs = {}, regions: Region[] = []): Op {
    let name = this.opNames.indexOf(id);
    if (name < 0) name = this.opNames.push(id) - 1;
    const op: Op = { name, operands, results: results.map((t) => this.value(t)), attrs, regions };
    this.#ops.push(op);
    return op;
  }

  /** Appends an op and gives its first result. */
  get(id: string, operands: number[], result: string, attrs: Attrs = {}, regions: Region[] = []): number {
    return this.op(id, operands, [result], attrs, regions).results[0] as number;
  }

  constant(type: ScalarName, value: ScalarValue): number {
    return this.get('arith.constant', [], type, { value: scalarAttribute(type, value) });
  }

  /** A region whose ops are those that `fill` appends. */
  region(args: string[], fill: (...args: number[]) => void): Region {
    const outer = this.#ops;
    const ops: Op[] = [];
    const ids = args.map((t) => this.value(t));
    this.#ops = ops;
    fill(...ids);
    this.#ops = outer;
    return { args: ids, ops };
  }

  if(condition: number, then: () => void, otherwise?: () => void, results: string[] = []): Op {
    const regions = [then, otherwise].flatMap((fill) => (fill === undefined ? [] : [this.region([], fill)]));
    return this.op('control.if', [condition], results, {}, regions);
  }

  /** A loop over [from, to) by `step`, all of type u32. */
  for(bounds: [number, number, number], init: number[], carried: string[], body: (index: number, ...carried: number[]) => void): Op {
    return this.op('control.for', [...bounds, ...init], carried, {}, [this.region(['u32', ...carried], body)]);
  }

  while(init: number[], carried: string[], before: (...carried: number[]) => void, after: (...carried: number[]) => void): Op {
    return this.op('control.while', init, carried, {}, [this.region(carried, before), this.region(carried, after)]);
  }

  yield(...values: number[]): Op {
    return this.op('control.yield', values);
  }

  return(...values: number[]): Op {
    return this.op('control.return', values);
  }

  /** One of `kernel.*_id`, along x. */
  id(what: 'global' | 'local' | 'workgroup'): number {
    return this.get(`kernel.${what}_id`, [], 'u32', { axis: { kind: 'enum', value: 'x' } });
  }

  barrier(): Op {
    return this.op('control.barrier');
  }

  body(params: string[], fill: (...params: number[]) => void): Body {
    const region = this.region(params, fill);
    return { opNames: this.opNames, valueTypes: this.valueTypes, region, debug: { names: this.names, spans: this.spans, origins: new Map() } };
  }
}

type Params = Record<string, string>;

function typesOf(params: Params): string[] {
  return Object.values(params).map((t) => (t.startsWith('fd:') ? 'i32' : t));
}

/** A kernel of 64 invocations; `fill` gets the ids of the parameters and ends in a return of its own. */
export function kernel(name: string, params: Params, fill: (b: BodyBuilder, ...params: number[]) => void): Mutable<Kernel> {
  const b = new BodyBuilder();
  const body = b.body(typesOf(params), (...ids) => fill(b, ...ids));
  return { kind: 'kernel', name, params: paramsOf(params), workgroup: [64, 1, 1], body, span: undefined };
}

/** A program; a parameter of type `fd:r`, `fd:w` or `fd:rw` is a grant. */
export function program(name: string, params: Params, results: Params, kernels: Kernel[], fill: (b: BodyBuilder, ...params: number[]) => void): Mutable<Program> {
  const b = new BodyBuilder();
  const body = b.body(typesOf(params), (...ids) => fill(b, ...ids));
  return { kind: 'program', name, params: paramsOf(params), results: Object.entries(results).map(([n, t]) => ({ name: n, type: parseType(t) })), kernels, body, span: undefined };
}

function paramsOf(params: Params): { name: string; type: Type; attrs: Attrs }[] {
  return Object.entries(params).map(([name, type]) => {
    const grant: Attrs = { grant: { kind: 'enum', value: type.slice(3) } };
    return type.startsWith('fd:') ? { name, type: parseType('i32'), attrs: grant } : { name, type: parseType(type), attrs: {} };
  });
}
