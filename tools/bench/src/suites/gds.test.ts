// The suite on a fake libcuda and a fake libcufile, the peer's too: every value is checked, no figure means anything.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildFake, loadFake } from '@sluice/cuda/fake';
import { afterAll, expect, test } from 'vitest';
import { bench } from '../bench.ts';

const folder = mkdtempSync(join(tmpdir(), 'sluice-bench-gds-'));
afterAll(() => rmSync(folder, { recursive: true }));

test('every row is measured beside its peer', async ({ skip }) => {
  for (const name of ['libcuda.so.1', 'libcufile.so.0'] as const) {
    const built = buildFake(folder, name);
    skip(typeof built !== 'string', String(built));
    expect(typeof loadFake(name)).toBe('object');
  }
  process.env['LD_LIBRARY_PATH'] = folder;
  let [out, err] = ['', ''];
  const status = await bench(['gds', '--json', '--quick'], { out: (text) => (out += text), err: (text) => (err += text) });
  expect({ status, err }).toEqual({ status: 0, err: '' });
  const { rows } = JSON.parse(out) as { readonly rows: readonly { readonly name: string; readonly value: number; readonly peerValue: number | null }[] };
  expect(rows.map((row) => row.name).filter((name) => name !== 'gds/uring-window')).toEqual(['gds/read', 'gds/map', 'gds/write']);
  for (const row of rows) {
    expect(row.value, row.name).toBeGreaterThan(0);
    expect(row.peerValue, row.name).toBeGreaterThan(0);
  }
});
