import { describe, expect, test } from 'vitest';
import { SluiceError, combine } from './error.ts';
import { renderError } from './render.ts';

const ingest = ['program ingest(%file: i32, %bytes: u64) {', '  %data = io.dma_from_nvme %file, 0, %bytes', '\t%x = mem.unmap %data', '}'].join('\n');
const readSource = (file: string) => (file === 'ingest.slu' ? ingest : undefined);

const noLowering = new SluiceError({
  code: 'plan/no-lowering',
  message: '`io.dma_from_nvme` has no lowering on any linked backend',
  fix: "import '@sluice/io-uring' (Linux), '@sluice/fs' (anywhere) or '@sluice/gds' (NVIDIA), or any plugin that lowers the io dialect",
  where: { program: 'ingest', span: { file: 'ingest.slu', line: 2, column: 11 } },
  available: ['@sluice/io-uring', '@sluice/fs', '@sluice/gds'],
  details: { tried: [{ backend: 'cpu-ref', reason: 'never runs io ops' }, { backend: 'wgsl', reason: 'no io dialect' }] },
});

describe('an error with a span', () => {
  test('shows the source line with a mark under the token', () => {
    expect(renderError(noLowering, { readSource })).toBe(
      [
        'plan/no-lowering: `io.dma_from_nvme` has no lowering on any linked backend',
        '  --> ingest.slu:2:11',
        '   2 |   %data = io.dma_from_nvme %file, 0, %bytes',
        '     |           ^^^^^^^^^^^^^^^^',
        '  linked backends: cpu-ref (never runs io ops), wgsl (no io dialect)',
        "  fix: import '@sluice/io-uring' (Linux), '@sluice/fs' (anywhere) or '@sluice/gds' (NVIDIA), or any plugin that lowers the io dialect",
      ].join('\n'),
    );
  });

  test('shows the place alone where the source cannot be read', () => {
    expect(renderError(noLowering, { readSource: () => undefined }).split('\n').slice(1, 3)).toEqual([
      '  --> ingest.slu:2:11',
      '  linked backends: cpu-ref (never runs io ops), wgsl (no io dialect)',
    ]);
  });

  test('says which op it is beside the place, and shows the file as it is told to', () => {
    const error = new SluiceError({
      code: 'mem/stale-handle', message: 'handle 3 was released', fix: 'use it before it is unmapped',
      where: { program: 'ingest', op: 'mem.unmap', path: 'control.for[4]/body/mem.unmap[1]', span: { file: 'ingest.slu', line: 3, column: 7 } },
    });
    expect(renderError(error, { readSource, showFile: (file) => `src/${file}` })).toBe(
      [
        'mem/stale-handle: handle 3 was released',
        '  --> src/ingest.slu:3:7',
        '   3 | \t%x = mem.unmap %data',
        '     | \t     ^^^^^^^^^',
        '  in program ingest, control.for[4]/body/mem.unmap[1]',
        '  fix: use it before it is unmapped',
      ].join('\n'),
    );
  });

  test('shows no source line for a place that the text does not have', () => {
    const at = (line: number, column: number) =>
      renderError(new SluiceError({ code: 'build/operand', message: 'm', fix: 'f', where: { span: { file: 'ingest.slu', line, column } } }), { readSource });
    expect(at(9, 1)).toBe('build/operand: m\n  --> ingest.slu:9:1\n  fix: f');
    expect(at(4, 2)).toBe('build/operand: m\n  --> ingest.slu:4:2\n  fix: f');
    expect(at(4, 1)).toBe('build/operand: m\n  --> ingest.slu:4:1\n   4 | }\n     | ^\n  fix: f');
  });

  test('clips a long line around the place', () => {
    const bundle = `${'a;'.repeat(5000)}boom();${'b;'.repeat(5000)}`;
    const text = renderError(new SluiceError({ code: 'build/operand', message: 'm', fix: 'f', where: { span: { file: 'x.js', line: 1, column: 10001 } } }), { readSource: () => bundle });
    expect(text).toBe(
      [
        'build/operand: m',
        '  --> x.js:1:10001',
        `   1 | …${'a;'.repeat(20)}boom();${'b;'.repeat(36)}b…`,
        `     | ${' '.repeat(41)}^^^^`,
        '  fix: f',
      ].join('\n'),
    );
  });
});

test('an error without a span shows the op path', () => {
  const error = new SluiceError({
    code: 'io/short-read', message: 'the file ended after 10 of 16 bytes', fix: 'read what is there',
    where: { program: 'bytes', op: 'io.dma_from_nvme', path: 'control.for[4]/body/io.dma_from_nvme[1]' },
  });
  expect(renderError(error)).toBe(
    'io/short-read: the file ended after 10 of 16 bytes\n  --> program bytes, control.for[4]/body/io.dma_from_nvme[1]\n  fix: read what is there',
  );
});

test('what is available is listed unless the fix names it', () => {
  const error = new SluiceError({ code: 'plan/unknown-backend', message: 'backend `wgls` is not registered', fix: "import the plugin that has it, or use 'fs'", available: ['fs', 'cpu-ref'] });
  expect(renderError(error)).toBe("plan/unknown-backend: backend `wgls` is not registered\n  available: cpu-ref\n  fix: import the plugin that has it, or use 'fs'");
});

