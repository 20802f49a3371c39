import { buffer, control, defineKernel, defineProgram, kernel as kernelOps, Registry, scalar, session, u32, u64 } from '@sluice/core';
import type { KernelIr, ProgramIr } from '@sluice/core';
import { afterEach, beforeEach, expect, describe, test } from 'vitest';
import { compileKernel } from './compile.ts';
import { plugin } from './plugin.ts';
import { failure, launch, open } from './testing/launching.ts';

/*
 * Programs come from files and from other people: what they hold may never become code. Each payload says so by a
 * global if it runs.
 */
const RUN = 'globalThis.injected=1';
const PAYLOADS: readonly string[] = [
  RUN, `x;${RUN};//`, `0);${RUN};(0`, `';${RUN};'`, `";${RUN};"`, `\`;${RUN};\``, `\${${RUN}}`, `*/${RUN}/*`, `\n${RUN}\n`, `\r${RUN}\r`, `\u2028${RUN}\u2029`, `}${RUN};{`, `-->${RUN}`, `\\u0027;${RUN}`, `«ids»${RUN}`, `x\0${RUN}`,
];
/** Members of every object, for tables that are asked by name. */
const MEMBERS = ['__proto__', 'constructor', 'toString', 'hasOwnProperty', 'valueOf'];

const injected = () => (globalThis as { injected?: unknown }).injected;
beforeEach(() => void delete (globalThis as { injected?: unknown }).injected);
afterEach(() => expect(injected()).toBeUndefined());

const plain: KernelIr = defineKernel('plain', { params: { data: 'buffer<u32, read_write>', n: 'u32' }, workgroup: [2, 2, 1] }, ({ data, n }, { global, local }) => {
  const shared = buffer.workgroup('u32', 4);
  shared.store(local.x, n);
  control.barrier();
  const sum = control.for({ from: u32(0), to: n, step: u32(2) }, u64(5), (i, s) => s.add(i.to('u64')));
  control.if(global.y.eq(0), () => data.store(global.x, sum.to('u32').add(shared.load(local.x))));
});

/** `plain` with every object that `change` answers for replaced by its answer. */
type Change = (key: string, value: unknown, owner: Readonly<Record<string, unknown>>) => unknown;
function changed(kernel: KernelIr, change: Change): KernelIr {
  const copy = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(copy);
    if (typeof value !== 'object' || value === null || value instanceof Map || ('spelling' in value && Object.isFrozen(value))) return value;
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => {
      const made = change(key, inner, value as Readonly<Record<string, unknown>>);
      return [key, made === undefined ? copy(inner) : made];
    }));
  };
  return copy(kernel) as KernelIr;
}

interface Place {
  readonly where: string;
  /** Text is put there; nothing is changed where it gives undefined. */
  readonly put: (text: string) => Change;
  /** What refuses it: a code, or nothing where the text is inert and the kernel means the same. */
  readonly direct: string | undefined;
  readonly compiled: string | undefined;
}

