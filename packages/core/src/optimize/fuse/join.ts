import type { Span } from '../../diagnostics/span.ts';
import type { Body, Kernel, Op, Param, ValueId } from '../../ir/program.ts';
import { noteSpans, spanOf } from '../../ir/spans.ts';
import { buffer as bufferType } from '../../ir/types.ts';
import type { Access, BufferType } from '../../ir/types.ts';
import type { Registry } from '../../registry/registry.ts';
import { shown } from '../../text/json.ts';
import { BodyEdit } from '../edit.ts';
import { place } from '../template.ts';

/** One kernel for a launch of `first` and one of `second` behind it, and what it is launched with. */
export interface Joined {
  readonly kernel: Kernel;
  readonly args: readonly ValueId[];
}

/**
 * Each invocation runs the one kernel and then the other. Arguments that are the same handle become one parameter, with
 * the access that both need; undefined where they see it as buffers of different elements.
 */
export function join(first: Kernel, firstArgs: readonly ValueId[], second: Kernel, secondArgs: readonly ValueId[], name: string, registry: Registry): Joined | undefined {
  const params: Param[] = [];
  const args: ValueId[] = [];
  /** Where a handle is bound already. */
  const bound = new Map<ValueId, number>();
  const names = new Set<string>();
  const positions = [first, second].map((kernel, k) =>
    kernel.params.map((param, i) => {
      const arg = (k === 0 ? firstArgs : secondArgs)[i] as ValueId;
      const at = param.type.kind === 'buffer' ? bound.get(arg) : undefined;
      const known = at === undefined ? undefined : params[at];
      if (at !== undefined && known?.type.kind === 'buffer' && param.type.kind === 'buffer') {
        if (known.type.element !== param.type.element) return -1;
        params[at] = { ...known, type: bufferType(known.type.element, both(known.type, param.type)) };
        return at;
      }
      let own = param.name;
      for (let n = 2; names.has(own); n++) own = `${param.name}${n}`;
      names.add(own);
      if (param.type.kind === 'buffer') bound.set(arg, params.length);
      args.push(arg);
      return params.push({ ...param, name: own }) - 1;
    }),
  );
  if (positions.flat().includes(-1)) return undefined;
  return { kernel: shown({ ...first, name, params, body: joinedBody(first.body, second.body, params, positions, registry) }), args };
}

function both(a: BufferType, b: BufferType): Access {
  return a.access === b.access ? a.access : 'read_write';
}

function joinedBody(first: Body, second: Body, params: readonly Param[], [firstAt = [], secondAt = []]: readonly (readonly number[])[], registry: Registry): Body {
  const sources: { readonly made: Op; readonly from: Body; readonly of: Op }[] = [];
  const origins = new Map<Op, string>();
  const empty: Body = { opNames: [], valueTypes: [], region: { args: [], ops: [] }, debug: NO_DEBUG };
  const edit = new BodyEdit(empty, registry);
  const args = params.map((p) => edit.value(p.type));
  const ops: Op[] = [];
  const put = (body: Body, at: readonly number[], end: number | undefined) => {
    const cut: Body = { ...body, region: { args: body.region.args, ops: body.region.ops.slice(0, end) } };
    place({ body: cut, results: [], kernels: [] }, at.map((i) => args[i] as ValueId), ops, {
      to: edit,
      origin: undefined,
      placed: (made, of) => {
        sources.push({ made, from: body, of });
        const origin = body.debug.origins.get(of);
        if (origin !== undefined) origins.set(made, origin);
      },
    });
  };
  // The return of the second ends both.
  put(first, firstAt, -1);
  put(second, secondAt, undefined);
  const names = new Map(params.map((p, i) => [args[i] as ValueId, p.name]));
  const joined: Body = { ...edit.finish({ args, ops }), debug: { names, spans: spansOf(sources, ({ from, of }) => from.debug.spans.get(of)), origins } };
  noteSpans(joined, () => spansOf(sources, ({ from, of }) => spanOf(from, of)));
  return joined;
}

function spansOf<S extends { readonly made: Op }>(sources: readonly S[], spanOfSource: (source: S) => Span | undefined): ReadonlyMap<Op, Span> {
  return new Map(sources.flatMap((source) => {
    const span = spanOfSource(source);
    return span === undefined ? [] : [[source.made, span] as const];
  }));
}

const NO_DEBUG: Body['debug'] = { names: new Map(), spans: new Map(), origins: new Map() };
