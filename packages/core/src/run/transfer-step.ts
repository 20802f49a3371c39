import { SluiceError } from '../diagnostics/error.ts';
import type { Where } from '../diagnostics/error.ts';
import type { Op, ValueId } from '../ir/program.ts';
import { endsMap, makesMap } from '../plan/place-transfer.ts';
import type { StoragePlan } from '../plan/place-transfer.ts';
import type { Memory, Outcome, Transfer } from '../registry/backend.ts';
import type { TransferBuilder, TransferContext } from '../registry/lowering.ts';
import type { OpDef } from '../ops/op.ts';
import { copyFailed } from './buffer-steps.ts';
import { badLowering, builtTransfer } from './built-transfer.ts';
import type { Execution, Finish } from './execution.ts';
import { bytesOf, fileSpan, fileUses } from './file-span.ts';
import type { FileSpan } from './file-span.ts';
import { mapStep, unmapStep } from './map-step.ts';
import { Handle } from './memory.ts';
import type { Base } from './memory.ts';
import type { Carrier } from './outcome.ts';
import { checkPieces } from './pieces.ts';
import type { Step, StepContext } from './step.ts';
import { tracedCopy } from './trace/traced-copy.ts';

type Moves = Exclude<Transfer, { kind: 'sync' }>;

/**
 * An op that a storage backend lowers. What it does to memory and files is read off its effects: the record of a
 * third party's op is enough to run it.
 */
export function transferStep(op: Op, def: OpDef, c: StepContext): Step {
  const placed = c.plan.storage.get(def.id);
  const backend = placed?.candidate.backend.id ?? '';
  const lowering = c.registry.getLowering(def.id, backend);
  if (placed === undefined || lowering?.kind !== 'builder' || lowering.slot !== 'nativeModule') {
    throw new SluiceError({ code: 'plan/no-lowering', message: `\`${def.id}\` has no meaning on these operand types, and no storage backend lowers it`, fix: 'use other operand types, or import a plugin that lowers it', where: c.where(), available: def.providers });
  }
  const build = lowering.build as TransferBuilder;
  const id = idsOf(op, def);
  const request = (run: Execution, spans: readonly FileSpan[]) => build(op, new Operands(run, c, spans, id));
  if (makesMap(def)) return mapStep({ def, backend, id, request }, c);
  if (endsMap(def)) return unmapStep({ def, backend, id, request });
  const files = fileUses(def, id);
  const touched = def.effects.flatMap((e) => (e.kind === 'read' || e.kind === 'write' ? [{ id: id(e.on), write: e.kind === 'write' }] : []));
  const alloc = def.effects.find((e) => e.kind === 'alloc');
  if (files.length === 0) throw badLowering(def, 'is a transfer, and the op has no effect on a file');
  if (alloc !== undefined && alloc.byteLength === undefined) throw badLowering(def, 'is a transfer, and no operand says how large the result of the op is');
  const made = alloc?.byteLength === undefined ? undefined : { on: id(alloc.on), byteLength: id(alloc.byteLength) };
  const overwrites = alloc?.overwritten === true || files.some((f) => f.length !== undefined && f.length === made?.byteLength);

  return (run) => {
    const storage = run.session.device(backend)?.storage;
    if (storage === undefined) throw new RangeError(`${backend} is not open`);
    const carrier: Carrier = { backend, storage, copies: placed.cell.how === 'copied' };
    const spans = files.map((use) => fileSpan(run, use, backend));

    const start = (base: Base | undefined): void | Promise<void> => {
      if (base !== undefined && made !== undefined) run.bind(made.on, new Handle(base));
      const transfer = builtTransfer(def, spans, () => request(run, spans));
      const staging = transfer.kind === 'sync' || placed.space === c.plan.space ? undefined : run.allocate(BigInt(transfer.memory.byteLength), 'any', placed.space);
      if (staging instanceof Promise) return staging.then((base) => issue(transfer, base));
      return issue(transfer, staging);
    };

    const issue = (transfer: Transfer, staging: Base | undefined) => {
      const memory = touched.map((use) => ({ base: run.handle(use.id).base, write: use.write }));
      if (staging !== undefined) memory.push({ base: staging, write: true });
      run.transfers++;
      if (transfer.kind !== 'sync') run.announce(transfer.memory.byteLength);
      run.issue(c.where, { memory, files: spans }, (finish) => {
        for (const { record } of spans) record.refuseRevoked();
        if (transfer.kind === 'read' && transfer.pieces !== undefined) checkPieces(transfer, transfer.pieces, spans.find((s) => s.file === transfer.file)?.to ?? 0n);
        for (const { record } of spans) record.use();
        const ended: Finish = (error) => {
          for (const { record } of spans) record.leave();
          finish(error);
        };
        carryOut(run, carrier, placed, transfer, staging, (outcome) => settle(run, c.where, def.id, carrier, transfer, spans, outcome, ended), c.where);
      });
      if (staging !== undefined) run.holds.release(staging);
    };

    if (made === undefined) return start(undefined);
    const allocated = run.allocate(bytesOf(run, made.byteLength), overwrites ? 'any' : 'zero');
    return allocated instanceof Promise ? allocated.then(start) : start(allocated);
  };
}

