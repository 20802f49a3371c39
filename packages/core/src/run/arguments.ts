import { SluiceError } from '../diagnostics/error.ts';
import { inWords } from '../diagnostics/in-words.ts';
import { fromBits, toBits } from '../ir/attributes.ts';
import type { Param, Program } from '../ir/program.ts';
import type { ScalarType } from '../ir/types.ts';
import type { Rights } from '../registry/backend.ts';
import type { GrantRecord } from './grants.ts';
import type { Handle } from './memory.ts';

/** An argument of a run, checked. */
export type Argument =
  | { readonly kind: 'grant'; readonly param: Param; readonly record: GrantRecord; /** What the program declares. */ readonly rights: Rights }
  /** A device buffer of the caller. */
  | { readonly kind: 'buffer'; readonly param: Param; readonly handle: Handle }
  | { readonly kind: 'bytes'; readonly param: Param; readonly bytes: ArrayBufferView | ArrayBuffer }
  | { readonly kind: 'scalar'; readonly param: Param; readonly value: unknown };

/** Where grants and buffers are looked up. */
export interface Known {
  grantRecord(granted: unknown): GrantRecord | undefined;
  /** @throws SluiceError `mem/foreign-handle`, `mem/stale-handle` */
  bufferHandle(object: object): Handle;
}

/** The parameters of a program, to hold arguments against. */
export class Parameters {
  readonly #program: Program;
  readonly #space: string;
  readonly #names: ReadonlySet<string>;

  constructor(program: Program, space: string) {
    this.#program = program;
    this.#space = space;
    this.#names = new Set(program.params.map((p) => p.name));
  }

  /**
   * Checks what a run is given, and gives it in the order of the parameters.
   * @throws SluiceError `run/argument`, the `grant/` codes, `mem/foreign-handle`, `mem/stale-handle`
   */
  check(given: unknown, known: Known): readonly Argument[] {
    const { params, name } = this.#program;
    if (typeof given !== 'object' || given === null) throw argument(`program \`${name}\` was given ${inWords(given)}`, `pass a record: ${this.#inWords()}`);
    const odd = Object.keys(given).find((k) => !this.#names.has(k));
    if (odd !== undefined) throw argument(`program \`${name}\` has no parameter \`${odd}\``, this.#inWords());
    return params.map((param) => this.#argument(param, (given as Readonly<Record<string, unknown>>)[param.name], known));
  }

  #argument(param: Param, value: unknown, known: Known): Argument {
    if (value === undefined) throw argument(`no argument is given for \`${param.name}\``, this.#inWords());
    const { grant } = param.attrs;
    if (grant?.kind === 'enum') return grantArgument(param, value, grant.value as Rights, known);
    if (param.type.kind === 'handle') return bufferArgument(param, value, this.#space, known);
    if (param.type.kind === 'scalar') return { kind: 'scalar', param, value: scalar(param, param.type, value) };
    throw argument(`\`${param.name}\` has type ${param.type.spelling}, which no run can be given`, 'use another parameter type');
  }

  #inWords(): string {
    return `its parameters are ${[...this.#names].join(', ') || '(none)'}`;
  }
}

function grantArgument(param: Param, value: unknown, rights: Rights, known: Known): Argument {
  const record = known.grantRecord(value);
  if (record === undefined) throw new SluiceError({ code: 'grant/unknown', message: `\`${param.name}\` is ${inWords(value)}, not a grant of this session`, fix: 'pass what session.grant() of this session gave' });
  record.refuseRevoked();
  if (rights.split('').some((r) => !record.rights.includes(r))) {
    throw new SluiceError({ code: 'grant/rights', message: `\`${param.name}\` needs rights \`${rights}\`, and ${record.name} was granted with \`${record.rights}\``, fix: `grant it with rights \`${rights}\`` });
  }
  return { kind: 'grant', param, record, rights };
}

function bufferArgument(param: Param, value: unknown, space: string, known: Known): Argument {
  if (ArrayBuffer.isView(value) || value instanceof ArrayBuffer) return { kind: 'bytes', param, bytes: value };
  if (typeof value !== 'object' || value === null || !('~buffer' in value)) throw argument(`\`${param.name}\` is ${inWords(value)}`, 'pass a device buffer, a typed array or an ArrayBuffer');
  const handle = known.bufferHandle(value);
  if (handle.base.memory.space !== space) throw argument(`\`${param.name}\` lies in memory space ${handle.base.memory.space}, and the program runs in ${space}`, `make it with session.buffer(bytes, { space: '${space}' }), or pass its bytes: await buffer.read()`);
  return { kind: 'buffer', param, handle };
}

function scalar(param: Param, type: ScalarType, value: unknown): unknown {
  const expected = type.class === 'bool' ? 'boolean' : type.bits === 64 ? 'bigint or safe integer' : 'number';
  const fits = type.class === 'bool' ? typeof value === 'boolean' : typeof value === 'number' || (type.bits === 64 && typeof value === 'bigint');
  if (!fits) throw argument(`\`${param.name}\` is ${inWords(value)}, expected a ${expected} for ${type.spelling}`, `pass a ${expected}`);
  try {
    return fromBits(type.name, toBits(type.name, value as number));
  } catch (cause) {
    throw argument(`\`${param.name}\` is ${inWords(value)}, which is not a ${type.spelling}`, 'pass a value of the type', cause);
  }
}

function argument(message: string, fix: string, cause?: unknown): SluiceError {
  return new SluiceError({ code: 'run/argument', message, fix, cause });
}
