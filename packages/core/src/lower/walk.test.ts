import { describe, expect, test } from 'vitest';
import { control } from '../build/control.ts';
import { defineKernel } from '../build/kernel.ts';
import { u32 } from '../build/value.ts';
import type { SluiceError } from '../diagnostics/error.ts';
import { NO_ATTRIBUTES } from '../ir/attributes.ts';
import type { Kernel, Op, Region } from '../ir/program.ts';
import { scalar } from '../ir/types.ts';
import type { Builder } from '../registry/lowering.ts';
import { Registry } from '../registry/registry.ts';
import { walkKernel } from './walk.ts';
import type { Walk } from './walk.ts';

/** A text backend of a few lines: what a real one does, with every value in brackets. */
const builders: Readonly<Record<string, Builder<string>>> = {
  'arith.constant': (_, ctx) => {
    const value = ctx.attr('value');
    return [value?.kind === 'scalar' ? String(value.bits) : '?'];
  },
  'arith.add': (_, ctx) => {
    const name = ctx.fresh('sum');
    ctx.emit(`${name} = ${ctx.operand(0)} + ${ctx.operand(1)} : ${ctx.operandType(0).spelling}`);
    return [name];
  },
  'arith.lt': (_, ctx) => [`(${ctx.operands.join(' < ')})`],
  'buffer.store': (_, ctx) => {
    ctx.emit(`${ctx.operand(0)}[${ctx.operand(1)}] = ${ctx.operand(2)}`);
    return [];
  },
  'control.if': (op, ctx) => {
    const results = op.results.map((_, i) => ctx.fresh(`r${ctx.resultType(i).spelling}_`));
    const take = { 'control.yield': (values: readonly string[]) => results.forEach((r, i) => ctx.emit(`${r} = ${values[i] ?? ''}`)) };
    ctx.emit(`if ${ctx.operand(0)}`);
    ctx.region(0, [], take);
    if (op.regions.length > 1) {
      ctx.emit('else');
      ctx.region(1, [], take);
    }
    ctx.emit('end');
    return results;
  },
  'control.for': (_, ctx) => {
    const [from = '', to = '', , ...init] = ctx.operands;
    const carried = init.map(() => ctx.fresh('c'));
    ctx.emit(`for i = ${from} to ${to}, ${carried.map((c, i) => `${c} = ${init[i] ?? ''}`).join(', ')}`);
    const next = ctx.region(0, ['i', ...carried], {
      'control.break': (values) => ctx.emit(`break ${values.join(', ')}`),
      'control.continue': (values) => ctx.emit(`continue ${values.join(', ')}`),
    });
    ctx.emit(`next ${next.join(', ')}`);
    return carried;
  },
};

interface Lowered {
  readonly lines: readonly string[];
  readonly last: readonly string[];
}

function lower(kernel: Kernel, more: Partial<Walk<string>> = {}): Lowered {
  const lines: string[] = [];
  let serial = 0;
  const last = walkKernel<string>(kernel, {
    registry: new Registry(),
    target: 'demo',
    params: kernel.params.map((p) => p.name),
    builderOf: (def) => builders[def.id],
    emit: (line) => void lines.push(line),
    fresh: (hint = 't') => `${hint}${serial++}`,
    exits: { 'control.return': () => void lines.push('return') },
    ...more,
  });
  return { lines, last };
}

function problem(run: () => unknown): SluiceError {
  try {
    run();
  } catch (error) {
    return error as SluiceError;
  }
  throw new Error('it did not throw');
}

const OUT = { params: { out: 'buffer<u32, write>' }, workgroup: 1 } as const;

const loop = defineKernel('loop', { ...OUT, spans: 'op' }, ({ out }) => {
  const sum = control.for({ to: 10 }, u32(0), (i, s) => {
    control.if(u32(5).lt(i), () => control.break(s));
    control.if(i.lt(1), () => control.return());
    control.if(i.lt(2), () => control.continue(s.add(1)));
    const bit = control.if(i.lt(3), () => i, () => 0);
    return s.add(bit);
  });
  out.store(0, sum);
});

