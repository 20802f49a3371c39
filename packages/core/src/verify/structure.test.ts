import { describe, expect, it } from 'vitest';
import { defineOp } from '../ops/op.ts';
import { Registry } from '../registry/registry.ts';
import type { BodyBuilder } from './ir-fixture.ts';
import { kernel, program } from './ir-fixture.ts';
import { workgroupMemory } from './valid-fixture.ts';
import { verify, verifyKernel } from './verify.ts';

const registry = new Registry();
const text = (e: { code: string; message: string; where?: { path?: string | undefined } | undefined }) => `${e.code}: ${e.message} [${e.where?.path ?? ''}]`;

/** The problems of a kernel with one buffer `a` and a scalar `n`. */
function inKernel(fill: (b: BodyBuilder, a: number, n: number) => void): string[] {
  return verifyKernel(kernel('k', { a: 'buffer<u32, read_write>', n: 'u32' }, fill), registry).map(text);
}

/** The problems of a program with a handle `h` and a length `n`. */
function inHost(fill: (b: BodyBuilder, h: number, n: number) => void): string[] {
  return verify(program('p', { h: 'GpuBufferHandle', n: 'u64' }, {}, [], fill), registry).map(text);
}

describe('levels', () => {
  it('refuses a kernel op in a host body and a host op in a kernel', () => {
    expect(inHost((b) => {
      b.barrier();
      b.return();
    })).toEqual(['verify/level: `control.barrier` is a kernel op and stands in the host body of a program [control.barrier[0]]']);
    expect(inKernel((b) => {
      b.get('buffer.alloc', [b.constant('u64', 4n)], 'GpuBufferHandle');
      b.return();
    })).toEqual(['verify/level: `buffer.alloc` is a host op and stands in a kernel [buffer.alloc[1]]']);
  });
});

describe('dominance', () => {
  it('refuses a value before its definition', () => {
    expect(inKernel((b, _, n) => {
      const sum = b.op('arith.add', [n, n], ['u32']);
      const later = b.get('arith.add', [n, n], 'u32');
      (sum.operands as number[])[1] = later;
      b.return();
    })).toEqual(['verify/dominance: `arith.add`: operand 1, %3, is not defined before it is used [arith.add[0]]']);
  });

  it('refuses an op that uses its own result', () => {
    expect(inKernel((b, _, n) => {
      const sum = b.op('arith.add', [n, n], ['u32']);
      (sum.operands as number[])[0] = sum.results[0] as number;
      b.return();
    })).toEqual(['verify/dominance: `arith.add`: operand 0, %2, is not defined before it is used [arith.add[0]]']);
  });

  it('refuses a value of a region that has ended, by the name that the author gave it', () => {
    expect(inKernel((b, _, n) => {
      let inner = -1;
      b.if(b.get('arith.eq', [n, n], 'bool'), () => {
        inner = b.constant('u32', 1);
        b.names.set(inner, 'inner');
        b.yield();
      }, () => {
        b.get('arith.neg', [inner], 'u32');
        b.yield();
      });
      b.get('arith.neg', [inner], 'u32');
      b.return();
    })).toEqual([
      'verify/dominance: `arith.neg`: operand 0, %inner, is defined in a region that ended before [control.if[1]/otherwise/arith.neg[0]]',
      'verify/dominance: `arith.neg`: operand 0, %inner, is defined in a region that ended before [arith.neg[2]]',
    ]);
  });

  it('refuses a region that uses the results of its own op', () => {
    expect(inKernel((b, _, n) => {
      const loop = b.op('control.for', [n, n, n, n], ['u32'], {}, []);
      (loop.regions as unknown[]).push(b.region(['u32', 'u32'], () => b.yield(loop.results[0] as number)));
      b.return();
    })).toEqual(['verify/dominance: `control.yield`: operand 0, %2, is not defined before it is used [control.for[0]/body/control.yield[0]]']);
  });

  it('refuses a value that is defined twice', () => {
    expect(inKernel((b, _, n) => {
      const one = b.op('arith.neg', [n], ['u32']);
      (b.op('arith.neg', [n], ['u32']).results as number[])[0] = one.results[0] as number;
      b.return();
    })).toEqual(['verify/dominance: result %2 is defined twice [arith.neg[1]]']);
  });
});

