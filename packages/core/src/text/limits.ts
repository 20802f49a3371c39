/** What a text may have at most, so that a hostile one is refused in bounded time, memory and stack. The verifier has the same limits for programs. */
export const LIMITS = {
  /** Characters. */
  length: 2 ** 28,
  /** Regions around an op, the body not counted. */
  depth: 64,
  /** Lists around an item of an attribute, and brackets around a type. */
  nesting: 16,
  ops: 2 ** 24,
  values: 2 ** 25,
  /** Different types. */
  types: 2 ** 12,
  /** Problems that are reported one by one. */
  problems: 100,
  /** Regions around an op that the printer writes. A program that verifies has fewer; what prints may be wrong. */
  printedDepth: 256,
} as const;
