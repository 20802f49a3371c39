import { SluiceError } from '@sluice/core';
import type { KernelIr, Param } from '@sluice/core';
import type { LaunchRecord, RecordField } from './lowered.ts';
import { Names } from './names.ts';

/*
 * The launch record, as WGSL lays out a uniform struct: counts and base are vec3<u32>, which start at multiples of 16 and
 * take 12 bytes; everything else takes 4.
 */

export interface Recorded {
  readonly record: LaunchRecord;
  /** The struct and its variable, `launch`. */
  readonly declaration: string;
  /** Of each parameter, its fields by kind. */
  fieldOf(param: number, kind: 'offset' | 'count' | 'scalar'): string;
}

export function recordOf({ name, params }: KernelIr): Recorded {
  const names = new Names();
  const fields: RecordField[] = [{ kind: 'groups', name: names.make('groups'), offset: 0 }, { kind: 'base', name: names.make('base'), offset: 16 }];
  const texts = fields.map((f) => `  ${f.name}: vec3<u32>,`);
  const found = new Map<string, string>();
  let offset = 28;
  for (const [param, p] of params.entries()) {
    for (const field of fieldsOf(p, param, name)) {
      const made: RecordField = { ...field, name: names.make(field.name), offset };
      fields.push(made);
      texts.push(`  ${made.name}: ${made.kind === 'scalar' ? wordOf(made.type.name) : 'u32'},`);
      found.set(`${param} ${made.kind}`, `launch.${made.name}`);
      offset += 4;
    }
  }
  return {
    record: { fields, byteLength: Math.ceil(offset / 16) * 16 },
    declaration: `struct Launch {\n${texts.join('\n')}\n}\n@group(0) @binding(0) var<uniform> launch: Launch;`,
    fieldOf: (param, kind) => found.get(`${param} ${kind}`) ?? '',
  };
}

function fieldsOf({ name, type }: Param, param: number, kernel: string): readonly RecordField[] {
  if (type.kind === 'buffer') return [{ kind: 'offset', name: `${name}_offset`, offset: 0, param }, { kind: 'count', name: `${name}_count`, offset: 0, param }];
  if (type.kind === 'scalar' && FIELDS[type.name] !== undefined) return [{ kind: 'scalar', name, offset: 0, param, type }];
  throw new SluiceError({ code: 'plan/type', message: `wgsl has no parameter of ${type.spelling}`, fix: 'use a buffer or a scalar of a type that it has, or make the kernel legal for it first', where: { kernel }, available: Object.keys(FIELDS) });
}

/** How a scalar stands in the record, and how it is read from there. */
const FIELDS: Readonly<Record<string, { readonly word: string; readonly read: (field: string) => string }>> = {
  i32: { word: 'i32', read: (f) => f },
  u32: { word: 'u32', read: (f) => f },
  f32: { word: 'f32', read: (f) => f },
  bool: { word: 'u32', read: (f) => `${f} != 0u` },
  f16: { word: 'u32', read: (f) => `bitcast<vec2<f16>>(${f}).x` },
};

function wordOf(scalar: string): string {
  return FIELDS[scalar]?.word ?? scalar;
}

/** The scalar that a field of the record holds. */
export function scalarIn(field: string, scalar: string): string {
  return FIELDS[scalar]?.read(field) ?? field;
}
