import type { Capabilities, Registry, Session } from '@sluice/core';

/** What a case works with: an open backend. */
export interface Bench {
  readonly backend: string;
  readonly session: Session;
  readonly registry: Registry;
  /** Effective ones: detected and allowed by the mask. */
  readonly capabilities: Capabilities;
  /** Float results are the reference's own, bit for bit; otherwise they lie within each op's `accuracy`. */
  readonly exact: boolean;
  /** Random programs of each batch; absent, 20. */
  readonly programs?: number;
  /** Makes a file that only the case knows; present on backends that the suite's tag `storage` lets in. */
  file?(content: Uint8Array): Promise<ScratchFile>;
}

/** A file for one case, outside the session. */
export interface ScratchFile {
  /** What `session.grant` takes. */
  readonly source: string;
  read(): Promise<Uint8Array>;
  write(content: Uint8Array): Promise<void>;
}

export interface Case {
  /** Unique in its suite. */
  readonly id: string;
  /** Resolves when the backend keeps to it. @throws `Unsupported` where its capabilities say that it cannot; anything else is a failure */
  run(bench: Bench): Promise<void>;
}

export interface Suite {
  /** Such as `ops/edges`. */
  readonly id: string;
  readonly summary: string;
  /** A backend needs all of them. */
  readonly tags: readonly string[];
  /** Found by walking the registry that the backend runs with. */
  readonly cases: (registry: Registry) => readonly Case[];
}

/** A case that the backend says it cannot run: the reason is that of its capability cell. */
export class Unsupported extends Error {
  override readonly name = 'Unsupported';
}

const registered = new Map<string, Suite>();

/** Registers a suite: it runs on every backend that has its tags. @throws RangeError for an id that is taken by another one */
export function suite(made: Suite): Suite {
  const before = registered.get(made.id);
  if (before !== undefined && before !== made) throw new RangeError(`two suites are called ${made.id}`);
  registered.set(made.id, made);
  return made;
}

/** Every suite that has registered itself, by id. */
export function suites(): readonly Suite[] {
  return [...registered.values()].sort((a, b) => (a.id < b.id ? -1 : 1));
}
