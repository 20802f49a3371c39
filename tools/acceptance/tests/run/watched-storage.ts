import { API_VERSION, Registry, definePlugin } from '@sluice/core';
import type { Backend, Outcome, Plugin, StorageDevice, Transfer, TransferBuilder } from '@sluice/core';
import { plugin as fs } from '@sluice/fs/plugin';

type Submit = StorageDevice['submit'];

export interface Watch {
  /** Transfers in the order in which they were submitted. */
  readonly begun: Transfer[];
  /** Their kinds, and the sizes of the batches. */
  readonly batches: number[];
  /** In flight now, and the most at once. */
  inFlight: number;
  most: number;
  /** Decides when a transfer is handed on: it is, when the promise resolves. */
  before: (transfer: Transfer) => Promise<void> | void;
  /** Decides what is reported. */
  after: (transfer: Transfer, outcome: Outcome) => Outcome | Promise<Outcome>;
  /** Called in place of everything. */
  submit: Submit | undefined;
}

const inner = new Registry().with(fs).backends.get('fs') as Backend;

/** A storage backend that does what fs does, on real files, and lets a test look on and hold things up. */
export function watchedStorage(id = 'watched'): { readonly plugin: Plugin; readonly watch: Watch } {
  const watch: Watch = { begun: [], batches: [], inFlight: 0, most: 0, before: () => {}, after: (_, outcome) => outcome, submit: undefined };
  const wrap = (submit: Submit): Submit => (batch, complete, signal) => {
    if (watch.submit !== undefined) return watch.submit(batch, complete, signal);
    watch.batches.push(batch.length);
    batch.forEach((transfer, index) => {
      watch.begun.push(transfer);
      watch.most = Math.max(watch.most, ++watch.inFlight);
      const done = async (outcome: Outcome) => {
        const told = await watch.after(transfer, outcome);
        watch.inFlight--;
        complete(index, told);
      };
      void (async () => watch.before(transfer))().then(() => submit([transfer], (_, outcome) => void done(outcome), signal));
    });
  };
  const backend: Backend = {
    ...inner, id, rank: 20,
    open: async (options) => {
      const device = await inner.open(options);
      const storage = device.storage as StorageDevice;
      return { ...device, backend: id, storage: { ...storage, submit: wrap(storage.submit) } };
    },
  };
  const moves = (kind: 'read' | 'write'): TransferBuilder => (_, ctx) => ({ kind, file: ctx.file('fd'), offset: ctx.u64('offset'), memory: ctx.memory('handle') });
  const plugin = definePlugin({
    name: `@acme/${id}`, version: '1.0.0', api: API_VERSION,
    register(hooks) {
      hooks.backend(backend);
      hooks.lowering('io.dma_from_nvme', { slot: 'nativeModule', backend: id, build: moves('read') });
      hooks.lowering('io.write_back_to_nvme', { slot: 'nativeModule', backend: id, build: moves('write') });
    },
  });
  return { plugin, watch };
}
