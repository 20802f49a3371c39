import { describe, expect, test } from 'vitest';
import { API_VERSION, Registry, arith, buffer, control, defineDialect, defineKernel, defineOp, defineProgram, definePlugin, fd, functionsOf, grant, io, kernel, opId, u32, u64, walkOps } from '../src/index.ts';
import type { KernelIr, Value } from '../src/index.ts';
import { verify } from '../src/verify/verify.ts';
import { failure } from '../src/diagnostics/failure-fixture.ts';

const registry = new Registry();

// oxlint-disable-next-line no-explicit-any -- what plain JavaScript sees
type Untyped = any;

/** A kernel over one u32 buffer, from JavaScript: no help from the types. */
function untyped(body: (args: Untyped, ids: Untyped) => unknown) {
  return defineKernel('k', { params: { y: 'buffer<u32, read_write>', n: 'u32' }, workgroup: 64 }, body as never);
}

const ids = (body: KernelIr['body']) => [...walkOps(body.region)].map((op) => opId(body, op));

describe('what TypeScript cannot see', () => {
  test.each<[string, string, () => unknown]>([
    ['an op outside a body', 'build/outside-trace', () => u32(1)],
    ['a control op outside a body', 'build/outside-trace', () => control.for({ to: 3 }, () => {})],
    ['a value of another kernel', 'build/foreign-value', () => {
      let leaked: unknown;
      untyped(({ n }) => { leaked = n; });
      untyped(({ y }) => { y.store(0, leaked); });
    }],
    ['a value of a loop that has ended', 'build/out-of-scope', () => untyped(({ y }) => {
      let leaked: unknown;
      control.for({ to: 3 }, (i) => { leaked = i.add(1); });
      y.store(0, leaked);
    })],
    ['an op after break', 'build/after-terminator', () => untyped(({ y, n }) => {
      control.for({ to: 3 }, () => {
        control.if(n.eq(0), () => {
          control.break();
          y.store(0, 1);
        });
      });
    })],
    ['a JavaScript comparison', 'build/host-operator', () => untyped(({ n }) => { if (n < 3) throw new Error('unreachable'); })],
    ['a JavaScript sum', 'build/host-operator', () => untyped(({ n }) => { void (n + 1); })],
    ['a template string', 'build/host-operator', () => untyped(({ n }) => { void `${n}`; })],
    ['JavaScript\'s own if', 'build/unused-condition', () => untyped(({ y, n }) => { if (n.eq(0)) y.store(0, 1); })],
    ['an async body', 'build/async-body', () => untyped(async ({ y }) => { y.store(0, 1); })],
    ['an async branch', 'build/async-body', () => untyped(({ n }) => { control.if(n.eq(0), (async () => {}) as never); })],
    ['an async loop', 'build/async-body', () => untyped(() => { control.for({ to: 3 }, (async () => {}) as never); })],
    ['an async condition', 'build/async-body', () => untyped(() => { control.while(u32(0), (async () => {}) as never, (c) => c); })],
    ['a bound that loops do not have', 'build/operand', () => untyped(() => { control.for({ to: 3, stepp: 2 } as never, () => {}); })],
    ['a trap without a tag', 'build/operand', () => untyped(() => { (control.trap as Untyped)(0); })],
    ['a trap with half a tag', 'build/literal-range', () => untyped(() => { control.trap(0, { tag: 0.5 }); })],
    ['a cast to a type that there is not', 'build/types', () => untyped(({ n }) => { n.to('nope'); })],
    ['a cast to a name that objects have', 'build/types', () => untyped(({ n }) => { n.to('constructor'); })],
    ...[0, -1, 1.5, NaN, Infinity, 2 ** 32].map((size): [string, string, () => unknown] => [`a workgroup of ${size}`, 'build/param', () => defineKernel('k', { params: {}, workgroup: size }, () => {})]),
    ...([null, [], [1, 1, 1, 1], { groups: [] }, { groups: [1, 1, 1, 1] }, {}] as const).map((extent): [string, string, () => unknown] => [`a launch over ${JSON.stringify(extent)}`, 'build/operand', () => defineProgram('p', {}, () => {
      kernel.launch(defineKernel('k', { params: {}, workgroup: 1 }, () => {}), extent as never, {});
    })]),
    ['a buffer of what has no layout', 'build/operand', () => defineProgram('p', {}, () => { (buffer.alloc as Untyped)('bool', 3); })],
    ['a buffer of handles', 'build/operand', () => defineProgram('p', {}, () => { (buffer.alloc as Untyped)('GpuBufferHandle', 3); })],
    ['a literal out of range', 'build/literal-range', () => untyped(({ n }) => { n.add(-1); })],
    ['a fractional literal', 'build/literal-range', () => untyped(({ n }) => { n.add(0.5); })],
    ['an unsafe integer', 'build/literal-range', () => defineProgram('p', { n: 'u64' }, ({ n }) => { n.add(2 ** 60); })],
    ['a string operand', 'build/operand', () => untyped(({ n }) => { n.add('1'); })],
    ['two literals', 'build/operand', () => untyped(() => { (arith.add as (a: number, b: number) => unknown)(1, 2); })],
    ['mixed types', 'build/types', () => untyped(({ n }) => { n.add(n.to('i32')); })],
    ['a store to a read-only buffer', 'build/types', () => defineKernel('k', { params: { x: 'buffer<u32, read>' }, workgroup: 1 }, ({ x }) => { (x as unknown as { store(i: number, v: number): void }).store(0, 1); })],
    ['a kernel op in a program', 'build/level', () => defineProgram('p', {}, () => control.barrier())],
    ['a host op in a kernel', 'build/level', () => untyped(() => { buffer.alloc('u32', 4); })],
    ['a carried type that changes', 'build/carried', () => untyped(() => { control.for({ to: 3 }, u32(0), ((_: unknown, c: Value<'u32'>) => c.to('i32')) as never); })],
    ['a carried name that is lost', 'build/carried', () => untyped(() => { control.for({ to: 3 }, { a: u32(0), b: u32(0) }, ((_: unknown, { a }: { a: unknown }) => ({ a })) as never); })],
    ['a carried literal', 'build/carried', () => untyped(() => { control.for({ to: 3 }, { a: 1 } as never, (() => ({ a: 1 })) as never); })],
    ['break outside a loop', 'build/carried', () => untyped(() => { control.break(); })],
    ['a result in one branch only', 'build/carried', () => untyped(({ n }) => { control.if(n.eq(0), (() => n) as never); })],
    ['a kernel that returns a value', 'build/result', () => untyped(({ n }) => n)],
    ['a program that returns a number', 'build/result', () => defineProgram('p', {}, (() => ({ n: 3 })) as never)],
    ['a parameter of an unknown type', 'ir/unknown-type', () => defineKernel('k', { params: { x: 'buffer<u31, read>' as never }, workgroup: 1 }, () => {})],
    ['a program parameter of an unknown kind', 'build/param', () => defineProgram('p', { x: 'file' as never }, () => {})],
    ['a missing launch argument', 'build/launch-args', () => defineProgram('p', {}, () => kernel.launch(untyped(() => {}), 1, {} as never))],
    ['an unknown launch argument', 'build/launch-args', () => defineProgram('p', {}, () => kernel.launch(untyped(() => {}), 1, { y: buffer.alloc('u32', 1), n: 1, z: 1 } as never))],
    ['a launch argument of the wrong type', 'build/launch-args', () => defineProgram('p', { m: 'u64' }, ({ m }) => kernel.launch(untyped(() => {}), 1, { y: buffer.alloc('u32', 1), n: m } as never))],
    ['two kernels of one name', 'build/name-clash', () => defineProgram('p', {}, () => {
      const y = buffer.alloc('u32', 1);
      kernel.launch(untyped(() => {}), 1, { y, n: 1 });
      kernel.launch(untyped(() => {}), 1, { y, n: 1 });
    })],
    ['a negative extent', 'build/literal-range', () => defineProgram('p', {}, () => kernel.launch(untyped(() => {}), -1, { y: buffer.alloc('u32', 1), n: 1 }))],
    ['a kernel without a workgroup size', 'build/param', () => defineKernel('k', { params: {} } as never, () => {})],
    ['a kernel without a body', 'build/param', () => defineKernel('k', { params: {}, workgroup: 1 }, undefined as never)],
    ['a kernel without parameters', 'build/param', () => defineKernel('k', { workgroup: 1 } as never, () => {})],
    ['a kernel without a name', 'build/param', () => defineKernel(undefined as never, { params: {}, workgroup: 1 }, () => {})],
    ['a parameter without a type', 'ir/unknown-type', () => defineKernel('k', { params: { a: undefined } as never, workgroup: 1 }, () => {})],
    ['a program without a body', 'build/param', () => defineProgram('p', {}, 3 as never)],
    ['a program whose parameters are null', 'build/param', () => defineProgram('p', null as never, () => {})],
    ['a launch of nothing', 'build/operand', () => defineProgram('p', {}, () => kernel.launch(undefined as never, 1, {}))],
    ['launch arguments that are null', 'build/launch-args', () => defineProgram('p', {}, () => kernel.launch(untyped(() => {}), 1, null as never))],
    ['a loop without a range', 'build/operand', () => untyped(() => { (control.for as (r: unknown, b: unknown) => void)(undefined, () => {}); })],
    ['a while without a body', 'build/operand', () => untyped(({ n }) => { (control.while as (...a: unknown[]) => void)(n, () => n.eq(0)); })],
    ['an if without a branch', 'build/operand', () => untyped(({ n }) => { (control.if as (...a: unknown[]) => void)(n.eq(0)); })],
    ['an allocation of no type', 'ir/unknown-type', () => defineProgram('p', {}, () => { buffer.alloc(5 as never, 1); })],
    ['an allocation over 2^64 bytes', 'build/literal-range', () => defineProgram('p', {}, () => { buffer.alloc('u32', 2n ** 62n); })],
    ['a JavaScript loop on a traced condition', 'build/unused-condition', () => untyped(({ n }) => { while (n.gt(0)); })],
    ['an unknown attribute', 'build/operand', () => untyped(() => { (functionsOf(acme).scaled as (x: unknown, a: object) => unknown)(u32(1), { nope: 1 }); })],
    ['an attribute value that is not allowed', 'build/operand', () => untyped(() => { (functionsOf(acme).scaled as (x: unknown, a: object) => unknown)(u32(1), { mode: 'nope' }); })],
  ])('%s is %s', (_, code, run) => {
    const error = failure(run);
    expect({ code: error.code, family: error.family, fix: error.fix !== '' }).toEqual({ code, family: 'program', fix: true });
  });

  test('an error names the author\'s line', () => {
    const error = failure(() => untyped(({ n }) => { n.add(-1n); }));
    expect([error.code, error.where?.span?.file]).toEqual(['build/literal-range', expect.stringContaining('build.test.ts')]);
    const foreign = failure(() => untyped(({ n }) => { if (n < 1) throw new Error('unreachable'); }));
    expect(foreign.where?.span?.file).toContain('build.test.ts');
  });

  test('a failed trace leaves no ambient trace behind', () => {
    expect(() => untyped(() => { throw new TypeError('mine'); })).toThrow(TypeError);
    expect(failure(() => u32(1)).code).toBe('build/outside-trace');
  });
});