describe('regions', () => {
  it('refuses too few and too many', () => {
    expect(inKernel((b, _, n) => {
      b.op('control.for', [n, n, n], [], {}, []);
      b.op('control.if', [b.get('arith.eq', [n, n], 'bool')], [], {}, [1, 2, 3].map(() => b.region([], () => b.yield())));
      b.return();
    })).toEqual(['verify/region-count: `control.for` has 0 regions, expected 1 [control.for[0]]', 'verify/region-count: `control.if` has 3 regions, expected 1 to 2 [control.if[2]]']);
  });

  it('refuses wrong block arguments', () => {
    expect(inKernel((b, _, n) => {
      b.op('control.for', [n, n, n], [], {}, [b.region(['i32'], () => b.yield())]);
      b.return();
    })).toEqual(['verify/region-args: region 0 of `control.for` has block arguments (i32), expected (u32) [control.for[0]]']);
  });

  it('refuses what a terminator hands on, at the terminator', () => {
    expect(inKernel((b, _, n) => {
      b.for([n, n, n], [n], ['u32'], (i) => {
        b.if(b.get('arith.eq', [i, n], 'bool'), () => b.op('control.break', []));
        b.yield(b.get('arith.eq', [i, n], 'bool'));
      });
      b.return();
    })).toEqual([
      'verify/carried: `control.break` hands on (), the carried values of the loop are (u32) [control.for[0]/body/control.if[1]/then/control.break[0]]',
      'verify/carried: `control.yield` hands on (bool), the carried values of the loop are (u32) [control.for[0]/body/control.yield[3]]',
    ]);
  });

  it('refuses an if with results and one region', () => {
    expect(inKernel((b, _, n) => {
      b.if(b.get('arith.eq', [n, n], 'bool'), () => b.yield(n), undefined, ['u32']);
      b.return();
    })).toEqual(['verify/carried: an if with results has no `otherwise` region [control.if[1]]']);
  });
});

describe('terminators', () => {
  it('refuses an empty region, one that ends in no terminator, and one with a terminator in the middle', () => {
    expect(inKernel((b, _, n) => {
      const yes = b.get('arith.eq', [n, n], 'bool');
      b.if(yes, () => {});
      b.if(yes, () => b.constant('u32', 1));
      b.if(yes, () => {
        b.yield();
        b.yield();
      });
    })).toEqual([
      'verify/terminator: region `then` of `control.if` is empty [control.if[1]]',
      'verify/terminator: region `then` of `control.if` ends in `arith.constant`, which is not a terminator [control.if[2]/then/arith.constant[0]]',
      'verify/terminator: region `body` ends in `control.if`, which is not a terminator [control.if[3]]',
      'verify/terminator: `control.yield` stands in the middle of its region [control.if[3]/then/control.yield[0]]',
    ]);
  });

  it('refuses a break that nothing catches, and one that would leave the condition of a while', () => {
    expect(inKernel((b, _, n) => {
      const yes = b.get('arith.eq', [n, n], 'bool');
      b.if(yes, () => b.op('control.break'));
      b.for([n, n, n], [], [], () => {
        b.while([], [], () => {
          b.if(yes, () => b.op('control.break'));
          b.op('control.condition', [yes]);
        }, () => b.yield());
        b.yield();
      });
      b.op('control.continue');
    })).toEqual([
      'verify/terminator: nothing around `control.break` catches it [control.if[1]/then/control.break[0]]',
      'verify/terminator: `control.break` cannot leave region `before` of `control.while` [control.for[2]/body/control.while[0]/before/control.if[0]/then/control.break[0]]',
      'verify/terminator: nothing around `control.continue` catches it [control.continue[3]]',
    ]);
  });

  it('refuses a terminator that the region does not take', () => {
    expect(inKernel((b, _, n) => {
      const yes = b.get('arith.eq', [n, n], 'bool');
      b.while([], [], () => b.yield(), () => b.op('control.condition', [yes]));
      b.return();
    })).toEqual([
      'verify/terminator: `control.yield` cannot end region `before` of `control.while` [control.while[1]/before/control.yield[0]]',
      'verify/terminator: `control.condition` cannot end region `after` of `control.while` [control.while[1]/after/control.condition[0]]',
    ]);
  });

  it('lets a kernel return at any depth, with nothing, and a program at its top level, with its results', () => {
    const returning = (b: BodyBuilder, condition: number) => {
      b.if(condition, () => b.return());
      b.return();
    };
    expect(inKernel((b, _, n) => returning(b, b.get('arith.eq', [n, n], 'bool')))).toEqual([]);
    expect(inHost((b, _, n) => returning(b, b.get('arith.eq', [n, n], 'bool')))).toEqual([
      'verify/terminator: `control.return` stands inside a region: a program returns at its top level alone [control.if[1]/then/control.return[0]]',
    ]);
    expect(inKernel((b, _, n) => {
      b.if(b.get('arith.eq', [n, n], 'bool'), () => b.return(n));
      b.return();
    })).toEqual(['verify/results: `control.return` hands on (u32), a kernel returns nothing [control.if[1]/then/control.return[0]]']);
    expect(inHost((b, h) => b.return(h))).toEqual(['verify/results: `control.return` hands on (GpuBufferHandle), the results of the program are () [control.return[0]]']);
  });
});

