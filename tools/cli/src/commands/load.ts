import { session } from '@sluice/core';
import type { LoadOptions, LoadedTensor, Model } from '@sluice/formats';
import { JSON_OPTION, PLUGIN_OPTION, usage } from '../command.ts';
import type { Command, Invocation } from '../command.ts';
import { interruptible } from '../interrupt.ts';
import { MODEL, openNamed, totalOf } from '../model.ts';
import { linkAll, linkAvailable } from '../plugins.ts';
import { progressBar } from '../progress.ts';
import { bytes, duration, rate } from '../quantities.ts';
import type { Terminal } from '../terminal.ts';

export const load: Command = {
  name: 'load',
  summary: 'Stream a model into device memory, and measure how fast that is.',
  positionals: [MODEL],
  options: [
    { name: 'dtype', value: 'f32', summary: 'Convert tensors of bf16, f16, Q8_0 and Q4_0 to f32 on the way, with kernels.' },
    { name: 'backend', value: 'a,b', multiple: true, summary: 'The backends that may be used, in order of preference; no other one is. Absent: all that are imported, without the reference.' },
    PLUGIN_OPTION, JSON_OPTION,
  ],
  notes: [
    'Tensors arrive in the order of the file, where kernels of the session work: in memory of a GPU if a backend for one is used, else of the host. Each is given back when it is there, so that a model of any size takes the memory of those that are on their way, 128 MiB or the largest one.',
    'Without --plugin, imported are the plugins of the project in the current folder, and of the known ones those that are installed here or come with this command.',
  ],
  examples: ['sluice load model.safetensors', 'sluice load model.gguf --dtype f32 --backend fs,cpu-ref --json'],

  async run(invocation, terminal) {
    const dtype = dtypeOf(invocation);
    const backends = invocation.names('backend');
    await linkFor(invocation.names('plugin'), terminal.cwd);
    return interruptible(async (signal) => {
      await using open = await session(backends === undefined ? {} : { backends });
      await using model = await openNamed(open, invocation.positionals[0] ?? '', terminal.cwd, signal);
      const loaded = await loadAll(model, { dtype, signal }, terminal);
      if (invocation.flag('json')) terminal.printJson({ ok: true, format: model.format, dtype: dtype ?? null, ...loaded, bytesPerSecond: loaded.seconds > 0 ? loaded.bytes.read / loaded.seconds : null });
      else report(model, loaded, terminal);
      return 0;
    });
  },
};

function dtypeOf(invocation: Invocation): 'f32' | undefined {
  const [dtype] = invocation.texts('dtype');
  if (dtype === undefined || dtype === 'f32') return dtype;
  throw usage(load, `--dtype ${dtype}: tensors are not converted to that`, ['f32']);
}

async function linkFor(names: readonly string[] | undefined, cwd: string): Promise<void> {
  if (names !== undefined) return linkAll(names, { folder: cwd, cwd });
  for (const linked of await linkAvailable(undefined, cwd)) if (linked.state === 'failed') throw linked.error;
}

/** What became of a model. */
interface Loaded {
  readonly tensors: number;
  readonly seconds: number;
  /** Bytes of the file by the way that they came, and of the buffers that they became. */
  readonly bytes: { readonly read: number; readonly direct: number; readonly buffered: number; readonly bounced: number; readonly inDevice: number };
  /** Where the buffers were; null where the model has no tensors. */
  readonly space: string | null;
  readonly backends: readonly string[];
}

async function loadAll(model: Model, options: LoadOptions, terminal: Terminal): Promise<Loaded> {
  const onProgress = progressBar(terminal);
  const started = performance.now();
  const all: LoadedTensor[] = [];
  try {
    for await (const loaded of model.load({ ...options, onProgress })) {
      await loaded.buffer.close();
      all.push(loaded);
    }
  } finally {
    terminal.status?.('');
  }
  const seconds = (performance.now() - started) / 1000;
  const sum = (of: (loaded: LoadedTensor) => bigint) => Number(all.reduce((total, l) => total + of(l), 0n));
  return {
    tensors: all.length, seconds,
    bytes: { read: sum((l) => l.report.bytes.read), direct: sum((l) => l.report.bytes.direct), buffered: sum((l) => l.report.bytes.buffered), bounced: sum((l) => l.report.bytes.bounced), inDevice: sum((l) => l.buffer.byteLength) },
    space: all[0]?.buffer.space ?? null,
    backends: [...new Set(all.flatMap((l) => l.report.placement.backends.map((b) => b.id)))],
  };
}

function report(model: Model, { tensors, seconds, bytes: moved, space, backends }: Loaded, terminal: Terminal): void {
  const { bytes: stored } = totalOf(model.tensors);
  terminal.print(`loaded ${tensors} tensors of ${bytes(stored)} as ${bytes(moved.inDevice)} in ${space ?? 'no memory'}; backends: ${backends.join(', ') || 'none'}`);
  terminal.print(`moved ${bytes(moved.read)}: ${bytes(moved.direct)} direct, ${bytes(moved.buffered)} buffered, ${bytes(moved.bounced)} bounced`);
  terminal.print(`took ${duration(seconds)}: ${rate(moved.read, seconds)}`);
}
