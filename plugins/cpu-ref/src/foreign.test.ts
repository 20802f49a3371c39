import { buffer, control, defineDialect, defineKernel, defineOp, definePlugin, defineProgram, functionsOf, kernel as kernelOps, Registry, session, u32 } from '@sluice/core';
import type { Builder, Emitter, KernelIr, OpSpec, Value } from '@sluice/core';
import { describe, expect, test } from 'vitest';
import { compileKernel } from './compile.ts';
import { plugin } from './plugin.ts';
import { interpret } from './testing/interpreter.ts';
import { failure, launch, open } from './testing/launching.ts';
import { randomKernel } from './testing/random-kernel.ts';

type U32 = Value<'u32'>;
const SIZES = [10, 500, 3000];

describe('ops of another package', () => {
  test.each(SIZES)('with several results and statements of their own, in a kernel of %i ops', async (size) => {
    const kernel = defineKernel('divided', OUT, ({ data }, { global }) => data.store(global.x, dividing(global.x.add(1_000_003), size / 5)));
    const program = defineProgram('p', { data: 'GpuBufferHandle' }, ({ data }) => kernelOps.launch(kernel, 4, { data }));
    await using s = await session({ registry: new Registry().with(plugin).with(acme({})), backends: ['cpu-ref'] });
    const data = await s.buffer(new Uint32Array(4));
    await (await s.compile(program)).run({ data });
    expect([...new Uint32Array((await data.read()).buffer)]).toEqual([0, 1, 2, 3].map((x) => divided(x + 1_000_003, size / 5)));
  });

  test.each(SIZES)('with results of every type, used at the end of a kernel of %i ops', async (size) => {
    const kernel = defineKernel('mixed', OUT, ({ data }, { global }) => {
      const [b, i, wide, uwide, f] = ops.mixed(global.x.add(7)) as readonly [Value<'bool'>, Value<'i32'>, Value<'i64'>, Value<'u64'>, Value<'f32'>];
      let x: U32 = global.x;
      for (let n = 0; n < size; n++) x = x.mul(3).add(n);
      const sum = b.select(x, 1).add(i.to('u32')).add(wide.shr(60).to('u32')).add(uwide.shr(60).to('u32'));
      data.store(global.x, sum.add(f.mul(2).to('u32')));
    });
    const data = new Uint32Array(2);
    await launch(kernel, 2, [data], { registry: new Registry().with(acme({})) });
    expect([...data]).toEqual([0, 1].map((id) => {
      let x = id;
      for (let n = 0; n < size; n++) x = (Math.imul(x, 3) + n) >>> 0;
      // Above the range of its type is what each emitted; it wraps, in a short kernel as in a long one.
      return (x + (((id + 7) * 2 ** 31) | 0) + Number(BigInt.asIntN(64, BigInt(id + 7) << 61n) >> 60n) + Number(BigInt.asUintN(64, BigInt(id + 7) << 61n) >> 60n) + 33) >>> 0;
    }));
  });

  test.each(SIZES)('that make a buffer, in a kernel of %i ops', async (size) => {
    const plain = defineKernel('scratch', { params: { data: 'buffer<u32, read_write>' }, workgroup: 1 }, ({ data }, { global }) => {
      const scratch = buffer.workgroup('u32', 8);
      let x: U32 = data.load(global.x);
      for (let n = 0; n < size / 5; n++) {
        scratch.store(n % 9, x.xor(n));
        x = scratch.load((n * 3) % 8).add(x.mul(5)).add(scratch.length);
      }
      data.store(global.x, x);
    });
    const scratch: Builder<string> = (_, ctx) => named(ctx, (name) => ctx.emit(`let ${name} = new Uint32Array(8);`));
    const data = Uint32Array.of(4, 9, 1);
    await launch(renamed(plain, { 'buffer.workgroup': 'acme.scratch' }), 3, [data], { registry: new Registry().with(acme({ 'acme.scratch': scratch })) });
    expect([...data]).toEqual([4, 9, 1].map((start) => {
      const memory = new Uint32Array(8);
      let x = start;
      for (let n = 0; n < size / 5; n++) {
        memory[n % 9] = x ^ n;
        x = ((memory[(n * 3) % 8] as number) + (Math.imul(x, 5) >>> 0) + 8) >>> 0;
      }
      return x;
    }));
  });
});

