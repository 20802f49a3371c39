import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

/** The rooms of core in the order in which data goes through them; each may use what stands before it. */
const ROOMS = ['global-slot.ts', 'diagnostics', 'ir', 'text', 'wire', 'ops', 'dialects', 'registry', 'storage', 'build', 'verify', 'optimize', 'lower', 'plan', 'run', 'index.ts'];
/** Types may be named ahead: a plugin's hooks hand over programs, backends and registries that later rooms make. */
const VALUE_IMPORT = /^(?:import|export) (?!type\b)[^;]*?from '(\.[^']+)';/gm;

const src = fileURLToPath(new URL('../src', import.meta.url));
const files = readdirSync(src, { recursive: true, encoding: 'utf8' }).filter((f) => f.endsWith('.ts') && !/\.test(?:-d)?\.ts$|fixture\.ts$/.test(f));
const roomOf = (file: string) => file.split(/[\\/]/)[0] ?? '';

test('every file stands in a room', () => {
  expect(files.map(roomOf).filter((r) => !ROOMS.includes(r))).toEqual([]);
  expect(files.length).toBeGreaterThan(50);
});

test('values are imported from the same room or an earlier one', () => {
  const upward = files.flatMap((file) => {
    const at = ROOMS.indexOf(roomOf(file));
    return [...readFileSync(join(src, file), 'utf8').matchAll(VALUE_IMPORT)].flatMap(([, path = '']) => {
      const target = relative(src, normalize(join(src, dirname(file), path)));
      return ROOMS.indexOf(roomOf(target)) > at ? [`${file} -> ${target}`] : [];
    });
  });
  expect(upward).toEqual([]);
});
