import fc from 'fast-check';
import { Registry, opId, verify, walkOps } from '@sluice/core';
import { expect, test } from 'vitest';
import { interpret } from '../oracle/oracle.ts';
import { oracleArgs, programs, show } from './program.ts';

const registry = new Registry();
const all = programs({ registry, file: true });
const runs = 150;
const seed = Number(process.env['SEED'] ?? 1);

test('every generated program verifies', { timeout: 60_000 }, () => {
  fc.assert(fc.property(all, ({ program }) => {
    expect(verify(program, registry).map((d) => `${d.code}: ${d.message}`)).toEqual([]);
  }), { seed, numRuns: runs });
});

test('a seed gives the same programs again', { timeout: 60_000 }, () => {
  const shown = () => fc.sample(all, { numRuns: 20, seed: 7 }).map(show);
  expect(shown()).toEqual(shown());
});

test('the oracle runs them to their end, and the order of invocations does not show', { timeout: 60_000 }, () => {
  fc.assert(fc.property(all, ({ program, args }) => {
    const run = (order: 'forward' | 'backward') => interpret(program, oracleArgs(args), { registry, order, subgroupSize: 4 });
    expect(run('backward')).toEqual(run('forward'));
  }), { seed, numRuns: runs });
});

test('they hold every op that computes, and every structured one', { timeout: 120_000 }, () => {
  const met = new Map<string, number>();
  for (const { program } of fc.sample(all, { numRuns: 1500, seed: 1 })) {
    for (const body of [program.body, ...program.kernels.map((k) => k.body)]) for (const op of walkOps(body.region)) met.set(opId(body, op), (met.get(opId(body, op)) ?? 0) + 1);
  }
  const wanted = [...registry.ops.values()].filter((op) => op.dialect === 'subgroup' || (op.level !== 'host' && op.traits.includes('pure') && op.operands.length > 0 && typeof op.cpuRef === 'function')).map((op) => op.id);
  expect([...wanted, 'control.if', 'control.for', 'control.while', 'control.barrier', 'control.uniform_load', 'control.trap', 'control.assert', 'kernel.launch_indirect', 'buffer.async_copy', 'buffer.async_wait', 'buffer.read', 'control.break', 'control.continue', 'buffer.workgroup', 'io.dma_from_nvme', 'io.write_back_to_nvme', 'buffer.free', 'buffer.slice'].filter((id) => !met.has(id))).toEqual([]);
});
