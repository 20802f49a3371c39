/** What a program may have at most, so that a hostile one is refused in bounded time, memory and stack. */
export const LIMITS = {
  /** Regions around an op, the body not counted. */
  depth: 64,
  /** Ops of a program, its kernels included. */
  ops: 2 ** 24,
  /** Values of a program, its kernels included. */
  values: 2 ** 25,
  /** Operands, results and block arguments of a program, each use counted, and the entries of its other tables. */
  uses: 2 ** 26,
  /** Different op ids in one body. */
  opNames: 2 ** 16,
  kernels: 2 ** 16,
  /** Parameters of a kernel or program, or results of a program. */
  params: 2 ** 12,
  /** Invocations of a workgroup in one dimension; a backend's own limit is the planner's business. */
  workgroupSide: 2 ** 16,
  /** Invocations of a workgroup. */
  workgroupInvocations: 1024,
  /** Bytes of workgroup memory of a kernel; a backend's own limit is the planner's business. */
  workgroupBytes: 2 ** 20,
  /** Problems that are reported one by one. */
  problems: 100,
} as const;
