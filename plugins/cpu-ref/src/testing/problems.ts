import { verify } from '@sluice/core';
import type { KernelIr, ProgramIr, Registry } from '@sluice/core';

/** What the verifier says of a kernel, as the only one of a program that does nothing: codes and messages. */
export function problemsOf(kernel: KernelIr, registry: Registry): readonly string[] {
  const end = { name: 0, operands: [], results: [], attrs: {}, regions: [] };
  const program: ProgramIr = {
    kind: 'program', name: 'p', params: [], results: [], kernels: [kernel], span: undefined,
    body: { opNames: ['control.return'], valueTypes: [], region: { args: [], ops: [end] }, debug: { names: new Map(), spans: new Map(), origins: new Map() } },
  };
  return verify(program, registry).map((d) => `${d.code}: ${d.message}`);
}
