import { dialects, SluiceError } from '@sluice/core';
import type { Backend, Capabilities, Cell, Device, Probe } from '@sluice/core';
import { BACKEND, compileKernel, SUBGROUP_SIZE } from './compile.ts';
import { elements, locals } from './elements.ts';
import { runLaunch, Turns } from './launch.ts';
import { WORKGROUP_BYTES } from './lowerings.ts';
import { Unwritten } from './unwritten.ts';
import type { Detect } from './watch.ts';

export interface CpuRefOptions {
  /** Steps (ops that run) after which a launch ends with `run/step-limit`; absent, a launch may run for ever. */
  readonly stepLimit?: number;
  /** Lanes of a subgroup: a power of two, at most 128; 32 if absent. */
  readonly subgroupSize?: number;
  /**
   * Faults of the program to look for while its kernels run: a launch with such a fault runs to its end, and then fails
   * with `cpu-ref/race` or `cpu-ref/uninitialised`. Passes may drop or move accesses: use sessions with `passes: []`.
   */
  readonly detect?: readonly Detector[];
  /** Permutes the order in which workgroups and invocations run; an integer. Absent, they run in order. */
  readonly seed?: number;
  /** Bytes that the detectors may use for one launch, else it fails with `cpu-ref/shadow-limit`; 1 GiB if absent. */
  readonly shadowBytes?: number;
}

/** `races`: accesses to one element that nothing orders; `uninitialised`: loads of elements that nothing wrote. */
export type Detector = 'races' | 'uninitialised';

/** Steps between two looks at the clock: well under a millisecond of warm code, a few of cold. */
const SLICE = 65_536;

/**
 * The reference machine as a backend: exact, single-threaded, used only where an application names it.
 * @throws SluiceError `session/option`
 */
export function cpuRefBackend(options: CpuRefOptions = {}): Backend {
  const odd = Object.keys(options).find((key) => !OPTIONS.includes(key));
  if (odd !== undefined) throw new SluiceError({ code: 'session/option', message: `cpu-ref has no option \`${odd}\``, fix: `its options are ${OPTIONS.join(', ')}` });
  const { stepLimit = Infinity, subgroupSize = SUBGROUP_SIZE, seed } = options;
  if (!(stepLimit >= 1)) throw new SluiceError({ code: 'session/option', message: `stepLimit is ${String(stepLimit)}`, fix: 'give a number of steps of at least 1, or leave it out' });
  if (![1, 2, 4, 8, 16, 32, 64, 128].includes(subgroupSize)) throw new SluiceError({ code: 'session/option', message: `subgroupSize is ${String(subgroupSize)}`, fix: 'give a power of two from 1 to 128, or leave it out' });
  const detect = detectOf(options);
  const slice = Math.max(1, Math.min(SLICE, stepLimit));
  return {
    id: BACKEND,
    slot: 'cpuRef',
    role: 'compute',
    rank: 0,
    onlyByName: true,
    probe: () => Promise.resolve(probe(subgroupSize, options.detect)),
    open: () => {
      const turns = new Turns();
      const unwritten = detect?.uninitialised === true ? new Unwritten() : undefined;
      const device: Device = {
        backend: BACKEND,
        compute: {
          space: 'host',
          prepare: async (kernel, { registry, signal }) => {
            signal?.throwIfAborted();
            const code = compileKernel(kernel, registry, slice, subgroupSize, detect);
            return { launch: (launch, abort) => runLaunch(kernel, code, launch, { turns, stepLimit, slice, seed, unwritten }, abort) };
          },
        },
        close: () => Promise.resolve(),
      };
      return Promise.resolve(device);
    },
  };
}

/** What kernels are compiled to look for; undefined for the plain mode. @throws SluiceError `session/option` */
function detectOf({ detect = [], seed, shadowBytes = 2 ** 30 }: CpuRefOptions): Detect | undefined {
  const refused = (message: string, fix: string) => new SluiceError({ code: 'session/option', message, fix });
  if (!Array.isArray(detect)) throw refused(`detect is ${JSON.stringify(detect)}`, `give a list of some of ${DETECTORS.join(', ')}`);
  const unknown = detect.find((d) => !DETECTORS.includes(d));
  if (unknown !== undefined) throw refused(`detect holds ${JSON.stringify(unknown)}`, `give some of ${DETECTORS.join(', ')}`);
  if (seed !== undefined && !Number.isSafeInteger(seed)) throw refused(`seed is ${String(seed)}`, 'give an integer, or leave it out');
  if (!(shadowBytes >= 0)) throw refused(`shadowBytes is ${String(shadowBytes)}`, 'give a number of bytes, or leave it out');
  if (detect.length === 0 && seed === undefined) return undefined;
  return { races: detect.includes('races'), uninitialised: detect.includes('uninitialised'), seed, shadowBytes };
}

const OPTIONS: readonly string[] = ['stepLimit', 'subgroupSize', 'detect', 'seed', 'shadowBytes'] satisfies readonly (keyof CpuRefOptions)[];
const DETECTORS: readonly Detector[] = ['races', 'uninitialised'];

function probe(subgroupSize: number, detect: readonly Detector[] = []): Probe {
  const reason = whyNot();
  if (reason !== undefined) return { available: false, ...reason };
  return { available: true, capabilities, description: `every kernel op as it is defined, in JavaScript compiled for each kernel, on one thread; subgroups of ${subgroupSize}${detect.length === 0 ? '' : `; detects ${detect.join(', ')}`}` };
}

/** Why the machine cannot run here, if so. */
export function whyNot(): { readonly reason: string; readonly fix: string } | undefined {
  if (new Uint8Array(new Uint16Array([1]).buffer)[0] !== 1) return { reason: 'this machine is big-endian, buffers are little-endian', fix: 'run on a little-endian machine' };
  try {
    // oxlint-disable-next-line no-new-func -- the question is whether it may be done
    return new Function('return undefined')() as undefined;
  } catch (error) {
    return { reason: `this process may not compile code from strings: ${error instanceof Error ? error.message : String(error)}`, fix: 'allow it: no --disallow-code-generation-from-strings; in browsers, unsafe-eval in the content security policy' };
  }
}

const native: Cell = { how: 'native' };
const has = new Set([...Object.keys(locals), ...Object.keys(elements)]);

const capabilities: Capabilities = {
  default: native,
  ops: Object.fromEntries(
    dialects.filter((d) => d.id === 'io').flatMap((d) => d.ops).map((op): [string, Cell] => [op.id, { how: 'unavailable', reason: 'the reference never runs io ops: they have no CPU path' }]),
  ),
  types: Object.fromEntries([...has].map((t): [string, Cell] => [t, native])),
  limits: { buffers: 64, workgroupInvocations: 1024, workgroupBytes: WORKGROUP_BYTES },
  spaces: ['host'],
  floats: { subnormals: 'kept', nonFinite: 'ieee' },
};
