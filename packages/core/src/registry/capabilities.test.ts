import { expect, test } from 'vitest';
import { hasAttributeCells, opCell, typeCell } from './capabilities.ts';
import type { Capabilities, Cell } from './capabilities.ts';

const native: Cell = { how: 'native' };
const none: Cell = { how: 'unavailable', reason: 'none' };
const emulated: Cell = { how: 'emulated', reason: 'two words' };
const capabilities: Capabilities = {
  default: native,
  ops: { 'a.one': none, 'a.typed': { default: native, f16: none, 'vec2<f32>': emulated }, 'a.ordered': { default: native, u64: emulated, 'ordering=acquire': none, 'scope=device': emulated } },
  types: { f16: none, 'vec3<u32>': emulated },
  limits: {}, spaces: [], floats: { subnormals: 'kept', nonFinite: 'ieee' },
};
const enums = (given: Readonly<Record<string, string>>) => Object.fromEntries(Object.entries(given).map(([k, value]) => [k, { kind: 'enum' as const, value }]));

test('a vector or array has the cell of its scalar, unless it has one of its own', () => {
  expect(['f16', 'vec2<f16>', 'array<vec4<f16>, 3>', 'array<array<f16, 2>, 3>', 'vec3<u32>', 'array<vec3<u32>, 2>', 'vec2<u32>', 'constructor'].map((t) => typeCell(capabilities, t).how)).toEqual(['unavailable', 'unavailable', 'unavailable', 'unavailable', 'emulated', 'emulated', 'native', 'native']);
  expect(['f16', 'vec3<f16>', 'vec2<f32>', 'vec3<f32>'].map((t) => opCell(capabilities, 'a.typed', t).how)).toEqual(['unavailable', 'unavailable', 'emulated', 'native']);
  expect([opCell(capabilities, 'a.one', 'u32'), opCell(capabilities, 'a.other', 'f16')]).toEqual([none, native]);
});

test('an op has the worst of the cells for its type and its attributes', () => {
  const of = (type: string, attrs: Readonly<Record<string, string>>) => opCell(capabilities, 'a.ordered', type, enums(attrs)).how;
  expect([of('u32', {}), of('u32', { ordering: 'relaxed' }), of('u64', {}), of('u64', { ordering: 'acquire' }), of('u32', { ordering: 'acquire', scope: 'device' }), of('u32', { scope: 'device' })]).toEqual(['native', 'native', 'emulated', 'unavailable', 'unavailable', 'emulated']);
  expect(['a.one', 'a.typed', 'a.ordered', 'a.other'].map((id) => hasAttributeCells(capabilities, id))).toEqual([false, false, true, false]);
});