/** Lowerings that add, each with text of another kind, for an op that stands for one of core: the interpreter says what is right. */
const STYLES: Readonly<Record<string, Builder<string>>> = {
  'an expression': (_, ctx) => [`${ctx.operand(0)} + ${ctx.operand(1)}`],
  'a const': (_, ctx) => named(ctx, (name) => ctx.emit(`const ${name} = ${ctx.operand(0)} + ${ctx.operand(1)};`)),
  'a var in lines of their own': (_, ctx) => named(ctx, (name) => ctx.emit(`var\n${name}\n=\n${ctx.operand(0)};\n${name} += ${ctx.operand(1)}; // v0 = 1; yield`)),
  'a destructuring let': (_, ctx) => named(ctx, (name) => ctx.emit(`let [${name}, unused_${name.replace('$', '')}] = [${ctx.operand(0)} + ${ctx.operand(1)}, 'v1 = 0; break L2;'];`)),
  'a labelled loop': (_, ctx) => {
    const [sum, label] = [ctx.fresh('v'), ctx.fresh('L')];
    ctx.emit(`let ${sum} = ${ctx.operand(0)}; ${label}: do { for (;;) {`);
    ctx.emit(`${sum} += ${ctx.operand(1)}; break ${label}; } } while (true);`);
    return [sum];
  },
  'a function': (_, ctx) => named(ctx, (name) => ctx.emit(`const ${name} = ((a, b) => { return a + b; })(${ctx.operand(0)}, ${ctx.operand(1)});`)),
  'names like those of the machine': (_, ctx) => ['b', 's', 'n', 'f', 'c', 'm', 'v', 't', 'L', 'F', '', '1', 'my value', '*/`${', 'let'].flatMap((hint) => named(ctx, (name) => ctx.emit(`const ${name} = ${ctx.operand(0)} + ${ctx.operand(1)};`), hint)).slice(-1),
};

describe('whatever the text, a kernel means the same', () => {
  for (const [style, build] of Object.entries(STYLES)) {
    test.each(SIZES)(`${style}, %i ops`, (size) => {
      const plain = defineKernel('sums', SPEC, ({ data, n }, { global }) => data.store(global.x, mixedWork(global.x, n, size)));
      agrees(plain, { 'arith.add': 'acme.add' }, { 'acme.add': build });
    });
  }

  test.each(SIZES)('a loop of a third party, its body of %i ops, ways out between', (size) => {
    const plain = defineKernel('repeated', SPEC, ({ data, n }, { global }) => {
      const { a } = control.for({ from: u32(2), to: n }, { a: global.x, b: n }, (i, { a: x, b }) => {
        const first = mixedWork(x.add(i), b, size / 2);
        control.if(first.and(15).eq(3), () => control.continue({ a: b, b: first }));
        control.if(first.and(31).eq(1), () => control.break({ a: first, b: x }));
        // A loop of the machine in it, whose body reaches for the index and the carried values.
        const second = control.while({ k: u32(0), c: first }, ({ k }) => k.lt(3), ({ k, c }) => ({ k: k.add(1), c: mixedWork(c.xor(i), x, size / 2) })).c;
        return { a: b, b: second };
      });
      data.store(global.x, a);
    });
    agrees(plain, { 'control.for': 'acme.repeat' }, { 'acme.repeat': repeat });
    agrees(plain, { 'control.for': 'acme.repeat', 'control.if': 'acme.when', 'arith.add': 'acme.add' }, { 'acme.repeat': repeat, 'acme.when': when, 'acme.add': STYLES['a labelled loop'] as Builder<string> });
  });

  test.each(SIZES)('a loop of a third party that takes what the region hands back, %i ops', (size) => {
    const plain = defineKernel('handed', SPEC, ({ data, n }, { global }) => data.store(global.x, control.for({ from: u32(0), to: n }, global.x, (i, x) => mixedWork(x.xor(i), n, size))));
    agrees(plain, { 'control.for': 'acme.repeat' }, { 'acme.repeat': repeat });
  });

  test.each(SIZES)('text that the first op declares and later ones use, %i ops', (size) => {
    let shared: string | undefined;
    const build: Builder<string> = (_, ctx) => {
      if (shared === undefined) ctx.emit(`const ${(shared = ctx.fresh('plus'))} = (a, b) => a + b;`);
      return [`${shared}(${ctx.operand(0)}, ${ctx.operand(1)})`];
    };
    agrees(defineKernel('stateful', SPEC, ({ data, n }, { global }) => data.store(global.x, mixedWork(global.x, n, size))), { 'arith.add': 'acme.add' }, { 'acme.add': build });
  });

  test('nested every way that they can be', () => {
    for (let seed = 1; seed <= 60; seed++) {
      const plain = randomKernel(seed);
      agrees(plain, { 'control.for': 'acme.repeat' }, { 'acme.repeat': repeat });
      agrees(plain, { 'control.for': 'acme.repeat', 'control.if': 'acme.when' }, { 'acme.repeat': repeat, 'acme.when': when });
    }
  });

  test('a loop of a third party lets go, and counts its steps', async () => {
    const plain = defineKernel('endless', SPEC, ({ data, n }) => data.store(0, control.for({ from: u32(0), to: n }, u32(0), (i, c) => c.xor(i))));
    const registry = new Registry().with(acme({ 'acme.repeat': repeat }));
    const kernel = renamed(plain, { 'control.for': 'acme.repeat' });
    expect(await failure(launch(kernel, 1, [new Uint32Array(1), 0xffffffff], { registry, stepLimit: 100_000 }))).toMatchObject({ code: 'run/step-limit' });
    const stop = new AbortController();
    setImmediate(() => stop.abort(new Error('enough')));
    await expect(launch(kernel, 1, [new Uint32Array(1), 0xffffffff], { registry, signal: stop.signal })).rejects.toThrow('enough');
  });
});

