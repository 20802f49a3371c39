import { SluiceError, isSluiceError } from '../diagnostics/error.ts';
import { inWords } from '../diagnostics/in-words.ts';
import type { ValueId } from '../ir/program.ts';
import type { Effect, OpDef } from '../ops/op.ts';
import type { Memory, OpenFile } from '../registry/backend.ts';
import { isRecord } from '../registry/shape.ts';
import { badLowering } from './built-transfer.ts';
import { fileSize, memoryShapeFault } from './contract.ts';
import type { Execution } from './execution.ts';
import { brokenContract, guarded, messageOf } from './faults.ts';
import { fileSpan, fileUses } from './file-span.ts';
import type { FileSpan } from './file-span.ts';
import type { GrantRecord } from './grants.ts';
import { Base, Handle } from './memory.ts';
import type { Step, StepContext } from './step.ts';

/** A file that a run has mapped: it stays open until the run ends, so that its size can be looked at again. */
export interface MappedFile {
  readonly record: GrantRecord;
  readonly backend: string;
  readonly file: OpenFile;
  /** Where the map ends in the file. */
  readonly to: bigint;
}

/** An op that maps a file or ends a map, as its backend lowers it. */
interface Mapping {
  readonly def: OpDef;
  readonly backend: string;
  /** Value ids of operands and results by name. */
  id(name: string): ValueId;
  /** What the lowering makes of the op. */
  request(run: Execution, spans: readonly FileSpan[]): unknown;
}

/** The pages of the granted window, as memory that nobody writes to. What is read through it is up to the file at that time. */
export function mapStep({ def, backend, id, request }: Mapping, c: StepContext): Step {
  const files = fileUses(def, id);
  const result = made(def, 'alloc', id);
  return (run) => {
    const spans = files.map((use) => fileSpan(run, use, backend));
    const wanted = built(def, () => request(run, spans));
    const span = wanted['kind'] === 'map' ? spans.find((s) => s.file === wanted['file']) : undefined;
    if (span === undefined) throw badLowering(def, `gave a request of kind ${inWords(wanted['kind'])}, which is no map of its file`);
    // The length is a value that the program may branch on: nothing is issued before it is known.
    return new Promise<void>((resolve) => {
      run.issue(c.where, { memory: [], files: spans }, (finish) => {
        span.record.refuseRevoked();
        span.record.use();
        mapped(run, backend, span).then(({ base, to }) => {
          run.maps.push({ record: span.record, backend, file: span.file, to });
          run.holds.adopt(base);
          run.bind(result, new Handle(base, 'map'));
        }).then(() => finish(), (error: unknown) => {
          span.record.leave();
          finish(error);
        });
      }, resolve);
    });
  };
}

/** Handles of the map are stale from here on; the map itself ends when the ops that read it are done. */
export function unmapStep({ def, id, request }: Mapping): Step {
  const ended = made(def, 'free', id);
  return (run) => {
    const handle = run.handle(ended);
    if (handle.kind !== 'map') throw new SluiceError({ code: 'mem/wrong-kind', message: `\`${def.id}\` of a handle that is no map, or only a slice of one`, fix: 'unmap what was mapped in the same program, whole; free with `buffer.free` what was allocated' });
    const wanted = built(def, () => request(run, []));
    if (wanted['kind'] !== 'unmap' || wanted['memory'] !== handle.memory) throw badLowering(def, `gave a request of kind ${inWords(wanted['kind'])}, which does not end its map`);
    run.holds.free(handle);
  };
}

/** The handle that the op makes, or ends. */
function made(def: OpDef, kind: 'alloc' | 'free', id: Mapping['id']): ValueId {
  const effect = def.effects.find((e): e is Extract<Effect, { kind: 'alloc' | 'free' }> => e.kind === kind);
  return id(effect?.on ?? '');
}

function built(def: OpDef, request: () => unknown): Readonly<Record<string, unknown>> {
  let made: unknown;
  try {
    made = request();
  } catch (cause) {
    throw isSluiceError(cause) ? cause : badLowering(def, `threw: ${messageOf(cause)}`, cause);
  }
  if (!isRecord(made)) throw badLowering(def, `gave ${inWords(made)}, which is no request`);
  return made;
}

/** A base over the pages of a span, which the caller holds, and where they end in the file. */
async function mapped(run: Execution, backend: string, { record, file, from }: FileSpan): Promise<{ readonly base: Base; readonly to: bigint }> {
  const { storage } = run.session.device(backend) ?? {};
  const size = await fileSize(backend, file, run.signal);
  const to = record.length === undefined ? size : record.offset + record.length;
  if (to > size) throw new SluiceError({ code: 'io/short-read', message: `the map of ${record.name} is to end at ${to}, and the file ends at ${size}`, fix: 'grant less of it, or see who truncated the file', details: { file: record.name, size: String(size) } });
  const bytes = to > from ? to - from : 0n;
  if (bytes === 0n) return { base: await run.session.budget.allocate(run.session.allocator(run.plan.space), 0n, 'zero', run.stopped), to };
  if (bytes > BigInt(Number.MAX_SAFE_INTEGER)) throw new SluiceError({ code: 'mem/too-large', message: `a map of ${bytes} bytes`, fix: 'grant a part of the file' });
  const memory: unknown = await guarded(backend, 'map', run.signal, () => storage?.map?.(file, from, Number(bytes), run.signal));
  const fault = memoryShapeFault(memory) ?? ((memory as Memory).byteLength === Number(bytes) ? undefined : `memory of ${(memory as Memory).byteLength} bytes`);
  if (fault !== undefined) throw brokenContract(backend, `mapped ${bytes} bytes of ${record.name} as ${fault}`);
  const { faults } = run.session.budget;
  const unmap = () => {
    try {
      storage?.unmap?.(memory as Memory);
    } catch (error) {
      faults.push(error);
    }
  };
  return { base: new Base(memory as Memory, unmap, true), to };
}

/** A file that shrank under a map: what was read behind its end is not the file's. */
export async function refuseTruncated(run: Execution): Promise<void> {
  for (const { record, backend, file, to } of run.maps) {
    try {
      const size = await fileSize(backend, file, run.signal);
      if (size < to) throw new SluiceError({ code: 'io/truncated', message: `${record.name} was mapped up to ${to}, and ends at ${size} now`, fix: 'map files that nobody shortens, or read them', details: { file: record.name, size: String(size) } });
    } catch (error) {
      run.fail(error);
      return;
    }
  }
}
