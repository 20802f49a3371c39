import { defineKernel, kernel } from '../build/kernel.ts';
import type { KernelArgs, Ids } from '../build/kernel.ts';
import { buffer } from '../build/host.ts';
import { defineProgram } from '../build/program.ts';
import type { Program } from '../ir/program.ts';
import { Registry } from '../registry/registry.ts';
import { print } from '../text/print.ts';
import { verify } from '../verify/verify.ts';
import { optimize } from './passes.ts';

export const registry = new Registry();

const params = { input: 'buffer<u32, read>', out: 'buffer<u32, read_write>', f: 'buffer<f32, read_write>', n: 'u32' } as const;

/** A program with one kernel of this body. */
export function programOf(body: (args: KernelArgs<typeof params>, ids: Ids) => void): Program {
  const k = defineKernel('k', { params, workgroup: 64 }, (args, ids) => body(args, ids));
  return defineProgram('p', {}, () => {
    const [input, out, f] = [buffer.alloc('u32', 64), buffer.alloc('u32', 64), buffer.alloc('f32', 64)];
    kernel.launch(k, { groups: 1 }, { input, out, f, n: 7 });
  });
}

/** The first kernel of `program` as text, after the passes; before and after it must verify, and the input stay as it was. */
export function kernelAfter(program: Program, ...passes: readonly string[]): string {
  return print(after(program, ...passes).kernels[0] ?? program);
}

export function after(program: Program, ...passes: readonly string[]): Program {
  const before = print(program);
  const faults = (p: Program) => verify(p, registry).map((d) => `${d.code}: ${d.message}`);
  if (faults(program).length > 0) throw new Error(faults(program).join('\n'));
  const made = optimize(program, { registry, passes });
  if (faults(made).length > 0) throw new Error(`${faults(made).join('\n')}\n${print(made)}`);
  if (print(program) !== before) throw new Error('the pass changed what it was given');
  return made;
}
