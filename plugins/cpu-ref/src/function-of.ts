/**
 * The function of that text: the one place where this package makes code of strings. The text is written by this package
 * and by lowerings of registered plugins. Of a program only numbers reach it (constants, the workgroup size, lengths), each
 * checked where it becomes text, and ids by their axis, one of three: see hostile.test.ts.
 */
export function functionOf(parameters: readonly string[], body: string): (...args: never[]) => unknown {
  // oxlint-disable-next-line no-new-func -- compiling kernels is what this package is for
  return new Function(...parameters, body) as (...args: never[]) => unknown;
}