const isOf = (kind: string, owner: Readonly<Record<string, unknown>>) => owner['kind'] === kind;
const lookAlike = (name: string) => ({ kind: 'scalar', name, spelling: name, class: 'unsigned', bits: 32, computed: true, serial: 1 });
const places: readonly Place[] = [
  { where: 'the name of the kernel', put: (text) => (key, _, owner) => (key === 'name' && isOf('kernel', owner) ? text : undefined), direct: undefined, compiled: undefined },
  { where: 'the name of a parameter', put: (text) => (key, value) => (key === 'name' && value === 'n' ? text : undefined), direct: undefined, compiled: undefined },
  { where: 'an op name', put: (text) => (key, value) => (key === 'opNames' ? (value as string[]).map((id) => (id === 'arith.add' ? text : id)) : undefined), direct: 'verify/unknown-op', compiled: 'verify/unknown-op' },
  { where: 'the axis of an id', put: (text) => (key) => (key === 'axis' ? { kind: 'enum', value: text } : undefined), direct: 'verify/attribute', compiled: 'verify/attribute' },
  { where: 'the axis, as a string', put: (text) => (key) => (key === 'axis' ? { kind: 'string', value: text } : undefined), direct: 'verify/attribute', compiled: 'verify/attribute' },
  { where: 'the axis, as a list', put: (text) => (key) => (key === 'axis' ? { kind: 'enum', value: [text] } : undefined), direct: 'verify/attribute', compiled: 'verify/attribute' },
  { where: 'the memory of a barrier', put: (text) => (key) => (key === 'memory' ? { kind: 'enum', value: text } : undefined), direct: undefined, compiled: 'verify/attribute' },
  { where: 'an attribute that no op has', put: (text) => (key, value) => (key === 'attrs' && 'axis' in (value as object) ? { ...(value as object), [`x${text}`]: { kind: 'string', value: text } } : undefined), direct: undefined, compiled: 'verify/attribute' },
  { where: 'the bits of a constant', put: (text) => (key, value) => (key === 'value' && typeof value === 'object' ? { kind: 'scalar', type: scalar('u32'), bits: text } : undefined), direct: 'verify/attribute', compiled: 'verify/attribute' },
  { where: 'the type of a constant', put: (text) => (key, value) => (key === 'value' && typeof value === 'object' ? { kind: 'scalar', type: lookAlike(text), bits: 1n } : undefined), direct: 'verify/', compiled: 'verify/' },
  { where: 'a constant that is a string', put: (text) => (key, value) => (key === 'value' && typeof value === 'object' ? { kind: 'string', value: text } : undefined), direct: 'verify/attribute', compiled: 'verify/attribute' },
  { where: 'the workgroup size', put: (text) => (key) => (key === 'workgroup' ? [text, 1, 1] : undefined), direct: 'verify/workgroup-size', compiled: 'verify/' },
  { where: 'the third of the workgroup size', put: (text) => (key) => (key === 'workgroup' ? [2, 2, [text]] : undefined), direct: 'verify/workgroup-size', compiled: 'verify/' },
  { where: 'the element of workgroup memory', put: (text) => (key) => (key === 'element' ? { kind: 'type', type: lookAlike(text) } : undefined), direct: 'plan/type', compiled: 'verify/' },
  { where: 'the length of workgroup memory', put: (text) => (key) => (key === 'length' ? { kind: 'scalar', type: scalar('u32'), bits: text } : undefined), direct: 'verify/attribute', compiled: 'verify/attribute' },
  { where: 'the type of a value', put: (text) => (key, value) => (key === 'valueTypes' ? (value as { spelling: string }[]).map((type) => (type.spelling === 'u64' ? lookAlike(text) : type)) : undefined), direct: 'plan/type', compiled: 'verify/' },
  { where: 'the type of a parameter', put: (text) => (key, value, owner) => (key === 'type' && owner['name'] === 'data' ? { kind: 'buffer', element: lookAlike(text), access: 'read_write', spelling: text, serial: 3 } : undefined), direct: 'plan/type', compiled: 'verify/' },
  { where: 'a value id', put: (text) => (key, value) => (key === 'operands' && (value as unknown[]).length === 3 ? [text, text, text] : undefined), direct: 'verify/', compiled: 'verify/' },
  { where: 'the file of a span', put: (text) => (key) => (key === 'span' ? { file: text, line: 1, column: 1 } : undefined), direct: undefined, compiled: undefined },
];

/** Whether an error, or one of its problems, has a code that starts so. */
function refusal(error: { readonly code?: string; readonly problems?: readonly { readonly code: string }[] }, code: string): boolean {
  return [error, ...(error.problems ?? [])].some((problem) => problem.code?.startsWith(code) === true);
}

