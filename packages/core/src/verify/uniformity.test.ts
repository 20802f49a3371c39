import { describe, expect, it } from 'vitest';
import { defineDialect, defineOp } from '../ops/op.ts';
import { definePlugin } from '../registry/plugin.ts';
import { Registry } from '../registry/registry.ts';
import type { BodyBuilder } from './ir-fixture.ts';
import { kernel } from './ir-fixture.ts';
import { workgroupMemory } from './valid-fixture.ts';
import { verifyKernel } from './verify.ts';

const registry = new Registry();

/** What a test kernel has at hand. */
interface Given {
  readonly b: BodyBuilder;
  /** Values that are the same, and that differ, within a workgroup. */
  readonly group: number;
  readonly local: number;
  readonly zero: number;
  readonly one: number;
  readonly read: number;
  readonly shared: number;
  readonly written: number;
  less(a: number, b: number): number;
}

/** The problems of a kernel that `fill` writes, without the return at its end. */
function check(fill: (given: Given) => void, with_ = registry) {
  return verifyKernel(kernel('k', { read: 'buffer<u32, read>', written: 'buffer<u32, read_write>' }, (b, read, written) => {
    const shared = workgroupMemory(b, 'u32', 64);
    const [zero, one, group, local] = [b.constant('u32', 0), b.constant('u32', 1), b.id('workgroup'), b.id('local')];
    fill({ b, group, local, zero, one, read, shared, written, less: (x, y) => b.get('arith.lt', [x, y], 'bool') });
    b.return();
  }), with_);
}

/** The paths of the barriers that are refused. */
function refused(fill: (given: Given) => void): (string | undefined)[] {
  const problems = check(fill);
  expect(problems.filter((p) => p.code !== 'verify/divergent-barrier')).toEqual([]);
  return problems.map((p) => p.where?.path);
}

/*
 * Where a case says what a WGSL compiler does, Tint (npm `webgpu` 0.6) was asked about the like of it in WGSL: it
 * refuses all that is refused here but `both branches return`, and accepts all that is accepted.
 */
describe('branches', () => {
  it('refuses a barrier under a condition that differs, and takes one after it', () => {
    expect(refused(({ b, local, one, less }) => {
      b.if(less(local, one), () => {
        b.barrier();
        b.yield();
      });
      b.barrier();
    })).toEqual(['control.if[6]/then/control.barrier[0]']);
  });

  it('takes a result as uniform if the condition and what is yielded are', () => {
    const through = (condition: (g: Given) => number, yielded: (g: Given) => number) => refused((g) => {
      const { b, zero, one, less } = g;
      const chosen = b.if(condition(g), () => b.yield(yielded(g)), () => b.yield(one), ['u32']).results[0] as number;
      b.if(less(zero, chosen), () => {
        b.barrier();
        b.yield();
      });
    }).length;
    expect(through(({ less, group, one }) => less(group, one), ({ zero }) => zero)).toBe(0);
    expect(through(({ less, local, one }) => less(local, one), ({ zero }) => zero)).toBe(1);
    expect(through(({ less, group, one }) => less(group, one), ({ local }) => local)).toBe(1);
  });

  it('takes what follows a return that differs as divergent, to the end of the kernel', () => {
    expect(refused(({ b, local, one, zero, less }) => {
      b.barrier();
      b.for([zero, one, one], [], [], () => {
        b.if(less(local, one), () => b.return(), () => b.yield());
        b.yield();
      });
      b.barrier();
      b.if(less(zero, one), () => {
        b.barrier();
        b.yield();
      });
    })).toEqual(['control.barrier[7]', 'control.if[9]/then/control.barrier[0]']);
  });

  it('takes a return under a uniform condition, and refuses after both branches of another return', () => {
    expect(refused(({ b, group, one, less }) => {
      b.if(less(group, one), () => b.return());
      b.barrier();
    })).toEqual([]);
    expect(refused(({ b, local, one, less }) => {
      b.if(less(local, one), () => b.return(), () => b.return());
      b.barrier();
    })).toEqual(['control.barrier[7]']);
  });
});