describe('a lowering that does not keep to its contract is named', () => {
  const simple = renamed(defineKernel('simple', SPEC, ({ data, n }) => data.store(0, n.add(1))), { 'arith.add': 'acme.add' });
  test.each<readonly [string, Builder<string>, string]>([
    ['throws', () => { throw new TypeError('oh'); }, 'the lowering of `acme.add` threw: oh'],
    ['gives nothing', () => undefined as never, 'the lowering of `acme.add` gives undefined, not a list of values'],
    ['gives a number', () => [5 as never], 'the lowering of `acme.add` gives 5 for result 0'],
    ['gives no text', () => [' '], 'the lowering of `acme.add` gives no text for result 0'],
    ['gives too many', () => ['1', '2'], 'the lowering of `acme.add` gives 2 values for 1 results'],
    ['emits what is no code', (_, ctx) => (ctx.emit('const = ;'), ['1']), "the code of kernel `simple` does not parse: Unexpected token '='; other packages lower acme.add"],
  ])('%s', async (_, build, message) => {
    const { compute, registry } = await open({}, new Registry().with(acme({ 'acme.add': build })));
    expect(await failure(compute.prepare(simple, { registry }))).toMatchObject({ code: 'plan/bad-lowering', message, where: { kernel: 'simple' } });
  });
});

const OUT = { params: { data: 'buffer<u32, write>' }, workgroup: 1 } as const;
const SPEC = { params: { data: 'buffer<u32, read_write>', n: 'u32' }, workgroup: 3 } as const;

/** The same kernel with other ops in the place of some. */
function renamed(kernel: KernelIr, names: Readonly<Record<string, string>>): KernelIr {
  return { ...kernel, body: { ...kernel.body, opNames: kernel.body.opNames.map((id) => names[id] ?? id) } };
}

/** Runs `plain` op by op, and compiled with `builds` in the place of ops of core. */
function agrees(plain: KernelIr, names: Readonly<Record<string, string>>, builds: Readonly<Record<string, Builder<string>>>): void {
  const registry = new Registry().with(plugin).with(acme(builds));
  const start = Uint32Array.from({ length: 16 }, (_, i) => Math.imul(i + 1, 2654435761) >>> 0);
  const [expected, found] = [start.slice(), start.slice()];
  interpret(plain, registry, 3, [expected, 9]);
  const code = compileKernel(renamed(plain, names), registry, 65536).bind({ groups: [3, 1, 1], args: [found, 9] });
  if (code.kind !== 'rows') throw new Error('expected rows');
  for (const turn of code.row(0, 0)) expect(turn).toBeGreaterThan(0);
  expect(found, plain.name).toEqual(expected);
}

/** About `size` ops; earlier values come back late. */
function mixedWork(x: U32, y: U32, size: number): U32 {
  const made: U32[] = [x, y];
  const at = (back: number) => made[Math.max(0, made.length - back)] as U32;
  for (let n = 0; n < size; n += 4) {
    made.push(at(1).add(at(2)));
    made.push(at(1).mul(0x9e3779b1).xor(at(7)));
    made.push(at(1).lt(at(40)).select(at(3), at(90)));
  }
  return at(1).add(at(made.length - 2)).add(x);
}

function dividing(start: U32, count: number): U32 {
  let x = start;
  const kept: U32[] = [];
  for (let n = 0; n < count; n++) {
    const [q, r] = ops.divmod(x, u32(1 + (n % 7))) as readonly [U32, U32];
    kept.push(r);
    x = q.mul(31).add(r).xor(kept[n >> 1] as U32);
  }
  return x;
}

function divided(start: number, count: number): number {
  let x = start;
  const kept: number[] = [];
  for (let n = 0; n < count; n++) {
    const [q, r] = [Math.floor(x / (1 + (n % 7))), x % (1 + (n % 7))];
    kept.push(r);
    x = ((((Math.imul(q, 31) >>> 0) + r) >>> 0) ^ (kept[n >> 1] as number)) >>> 0;
  }
  return x;
}

