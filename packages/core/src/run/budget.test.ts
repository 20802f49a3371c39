import { describe, expect, test } from 'vitest';
import type { Allocator } from '../registry/backend.ts';
import { MemoryBudget } from './budget.ts';
import { hostAllocator } from './host-memory.ts';
import type { Base } from './memory.ts';

const settled = () => new Promise((resolve) => setImmediate(resolve));

/** A budget with `workers` at work, and the state of what was asked of it. */
function budgetOf(limit: number, workers: number, allocator: Allocator = hostAllocator()) {
  const budget = new MemoryBudget(limit);
  for (let i = 0; i < workers; i++) budget.began();
  const log: string[] = [];
  const ask = (name: string, bytes: number, stop?: AbortSignal): Promise<Base | undefined> => {
    const made = budget.allocate(allocator, BigInt(bytes), 'zero', stop);
    if (!(made instanceof Promise)) {
      log.push(`${name} at once`);
      return Promise.resolve(made);
    }
    return made.then((base) => {
      log.push(name);
      return base;
    }, (error: { code?: string }) => {
      log.push(`${name}: ${error.code ?? String(error)}`);
      return undefined;
    });
  };
  return { budget, ask, log };
}

describe('waiting', () => {
  test('in order, until memory is given back', async () => {
    const { budget, ask, log } = budgetOf(100, 4);
    const a = await ask('a', 80);
    const [b, c] = [ask('b', 50), ask('c', 10)];
    await settled();
    expect([log, budget.used]).toEqual([['a at once'], 80]);
    a?.drop();
    (await b)?.drop();
    (await c)?.drop();
    expect([log, budget.used]).toEqual([['a at once', 'b', 'c'], 0]);
  });

  test('ends when nobody is at work any more who might give something back', async () => {
    const { budget, ask, log } = budgetOf(100, 2);
    const a = await ask('a', 60);
    const b = ask('b', 60);
    await settled();
    expect(log).toEqual(['a at once']); // the other worker might have something
    budget.ended();
    await b;
    expect(log).toEqual(['a at once', 'b: mem/budget']);
    a?.drop();
    expect(budget.used).toBe(0);
  });

  test('a small request goes before a large one rather than that both fail', async () => {
    const { ask, log } = budgetOf(100, 2);
    const a = await ask('a', 60);
    const b = ask('b', 60);
    const c = await ask('c', 40);
    expect(log).toEqual(['a at once', 'c']);
    a?.drop();
    await b;
    c?.drop();
    expect(log).toEqual(['a at once', 'c', 'b']);
  });

  test('of all who wait for each other the last one fails, which lets the others go on', async () => {
    const { budget, ask, log } = budgetOf(100, 3);
    const held = [await ask('a', 40), await ask('b', 40)];
    const waits = [ask('A', 50), ask('B', 50), ask('C', 50)];
    await settled();
    expect(log.slice(2)).toEqual(['C: mem/budget']);
    held[0]?.drop();
    const first = await waits[0];
    expect(log.slice(3)).toEqual(['A']);
    first?.drop();
    (await waits[1])?.drop();
    held[1]?.drop();
    expect(budget.used).toBe(0);
  });

  test('can be stopped, before and while', async () => {
    const { budget, ask, log } = budgetOf(100, 3);
    const a = await ask('a', 100);
    const controller = new AbortController();
    const b = ask('b', 10, controller.signal);
    const c = ask('c', 10);
    await settled();
    controller.abort('enough');
    await b;
    await ask('d', 10, controller.signal);
    expect(log).toEqual(['a at once', 'b: enough', 'd: enough']);
    a?.drop();
    (await c)?.drop();
    expect([log.at(-1), budget.used]).toEqual(['c', 0]);
  });

  test('an allocator that fails gives the reservation back', async () => {
    const failing: Allocator = { ...hostAllocator(), allocate: () => { throw new Error('no memory'); } };
    const { budget } = budgetOf(100, 1, failing);
    expect(() => budget.allocate(failing, 100n, 'zero')).toThrow('no memory');
    expect(budget.used).toBe(0);
  });
});

test('limits: of the budget, the allocator, the device', () => {
  const budget = new MemoryBudget(1000);
  const allocator = { ...hostAllocator(), limit: 500 };
  const code = (bytes: bigint, limit?: number) => {
    try {
      const base = budget.allocate(allocator, bytes, 'zero', undefined, limit) as Base;
      base.drop();
      return 'ok';
    } catch (error) {
      return (error as { code: string }).code;
    }
  };
  expect([code(500n), code(501n), code(100n, 99), code(99n, 99), code(2n ** 64n)]).toEqual(['ok', 'mem/too-large', 'mem/too-large', 'ok', 'mem/too-large']);
});

test('holds and drops are counted, and a mistake in them is one at once', () => {
  const budget = new MemoryBudget(100);
  const base = budget.allocate(hostAllocator(), 10n, 'zero') as Base;
  base.hold();
  base.drop();
  expect(budget.used).toBe(10);
  base.drop();
  expect(budget.used).toBe(0);
  expect(() => base.drop()).toThrow(RangeError);
  expect(() => base.hold()).toThrow(RangeError);
});

describe('host memory', () => {
  test('is padded with zeros to 16 bytes, cleared when it is used again, and kept for like sizes', () => {
    const allocator = hostAllocator();
    for (const contents of ['zero', 'any'] as const) {
      for (const size of [0, 1, 15, 16, 17, 100, 4097]) {
        const first = allocator.allocate(size, contents);
        expect(first.bytes?.byteLength).toBe(Math.max(16, Math.ceil(size / 16) * 16));
        expect((first.bytes?.byteOffset ?? 1) % 8).toBe(0);
        expect(first.bytes?.slice(contents === 'zero' ? 0 : size).every((b) => b === 0)).toBe(true);
        first.bytes?.fill(0xff);
        allocator.release(first);
        const kept = allocator.kept ?? 0;
        const second = allocator.allocate(size, contents);
        expect(second.bytes?.buffer).toBe(first.bytes?.buffer);
        expect(second.bytes?.slice(contents === 'zero' ? 0 : size).every((b) => b === 0)).toBe(true);
        expect(allocator.kept ?? 0).toBeLessThan(kept);
        allocator.release(second);
      }
    }
    expect(allocator.kept).toBeGreaterThan(0);
    allocator.trim();
    expect(allocator.kept).toBe(0);
  });

  test('takes at most an eighth more than was asked for', () => {
    const allocator = hostAllocator();
    for (let size = 16; size < 2 ** 24; size = Math.ceil(size * 1.37)) {
      const { buffer } = allocator.allocate(size, 'zero').bytes as Uint8Array;
      expect(buffer.byteLength).toBeGreaterThanOrEqual(size);
      expect(buffer.byteLength).toBeLessThanOrEqual(size * 1.125 + 16);
    }
  });

  test('more than an array can have is mem/too-large', () => {
    expect(() => hostAllocator().allocate(2 ** 53, 'zero')).toThrow(/could not be allocated/);
  });

  test('what is kept and what is held together stay within the budget', () => {
    const allocator = hostAllocator();
    const budget = new MemoryBudget(1 << 20);
    for (let size = 1000; size < 1 << 19; size = Math.ceil(size * 1.3)) {
      const base = budget.allocate(allocator, BigInt(size), 'zero') as Base;
      expect(budget.used + (allocator.kept ?? 0)).toBeLessThanOrEqual(1 << 20);
      base.drop();
    }
  });
});