/** Value ids of operands and results by name. */
function idsOf(op: Op, def: OpDef): (name: string) => ValueId {
  const ids = new Map<string, ValueId>();
  def.operands.forEach((p, i) => ids.set(p.name, op.operands[i] ?? -1));
  def.results.forEach((p, i) => ids.set(p.name, op.results[i] ?? -1));
  return (name) => ids.get(name) ?? -1;
}

/** What an op's operands are in this run. A class, because an object with a getter is slow to make; its members need no `this`. */
class Operands implements TransferContext {
  readonly file: TransferContext['file'];
  readonly u64: TransferContext['u64'];
  readonly memory: TransferContext['memory'];
  readonly #where: StepContext['where'];

  constructor(run: Execution, c: StepContext, spans: readonly FileSpan[], id: (name: string) => ValueId) {
    const value = (name: string) => {
      const found = run.values[id(name)];
      if (found === undefined) throw new RangeError(`the op has no operand or result \`${name}\``);
      return found;
    };
    this.#where = c.where;
    this.file = (name) => {
      const span = spans.find((s) => s.operand === name);
      if (span === undefined) throw new RangeError(`the op's record has no effect on a file \`${name}\``);
      return span.file;
    };
    this.u64 = (name) => value(name) as bigint;
    this.memory = (name) => (value(name) as Handle).memory;
  }

  get where(): Where {
    return this.#where();
  }
}

/** Moves the bytes: straight between file and memory, or through `staging` where the plan says so. */
function carryOut(run: Execution, carrier: Carrier, placed: StoragePlan, transfer: Transfer, staging: Base | undefined, complete: (outcome: Outcome) => void, where: () => Where): void {
  if (staging === undefined || transfer.kind === 'sync') return run.submit(carrier, transfer, complete, where);
  const between = transfer.kind === 'read' ? placed.between.in : placed.between.out;
  if (between === undefined) throw new RangeError('a transfer between spaces is gone: plan before running');
  const submit = (memory: Memory) => new Promise<Outcome>((resolve) => run.submit(carrier, { ...transfer, memory }, resolve, where));
  const copied = (outcome: Outcome): Outcome => (outcome.ok && between.how === 'cpu' ? { ok: true, direct: 0, buffered: 0, bounced: transfer.memory.byteLength } : outcome);
  const failed = (cause: unknown): Outcome => ({ ok: false, transferred: 0, error: copyFailed(between, cause) });
  const copy = (from: Memory, to: Memory) => tracedCopy(run.tracer, between, from.byteLength, async () => between.copy(from, to, run.signal), where);
  const { memory } = staging;
  if (transfer.kind === 'read') {
    void submit(memory).then((outcome) => (outcome.ok ? copy(memory, transfer.memory).then(() => copied(outcome), failed) : outcome)).then(complete);
  } else {
    void copy(transfer.memory, memory).then(() => submit(memory).then(copied), failed).then(complete);
  }
}

/** Counts what was moved, and makes a write durable where that is due now. */
function settle(run: Execution, where: () => Where, id: string, carrier: Carrier, transfer: Transfer, spans: readonly FileSpan[], outcome: Outcome, finish: Finish): void {
  if (transfer.kind === 'sync') return finish(outcome.ok ? undefined : outcome.error);
  if (outcome.ok) {
    count(run, transfer, outcome);
    run.progress(id, transfer.memory.byteLength);
  }
  if (transfer.kind === 'read') return finish(outcome.ok ? undefined : outcome.error);

  const { file } = transfer;
  const { durability } = run.session;
  const written = outcome.ok ? transfer.memory.byteLength : outcome.transferred;
  const record = spans.find((s) => s.file === file)?.record;
  const known = record === undefined ? undefined : run.wrote(carrier, file, record, transfer.offset, written);
  if (outcome.ok && durability !== 'op') return finish();
  if (!outcome.ok && (durability === 'none' || written === 0)) return finish(writeError(outcome.error, written, 0));
  const durable = known?.syncing();
  run.submit(carrier, { kind: 'sync', file }, (synced) => {
    if (synced.ok) durable?.();
    if (!outcome.ok) return finish(writeError(outcome.error, written, synced.ok ? written : 0));
    finish(synced.ok ? undefined : writeError(synced.error, written, 0));
  }, where);
}

function count(run: Execution, transfer: Moves, { direct, buffered, bounced }: Extract<Outcome, { ok: true }>): void {
  if (direct > 0) run.bytes.direct += BigInt(direct);
  if (buffered > 0) run.bytes.buffered += BigInt(buffered);
  if (bounced > 0) run.bytes.bounced += BigInt(bounced);
  run.bytes[transfer.kind === 'read' ? 'read' : 'written'] += BigInt(transfer.memory.byteLength);
}

/** What a write that failed reports: the bytes that are in the file, from its start on, and how many of them are durable. */
export function writeError(error: SluiceError, written: number, durable: number): SluiceError {
  const { code, family, message, fix, where, available, details, problems, cause } = error;
  return new SluiceError({ code, family, message: `${message}; ${written} bytes are written, ${durable} of them durable`, fix, where, available, problems, cause, details: { ...details, written, durable } });
}
