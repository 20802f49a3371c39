import { describe, expect, test } from 'vitest';
import { chunks, reduction, searching } from '../verify/valid-fixture.ts';
import { kernel, program } from '../verify/ir-fixture.ts';
import type { Attribute } from './attributes.ts';
import { canonical, equal, numbering } from './canonical.ts';
import type { Body, Kernel, Op, Program, Region, ValueId } from './program.ts';
import { opId, walkOps } from './program.ts';
import { parseType, scalar } from './types.ts';

/** The same body as another building could have left it: values and op names numbered backwards, with gaps, attribute keys in another order. */
function scrambled(body: Body): Body {
  const count = body.valueTypes.length;
  const move = (v: ValueId) => 2 * (count - 1 - v);
  const name = (n: number) => body.opNames.length - n; // 0 is one that nothing uses
  const spans = new Map<Op, { file: string; line: number; column: number }>();
  const region = (r: Region): Region => ({ args: r.args.map(move), ops: r.ops.map((op) => {
    const made: Op = { name: name(op.name), operands: op.operands.map(move), results: op.results.map(move), attrs: Object.fromEntries(Object.entries(op.attrs).toReversed()), regions: op.regions.map(region) };
    spans.set(made, { file: 'elsewhere.ts', line: spans.size + 1, column: 1 });
    return made;
  }) });
  return {
    opNames: ['acme.unused', ...[...body.opNames].toReversed()],
    valueTypes: Array.from({ length: 2 * count }, (_, v) => (v % 2 === 0 ? body.valueTypes[count - 1 - v / 2] ?? scalar('u8') : scalar('u8'))),
    region: region(body.region),
    debug: { names: new Map([[move(0), 'first'], [1, 'of a gap']]), spans, origins: new Map() },
  };
}

const scrambledProgram = (p: Program): Program => ({ ...p, kernels: p.kernels.map((k) => ({ ...k, body: scrambled(k.body) })), body: scrambled(p.body), span: { file: 'x', line: 1, column: 1 } });

/** What `canonical` must make alike: everything but names and spans. */
const data = (p: Program) => JSON.stringify([p, ...p.kernels], (key, value: unknown) => (key === 'debug' || key === 'span' ? undefined : typeof value === 'bigint' ? `${value}n` : value));

describe('canonical form', () => {
  test('numbers values and op names in the order of the text', () => {
    const { body } = canonical({ ...searching(), body: scrambled(searching().body) });
    const defined: ValueId[] = [...body.region.args];
    for (const op of walkOps(body.region)) defined.push(...op.results, ...op.regions.slice(0, 1).flatMap((r) => r.args));
    expect(defined).toEqual(body.valueTypes.map((_, i) => i));
    expect(body.opNames).toEqual([...new Set([...walkOps(body.region)].map((op) => opId(body, op)))]);
  });

  test('is one for programs that differ in numbering alone, and stays as it is', () => {
    const [p, q] = [chunks(), scrambledProgram(chunks())];
    expect(data(p)).not.toBe(data(q));
    expect(data(canonical(p))).toBe(data(canonical(q)));
    expect(data(canonical(canonical(p)))).toBe(data(canonical(p)));
  });

  test('takes names, spans and origins along', () => {
    const body = scrambled(reduction().body);
    const [first] = [...walkOps(body.region)];
    const made = canonical({ ...reduction(), body: { ...body, debug: { ...body.debug, origins: new Map([[first as Op, 'acme.op']]) } } }).body;
    expect([...made.debug.names]).toEqual([[0, 'first']]);
    expect([...walkOps(made.region)].map((op) => made.debug.spans.get(op)?.line)).toEqual([...walkOps(body.region)].map((op) => body.debug.spans.get(op)?.line));
    expect(made.debug.origins.get(made.region.ops[0] as Op)).toBe('acme.op');
  });

  test('of a body that is no SSA: what is only used comes last, a second definition has the number of the first', () => {
    const odd: Body = {
      opNames: ['acme.op'], valueTypes: ['u32', 'f32', 'bool', 'i32'].map(parseType), debug: { names: new Map(), spans: new Map(), origins: new Map() },
      region: { args: [3], ops: [{ name: 0, operands: [1, 2], results: [2], attrs: {}, regions: [] }, { name: 0, operands: [], results: [3], attrs: {}, regions: [] }] },
    };
    expect(numbering(odd)).toMatchObject({ from: Int32Array.of(3, 2, 1), defined: 2, twice: 3 });
    expect(canonical({ ...searching(), body: odd }).body).toMatchObject({ valueTypes: ['i32', 'bool', 'f32'].map(parseType), region: { args: [0], ops: [{ operands: [2, 1], results: [1] }, { results: [0] }] } });
  });
});