describe('buffers and types that only memory has', () => {
  it('refuses workgroup memory that is made in a region', () => {
    expect(inKernel((b, _, n) => {
      b.for([n, n, n], [], [], () => {
        workgroupMemory(b, 'u32', 4);
        b.yield();
      });
      b.return();
    })).toEqual(['verify/workgroup-memory: `buffer.workgroup` makes %3, a buffer<u32, workgroup>, inside a region [control.for[0]/body/buffer.workgroup[0]]']);
  });

  it('refuses a buffer that is handed from region to region', () => {
    expect(inKernel((b, a, n) => {
      b.op('control.for', [n, n, n, a], ['buffer<u32, read_write>'], {}, [b.region(['u32', 'buffer<u32, read_write>'], (_, carried) => b.yield(carried))]);
      b.return();
    })).toEqual([
      'verify/carried: block argument %3 is a buffer<u32, read_write>: buffers cannot be handed from region to region [control.for[0]]',
      'verify/carried: result %4 is a buffer<u32, read_write>: buffers cannot be handed from region to region [control.for[0]]',
    ]);
  });

  it('refuses values of a type that only memory has', () => {
    expect(inKernel((b) => {
      b.constant('u8', 1);
      b.return();
    })).toEqual(['verify/result-type: result %2 is u8, a type that only memory has [arith.constant[0]]']);
  });
});

describe('the rules of an op record', () => {
  it('reports a rule that throws as a fault of the record', () => {
    const bodyOf = (b: BodyBuilder) => {
      b.op('acme.odd');
      b.return();
    };
    const odd = registry.with({
      '~plugin': 1, name: 'acme', version: '1.0.0', api: 1,
      register: ({ dialect }) => dialect({ id: 'acme', version: '1.0.0', ops: [defineOdd()] }),
    });
    const [problem] = verifyKernel(kernel('k', {}, bodyOf), odd);
    expect(problem?.code).toBe('registry/bad-op');
    expect(problem?.message).toBe('verifying `acme.odd` failed: no such luck');
    expect(problem?.where?.path).toBe('acme.odd[0]');
  });
});

function defineOdd() {
  return defineOp({
    id: 'acme.odd', dialect: 'acme', version: '1.0.0', summary: 'Throws when it is verified.', category: 'extension', level: 'both', operands: [], results: [],
    verify: () => {
      throw new Error('no such luck');
    },
  });
}
