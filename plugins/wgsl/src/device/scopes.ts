const FILTERS = ['validation', 'out-of-memory', 'internal'] as const;

/** Runs `work`, and gives its result with the first error that WebGPU reports of it. */
export function scoped<T>(device: GPUDevice, work: () => T): { readonly result: T; readonly error: Promise<GPUError | undefined> } {
  for (const filter of FILTERS) device.pushErrorScope(filter);
  let result: T;
  let scopes: Promise<GPUError | null>[] = [];
  try {
    result = work();
  } finally {
    scopes = FILTERS.map(() => device.popErrorScope());
  }
  // A device that is lost or destroyed answers for no scope: its loss is told elsewhere.
  const error = Promise.all(scopes).then((errors) => errors.find((e) => e !== null) ?? undefined, () => undefined);
  return { result, error };
}
