import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { useInstalled } from './installed.ts';

const installed = useInstalled();
const { put } = installed;

/** A file in safetensors: the length of its header in 8 bytes, the header, the data. */
function safetensors(header: object, data: Uint8Array = new Uint8Array()): Uint8Array {
  const text = Buffer.from(JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(text.length));
  return Buffer.concat([length, text, data]);
}

const MODEL = safetensors({
  __metadata__: { format: 'pt', note: 'x'.repeat(70) },
  'wte.weight': { dtype: 'BF16', shape: [2, 3], data_offsets: [0, 12] }, bias: { dtype: 'F32', shape: [3], data_offsets: [12, 24] },
  steps: { dtype: 'I64', shape: [], data_offsets: [24, 32] }, 'evil\u001b[2J\nname': { dtype: 'U8', shape: [0], data_offsets: [32, 32] },
}, new Uint8Array(32));

describe('sluice inspect', () => {
  test('shows metadata, a table of tensors, and totals', async () => {
    await put('model.safetensors', MODEL);
    const from = MODEL.length - 32;
    const { status, stdout, stderr } = await installed.run(['inspect', 'model.safetensors']);
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(stdout).toBe([
      'metadata  value',
      'format    pt',
      `note      ${'x'.repeat(60)}... (70 characters)`,
      '',
      'tensor                  dtype  shape   offset  bytes',
      `wte.weight              BF16   [2, 3]  ${from}     12`,
      `bias                    F32    [3]     ${from + 12}     12`,
      `steps                   I64    []      ${from + 24}     8`,
      `evil\\u{1b}[2J\\u{a}name  U8     [0]     ${from + 32}     0`,
      '',
      'model.safetensors: safetensors, 4 tensors, 10 elements, 32 B',
      '  BF16: 1 tensor, 6 elements, 12 B',
      '  F32: 1 tensor, 3 elements, 12 B',
      '  I64: 1 tensor, 1 element, 8 B',
      '  U8: 1 tensor, 0 elements, 0 B',
      '',
    ].join('\n'));
  });

  test('--json has everything', async () => {
    await put('model.safetensors', MODEL);
    const { status, stdout, stderr } = await installed.run(['inspect', 'model.safetensors', '--json'], { cwd: installed.project });
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    const from = MODEL.length - 32;
    expect(JSON.parse(stdout)).toEqual({
      ok: true, format: 'safetensors', files: [{ name: join(installed.project, 'model.safetensors'), byteLength: MODEL.length }], metadata: { format: 'pt', note: 'x'.repeat(70) },
      tensors: [
        { name: 'wte.weight', dtype: 'BF16', shape: [2, 3], elements: 6, file: 0, offset: from, byteLength: 12 }, { name: 'bias', dtype: 'F32', shape: [3], elements: 3, file: 0, offset: from + 12, byteLength: 12 },
        { name: 'steps', dtype: 'I64', shape: [], elements: 1, file: 0, offset: from + 24, byteLength: 8 }, { name: 'evil\u001b[2J\nname', dtype: 'U8', shape: [0], elements: 0, file: 0, offset: from + 32, byteLength: 0 },
      ],
      totals: {
        tensors: 4, elements: 10, bytes: 32,
        dtypes: { BF16: { tensors: 1, elements: 6, bytes: 12 }, F32: { tensors: 1, elements: 3, bytes: 12 }, I64: { tensors: 1, elements: 1, bytes: 8 }, U8: { tensors: 1, elements: 0, bytes: 0 } },
      },
    });
  });

  test('knows GGUF by its content, and says which file of a sharded model a tensor is in', async () => {
    const u64 = (n: number) => [n, 0, 0, 0, 0, 0, 0, 0];
    await put('no-extension', Uint8Array.from([...Buffer.from('GGUF'), 3, 0, 0, 0, ...u64(0), ...u64(2), ...u64(1), 97, 10, 0, 0, 0, ...u64(255), ...u64(1), 98, 9, 0, 0, 0, 0, 0, 0, 0, ...u64(2), 1, 2]));
    expect((await installed.run(['inspect', 'no-extension'], { cwd: installed.project })).stdout).toBe('metadata  value\na         255\nb         a list of 2\n\nno-extension: gguf, 0 tensors, 0 elements, 0 B\n');
    await put('sharded/one.safetensors', safetensors({ a: { dtype: 'U8', shape: [1], data_offsets: [0, 1] } }, new Uint8Array(1)));
    await put('sharded/two.safetensors', safetensors({ b: { dtype: 'U8', shape: [2], data_offsets: [0, 2] } }, new Uint8Array(2)));
    await put('sharded/model.safetensors.index.json', JSON.stringify({ weight_map: { a: 'one.safetensors', b: 'two.safetensors' } }));
    const { stdout } = await installed.run(['inspect', 'sharded/model.safetensors.index.json']);
    expect(stdout).toMatch(/^a +U8 +\[1\] +one\.safetensors +\d+ +1$/m);
    expect(stdout).toMatch(/^b +U8 +\[2\] +two\.safetensors +\d+ +2$/m);
    expect(stdout).toMatch(/^2 files: safetensors, 2 tensors, 3 elements, 3 B$/m);
  });

  test('works outside of a project, and refuses what is no model', async () => {
    const file = await put('model.safetensors', MODEL);
    expect(await installed.run(['inspect', file], { cwd: installed.bare })).toMatchObject({ status: 0, stderr: '' });
    await put('text.txt', 'this is no model at all');
    expect(await installed.run(['inspect', 'text.txt'])).toMatchObject({ status: 1, stdout: '', stderr: expect.stringMatching(/^formats\/header: .*text\.txt: its header would have \d+ bytes, and the file has 23\n {2}fix: /) });
    expect(await installed.run(['inspect', 'missing.gguf'])).toMatchObject({ status: 1, stdout: '', stderr: expect.stringMatching(/^io\/not-found: /) });
    const json = await installed.run(['inspect', 'text.txt', '--json']);
    expect({ ...json, stdout: JSON.parse(json.stdout) }).toMatchObject({ status: 1, stderr: '', stdout: { ok: false, error: { code: 'formats/header' } } });
  });
});

