import type { Program } from '../ir/program.ts';
import type { Family } from '../diagnostics/codes.ts';
import type { Backend, Space, SpaceTransfer } from './backend.ts';
import type { Capabilities } from './capabilities.ts';
import type { AnyLowering } from './lowering.ts';
import type { Dialect, OpDef } from '../ops/op.ts';
import type { Migration } from '../wire/migration.ts';
import type { Registry } from './registry.ts';

/** What a plugin is handed to register with. Nothing takes effect until `register` has returned. */
export interface Hooks {
  dialect(dialect: Dialect): void;
  /** One more op of a dialect that this plugin declares: a dialect is closed to others. */
  op(op: OpDef): void;
  /** A lowering of any op for any backend, present or not yet. */
  lowering(op: string, lowering: AnyLowering): void;
  backend(backend: Backend): void;
  /** A type of its own, spelled `<plugin id>.<name>`. */
  type(type: { readonly spelling: string; readonly summary: string }): void;
  pass(pass: Pass): void;
  space(space: Space): void;
  transfer(transfer: SpaceTransfer): void;
  /** An op of this plugin that had another name: what was written with the old one is read with the new one. */
  migration(migration: Migration): void;
  /** Rows of the code table; each code starts with `prefix` and a slash. */
  codes(prefix: string, rows: Readonly<Record<string, { readonly family: Family; readonly summary: string }>>): void;
}

/**
 * A program transformation. A session runs those that it is told to, in that order, before planning; core's own, whose
 * ids start with `core.`, stand in no registry and are found with `findPass`.
 */
export interface Pass {
  readonly id: string;
  readonly summary: string;
  /** A verified program in, a verified one out, that does the same: the input is left as it is, untouched parts are shared. */
  run(program: Program, context: PassContext): Program;
}

export interface PassContext {
  readonly registry: Registry;
  /** The backend that the program's kernels are made legal for; undefined before they are placed. */
  readonly target: PassTarget | undefined;
}

export interface PassTarget {
  readonly backend: string;
  readonly capabilities: Capabilities;
}

export interface Plugin {
  readonly '~plugin': 1;
  /** The package's name. */
  readonly name: string;
  readonly version: string;
  /** The plugin contract that it was written for; `API_VERSION` of its core. */
  readonly api: number;
  register(hooks: Hooks): void;
}

/** A plugin is a value: it does nothing until a registry takes it. */
export function definePlugin(plugin: Omit<Plugin, '~plugin'>): Plugin {
  return Object.freeze({ '~plugin': 1 as const, ...plugin });
}
