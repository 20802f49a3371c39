import type { Body, Kernel, Program } from '../ir/program.ts';
import { shown } from '../text/json.ts';

/** `program` with each of its bodies as `change` gives it; the same program, and the same kernels, where it gives the same. */
export function eachBody(program: Program, change: (body: Body, owner: Program | Kernel) => Body): Program {
  const kernels = eachKernel(program.kernels, (kernel) => {
    const body = change(kernel.body, kernel);
    return body === kernel.body ? kernel : shown({ ...kernel, body });
  });
  const body = change(program.body, program);
  if (kernels === program.kernels && body === program.body) return program;
  return shown({ ...program, kernels, body });
}

export function eachKernel(kernels: readonly Kernel[], change: (kernel: Kernel) => Kernel): readonly Kernel[] {
  const made = kernels.map(change);
  return made.every((k, i) => k === kernels[i]) ? kernels : made;
}