describe('walkKernel', () => {
  test('lowers ops in program order and regions in place', () => {
    expect(lower(loop).lines).toEqual([
      'for i = 0 to 10, c0 = 0',
      'if (5 < i)', 'break c0', 'end',
      'if (i < 1)', 'return', 'end',
      'if (i < 2)', 'sum1 = c0 + 1 : u32', 'continue sum1', 'end',
      'if (i < 3)', 'ru32_2 = i', 'else', 'ru32_2 = 0', 'end',
      'sum3 = c0 + ru32_2 : u32',
      'next sum3',
      'out[0] = c0',
      'return',
    ]);
  });

  test('gives the operands of the last terminator of each region, taken by an exit or not', () => {
    const ended: string[] = [];
    const noting: Builder<string> = (_, ctx) => {
      ended.push(ctx.region(0, ['i', 'c'], { 'control.yield': (values) => void ended.push(`exit ${values.join()}`) }).join());
      return ['c'];
    };
    const kernel = defineKernel('taken', OUT, ({ out }) => out.store(0, control.for({ to: 10 }, u32(7), (i, c) => c.add(i))));
    const { last } = lower(kernel, { builderOf: (def) => (def.id === 'control.for' ? noting : builders[def.id]) });
    expect(ended).toEqual(['exit sum0', 'sum0']);
    expect(last).toEqual([]);
  });

  test('declares a text beside the kernel once, and only where there is a place for it', () => {
    const kernel = defineKernel('twice', OUT, ({ out }) => {
      out.store(0, u32(1));
      out.store(1, u32(2));
    });
    const declaring: Builder<string> = (_, ctx) => {
      ctx.declare('fn stored() {}');
      ctx.emit('stored()');
      return [];
    };
    const declared: string[] = [];
    const builderOf: Walk<string>['builderOf'] = (def) => (def.id === 'buffer.store' ? declaring : builders[def.id]);
    expect(lower(kernel, { builderOf, declare: (text) => void declared.push(text) }).lines).toEqual(['stored()', 'stored()', 'return']);
    expect(declared).toEqual(['fn stored() {}']);
    expect(problem(() => lower(kernel, { builderOf }))).toMatchObject({ code: 'plan/bad-lowering', message: expect.stringContaining('no place for') });
  });

  test('asks the innermost region that takes a terminator', () => {
    const kernel = defineKernel('nested', OUT, ({ out }) => {
      control.for({ to: 10 }, (i) => {
        control.for({ to: 20 }, (j) => control.if(j.lt(i), () => control.break()));
        control.if(i.lt(3), () => control.break());
      });
      out.store(0, 1);
    });
    let depth = 0;
    const labelled: Builder<string> = (_, ctx) => {
      const label = `L${depth++}`;
      ctx.region(0, [`i${label}`], { 'control.break': () => ctx.emit(`break ${label}`) });
      return [];
    };
    const { lines } = lower(kernel, { builderOf: (def) => (def.id === 'control.for' ? labelled : builders[def.id]) });
    expect(lines.filter((l) => l.startsWith('break'))).toEqual(['break L1', 'break L0']);
  });

  test('an inner op that catches a terminator keeps it from outer exits, though it gives none itself', () => {
    const kernel = defineKernel('caught', OUT, ({ out }) => {
      control.for({ to: 10 }, (i) => control.if(i.lt(3), () => out.store(0, i)));
    });
    const outer: Builder<string> = (_, ctx) => {
      ctx.region(0, ['i'], { 'control.yield': () => ctx.emit('loop yields') });
      return [];
    };
    const bare: Builder<string> = (_, ctx) => {
      ctx.region(0, []);
      return [];
    };
    const { lines } = lower(kernel, { builderOf: (def) => (({ ...builders, 'control.for': outer, 'control.if': bare }) as Readonly<Record<string, Builder<string>>>)[def.id] });
    expect(lines).toEqual(['out[0] = i', 'loop yields', 'return']);
  });

  test('around stands around every op, terminators too, inner ones inside outer ones', () => {
    const trail: string[] = [];
    lower(defineKernel('around', OUT, ({ out }) => control.if(u32(1).lt(2), () => out.store(0, 1))), {
      around: (_, def, go) => {
        trail.push(`+${def.id}`);
        go();
        trail.push(`-${def.id}`);
      },
    });
    expect(trail.slice(trail.indexOf('+control.if'))).toEqual([
      '+control.if', '+arith.constant', '-arith.constant', '+arith.constant', '-arith.constant', '+buffer.store', '-buffer.store', '+control.yield', '-control.yield', '-control.if',
      '+control.return', '-control.return',
    ]);
  });

  test('tells a builder where its op stands', () => {
    const places: string[] = [];
    const { debug } = loop.body;
    lower(loop, {
      builderOf: (def) => (op, ctx) => {
        if (def.id === 'arith.add') {
          places.push(ctx.where.path ?? '');
          expect(ctx.where).toMatchObject({ kernel: 'loop', op: 'arith.add', span: debug.spans.get(op) });
          expect(debug.spans.get(op)).toBeDefined();
        }
        return builders[def.id]?.(op, ctx) ?? [];
      },
    });
    expect(places).toEqual([expect.stringMatching(/^control\.for\[\d+\]\/body\/control\.if\[\d+\]\/then\/arith\.add\[\d+\]$/), expect.stringMatching(/^control\.for\[\d+\]\/body\/arith\.add\[\d+\]$/)]);
  });
});