describe('memory', () => {
  const branchOn = (value: (g: Given) => number) => refused((g) => {
    g.b.if(g.less(g.zero, value(g)), () => {
      g.b.barrier();
      g.b.yield();
    });
  }).length;

  it('takes loads of read buffers at uniform indices as uniform, and no other', () => {
    expect(branchOn(({ b, read, group }) => b.get('buffer.load', [read, group], 'u32'))).toBe(0);
    expect(branchOn(({ b, read, local }) => b.get('buffer.load', [read, local], 'u32'))).toBe(1);
    expect(branchOn(({ b, written, group }) => b.get('buffer.load', [written, group], 'u32'))).toBe(1);
    expect(branchOn(({ b, shared, group }) => b.get('buffer.load', [shared, group], 'u32'))).toBe(1);
    expect(branchOn(({ b, written, group }) => b.get('buffer.atomic_add', [written, group, group], 'u32'))).toBe(1);
    expect(branchOn(({ b, written }) => b.get('buffer.length', [written], 'u32'))).toBe(0);
  });
});

describe('loops', () => {
  /** A loop of `to` iterations with a barrier at its start, then what `rest` says. */
  const looping = (to: (g: Given) => number, rest: (g: Given, index: number) => void) => refused((g) => {
    g.b.for([g.zero, to(g), g.one], [], [], (i) => {
      g.b.barrier();
      rest(g, i);
      g.b.yield();
    });
    g.b.barrier();
  });

  it('refuses a barrier in a loop whose bounds differ, and takes one after it', () => {
    expect(looping(({ group }) => group, () => {})).toEqual([]);
    expect(looping(({ local }) => local, () => {})).toEqual(['control.for[5]/body/control.barrier[0]']);
  });

  it('refuses a barrier anywhere in a loop that some invocations break from, continue, or return from', () => {
    const leaving = (id: string) => looping(({ group }) => group, ({ b, local, one, less }) => {
      b.if(less(local, one), () => b.op(id), () => b.yield());
      b.barrier();
    });
    const inside = ['control.for[5]/body/control.barrier[0]', 'control.for[5]/body/control.barrier[3]'];
    expect(leaving('control.break')).toEqual(inside);
    expect(leaving('control.continue')).toEqual(inside);
    expect(leaving('control.return')).toEqual([...inside, 'control.barrier[6]']);
  });

  it('takes breaks that all make, and inner loops that differ', () => {
    expect(looping(({ group }) => group, ({ b, group, one, less }) => {
      b.if(less(group, one), () => b.op('control.break'), () => b.yield());
      b.barrier();
    })).toEqual([]);
    expect(looping(({ group }) => group, ({ b, zero, one, local, less }) => {
      b.for([zero, local, one], [], [], (j) => {
        b.if(less(j, one), () => b.op('control.break'), () => b.yield());
        b.yield();
      });
      b.barrier();
    })).toEqual([]);
  });

  it('follows each carried value by itself', () => {
    const carrying = (decider: 0 | 1) => refused(({ b, group, local, one, zero, less }) => {
      b.while([group, local], ['u32', 'u32'], (same, other) => b.op('control.condition', [less(zero, [same, other][decider] as number), same, other]), (same, other) => {
        b.barrier();
        b.yield(b.get('arith.shr', [same, one], 'u32'), b.get('arith.add', [same, other], 'u32'));
      });
    });
    expect(carrying(0)).toEqual([]);
    expect(carrying(1)).toEqual(['control.while[5]/after/control.barrier[0]']);
  });

  it('follows a difference that comes around a loop only later', () => {
    // a <- b <- c <- local: it reaches the condition in the third iteration.
    expect(refused(({ b, zero, one, local, less }) => {
      b.for([zero, one, one], [zero, zero, zero], ['u32', 'u32', 'u32'], (_, x, y, z) => {
        b.if(less(x, one), () => {
          b.barrier();
          b.yield();
        });
        b.yield(y, z, local);
      });
    })).toEqual(['control.for[5]/body/control.if[1]/then/control.barrier[0]']);
  });

  it('takes the result of a loop as uniform only if all leave it together', () => {
    const after = (decider: (g: Given) => number) => refused((g) => {
      const { b, zero, one, less } = g;
      const found = b.for([zero, g.group, one], [zero], ['u32'], (_, count) => {
        b.if(less(decider(g), one), () => b.op('control.break', [count]), () => b.yield());
        b.yield(b.get('arith.add', [count, one], 'u32'));
      }).results[0] as number;
      b.if(less(found, one), () => {
        b.barrier();
        b.yield();
      });
    }).length;
    expect(after(({ group }) => group)).toBe(0);
    expect(after(({ local }) => local)).toBe(1);
  });
});

