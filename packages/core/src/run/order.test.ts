import { describe, expect, test } from 'vitest';
import { FileOrder, MemoryOrder, Task } from './order.ts';

/** Tasks that note when they begin, and finish when they are told to. */
function tasks(): { begun: string[]; make(name: string, order: (task: Task) => void): Task } {
  const begun: string[] = [];
  return {
    begun,
    make(name, order) {
      const task = new Task(() => begun.push(name));
      order(task);
      task.ready();
      return task;
    },
  };
}

describe('effects on one buffer', () => {
  test('reads overlap; a write waits for every read and write before it, and all after wait for it', () => {
    const { begun, make } = tasks();
    const order = new MemoryOrder();
    const a = make('write a', (t) => order.access(t, true));
    const b = make('read b', (t) => order.access(t, false));
    const c = make('read c', (t) => order.access(t, false));
    const d = make('write d', (t) => order.access(t, true));
    const e = make('read e', (t) => order.access(t, false));
    expect(begun).toEqual(['write a']);
    a.finish();
    expect(begun.slice(1)).toEqual(['read b', 'read c']);
    c.finish();
    b.finish();
    expect(begun.slice(3)).toEqual(['write d']);
    d.finish();
    d.finish();
    expect(begun.slice(4)).toEqual(['read e']);
    e.finish();
  });

  test('a task that both reads and writes does not wait for itself, and is waited for once', () => {
    const { begun, make } = tasks();
    const order = new MemoryOrder();
    const a = make('a', (t) => {
      order.access(t, false);
      order.access(t, true);
      order.access(t, false);
    });
    const b = make('b', (t) => order.access(t, true));
    expect(begun).toEqual(['a']);
    a.finish();
    expect(begun).toEqual(['a', 'b']);
    b.finish();
  });

  test('many reads that are done leave no trace in what a write waits for', () => {
    const { begun, make } = tasks();
    const order = new MemoryOrder();
    for (let i = 0; i < 1000; i++) make('r', (t) => order.access(t, false)).finish();
    const open = make('open', (t) => order.access(t, false));
    make('w', (t) => order.access(t, true));
    expect(begun.at(-1)).toBe('open');
    open.finish();
    expect(begun.at(-1)).toBe('w');
  });
});

describe('effects on one file', () => {
  const at = (order: FileOrder, from: number, to: number, write: boolean) => (t: Task) => order.access(t, BigInt(from), BigInt(to), write);

  test('only overlapping ranges conflict, and only if one writes', () => {
    const { begun, make } = tasks();
    const order = new FileOrder();
    make('w 10-20', at(order, 10, 20, true));
    make('r 0-10', at(order, 0, 10, false));
    make('r 20-30', at(order, 20, 30, false));
    make('r 15-16', at(order, 15, 16, false));
    make('w 5-10', at(order, 5, 10, true));
    make('w 30-40', at(order, 30, 40, true));
    make('r 0-5', at(order, 0, 5, false));
    expect(begun).toEqual(['w 10-20', 'r 0-10', 'r 20-30', 'w 30-40', 'r 0-5']);
  });

  test('an access to nothing conflicts with nothing', () => {
    const { begun, make } = tasks();
    const order = new FileOrder();
    make('w', at(order, 0, 100, true));
    make('nothing', at(order, 50, 50, true));
    make('r', at(order, 100, 200, false));
    expect(begun).toEqual(['w', 'nothing', 'r']);
  });

  test('any sequence of accesses is carried out as if one after the other', () => {
    // Each byte is a counter of writes; a task checks, when it begins, that it sees what program order says.
    let x = 7;
    const random = (below: number) => (x = (Math.imul(x, 1103515245) + 12345) >>> 0) % below;
    for (let round = 0; round < 50; round++) {
      const order = new FileOrder();
      const now = new Uint32Array(40);
      const model = new Uint32Array(40);
      const open: (() => void)[] = [];
      for (let i = 0; i < 200; i++) {
        const from = random(40), to = from + random(40 - from) + (i % 3 === 0 ? 0 : 1);
        const write = random(2) === 0;
        const expected = model.slice(from, to);
        if (write) for (let k = from; k < to && k < 40; k++) model[k] = i + 1;
        const task = new Task(() => {
          expect(now.slice(from, to)).toEqual(expected);
          open.push(() => {
            if (write) for (let k = from; k < to && k < 40; k++) now[k] = i + 1;
            task.finish();
          });
        });
        order.access(task, BigInt(from), BigInt(to), write);
        task.ready();
        while (open.length > random(6)) open.splice(random(open.length), 1)[0]?.();
      }
      while (open.length > 0) open.splice(random(open.length), 1)[0]?.();
      expect(now).toEqual(model);
      expect(order.idle).toBe(true);
    }
  });
});

test('a chain of tasks that begin and finish at once takes no stack', () => {
  const order = new MemoryOrder();
  let count = 0;
  const first = new Task(() => {});
  order.access(first, true);
  first.ready();
  for (let i = 0; i < 100_000; i++) {
    const task = new Task((self) => {
      count++;
      self.finish();
    });
    order.access(task, true);
    task.ready();
  }
  expect(count).toBe(0);
  first.finish();
  expect(count).toBe(100_000);
});
