import { mkdtemp, readFile, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { session } from '@sluice/core';
import type { Mask, Registry, Session, SessionOptions } from '@sluice/core';
import { plugin as cpuRef } from '@sluice/cpu-ref/plugin';
import { effective } from './backend.ts';
import type { BackendUnderTest } from './backend.ts';

export interface RegisteredOptions {
  /** The id of the backend, if absent. */
  readonly name?: string;
  readonly mask?: Mask;
  /** Its floats are the reference's own, bit for bit; if absent, within each op's `accuracy`. A storage backend computes none. */
  readonly exact?: boolean;
  /** Random programs of each batch. */
  readonly programs?: number;
  /** The session that a storage backend is tried in; if absent, one with the reference beside it, for kernels. */
  readonly within?: Pick<SessionOptions, 'backends' | 'space'>;
}

/**
 * A backend as its plugin registered it: one that computes in a session where it is alone, one for storage with a folder for
 * temporary files, which goes when it is closed.
 * @throws RangeError where no such backend is registered
 */
export function registered(given: Registry, id: string, { name = id, mask: asked, exact = false, programs, within }: RegisteredOptions = {}): BackendUnderTest {
  const backend = given.backends.get(id);
  if (backend === undefined) throw new RangeError(`no backend ${id} is registered; there are ${[...given.backends.keys()].join(', ') || 'none'}`);
  const onFiles = backend.role === 'storage';
  const registry = onFiles && within === undefined && !given.backends.has('cpu-ref') ? given.with(cpuRef) : given;
  return {
    name, tags: [backend.role], ...(asked === undefined ? {} : { mask: asked }),
    open: async ({ mask }) => {
      const capabilities = await effective(registry, id, mask);
      const opened = await session({ registry, ...(within ?? { backends: onFiles ? [id, 'cpu-ref'] : [id] }), masks: { [id]: mask } });
      const bench = { session: opened, registry, capabilities, exact: exact || onFiles, ...(programs === undefined ? {} : { programs }) };
      return onFiles ? { ...bench, ...(await scratchFiles(opened)) } : { ...bench, close: () => opened.close() };
    },
  };
}

async function scratchFiles(opened: Session) {
  const folder = await realpath(await mkdtemp(join(tmpdir(), 'sluice-conformance-')));
  let files = 0;
  return {
    file: async (content: Uint8Array) => {
      const path = join(folder, `file${files++}`);
      await writeFile(path, content);
      return { source: path, read: async () => new Uint8Array(await readFile(path)), write: (bytes: Uint8Array) => writeFile(path, bytes) };
    },
    close: async () => {
      await opened.close();
      await rm(folder, { recursive: true });
    },
  };
}
