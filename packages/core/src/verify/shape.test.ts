import { describe, expect, it } from 'vitest';
import { SluiceError } from '../diagnostics/error.ts';
import type { Kernel, Op, Program, Region } from '../ir/program.ts';
import { Registry } from '../registry/registry.ts';
import { kernel, program } from './ir-fixture.ts';
import { LIMITS } from './limits.ts';
import { chunks, searching } from './valid-fixture.ts';
import { verify, verifyKernel } from './verify.ts';

const registry = new Registry();
const text = (e: { code: string; message: string; where?: { path?: string | undefined } | undefined }) => `${e.code}: ${e.message}${e.where?.path === undefined ? '' : ` [${e.where.path}]`}`;

/** The problems of a kernel that adds `n` to itself in a branch, after `change` has had its way. */
function changed(change: (k: Loose) => void): string[] {
  const k = kernel('k', { n: 'u32' }, (b, n) => {
    b.if(b.get('arith.eq', [n, n], 'bool'), () => {
      b.get('arith.add', [n, n], 'u32');
      b.yield();
    });
    b.return();
  });
  change(k as unknown as Loose);
  return verifyKernel(k, registry).map(text);
}

// Anything may be written into such a kernel.
type Loose = Record<string, unknown> & { body: Record<string, unknown> & { region: { args: unknown; ops: LooseOp[] } } };
type LooseOp = Record<'name' | 'operands' | 'results' | 'attrs', unknown> & { regions: { ops: LooseOp[] }[] };
const add = (k: Loose) => k.body.region.ops[1]?.regions[0]?.ops[0] as LooseOp;
const addPath = '[control.if[1]/then/arith.add[0]]';

describe('data that is not well-formed', () => {
  it.each([undefined, null, 7, 'program', [], {}, { kind: 'program' }, () => 1])('says so of %o', (x) => {
    const problems = [...verify(x as never, registry), ...verifyKernel(x as never, registry)];
    expect(new Set(problems.map((p) => p.code))).toEqual(new Set(['verify/malformed']));
    expect(problems.every((p) => p instanceof SluiceError && p.fix !== '')).toBe(true);
  });

  it('names each field that is missing', () => {
    expect(verify({ kind: 'program', name: 'p', params: [], body: {} } as never, registry).map(text)).toEqual([
      'verify/malformed: the results of the program are undefined, not an array',
      'verify/malformed: the kernels of the program are undefined, not an array',
      'verify/malformed: the op names of the body are undefined, not an array',
      'verify/malformed: the value types of the body are undefined, not an array',
      'verify/malformed: the debug tables of the body is undefined, not a record',
      'verify/malformed: a region is undefined, not a record',
    ]);
  });

  it.each([[-1, '-1'], [0.5, '0.5'], [NaN, 'NaN'], ['0', '\'0\''], [undefined, 'undefined'], [2 ** 33, '8589934592'], [0n, '0n']])('refuses %o as a value id', (id, shown) => {
    expect(changed((k) => (add(k).operands = [0, id]))).toEqual([`verify/malformed: operand 1 is ${shown}, which is not a value id ${addPath}`]);
  });

  it('refuses ids beyond the table, in operands, results and block arguments', () => {
    expect(changed((k) => {
      add(k).operands = [0, 99];
      add(k).results = [50];
      k.body.region.args = [0, 9];
    })).toEqual([
      'verify/dominance: block argument 1 is %9, and the body has 3 values',
      `verify/dominance: operand 1 is %99, and the body has 3 values ${addPath}`,
      `verify/dominance: result 0 is %50, and the body has 3 values ${addPath}`,
    ]);
  });

  it('refuses names, attributes, regions and types that are none', () => {
    expect(changed((k) => (add(k).name = 17))).toEqual(['verify/malformed: the name of op 0 is 17, not an index into the table of 5 op names [control.if[1]/then]']);
    expect(changed((k) => (add(k).attrs = null))).toEqual([`verify/malformed: the attributes of the op are not a record ${addPath}`]);
    expect(changed((k) => (add(k).regions = undefined as never))).toEqual([`verify/malformed: the regions of the op are not an array ${addPath}`]);
    expect(changed((k) => (k.body['opNames'] = ['arith.eq', 'arith.add', 'arith.add', 'control.if', 'control.return']))).toEqual(['verify/malformed: an op name stands twice in the table of the body']);
    expect(changed((k) => ((k.body['valueTypes'] as unknown[])[0] = { kind: 'scalar', spelling: 'u33' }))).toEqual(['verify/malformed: the type of value 0 is an object, which is not a type']);
    expect(changed((k) => (k.body['debug'] = { names: new Map(), spans: {}, origins: new Map() }))).toEqual(['verify/malformed: debug table `spans` is not a map']);
    expect(changed((k) => (k['workgroup'] = [64, '1', 1]))).toEqual(['verify/malformed: the workgroup size is not three numbers']);
    expect(changed((k) => k.body.region.ops.splice(0, 1, null as never))).toEqual(['verify/malformed: op 0 of a region is null']);
  });

  it('survives data that throws when it is read', () => {
    const hostile = { ...searching(), get body(): never { throw new Error('no'); } };
    expect(verifyKernel(hostile as never, registry).map(text)).toEqual(['verify/malformed: reading the program failed: no']);
  });
});

