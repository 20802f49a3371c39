/*
 * docs/reference/ops/*.md are what the registry says, and every example in them runs and gives what the page says. After
 * a change to an op, bring them up to date:
 *   npx vitest run --project tools/acceptance tests/op-reference.test.ts -u
 */
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { Registry, isSluiceError, opId, parse, session, verify, walkOps } from '@sluice/core';
import type { Plugin, ProgramIr } from '@sluice/core';
import { FileModel, interpret } from '@sluice/conformance';
import { afterAll, describe, expect, test } from 'vitest';
import { opExamples } from './op-examples.ts';
import type { OpExample } from './op-examples.ts';
import { dialectPage } from './op-reference.ts';
import { plugins, root } from './workspace.ts';

const loaded = await Promise.all(plugins.map(async ({ folder }) => (await import(pathToFileURL(join(root, folder, 'src/plugin.ts')).href)) as { readonly plugin: Plugin }));
const registry = loaded.reduce((r, { plugin }) => r.with(plugin), new Registry());
const examples = opExamples(registry);
/** What the granted file holds. */
const CONTENT = Uint8Array.from({ length: 32 }, (_, i) => i);
const scratch = mkdtempSync(join(tmpdir(), 'sluice-examples-'));
const opened = await session({ registry, backends: ['fs', 'cpu-ref'] });
afterAll(async () => {
  await opened.close();
  rmSync(scratch, { recursive: true });
});

test('every op has an example, which holds the op', () => {
  const without = [...registry.ops.values()].filter((op) => examples.get(op.id) === undefined);
  expect(without.map((op) => op.id)).toEqual([]);
  for (const [id, { text }] of examples) {
    const program = parse(text, registry);
    const bodies = [program.body, ...program.kernels.map((k) => k.body)];
    expect(bodies.flatMap((b) => [...walkOps(b.region)].map((op) => opId(b, op)))).toContain(id);
    expect(verify(program, registry).map((d) => d.message)).toEqual([]);
  }
});

/** Runs an example on real files and the reference, or, where no backend can, on an interpreter; gives what the page says of it. */
async function outcomeOf(example: OpExample): Promise<string> {
  const program = parse(example.text, registry);
  const shown = (results: unknown) => program.results.map((r) => `\`${r.name}\` = \`${String((results as Readonly<Record<string, unknown>>)[r.name])}\``).join(', ');
  if (example.noBackend !== undefined) return `On the interpreter of \`@sluice/conformance\` it gives ${shown(interpret(program, { file: new FileModel(CONTENT) }, { registry }))}: ${example.noBackend}.`;
  try {
    const { results } = await run(program);
    return program.results.length === 0 ? 'It gives nothing.' : `On \`cpu-ref\` it gives ${shown(results)}.`;
  } catch (error) {
    if (!isSluiceError(error) || error.code !== example.fails) throw error;
    return `It fails with \`${error.code}\`.`;
  }
}

async function run(program: ProgramIr) {
  const exe = await opened.compile(program);
  const file = join(scratch, 'file');
  writeFileSync(file, CONTENT);
  const needs = program.params.some((p) => p.name === 'file');
  const grant = needs ? await opened.grant(file, { rights: 'rw' }) : undefined;
  try {
    return await exe.run((grant === undefined ? {} : { file: grant }));
  } finally {
    await grant?.close();
    await exe.close();
  }
}

describe('the page of each dialect', () => {
  test.each([...registry.dialects.values()].map((d) => [d.id, d] as const))('docs/reference/ops/%s.md', async (id, dialect) => {
    const own = new Set(dialect.ops.map((op) => examples.get(op.id)).filter((e) => e !== undefined));
    const outcomes = new Map<OpExample, string>();
    for (const example of own) outcomes.set(example, await outcomeOf(example));
    await expect(dialectPage(dialect, registry, examples, outcomes)).toMatchFileSnapshot(join(root, `docs/reference/ops/${id}.md`));
  });

  test('there are no others', () => {
    expect(readdirSync(join(root, 'docs/reference/ops')).sort()).toEqual([...registry.dialects.keys()].map((id) => `${id}.md`).sort());
  });
});
