import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { messagesOf } from './validator.ts';

const FOLDER = new URL('../../../../plugins/wgsl/tests/goldens/', import.meta.url);
const files = readdirSync(FOLDER, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.wgsl')).sort();

test('there are goldens', () => {
  expect(files.length).toBeGreaterThan(20);
});

test.each(files)('%s', async (name) => {
  expect(await messagesOf(readFileSync(new URL(name, FOLDER), 'utf8'))).toEqual([]);
});
