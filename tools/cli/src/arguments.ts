import type { ProgramIr, Rights, ScalarName, ScalarValue } from '@sluice/core';
import { isSluiceError, toBits } from '@sluice/core';
import { cliError } from './codes.ts';

type Param = ProgramIr['params'][number];

/** What the command line gives for one parameter. */
export type Given =
  | { readonly kind: 'grant'; readonly path: string; readonly rights: Rights }
  | { readonly kind: 'value'; readonly value: ScalarValue }
  /** The bytes of a file, for a device buffer. */
  | { readonly kind: 'bytes'; readonly path: string };

/**
 * What `--grant` and `--arg` give for each parameter of `program`, by name.
 * @throws SluiceError `cli/usage` with everything that is missing, unknown or malformed
 */
export function argumentsFor(program: ProgramIr, grants: readonly string[], args: readonly string[]): ReadonlyMap<string, Given> {
  const given = new Map<string, Given>();
  const named = new Set<string>();
  const faults: string[] = [];
  const take = (option: string, text: string, read: (param: Param, value: string) => Given) => {
    try {
      const [name, value] = nameAndValue(option, text);
      const param = program.params.find((p) => p.name === name);
      if (param === undefined) throw wrong(`${option} ${text}: program \`${program.name}\` has no parameter \`${name}\``);
      if (named.has(name)) throw wrong(`${option} ${text}: \`${name}\` is given twice`);
      named.add(name);
      given.set(name, read(param, value));
    } catch (error) {
      if (!isSluiceError(error)) throw error;
      faults.push(error.message);
    }
  };
  for (const text of grants) take('--grant', text, grantFor);
  for (const text of args) take('--arg', text, argFor);
  for (const { name } of program.params) if (!named.has(name)) faults.push(`\`${name}\` is not given`);
  if (faults.length > 0) {
    const wants = program.params.map(optionFor);
    throw wrong(faults.join('\n'), wants.length === 0 ? `program \`${program.name}\` takes no arguments` : `program \`${program.name}\` takes ${wants.join(' ')}`);
  }
  return given;
}

/** How a parameter is given: `--grant input=<path>`, `--arg n=<u64>`, `--arg data=@<file>`. */
export function optionFor(param: Param): string {
  if (rightsOf(param) !== undefined) return `--grant ${param.name}=<path>`;
  return `--arg ${param.name}=${param.type.kind === 'handle' ? '@<file>' : `<${param.type.spelling}>`}`;
}

/** The rights that a parameter declares; undefined where it is no file grant. */
export function rightsOf(param: Param): Rights | undefined {
  const grant = param.attrs['grant'];
  return grant?.kind === 'enum' ? (grant.value as Rights) : undefined;
}

/** `path` or `path:rights`. Rights are only what stands behind the last colon, so any path can be given. */
function grantFor(param: Param, value: string): Given {
  const declared = rightsOf(param);
  if (declared === undefined) throw wrong(`--grant ${param.name}: the parameter is ${param.type.spelling}, not a file: use ${optionFor(param)}`);
  const [, path = value, rights = declared] = /^(.+):(r|w|rw)$/s.exec(value) ?? [];
  if (path === '') throw wrong(`--grant ${param.name}: the path is empty`);
  const lacks = declared.split('').filter((right) => !rights.includes(right));
  if (lacks.length > 0) throw wrong(`--grant ${param.name}: the parameter declares \`${declared}\`, and \`${rights}\` lacks \`${lacks.join('')}\``);
  return { kind: 'grant', path, rights: rights as Rights };
}

function argFor(param: Param, value: string): Given {
  const { name, type } = param;
  if (rightsOf(param) !== undefined) throw wrong(`--arg ${name}: the parameter is a file: use ${optionFor(param)}`);
  if (type.kind === 'handle') {
    if (!/^@./s.test(value)) throw wrong(`--arg ${name}: a device buffer is given as @ and the path of a file with its bytes`);
    return { kind: 'bytes', path: value.slice(1) };
  }
  if (type.kind !== 'scalar') throw wrong(`--arg ${name}: a ${type.spelling} cannot be given on a command line`);
  const read = READ[type.class];
  const scalar = read(value);
  if (scalar === undefined || !fits(type.name, scalar)) throw wrong(`--arg ${name}: \`${value}\` is not a ${type.spelling}`);
  return { kind: 'value', value: typeof scalar === 'bigint' && type.bits < 64 ? Number(scalar) : scalar };
}

type Read = (text: string) => ScalarValue | undefined;
const integer: Read = (text) => {
  const [, sign, digits] = /^([+-]?)(\d+|0x[0-9a-f]+)$/i.exec(text.replaceAll('_', '')) ?? [];
  return digits === undefined ? undefined : sign === '-' ? -BigInt(digits) : BigInt(digits);
};
const READ: Readonly<Record<'bool' | 'signed' | 'unsigned' | 'float', Read>> = {
  bool: (text) => (text === 'true' ? true : text === 'false' ? false : undefined),
  signed: integer,
  unsigned: integer,
  float: (text) => (text.trim() === '' || (Number.isNaN(Number(text)) && text !== 'NaN') ? undefined : Number(text)),
};

function fits(type: ScalarName, value: ScalarValue): boolean {
  try {
    toBits(type, value);
    return true;
  } catch (error) {
    if (isSluiceError(error)) return false;
    throw error;
  }
}

function nameAndValue(option: string, text: string): readonly [string, string] {
  const at = text.indexOf('=');
  if (at <= 0) throw wrong(`${option} ${text}: no \`name=\` in front`);
  return [text.slice(0, at), text.slice(at + 1)];
}

function wrong(message: string, fix = 'see `sluice run --help`') {
  return cliError('cli/usage', message, fix);
}
