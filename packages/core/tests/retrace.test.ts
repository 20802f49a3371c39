import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { walkKernel } from '../src/lower/walk.ts';
import { fuse } from '../src/optimize/fuse/fuse.ts';
import { optimize } from '../src/optimize/passes.ts';
import { kernelGaps } from '../src/plan/kernel-fit.ts';
import { plan } from '../src/plan/plan.ts';
import { buffer, control, defineKernel, defineDialect, defineOp, definePlugin, defineProgram, functionsOf, kernel, Registry, verify } from '../src/index.ts';
import type { Backend, Capabilities, Kernel, ProgramIr, SluiceError, Span, Where } from '../src/index.ts';

const registry = new Registry();
const file = fileURLToPath(import.meta.url);
const source = readFileSync(file, 'utf8').split('\n');

/** Where `text` stands in this file, the first time. */
function placeOf(text: string): Span {
  const line = source.findIndex((l) => l.includes(text));
  return { file, line: line + 1, column: (source[line] ?? '').indexOf(text) + 1 };
}

const OUT = { params: { out: 'buffer<u32, read_write>' }, workgroup: 4 } as const;

/** The program that launches `callee` once. */
function launching(callee: Kernel<(typeof OUT)['params']>): ProgramIr {
  return defineProgram('p', {}, () => kernel.launch(callee, 4, { out: buffer.alloc('u32', 4) }));
}

const wrong = (): Kernel<(typeof OUT)['params']> => defineKernel('wrong', OUT, ({ out }, { local }) => {
  control.if(local.x.lt(2), () => {
    control.barrier();
  });
  out.store(local.x, 1);
});

function failure(of: () => unknown): SluiceError {
  try {
    of();
  } catch (error) {
    return error as SluiceError;
  }
  throw new Error('nothing was thrown');
}