describe.each(places)('$where', ({ where, put, direct, compiled }) => {
  test.each([...PAYLOADS, ...MEMBERS])('holding %j, prepared by itself', async (text) => {
    const kernel = changed(plain, put(text));
    const { compute, registry } = await open();
    if (direct !== undefined) {
      const error = await failure(compute.prepare(kernel, { registry }));
      expect(refusal(error, direct), `${error.code}: ${error.message}`).toBe(true);
      return;
    }
    // Not a character of it reaches the code.
    expect(compileKernel(kernel, registry, 65536).text).toBe(compileKernel(plain, registry, 65536).text);
    const data = new Uint32Array(2);
    await launch(kernel, 1, [data, 7]);
    expect([...data]).toEqual([24, 24]);
  });

  test.each([...PAYLOADS, ...MEMBERS])('holding %j, compiled in a program', async (text) => {
    await using s = await session({ registry: new Registry().with(plugin), backends: ['cpu-ref'] });
    const program = programOf(changed(plain, put(text)), where === 'the name of the kernel' ? text : 'plain');
    if (compiled !== undefined) {
      const error = await failure(s.compile(program));
      expect(refusal(error as never, compiled), `${error.code}: ${error.message}`).toBe(true);
      return;
    }
    const data = await s.buffer(new Uint32Array(2));
    await (await s.compile(program)).run({ data });
    expect([...new Uint32Array((await data.read()).buffer)]).toEqual([24, 24]);
  });
});

/** A program that launches `plain`, with `kernel` in its place. */
function programOf(kernel: KernelIr, name: string): ProgramIr & { readonly '~params'?: { readonly data: 'GpuBufferHandle' } } {
  const program = defineProgram('p', { data: 'GpuBufferHandle' }, ({ data }) => kernelOps.launch(plain, { groups: 1 }, { data, n: 7 }));
  const ops = program.body.region.ops.map((op) => ('kernel' in op.attrs ? { ...op, attrs: { kernel: { kind: 'symbol' as const, name } } } : op));
  return { ...program, kernels: [kernel], body: { ...program.body, region: { ...program.body.region, ops } } };
}

describe('bits that a type has not', () => {
  const withBits = (name: 'u32' | 'i32' | 'u64' | 'i64' | 'f32' | 'bool', bits: unknown) =>
    changed(plain, (key, value) => (key === 'value' && typeof value === 'object' ? { kind: 'scalar', type: scalar(name), bits } : undefined));
  test.each([
    ['u32', 1n << 32n], ['u32', -1n], ['i32', 1n << 40n], ['u64', 1n << 64n], ['i64', -1n], ['f32', 1n << 32n], ['bool', 2n], ['u32', 5], ['u64', 1e300], ['f32', NaN], ['bool', { toString: (): string => RUN, valueOf: (): string => RUN }], ['i64', null],
  ] as const)('%s of %s are refused', async (name, bits) => {
    const kernel = withBits(name, bits);
    const { compute, registry } = await open();
    expect(await failure(compute.prepare(kernel, { registry }))).toMatchObject({ code: 'verify/attribute', where: { kernel: 'plain', op: 'arith.constant' } });
    await using s = await session({ registry: new Registry().with(plugin), backends: ['cpu-ref'] });
    expect(refusal((await failure(s.compile(programOf(kernel, 'plain')))) as never, 'verify/attribute')).toBe(true);
  });

  test.each([-1n, 1n << 20n, 1n << 32n, 1n << 60n])('%s elements of workgroup memory are refused', async (bits) => {
    const kernel = changed(plain, (key) => (key === 'length' ? { kind: 'scalar', type: scalar('u32'), bits } : undefined));
    const { compute, registry } = await open();
    expect(await failure(compute.prepare(kernel, { registry }))).toMatchObject({ code: 'verify/attribute', where: { op: 'buffer.workgroup' } });
  });
});

test('what is no kernel at all is refused with a code', async () => {
  const { compute, registry } = await open();
  for (const junk of [{}, { ...plain, body: undefined }, { ...plain, params: 5 }, { ...plain, workgroup: undefined }, { ...plain, body: { ...plain.body, region: { args: [0, 1], ops: [null] } } }]) {
    expect(await failure(compute.prepare(junk as never, { registry }))).toMatchObject({ code: 'verify/malformed' });
  }
});