describe('walkKernel refuses', () => {
  test('an op without a builder, with its types and place', () => {
    expect(problem(() => lower(loop, { builderOf: (def) => (def.id === 'arith.add' ? undefined : builders[def.id]) }))).toMatchObject({
      code: 'plan/no-lowering',
      family: 'unsupported',
      message: '`arith.add` on (u32, u32) has no lowering on demo',
      where: { kernel: 'loop', op: 'arith.add' },
    });
  });

  test('an io op, naming the packages that lower it', () => {
    const error = problem(() => lower(byHand([{ op: 'io.dma_from_nvme', operands: [0, 1, 1] }], ['i32', 'u64'])));
    expect(error).toMatchObject({ code: 'plan/no-lowering', available: ['@sluice/io-uring', '@sluice/fs', '@sluice/gds'], where: { op: 'io.dma_from_nvme' } });
    expect(error.fix).toBe("import '@sluice/io-uring' or '@sluice/fs' or '@sluice/gds', or any plugin that lowers the io dialect");
  });

  test('a break that the loop gives no exit for, rather than dropping it', () => {
    const deaf: Builder<string> = (_, ctx) => {
      ctx.region(0, ['i', 'c']);
      return ['c'];
    };
    expect(problem(() => lower(loop, { builderOf: (def) => (def.id === 'control.for' ? deaf : builders[def.id]) }))).toMatchObject({ code: 'plan/no-lowering', message: 'no lowering takes `control.break` here' });
  });

  test('a return from within that the backend gives no exit for', () => {
    expect(problem(() => lower(loop, { exits: {} }))).toMatchObject({ code: 'plan/no-lowering', message: 'no lowering takes `control.return` here' });
    expect(lower(defineKernel('plain', OUT, ({ out }) => out.store(0, 1)), { exits: {} }).lines).toEqual(['out[0] = 1']);
  });

  test.each<[string, Builder<string>, string]>([
    ['too few values', () => [], 'gives 0 values for 1 results'],
    ['a region twice', (_, ctx) => [...ctx.region(0, ['i', 'c'], SILENT), ...ctx.region(0, ['i', 'c'], SILENT)], 'emits region 0 twice'],
    ['a region that is not there', (_, ctx) => ctx.region(4, []), 'emits region 4 that is not there'],
    ['too few block arguments', (_, ctx) => ctx.region(0, ['i'], SILENT), 'gives 1 values for 2 block arguments'],
  ])('a builder that gives %s', (_, bad, message) => {
    expect(problem(() => lower(loop, { builderOf: (def) => (def.id === 'control.for' ? bad : builders[def.id]) }))).toMatchObject({ code: 'plan/bad-lowering', message: `the lowering of \`control.for\` ${message}` });
  });

  test('an op that nobody registered', () => {
    expect(problem(() => lower(byHand([{ op: 'acme.gelu', operands: [] }], [])))).toMatchObject({ code: 'verify/unknown-op', where: { op: 'acme.gelu', path: 'acme.gelu[0]' } });
  });

  test('a value before its definition', () => {
    expect(problem(() => lower(byHand([{ op: 'arith.add', operands: [0, 1], results: [2] }], ['u32', 'u32', 'u32'], 1)))).toMatchObject({ code: 'verify/dominance', message: 'value %1 is used before it is defined' });
  });

  test('nesting over 64 regions, and nothing less', () => {
    const nest = (levels: number): Kernel => {
      let ops: readonly Op[] = [{ name: 1, operands: [], results: [], attrs: NO_ATTRIBUTES, regions: [] }];
      for (let i = 0; i < levels; i++) ops = [{ name: 0, operands: [0], results: [], attrs: NO_ATTRIBUTES, regions: [{ args: [], ops }] }, { name: 1, operands: [], results: [], attrs: NO_ATTRIBUTES, regions: [] }];
      return { ...byHand([], ['bool']), body: { ...byHand([], ['bool']).body, opNames: ['control.if', 'control.yield'], region: { args: [0], ops } } };
    };
    const exits = { 'control.yield': () => {} };
    expect(lower(nest(64), { exits }).lines).toHaveLength(128);
    expect(problem(() => lower(nest(65), { exits }))).toMatchObject({ code: 'verify/limit' });
  });
});

const SILENT = { 'control.break': () => {}, 'control.continue': () => {} };

/** A kernel of raw ops; its parameters are the first `given` values. */
function byHand(ops: readonly { readonly op: string; readonly operands: readonly number[]; readonly results?: readonly number[] }[], types: readonly ('u32' | 'i32' | 'u64' | 'bool')[], given = types.length): Kernel {
  const args = types.slice(0, given).map((_, i) => i);
  const region: Region = { args, ops: ops.map(({ operands, results = [] }, i) => ({ name: i, operands, results, attrs: NO_ATTRIBUTES, regions: [] })) };
  return {
    kind: 'kernel', name: 'byHand', params: args.map((i) => ({ name: `p${i}`, type: scalar(types[i] ?? 'u32'), attrs: NO_ATTRIBUTES })), workgroup: [1, 1, 1], span: undefined,
    body: { opNames: ops.map((o) => o.op), valueTypes: types.map(scalar), region, debug: { names: new Map(), spans: new Map(), origins: new Map() } },
  };
}
