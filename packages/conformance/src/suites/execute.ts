import { buffer, defineKernel, defineProgram, isSluiceError, kernel, opCell, subgroup, typeCell } from '@sluice/core';
import type { Capabilities, DeviceBuffer, Grant, ProgramIr, ScalarValue, SluiceError, Type } from '@sluice/core';
import { withinAccuracy } from '../oracle/bounds.ts';
import { exactly } from '../oracle/compute.ts';
import type { Compute } from '../oracle/compute.ts';
import { Bytes, difference } from '../oracle/memory.ts';
import { interpret } from '../oracle/oracle.ts';
import type { OracleResult } from '../oracle/oracle.ts';
import type { OpUse } from '../ops/uses.ts';
import { Unsupported } from '../runner/suite.ts';
import type { Bench } from '../runner/suite.ts';

export type Given = ScalarValue | Uint8Array | Grant;
export type Found = ScalarValue | Uint8Array;

/**
 * Runs a program on the backend and reads its buffers back.
 * @throws Unsupported where the backend's capabilities rule it out
 */
export async function execute({ session }: Bench, program: ProgramIr, args: Readonly<Record<string, Given>>): Promise<Readonly<Record<string, Found>>> {
  const exe = await session.compile(program).catch(refused);
  try {
    const { results } = await exe.run(args);
    const found: Record<string, Found> = {};
    const named: Readonly<Record<string, ScalarValue | DeviceBuffer>> = results ?? {};
    for (const [name, value] of Object.entries(named)) {
      if (typeof value !== 'object') found[name] = value;
      else {
        found[name] = await value.read();
        await value.close();
      }
    }
    return found;
  } finally {
    await exe.close();
  }
}

/** Refusals that only repeat what the capabilities say. */
const BY_CAPABILITY: readonly string[] = ['plan/no-capability', 'plan/type', 'plan/limit'];

function refused(error: unknown): never {
  if (isSluiceError(error) && error.family === 'unsupported') {
    const problems: readonly SluiceError[] = error.problems.length === 0 ? [error] : error.problems;
    if (problems.every((p) => BY_CAPABILITY.includes(p.code))) throw new Unsupported(problems[0]?.message ?? error.message);
  }
  throw error;
}

/** How the oracle computes for a backend: exactly, or within the accuracy of each op. `single`: ops stand alone, so that nothing contracts. */
export function computeFor(bench: Bench, { single = false } = {}): Compute {
  if (bench.exact) return exactly;
  return withinAccuracy(bench.registry, { ...bench.capabilities.floats, contracts: !single });
}

/** Runs a program here and on the oracle, and throws where they differ. */
export async function agree(bench: Bench, program: ProgramIr, args: Readonly<Record<string, ScalarValue | Uint8Array>>, options: { readonly single?: boolean } = {}): Promise<Readonly<Record<string, Found>>> {
  const found = await execute(bench, program, args);
  const expected = interpret(program, args, { registry: bench.registry, compute: computeFor(bench, options), subgroupSize: await knownSubgroupSize(bench) });
  for (const [name, want] of Object.entries(expected)) same(name, want, found[name]);
  return found;
}

/** @throws Error that says where they differ */
export function same(what: string, want: OracleResult, found: Found | undefined): void {
  if (want instanceof Bytes) {
    if (!(found instanceof Uint8Array)) throw new Error(`${what} is ${String(found)}, expected a buffer`);
    const wrong = difference(want, found);
    if (wrong !== undefined) throw new Error(`${what}: ${wrong}`);
  } else if (!Object.is(want, found)) throw new Error(`${what} is ${String(found)}, expected ${String(want)}`);
}

const sizes = new WeakMap<Bench['session'], Promise<number>>();

/**
 * Lanes of a subgroup on the backend, as its own kernels say: asked once for each session.
 * @throws Unsupported where they cannot
 */
export function subgroupSizeOf(bench: Bench): Promise<number> {
  const size = sizes.get(bench.session) ?? execute(bench, askSize, {}).then(({ out }) => {
    if (!(out instanceof Uint8Array)) throw new Error('a program that asks for the size of a subgroup gives no buffer');
    return new DataView(out.buffer, out.byteOffset).getUint32(0, true);
  });
  sizes.set(bench.session, size);
  return size;
}

/** The same; undefined where its kernels cannot say. */
export async function knownSubgroupSize(bench: Bench): Promise<number | undefined> {
  try {
    return await subgroupSizeOf(bench);
  } catch (error) {
    if (error instanceof Unsupported) return undefined;
    throw error;
  }
}

const sizeOf = defineKernel('subgroup-size', { params: { out: 'buffer<u32, write>' }, workgroup: 64 }, ({ out }, { local }) => out.store(local.x, subgroup.size()));
const askSize = defineProgram('subgroup-size', {}, () => {
  const out = buffer.alloc('u32', 64);
  kernel.launch(sizeOf, 64, { out });
  return { out };
});

/** Why the capabilities rule a use out, or undefined where they do not. */
export function whyNot(capabilities: Capabilities, { def, operands, results, attrs }: OpUse): string | undefined {
  for (const type of [...operands, ...results]) {
    for (let t: Type | undefined = type; t !== undefined; t = t.kind === 'vector' || t.kind === 'array' || t.kind === 'buffer' ? t.element : undefined) {
      const cell = typeCell(capabilities, t.spelling);
      if (cell.how === 'unavailable') return `${t.spelling}: ${cell.reason ?? 'unavailable'}`;
    }
    const cell = opCell(capabilities, def.id, (type.kind === 'buffer' ? type.element : type).spelling, attrs);
    if (cell.how === 'unavailable') return `${def.id}: ${cell.reason ?? 'unavailable'}`;
  }
  return undefined;
}
