import { expect, test } from 'vitest';
import { SluiceError } from './error.ts';
import { errorToJson, toJson } from './json.ts';

test('an error with bigints, causes and problems survives JSON', () => {
  const cause = Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' });
  const problem = new SluiceError({ code: 'io/no-space', message: 'the device is full', fix: 'free space', cause, details: { offset: 2n ** 60n, rate: Number.NaN, list: [1n, undefined] } });
  const error = new SluiceError({ code: 'plan/not-runnable', message: 'm', fix: 'f', where: { program: 'p', span: { file: 'a.ts', line: 1, column: 2 } }, problems: [problem], available: ['x'] });
  expect(JSON.parse(JSON.stringify(errorToJson(error)))).toEqual({
    code: 'plan/not-runnable', family: 'unsupported', message: 'm', fix: 'f', available: ['x'], details: {},
    where: { program: 'p', span: { file: 'a.ts', line: 1, column: 2 } },
    problems: [
      {
        code: 'io/no-space', family: 'run', message: 'the device is full', fix: 'free space', available: [], problems: [],
        details: { offset: '1152921504606846976', rate: 'NaN', list: ['1', null] },
        cause: { name: 'Error', code: 'ENOSPC', message: 'ENOSPC: no space left on device, write' },
      },
    ],
  });
});

test('whatever was thrown becomes data', () => {
  expect(errorToJson('no')).toEqual({ name: 'thrown', message: 'no' });
  expect(errorToJson(new TypeError('x'))).toEqual({ name: 'TypeError', message: 'x' });
  const loop = new Error('a');
  loop.cause = loop;
  expect(errorToJson(loop)).toEqual({ name: 'Error', message: 'a', cause: '[circular]' });
});

test('values with a form of their own use it', () => {
  expect(toJson({ toJSON: () => ({ bytes: 1n }) })).toEqual({ bytes: '1' });
  expect(toJson(undefined)).toBe(null);
  expect(toJson({ f: () => 1, u: undefined, ok: true })).toEqual({ ok: true });
});