test('an error that lists problems shows each of them, and its own place and fix only once', () => {
  const other = new SluiceError({ code: 'plan/no-backend', message: 'no compute backend is linked', fix: "import '@sluice/cpu-ref'", details: { tried: [] } });
  const all = combine('plan/not-runnable', 'program `ingest` cannot run here: 2 things are missing', [noLowering, other]);
  expect(renderError(all, { readSource })).toBe(
    [
      'plan/not-runnable: program `ingest` cannot run here: 2 things are missing',
      '',
      '  plan/no-lowering: `io.dma_from_nvme` has no lowering on any linked backend',
      '    --> ingest.slu:2:11',
      '     2 |   %data = io.dma_from_nvme %file, 0, %bytes',
      '       |           ^^^^^^^^^^^^^^^^',
      '    linked backends: cpu-ref (never runs io ops), wgsl (no io dialect)',
      "    fix: import '@sluice/io-uring' (Linux), '@sluice/fs' (anywhere) or '@sluice/gds' (NVIDIA), or any plugin that lowers the io dialect",
      '',
      '  plan/no-backend: no compute backend is linked',
      '    linked backends: none',
      "    fix: import '@sluice/cpu-ref'",
    ].join('\n'),
  );
});

test('what an error quotes of its problems is not said twice', () => {
  const one = new SluiceError({ code: 'verify/level', message: 'a kernel op stands in a host body', fix: 'move it' });
  const two = new SluiceError({ code: 'verify/dominance', message: '%3 is not defined', fix: 'define it' });
  const list = '\n\n  verify/level: a kernel op stands in a host body\n    fix: move it\n\n  verify/dominance: %3 is not defined\n    fix: define it';
  const quoting = `program \`p\` does not verify: \n  ${one.code}: ${one.message}\n  ${two.code}: ${two.message}`;
  expect(renderError(combine('verify/invalid', quoting, [one, two]))).toBe(`verify/invalid: program \`p\` does not verify:${list}`);
  expect(renderError(combine('verify/invalid', `${one.message}; ${two.message}`, [one, two]))).toBe(`verify/invalid: 2 problems${list}`);
});

describe('causes', () => {
  test('a cause is shown unless the message quotes it', () => {
    const system = new Error('ENOENT: no such file or directory, open \'a.bin\'');
    const quoting = new SluiceError({ code: 'io/not-found', message: `open of \`a.bin\`: ${system.message}`, fix: 'check the path', cause: system });
    expect(renderError(quoting)).toBe("io/not-found: open of `a.bin`: ENOENT: no such file or directory, open 'a.bin'\n  fix: check the path");
    const silent = new SluiceError({ code: 'io/not-found', message: '`a.bin` does not exist', fix: 'check the path', cause: system });
    expect(renderError(silent)).toBe("io/not-found: `a.bin` does not exist\n  fix: check the path\n  caused by: ENOENT: no such file or directory, open 'a.bin'");
  });

  test('a coded cause is shown whole, and a cycle ends', () => {
    const inner: { cause?: unknown } & SluiceError = new SluiceError({ code: 'io/no-space', message: 'the device is full', fix: 'free space' });
    const outer = new SluiceError({ code: 'io/write-failed', message: 'write of 10 bytes failed', fix: 'see the cause', cause: inner });
    inner.cause = outer;
    expect(renderError(outer)).toBe('io/write-failed: write of 10 bytes failed\n  fix: see the cause\n  caused by:\n    io/no-space: the device is full\n      fix: free space');
  });
});

test('an error of another class shows its stack, a thrown value its text', () => {
  const error = new TypeError('x is not a function');
  error.stack = 'TypeError: x is not a function\n    at f (/a/b.ts:1:2)\n    at g (/a/c.ts:3:4)';
  expect(renderError(error)).toBe('TypeError: x is not a function\n  at f (/a/b.ts:1:2)\n  at g (/a/c.ts:3:4)');
  expect(renderError('no')).toBe('thrown: no');
  expect(renderError(undefined)).toBe('thrown: undefined');
  expect(renderError(Object.assign(new AggregateError([noLowering], 'several'), { stack: '' }), { readSource }).split('\n').slice(0, 3)).toEqual([
    'AggregateError: several',
    '',
    '  plan/no-lowering: `io.dma_from_nvme` has no lowering on any linked backend',
  ]);
});

test('control characters in names reach no terminal; lines of a message are indented', () => {
  const error = new SluiceError({ code: 'io/not-found', message: 'open of `\u001b[2Ja\r\u202eb`\nsecond line', fix: 'check\nthe path' });
  expect(renderError(error)).toBe('io/not-found: open of `\\u001b[2Ja\\u000d\\u202eb`\n  second line\n  fix: check\n    the path');
});

test('colours mark code, place, carets and labels, and are off by default', () => {
  const error = new SluiceError({ code: 'build/operand', message: 'm', fix: 'f', where: { span: { file: 'ingest.slu', line: 2, column: 11 } }, available: ['a'] });
  expect(renderError(error, { readSource, color: true })).toBe(
    [
      '\u001b[1;31mbuild/operand\u001b[0m: m',
      '  \u001b[34m-->\u001b[0m ingest.slu:2:11',
      '  \u001b[34m 2 |\u001b[0m   %data = io.dma_from_nvme %file, 0, %bytes',
      '  \u001b[34m   |\u001b[0m           \u001b[1;31m^^^^^^^^^^^^^^^^\u001b[0m',
      '  \u001b[1mavailable:\u001b[0m a',
      '  \u001b[1mfix:\u001b[0m f',
    ].join('\n'),
  );
  expect(renderError(error, { readSource })).not.toContain('\u001b');
});
