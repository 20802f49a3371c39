import { dialects, walkKernel } from '@sluice/core';
import type { Backend, Capabilities, Cell, KernelIr, Launch, PreparedKernel, Registry } from '@sluice/core';
import { ENTRY, IMPORTS, assemble } from './assemble.js';
import type { WasmType } from './assemble.js';
import { ID_LOCALS, ZEROES, layoutOf, lowerings } from './lowerings.js';
import type { KernelCode } from './lowerings.js';

export const BACKEND = 'acme-wasm';
/** Milliseconds after which a launch lets other work run. */
const TURN = 16;
type Ids = readonly [number, number, number];

/** Kernels as WebAssembly: scalars, one invocation after the other, on a copy of the buffers in linear memory. */
export const backend: Backend = {
  id: BACKEND, slot: 'primaryBinary', role: 'compute', rank: 10,
  probe: () => Promise.resolve({ available: true, capabilities, description: 'scalar WebAssembly, on one thread, on copies of the buffers' }),
  open: () => Promise.resolve({
    backend: BACKEND,
    compute: { space: 'host', prepare: async (kernel, { registry, signal }) => (signal?.throwIfAborted(), prepare(kernel, registry)) },
    close: () => Promise.resolve(),
  }),
};

/** Compiles a kernel to a module of one function, which runs one invocation. */
async function prepare(kernel: KernelIr, registry: Registry): Promise<PreparedKernel> {
  const params: WasmType[] = new Array<WasmType>(ID_LOCALS).fill('i32');
  const values = kernel.params.map(({ type }) => (type.kind === 'buffer' ? (layoutOf(type.element), params.push('i32', 'i32') - 2) : params.push(layoutOf(type).wasm) - 1));
  const locals: WasmType[] = [];
  const lines: string[] = [];
  const code: KernelCode = { kernel, events: [] };
  let labels = 0;
  walkKernel<number>(kernel, {
    registry, target: BACKEND, params: values,
    builderOf: ({ id }) => {
      const build: (typeof lowerings)[string] | undefined = registry.table(id)?.primaryBinary.get(BACKEND);
      return build === undefined ? undefined : (op, ctx) => build(op, ctx, code);
    },
    emit: (line) => lines.push(line),
    fresh: (hint = 'i32') => (hint === 'label' ? `label${labels++}` : String(params.length + locals.push(hint as WasmType) - 1)),
    exits: { 'control.return': () => lines.push('return') },
  });
  const module = await WebAssembly.compile(assemble(params, locals, lines));
  return { launch: (launch, signal) => run(code, module, launch, signal) };
}

async function run({ kernel, events }: KernelCode, module: WebAssembly.Module, { groups, args }: Launch, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted();
  let end = ZEROES;
  const bound = kernel.params.map(({ type }, i) => {
    const arg = args[i];
    if (arg?.kind !== 'buffer' || type.kind !== 'buffer') return { values: [arg?.kind === 'scalar' ? (typeof arg.value === 'bigint' ? arg.value : Number(arg.value)) : 0] };
    const at = end;
    end += Math.ceil(Math.max(arg.count * layoutOf(type.element).bytes * layoutOf(type.element).count, arg.memory.byteLength) / 16) * 16;
    return { values: [at, arg.count], at, own: arg.memory.bytes?.subarray(0, arg.memory.byteLength), written: type.access !== 'read' };
  });
  const memory = new WebAssembly.Memory({ initial: Math.ceil(end / 65_536) });
  const bytes = new Uint8Array(memory.buffer);
  for (const { at, own } of bound) if (own !== undefined) bytes.set(own, at);
  let [x, y, z] = [0, 0, 0];
  const failures: unknown[] = [];
  const event = (number: number, value: number) => void (failures.length > 0 || failures.push(events[number]?.(value >>> 0, [x, y, z])));
  const instance = await WebAssembly.instantiate(module, { [IMPORTS.module]: { [IMPORTS.memory]: memory, [IMPORTS.event]: event } });
  const invoke = instance.exports[ENTRY] as (...values: readonly (number | bigint)[]) => void;
  const values = bound.flatMap((b) => b.values);
  const [sx, sy, sz] = kernel.workgroup;
  let since = performance.now();
  for (const [gx, gy, gz] of cells(groups)) {
    for (const [lx, ly, lz] of cells([sx, sy, sz])) {
      [x, y, z] = [gx * sx + lx, gy * sy + ly, gz * sz + lz];
      invoke(lx, ly, lz, gx, gy, gz, ...groups, ...values);
    }
    if (performance.now() - since < TURN) continue;
    await new Promise((resume) => setTimeout(resume));
    signal.throwIfAborted();
    since = performance.now();
  }
  for (const { at = 0, own, written = false } of bound) if (written) own?.set(bytes.subarray(at, at + own.byteLength));
  if (failures.length > 0) throw failures[0];
}

function* cells([nx, ny, nz]: Ids): Generator<Ids> {
  for (let z = 0; z < nz; z++) for (let y = 0; y < ny; y++) for (let x = 0; x < nx; x++) yield [x, y, z];
}

const missing = (reason: string): Cell => ({ how: 'unavailable', reason });
const NOT_SCALAR = ['i32', 'u32', 'i64', 'u64', 'f16', 'f32', 'bool'].flatMap((of) => [2, 3, 4].map((n) => `vec${n}<${of}>`));

/** What has no lowering here is said to be unavailable; of core's ops that is all that WebAssembly has no instruction for. */
const capabilities: Capabilities = {
  default: { how: 'native' },
  ops: {
    ...Object.fromEntries(dialects.flatMap((d) => d.ops).filter((op) => op.level !== 'host' && !op.traits.includes('terminator') && !Object.hasOwn(lowerings, op.id)).map((op) => [op.id, missing(op.traits.some((t) => ['barrier', 'collective', 'subgroup'].includes(t)) ? 'invocations run one after the other' : 'WebAssembly has no instruction for it')])),
    'arith.rem': { f32: missing('WebAssembly has no instruction for it'), default: { how: 'native' } },
  },
  types: Object.fromEntries([...['f16', 'bf16'].map((t) => [t, missing(`WebAssembly has no ${t}`)] as const), ...NOT_SCALAR.map((t) => [t, missing('it computes on scalars')] as const)]),
  limits: { workgroupInvocations: 1024, handleBytes: 2 ** 30 },
  spaces: ['host'], floats: { subnormals: 'kept', nonFinite: 'ieee' },
};