describe('equality', () => {
  test('does not see numbering, attribute order, unused entries and debug tables', () => {
    expect(equal(chunks(), scrambledProgram(chunks()))).toBe(true);
    expect(equal(reduction(), { ...reduction(), body: scrambled(reduction().body) })).toBe(true);
    expect(equal(structuredClone(chunks()), chunks())).toBe(true);
  });

  const at = (k: { body: Body }, id: string) => [...walkOps(k.body.region)].find((op) => opId(k.body, op) === id) as { -readonly [K in keyof Op]: Op[K] };
  const changes: Record<string, (p: { -readonly [K in keyof Program]: Program[K] }, k: { -readonly [K in keyof Kernel]: Kernel[K] }) => unknown> = {
    'the name': (p) => (p.name = 'other'),
    'a parameter name': (p) => (p.params = p.params.map((x, i) => (i === 2 ? { ...x, name: 'other' } : x))),
    'a parameter attribute': (p) => (p.params = p.params.map((x, i) => (i === 0 ? { ...x, attrs: { grant: { kind: 'enum', value: 'rw' } } } : x))),
    'a result type': (p) => (p.results = p.results.map((x, i) => (i === 0 ? { ...x, type: scalar('i64') } : x))),
    'the order of kernels': (p) => (p.kernels = [...p.kernels].toReversed()),
    'one kernel more': (p) => (p.kernels = [...p.kernels, searching()]),
    'a workgroup size': (_, k) => (k.workgroup = [64, 1, 2]),
    'a value type': (_, k) => ((k.body.valueTypes as unknown[])[0] = parseType('buffer<u8, read>')),
    'an operand': (_, k) => (at(k, 'arith.lt').operands = [...at(k, 'arith.lt').operands].toReversed()),
    'an op': (_, k) => ((k.body.opNames as string[])[k.body.opNames.indexOf('arith.lt')] = 'arith.gt'),
    'an op fewer': (_, k) => (k.body.region.ops as Op[]).splice(1, 1),
    'a region fewer': (_, k) => (at(k, 'control.if').regions = at(k, 'control.if').regions.slice(0, 1)),
    'an attribute more': (_, k) => (at(k, 'arith.lt').attrs = { more: { kind: 'bool', value: true } }),
    'a bit of a literal': (_, k) => (at(k, 'arith.constant').attrs = { value: { kind: 'scalar', type: scalar('u32'), bits: 1n << 31n } }),
    'which of two equal values is used': (_, k) => (at(k, 'buffer.load').operands = [0, 3]),
  };
  test.each(Object.entries(changes))('sees %s', (_, change) => {
    const p = chunks();
    change(p, p.kernels[0] as Kernel);
    expect(equal(p, chunks())).toBe(false);
    expect(equal(chunks(), p)).toBe(false);
  });

  test('floats are their bits, and kinds of attributes are not mixed up', () => {
    const f32 = (bits: bigint): Attribute => ({ kind: 'scalar', type: scalar('f32'), bits });
    const attributes: readonly Attribute[] = [
      f32(0n), f32(0x80000000n), f32(0x7fc00000n), f32(0x7fc00001n), f32(0xffc00000n), { kind: 'scalar', type: scalar('u32'), bits: 0n }, { kind: 'bool', value: false }, { kind: 'bool', value: true },
      { kind: 'string', value: 'u32' }, { kind: 'enum', value: 'u32' }, { kind: 'symbol', name: 'u32' }, { kind: 'type', type: scalar('u32') }, { kind: 'list', items: [] }, { kind: 'list', items: [f32(0n)] }, { kind: 'list', items: [f32(1n)] },
    ];
    const constant = (a: Attribute) => kernel('k', {}, (b) => void b.op('arith.constant', [], ['f32'], { value: a }));
    for (const [i, a] of attributes.entries()) for (const [j, b] of attributes.entries()) expect([i, j, equal(constant(a), constant(b))]).toEqual([i, j, i === j]);
  });

  test('a kernel is no program, and values correspond one to one', () => {
    expect(equal(program('p', {}, {}, [], (b) => void b.return()), kernel('p', {}, (b) => void b.return()))).toBe(false);
    const add = (x: number, y: number) => kernel('k', { a: 'u32', b: 'u32' }, (b) => void b.get('arith.add', [x, y], 'u32'));
    expect([equal(add(0, 1), add(0, 0)), equal(add(0, 0), add(0, 1)), equal(add(0, 1), add(1, 0))]).toEqual([false, false, false]);
  });
});