function named(ctx: Emitter<string>, emit: (name: string) => void, hint?: string): readonly string[] {
  const name = ctx.fresh(hint);
  emit(name);
  return [name];
}

/** A `for` in another package's hand: several names in one declaration, destructuring, its own labels, the region's operands. */
const repeat: Builder<string> = (_, ctx) => {
  const [from = '', to = '', step = '', ...init] = ctx.operands;
  const [index, outer, inner] = [ctx.fresh('v'), ctx.fresh(), ctx.fresh('v')];
  const carried = init.map(() => ctx.fresh('s'));
  const assign = (values: readonly string[]) => (values.length > 0 ? `[${carried.join(', ')}] = [${values.join(', ')}];` : '');
  ctx.emit(`var ${[index, ...carried].join(', ')}; ${assign(init)}`);
  ctx.emit(`${outer}: for (${index} = ${from}; ${step} > 0 ? ${index} < ${to} : ${index} > ${to}; ${index} += ${step}) { ${inner}: {`);
  const yielded = ctx.region(0, [index, ...carried], {
    'control.continue': (values) => ctx.emit(`${assign(values)} break ${inner};`),
    'control.break': (values) => ctx.emit(`${assign(values)} break ${outer};`),
  });
  ctx.emit(`${assign(yielded)} } }`);
  return carried;
};

const when: Builder<string> = (op, ctx) => {
  const results = op.results.map(() => ctx.fresh('r'));
  if (results.length > 0) ctx.emit(`var ${results.join(', ')};`);
  op.regions.forEach((_, i) => {
    ctx.emit(i === 0 ? `if (${ctx.operand(0)}) {` : 'else {');
    ctx.region(i, [], { 'control.yield': (values) => values.forEach((value, k) => ctx.emit(`${results[k] ?? ''} = ${value};`)) });
    ctx.emit('}');
  });
  return results;
};

const divmod: Builder<string> = (_, ctx) => {
  const [q, r] = [ctx.fresh('q'), ctx.fresh()];
  ctx.emit(`let ${q} = ${ctx.operand(0)} / ${ctx.operand(1)}, ${r} = ${ctx.operand(0)} % ${ctx.operand(1)};`);
  ctx.emit(`${q} = Math.floor(${q});`);
  return [q, r];
};

/** Some are outside their types. */
const mixed: Builder<string> = (_, ctx) => {
  const a = ctx.operand(0);
  return [`${a} > 3`, `${a} * 2 ** 31`, `BigInt(${a}) << 61n`, `BigInt(${a}) << 61n`, `16.5 + ${a} * 0`];
};

const common = { dialect: 'acme', version: '1.0.0', category: 'extension', level: 'kernel', summary: 'Of another package.' } as const;
const acmeDialect = defineDialect({
  id: 'acme', version: '1.0.0', summary: 'Ops of another package.',
  ops: [
    defineOp({ ...common, id: 'acme.divmod', traits: ['pure'], operands: [{ name: 'a', type: 'u32' }, { name: 'b', type: 'u32' }], results: [{ name: 'q', type: 'u32' }, { name: 'r', type: 'u32' }] }),
    defineOp({ ...common, id: 'acme.mixed', traits: ['pure'], operands: [{ name: 'a', type: 'u32' }], results: [{ name: 'b', type: 'bool' }, { name: 'i', type: 'i32' }, { name: 'wide', type: 'i64' }, { name: 'uwide', type: 'u64' }, { name: 'f', type: 'f32' }] }),
    ...(['add', 'repeat', 'when', 'scratch'] as const).map((name) => {
      const regions = name === 'repeat' ? [region('body', ['control.yield', 'control.break', 'control.continue'])] : name === 'when' ? [region('then', ['control.yield']), region('otherwise', ['control.yield'])] : [];
      const spec: OpSpec = { ...common, id: `acme.${name}`, operands: [{ name: 'given', type: 'any', variadic: true }], results: [{ name: 'results', type: 'any', variadic: true }], traits: [], regions };
      return defineOp(spec);
    }),
  ],
});
function region(name: string, catches: readonly string[]) {
  return { name, terminators: ['control.yield', 'control.break', 'control.continue', 'control.return'], catches, optional: name === 'otherwise' };
}
const ops = functionsOf(acmeDialect) as unknown as Readonly<Record<'divmod' | 'mixed', (...values: readonly unknown[]) => unknown>>;

function acme(builds: Readonly<Record<string, Builder<string>>>) {
  return definePlugin({
    name: 'acme', version: '1.0.0', api: 1,
    register(hooks) {
      hooks.dialect(acmeDialect);
      for (const [id, build] of Object.entries({ 'acme.divmod': divmod, 'acme.mixed': mixed, ...builds })) hooks.lowering(id, { slot: 'extensions', backend: 'cpu-ref', build });
    },
  });
}
