import { readFileSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { equal, format, hashOf, parse, print, Registry, session, verify } from '@sluice/core';
import { cpuRef } from '@sluice/cpu-ref/plugin';
import { plugin as fs } from '@sluice/fs/plugin';
import { expect, test } from 'vitest';
import { expectedOf } from './expected.ts';
import program from './program.ts';

test('the program is plain data with five kernels', () => {
  expect(program.kernels.map((k) => k.name)).toEqual(['table', 'count', 'fold', 'crc', 'finish']);
  expect(program.params.map((p) => [p.name, p.type.spelling])).toEqual([['input', 'i32'], ['histogram', 'i32'], ['crc32', 'i32']]);
  expect(program.body.opNames).toContain('io.dma_from_nvme');
});

test('the text form of the program is the same program', () => {
  const file = fileURLToPath(new URL('bytes.slu', import.meta.url));
  const source = readFileSync(file, 'utf8');
  const registry = new Registry();
  const read = parse(source, registry, { file });
  expect(verify(read, registry)).toEqual([]);
  if (!equal(read, program)) expect(print(read)).toBe(print(program));
  expect(equal(read, program)).toBe(true);
  expect(hashOf(read)).toBe(hashOf(program));
  expect(format(source, { file })).toBe(source);
});

test.each([undefined, 1])('its kernels have no races and read nothing that nobody wrote; order of seed %s', async (seed) => {
  const folder = await mkdtemp(join(tmpdir(), 'sluice-bytes-test-'));
  const open = await session({ registry: new Registry().with(fs).with(cpuRef({ detect: ['races', 'uninitialised'], ...(seed === undefined ? {} : { seed }) })), backends: ['fs', 'cpu-ref'], passes: [] });
  try {
    const source = join(folder, 'input');
    await writeFile(source, Buffer.alloc(200_000, 'several segments'));
    const write = async (name: string) => open.grant(join(folder, name), { rights: 'w', create: 'truncate' });
    const executable = await open.compile(program);
    await executable.run({ input: await open.grant(source), histogram: await write('histogram'), crc32: await write('crc32') });
    expect((await readFile(join(folder, 'crc32'))).readUInt32LE()).toBe((await expectedOf(source)).crc32);
  } finally {
    await open.close();
    await rm(folder, { recursive: true });
  }
});