describe('sluice load', () => {
  test('streams a model, and says how much came which way and how fast', async () => {
    await put('model.safetensors', MODEL);
    const { status, stdout, stderr } = await installed.run(['load', 'model.safetensors', '--backend', 'fs,cpu-ref']);
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(stdout).toMatch(/^loaded 4 tensors of 32 B as 32 B in host; backends: fs\nmoved 32 B: 0 B direct, 32 B buffered, 0 B bounced\ntook [\d.]+ m?s: .*B\/s\n$/);
  });

  test('converts on the way, and has --json', async () => {
    await put('model.safetensors', MODEL);
    const { status, stdout, stderr } = await installed.run(['load', 'model.safetensors', '--dtype', 'f32', '--backend', 'fs,cpu-ref', '--json']);
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(JSON.parse(stdout)).toEqual({
      ok: true, format: 'safetensors', dtype: 'f32', tensors: 4, seconds: expect.any(Number), bytesPerSecond: expect.any(Number),
      bytes: { read: 32, direct: 0, buffered: 32, bounced: 0, inDevice: 44 }, space: 'host', backends: ['cpu-ref', 'fs'],
    });
  });

  test('a conversion that nobody does is an error before anything is read', async () => {
    expect(await installed.run(['load', 'model.safetensors', '--dtype', 'f16'])).toEqual({ status: 2, stdout: '', stderr: 'cli/usage: --dtype f16: tensors are not converted to that\n  available: f32\n  fix: see `sluice load --help`\n' });
    await put('f64.safetensors', safetensors({ t: { dtype: 'F64', shape: [1], data_offsets: [0, 8] } }, new Uint8Array(8)));
    expect(await installed.run(['load', 'f64.safetensors', '--dtype', 'f32'])).toMatchObject({ status: 1, stdout: '', stderr: expect.stringMatching(/^formats\/dtype: tensor `t` is F64, which no kernel converts to f32\n/) });
    // The reference serves only where it is named.
    await put('model.safetensors', MODEL);
    expect(await installed.run(['load', 'model.safetensors', '--dtype', 'f32', '--plugin', 'fs,cpu-ref'])).toMatchObject({ status: 1, stdout: '', stderr: expect.stringMatching(/^plan\/not-runnable/) });
  });
});