describe('a kernel that was traced without the line of each op', () => {
  test('has them in what the verifier finds: of the op, and of the ops that it names', () => {
    const [error] = verify(launching(wrong()), registry);
    expect(error?.code).toBe('verify/divergent-barrier');
    expect(error?.where?.span).toEqual(placeOf('barrier();'));
    const [branch, id] = [placeOf('if(local.x.lt(2)'), placeOf('x.lt(2)')];
    expect(error?.message).toContain(`(control.if[3] at ${file}:${branch.line}:${branch.column})`);
    expect(error?.message).toContain(`(kernel.local_id[0] at ${file}:${id.line}:${id.column})`);
  });

  const native: Capabilities = { default: { how: 'native' }, ops: { 'arith.popcount': { how: 'unavailable' } }, types: {}, limits: {}, spaces: ['host'], floats: { subnormals: 'kept', nonFinite: 'ieee' } };
  const bare: Backend = { id: 'bare', slot: 'primaryText', role: 'compute', rank: 1, probe: () => Promise.resolve({ available: true, capabilities: native, description: 'a test' }), open: () => Promise.reject(new Error('not opened')) };
  const candidate = { backend: bare, probe: { available: true, capabilities: native, description: 'a test' }, capabilities: native } as const;
  const options = { registry, candidates: [candidate], strict: false };

  const counts = defineKernel('counts', OUT, ({ out }, { global }) => {
    out.store(global.x, out.load(global.x).popcount().add(0));
  });

  test('has them in what planning finds, also after passes', () => {
    for (const program of [launching(counts), optimize(launching(counts), { registry })]) {
      const error = failure(() => plan(program, options));
      const gap = [error, ...error.problems].find((e) => e.code === 'plan/no-capability');
      expect(gap?.where).toMatchObject({ kernel: 'counts', op: 'arith.popcount', path: 'arith.popcount[2]', span: placeOf('popcount().add') });
    }
  });

  test('has them in what lowering finds, and in what builders are told', () => {
    const places: Where[] = [];
    const lower = (until: string) => walkKernel(counts, {
      registry, target: 'none', params: ['out'], emit: () => {}, fresh: () => '', exits: { 'control.return': () => {} },
      builderOf: (def) => (def.id === until ? undefined : (op, ctx) => (places.push(ctx.where), op.results.map(() => 'v'))),
    });
    expect(failure(() => lower('buffer.load')).where).toMatchObject({ op: 'buffer.load', span: placeOf('load(global.x).popcount') });
    expect(places.map((w) => [w.op, w.span])).toEqual([['kernel.global_id', placeOf('x, out.load(global.x)')]]);
  });

  test('has them where kernels were fused', () => {
    const params = { data: 'buffer<f32, read_write>' } as const;
    const twice = defineKernel('twice', { params, workgroup: 64 }, ({ data }, { global }) => control.if(global.x.lt(data.length), () => data.store(global.x, data.load(global.x).mul(2))));
    const more = defineKernel('more', { params, workgroup: 64 }, ({ data }, { global }) => control.if(global.x.lt(data.length), () => data.store(global.x, data.load(global.x).exp2())));
    const program = defineProgram('p', { n: 'u32' }, ({ n }) => {
      const data = buffer.alloc('f32', 100);
      kernel.launch(twice, 100, { data });
      kernel.launch(more, 100, { data });
      return { n };
    });
    const fused = optimize(program, { registry, passes: [fuse.id] });
    expect(fused.kernels).toHaveLength(1);
    const lacking = { ...native, ops: { 'math.exp2': { how: 'unavailable' as const } } };
    const error = failure(() => plan(fused, { ...options, candidates: [{ ...candidate, capabilities: lacking }] }));
    expect([error, ...error.problems].find((e) => e.code === 'plan/no-capability')?.where?.span).toEqual(placeOf('exp2()'));
  });

  test('is traced again once, and for an error alone', () => {
    let traced = 0;
    const counted = defineKernel('counted', OUT, ({ out }, { local }) => {
      traced++;
      control.if(local.x.lt(2), () => control.barrier());
      out.store(local.x, out.load(local.x).add(1));
    });
    const fine = defineKernel('fine', OUT, ({ out }, { local }) => {
      traced++;
      control.barrier();
      out.store(local.x, 1);
    });
    const program = launching(fine);
    expect(verify(program, registry)).toEqual([]);
    // A backend that is passed over for what it lacks is no error yet.
    const gaps = kernelGaps(fine, candidate, registry, () => []);
    expect(gaps.map((g) => g.code)).toContain('plan/no-lowering');
    expect(traced).toBe(2);
    expect(gaps[0]?.where.span).toBeDefined();
    expect(traced).toBe(3);
    for (let i = 0; i < 3; i++) expect(verify(launching(counted), registry)).toHaveLength(1);
    expect(traced).toBe(4);
  });

  test('keeps its own line where its body does not do the same again', () => {
    let run = 0;
    const changing = defineKernel('changing', OUT, ({ out }, { local }) => {
      run++;
      control.if(local.x.lt(2), () => out.store(local.x, control.uniform_load(out, run)));
    });
    expect(verify(launching(changing), registry)[0]?.where?.span).toEqual(placeOf('uniform_load(out, run)')); // a barrier has its own
    expect(verify(launching(changing), registry)[0]?.message).toContain('(control.if[3])');
    const once = defineKernel('once', OUT, ({ out }, { local }) => {
      if (++run > 3) throw new Error('not again');
      out.store(local.x, local.x.popcount());
    });
    expect(failure(() => plan(launching(once), options)).where?.span).toEqual(once.span);
  });
});

test('a program has the lines of ops of other packages', () => {
  const ping = defineOp({ id: 'acme.ping', dialect: 'acme', version: '1.0.0', summary: 'Needs a backend.', category: 'extension', level: 'host', operands: [{ name: 'n', type: 'u64' }], results: [] });
  const acme = defineDialect({ id: 'acme', version: '1.0.0', ops: [ping] });
  const by = functionsOf(acme);
  const program = defineProgram('p', { n: 'u64' }, ({ n }) => {
    by.ping(n.mul(4));
  });
  const linked = registry.with(definePlugin({ name: 'acme', version: '1.0.0', api: 1, register: ({ dialect }) => dialect(acme) }));
  expect(failure(() => plan(program, { registry: linked, candidates: [], strict: false })).where).toMatchObject({ op: 'acme.ping', span: placeOf('ping(n.mul(4))') });
});