const scaled = defineOp({
  id: 'acme.scaled', dialect: 'acme', version: '1.0.0', summary: 'x scaled', category: 'composite', level: 'both',
  typeVars: { T: ['u32', 'f32'] }, operands: [{ name: 'x', type: 'T' }], results: [{ name: 'y', type: 'T' }],
  attrs: { mode: { kind: 'enum', values: ['double', 'same'], default: 'double' } },
  compose: ([x]: readonly never[], attrs) => {
    const value = x as unknown as Value<'u32'>;
    return attrs['mode']?.kind === 'enum' && attrs['mode'].value === 'double' ? value.add(value) : value;
  },
});
const acme = defineDialect({ id: 'acme', version: '1.0.0', ops: [scaled] });

describe('what is built', () => {
  test('a literal takes the type of the value beside it, and keeps its bits', () => {
    const k = defineKernel('k', { params: { y: 'buffer<f32, write>' }, workgroup: 1 }, ({ y }) => { y.store(0, -0); });
    const constants = [...walkOps(k.body.region)].filter((op) => opId(k.body, op) === 'arith.constant').map((op) => op.attrs['value']);
    expect(constants).toMatchObject([{ type: { spelling: 'u32' }, bits: 0n }, { type: { spelling: 'f32' }, bits: 0x80000000n }]);
  });

  test('ids and lengths are read once, at the start', () => {
    const k = defineKernel('k', { params: { y: 'buffer<u32, read_write>' }, workgroup: 64 }, ({ y }, { global }) => {
      control.if(global.x.lt(y.length), () => y.store(global.x, y.load(global.x).add(y.length)));
    });
    expect(ids(k.body).filter((id) => id === 'kernel.global_id' || id === 'buffer.length')).toEqual(['kernel.global_id', 'buffer.length']);
    expect(verify(defineProgram('p', {}, () => kernel.launch(k, 1, { y: buffer.alloc('u32', 1) })), registry)).toEqual([]);
  });

  test('an if with results, loops with break and continue, and a while verify', () => {
    const k = defineKernel('k', { params: { y: 'buffer<u32, read_write>', n: 'u32' }, workgroup: 1 }, ({ y, n }) => {
      const sum = control.for({ from: 1, to: n, step: 2 }, u32(0), (i, sum) => {
        control.if(i.eq(7), () => control.continue(sum));
        control.if(i.gt(20), () => control.break(sum.add(100)));
        return sum.add(i);
      });
      const { halvings } = control.while({ left: sum, halvings: u32(0) }, ({ left }) => left.gt(1), ({ left, halvings }) => ({ left: left.shr(1), halvings: halvings.add(1) }));
      y.store(0, control.if(halvings.gt(3), () => halvings, () => 3));
      control.if(n.eq(0), () => control.return());
      y.store(1, sum);
    });
    expect(verify(defineProgram('p', {}, () => kernel.launch(k, 1, { y: buffer.alloc('u32', 2), n: 9 })), registry)).toEqual([]);
  });

  test('invocations are rounded up to workgroups with ordinary ops, without overflow', () => {
    const k = defineKernel('k', { params: {}, workgroup: 64 }, () => {});
    const literal = defineProgram('p', {}, () => kernel.launch(k, 65, {}));
    const constants = [...walkOps(literal.body.region)].flatMap((op) => (op.attrs['value']?.kind === 'scalar' ? [op.attrs['value'].bits] : []));
    expect(constants).toEqual([2n, 1n, 1n]);
    const value = defineProgram('p', { n: 'u64' }, ({ n }) => kernel.launch(k, n, {}));
    expect(ids(value.body).filter((id) => id !== 'arith.constant')).toEqual(['arith.rem', 'arith.ne', 'arith.div', 'arith.cast', 'arith.add', 'kernel.launch', 'control.return']);
    expect(verify(value, registry)).toEqual([]);
  });

  test('alloc counts in elements, literal or not', () => {
    const p = defineProgram('p', { n: 'u64' }, ({ n }) => ({ a: buffer.alloc('u64', 3).byteLength, b: buffer.alloc('u32', n).byteLength, c: buffer.alloc('u8', n).byteLength }));
    expect(verify(p, registry)).toEqual([]);
    expect(p.results.map((r) => [r.name, r.type.spelling])).toEqual([['a', 'u64'], ['b', 'u64'], ['c', 'u64']]);
  });

  test('functions of a dialect emit its ops; a composite stays one op until it is lowered', () => {
    const f = functionsOf(acme);
    const k = defineKernel('k', { params: { y: 'buffer<u32, write>' }, workgroup: 1 }, ({ y }) => { y.store(0, f.scaled(u32(3), { mode: 'double' })); });
    expect(ids(k.body)).toContain('acme.scaled');
    const plugin = definePlugin({ name: 'acme', version: '1.0.0', api: API_VERSION, register: (h) => h.dialect(acme) });
    expect(verify(defineProgram('p', {}, () => kernel.launch(k, 1, { y: buffer.alloc('u32', 1) })), registry.with(plugin))).toEqual([]);
  });

  test('spans: kernels, launches and host ops always; every op on request', () => {
    const build = (spans: 'coarse' | 'op') => defineKernel('k', { params: { y: 'buffer<u32, write>', n: 'u32' }, workgroup: 1, spans }, ({ y, n }) => { y.store(0, n.add(1)); });
    expect([build('coarse').body.debug.spans.size, build('coarse').span?.file]).toEqual([0, expect.stringContaining('build.test.ts')]);
    expect(build('op').body.debug.spans.size).toBeGreaterThanOrEqual(3);
    const p = defineProgram('p', { f: fd('r') }, ({ f }) => ({ d: io.dma_from_nvme(f, u64(0), grant.size(f)) }));
    const spanned = [...p.body.debug.spans.keys()].map((op) => opId(p.body, op));
    expect(spanned).toEqual(['grant.size', 'io.dma_from_nvme']);
  });

  test('values and errors show themselves', () => {
    let seen = '';
    untyped(({ n }) => { seen = JSON.stringify(n); });
    expect(seen).toBe('{"value":1,"type":"u32","kernel":"k"}');
  });
});