describe('hostile sizes', () => {
  it('finds a region within itself', () => {
    expect(changed((k) => {
      const branch = k.body.region.ops[1] as LooseOp;
      branch.regions[0]?.ops.unshift(branch);
    }).map((t) => t.replace(/ \[.*/, ''))).toEqual(['verify/malformed: a region stands within itself', 'verify/limit: regions are nested more than 64 deep']);
  });

  it('refuses regions that are nested too deep, and takes the deepest that are not', () => {
    const nested = (levels: number) => kernel('k', { n: 'u32' }, (b, n) => {
      const yes = b.get('arith.eq', [n, n], 'bool');
      const inner = (depth: number): void => {
        if (depth === levels) return;
        b.if(yes, () => {
          inner(depth + 1);
          b.yield();
        });
      };
      inner(0);
      b.return();
    });
    expect(verifyKernel(nested(LIMITS.depth), registry)).toEqual([]);
    const [problem, ...others] = verifyKernel(nested(LIMITS.depth + 1), registry);
    expect(`${problem?.code}: ${problem?.message}`).toBe('verify/limit: regions are nested more than 64 deep');
    expect(others).toEqual([]);
    expect(verifyKernel(nested(1000), registry).map((p) => p.code)).toEqual(['verify/limit']);
  });

  it('refuses a program that shares regions so as to stand for too many ops', () => {
    // Each level has the one below twice: 2^40 ops in 80 objects.
    let region: Region = { args: [], ops: [{ name: 1, operands: [], results: [], attrs: {}, regions: [] }] };
    for (let i = 0; i < 40; i++) {
      const op: Op = { name: 0, operands: [0], results: [], attrs: {}, regions: [region, region] };
      region = { args: [], ops: [op, { name: 1, operands: [], results: [], attrs: {}, regions: [] }] };
    }
    const k = kernel('k', { yes: 'bool' }, (b) => b.return());
    const body = { ...k.body, opNames: ['control.if', 'control.yield'], region: { args: [0], ops: region.ops } };
    const problems = verifyKernel({ ...k, body }, registry);
    expect(problems.map((p) => `${p.code}: ${p.message}`)).toEqual(['verify/limit: the program has more than 16777216 ops']);
  }, 60_000);

  it.each([
    ['ops', (k: Kernel) => ({ ...k, body: { ...k.body, region: { ...k.body.region, ops: new Array<Op>(2 ** 31) } } })],
    ['values', (k: Kernel) => ({ ...k, body: { ...k.body, valueTypes: new Array<never>(2 ** 31) } })],
    ['names', (k: Kernel) => ({ ...k, body: { ...k.body, opNames: new Array<never>(2 ** 31) } })],
    ['block arguments', (k: Kernel) => ({ ...k, body: { ...k.body, region: { ...k.body.region, args: new Array<never>(2 ** 31) } } })],
    ['parameters', (k: Kernel) => ({ ...k, params: new Array<never>(2 ** 31) })],
  ])('refuses an array of 2^31 %s', (_, change) => {
    expect(verifyKernel(change(searching()), registry).map((p) => p.code)).toContain('verify/limit');
  });

  it('refuses many kernels that share one large table', () => {
    const k = searching();
    const valueTypes = new Array(2 ** 20).fill(k.body.valueTypes[2]) as Kernel['body']['valueTypes'];
    const p = program('p', {}, {}, Array.from({ length: 64 }, (_, i) => ({ ...k, name: `k${i}`, body: { ...k.body, valueTypes } })), (b) => b.return());
    expect(verify(p, registry).map((e) => e.code)).toEqual(['verify/limit']);
  });
});

describe('a program with one malformed kernel', () => {
  it('is judged by its shape alone', () => {
    const p = chunks();
    const broken = { ...p, kernels: [...p.kernels, { ...searching(), params: 3 }], results: [] } as unknown as Program;
    expect(verify(broken, registry).map((e) => [text(e), e.where?.kernel])).toEqual([['verify/malformed: the parameters are 3, not an array', 'searching']]);
  });
});
