import { expect, test } from 'vitest';
import { functionsOf } from '../build/functions.ts';
import { buffer } from '../build/host.ts';
import { defineKernel, kernel } from '../build/kernel.ts';
import { defineProgram } from '../build/program.ts';
import type { Value } from '../build/types.ts';
import type { Op } from '../ir/program.ts';
import { walkOps } from '../ir/program.ts';
import { whereOf } from '../ir/where.ts';
import { defineDialect, defineOp } from '../ops/op.ts';
import { definePlugin } from '../registry/plugin.ts';
import { Registry } from '../registry/registry.ts';
import { print } from '../text/print.ts';
import { verify } from '../verify/verify.ts';
import { optimize } from './passes.ts';

const common = { dialect: 'acme', version: '1.0.0', category: 'composite' } as const;
const square = defineOp({
  ...common, id: 'acme.square', level: 'both', summary: 'a * a.', operands: [{ name: 'a', type: 'u32' }], results: [{ name: 'result', type: 'u32' }],
  traits: ['pure'], compose: (([a]: readonly [Value<'u32'>]) => a.mul(a)) as never,
});
const fourth = defineOp({
  ...common, id: 'acme.fourth', level: 'both', summary: 'a ^ 4.', operands: [{ name: 'a', type: 'u32' }], results: [{ name: 'result', type: 'u32' }],
  traits: ['pure'], compose: (([a]: readonly [Value<'u32'>]) => acme.square(acme.square(a))) as never,
});
const one = defineKernel('one', { params: { out: 'buffer<u32, write>' }, workgroup: 1 }, ({ out }) => out.store(0, 1));
const set = defineOp({
  ...common, id: 'acme.set', level: 'host', summary: 'Stores 1.', operands: [{ name: 'handle', type: 'GpuBufferHandle' }], results: [],
  effects: [{ kind: 'write', on: 'handle' }], compose: (([out]: readonly [Value<'GpuBufferHandle'>]) => kernel.launch(one, 1, { out })) as never,
});
const dialect = defineDialect({ id: 'acme', version: '1.0.0', ops: [square, fourth, set] });
const acme = functionsOf(dialect);
const registry = new Registry().with(definePlugin({ name: 'acme', version: '1.0.0', api: 1, register: (hooks) => hooks.dialect(dialect) }));

test('composites of composites, in kernels and in host bodies; the kernels that they launch come along', () => {
  const other = defineKernel('one', { params: { out: 'buffer<u32, write>', n: 'u32' }, workgroup: 1 }, ({ out, n }) => out.store(1, acme.fourth(n)));
  const program = defineProgram('p', {}, () => {
    const out = buffer.alloc('u32', 4);
    kernel.launch(other, 1, { out, n: 3 });
    acme.set(out);
    acme.set(out);
  });
  const made = optimize(program, { registry, passes: ['core.inline'] });
  expect(verify(made, registry)).toEqual([]);
  expect(print(made)).toMatchInlineSnapshot(`
    "kernel one(%out: buffer<u32, write>, %n: u32) workgroup(1, 1, 1) {
      %2: u32 = arith.mul %n, %n
      %3: u32 = arith.mul %2, %2
      %4: u32 = arith.constant {value = 1: u32}
      buffer.store %out, %4, %3
      control.return
    }

    kernel one_2(%out: buffer<u32, write>) workgroup(1, 1, 1) {
      %1: u32 = arith.constant {value = 0: u32}
      %2: u32 = arith.constant {value = 1: u32}
      buffer.store %out, %1, %2
      control.return
    }

    program p() {
      %0: u64 = arith.constant {value = 16: u64}
      %1: GpuBufferHandle = buffer.alloc %0 {init = zero}
      %2: u32 = arith.constant {value = 1: u32}
      %3: u32 = arith.constant {value = 1: u32}
      %4: u32 = arith.constant {value = 1: u32}
      %5: u32 = arith.constant {value = 3: u32}
      kernel.launch %2, %3, %4, %1, %5 {kernel = @one}
      %6: u32 = arith.constant {value = 1: u32}
      %7: u32 = arith.constant {value = 1: u32}
      %8: u32 = arith.constant {value = 1: u32}
      kernel.launch %6, %7, %8, %1 {kernel = @one_2}
      %9: u32 = arith.constant {value = 1: u32}
      %10: u32 = arith.constant {value = 1: u32}
      %11: u32 = arith.constant {value = 1: u32}
      kernel.launch %9, %10, %11, %1 {kernel = @one_2}
      control.return
    }"
  `);

  const { body } = made.kernels[0] ?? made;
  const product = [...walkOps(body.region)].find((op) => body.opNames[op.name] === 'arith.mul') as Op;
  expect(body.debug.origins.get(product)).toBe('acme.square');
  expect(whereOf({ kernel: 'one' }, body, product, () => []).path).toBe('acme.fourth[0]');
});