describe('ops of other dialects', () => {
  const common = { dialect: 'acme', version: '1.0.0', category: 'extension', level: 'kernel' } as const;
  const broadcast = defineOp({
    ...common, id: 'acme.broadcast', summary: 'One element for the whole workgroup.', traits: ['barrier', 'uniform'],
    operands: [{ name: 'buffer', type: 'buffer<u32, workgroup>' }, { name: 'index', type: 'u32' }], results: [{ name: 'value', type: 'u32' }],
  });
  const repeat = defineOp({
    ...common, id: 'acme.repeat', summary: 'A region of which its record says nothing.', operands: [{ name: 'n', type: 'u32' }], results: [{ name: 'result', type: 'u32' }],
    regions: [{ name: 'body', terminators: ['control.yield'], catches: ['control.yield'] }],
  });
  const acme = registry.with(definePlugin({ name: 'acme', version: '1.0.0', api: 1, register: ({ dialect }) => dialect(defineDialect({ id: 'acme', version: '1.0.0', ops: [broadcast, repeat] })) }));

  it('takes a broadcast as uniform, and requires that its operands are', () => {
    expect(check(({ b, shared, group, zero, less }) => {
      b.if(less(zero, b.get('acme.broadcast', [shared, group], 'u32')), () => {
        b.barrier();
        b.yield();
      });
    }, acme)).toEqual([]);
    expect(check(({ b, shared, local }) => void b.get('acme.broadcast', [shared, local], 'u32'), acme).map((p) => p.message)).toEqual([
      '`acme.broadcast`: operand %6 is not uniform over the workgroup: it depends on `kernel.local_id` (kernel.local_id[4])',
    ]);
  });

  it('takes regions of which nothing is known as decided by every operand, and their values as different', () => {
    const repeating = (n: (g: Given) => number) => check((g) => {
      g.b.op('acme.repeat', [n(g)], ['u32'], {}, [g.b.region([], () => {
        g.b.barrier();
        g.b.yield(g.zero);
      })]);
    }, acme).map((p) => p.where?.path);
    expect(repeating(({ group }) => group)).toEqual([]);
    expect(repeating(({ local }) => local)).toEqual(['acme.repeat[5]/body/control.barrier[0]']);
    expect(check((g) => {
      const result = g.b.op('acme.repeat', [g.group], ['u32'], {}, [g.b.region([], () => g.b.yield(g.zero))]).results[0] as number;
      g.b.if(g.less(result, g.one), () => {
        g.b.barrier();
        g.b.yield();
      });
    }, acme)).toHaveLength(1);
  });
});

describe('messages', () => {
  it('name what decides, where it comes from, and how invocations leave', () => {
    const [problem] = check(({ b, local, zero, one, less, written }) => {
      const seen = b.op('buffer.atomic_add', [written, local, one], ['u32']);
      b.spans.set(seen, { file: 'sum.ts', line: 12, column: 7 });
      const odd = b.get('arith.and', [seen.results[0] as number, one], 'u32');
      b.for([zero, one, one], [], [], () => {
        b.if(less(odd, one), () => b.return(), () => b.yield());
        b.yield();
      });
      b.op('control.barrier', [], [], { memory: { kind: 'enum', value: 'storage' } });
    });
    expect(problem?.toJSON()).toMatchInlineSnapshot(`
      {
        "available": [],
        "code": "verify/divergent-barrier",
        "details": {},
        "family": "program",
        "fix": "make the condition uniform (constants, launch values, workgroup ids, loads of \`read\` buffers at uniform indices), or move it to where every invocation passes",
        "message": "\`control.barrier\` stands in control flow that is not uniform over the workgroup: \`control.if\` (control.for[7]/body/control.if[1]) depends on \`buffer.atomic_add\` (buffer.atomic_add[5] at sum.ts:12:7), and invocations leave through \`control.return\` (control.for[7]/body/control.if[1]/then/control.return[0])",
        "problems": [],
        "where": {
          "kernel": "k",
          "op": "control.barrier",
          "path": "control.barrier[8]",
        },
      }
    `);
  });
});
