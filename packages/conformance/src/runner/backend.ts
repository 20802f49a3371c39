import { masked } from '@sluice/core';
import type { Capabilities, Mask, Registry } from '@sluice/core';
import type { Bench, Suite } from './suite.ts';

/** Cases that do not count, and why: `case` is `<suite>/<case>`, or the start of it with a `*` at its end. */
export interface Exception {
  readonly case: string;
  readonly reason: string;
}

/** A backend in one configuration. */
export interface BackendUnderTest {
  /** With the mask, such as `cpu-ref without f16`. */
  readonly name: string;
  /** Suites run whose tags are all among these: `compute`, `storage`, … */
  readonly tags: readonly string[];
  /** Cells to switch off: effective = detected and allowed. */
  readonly mask?: Mask;
  open(options: { readonly mask: Mask }): Promise<OpenBackend>;
  /** For good: these cases are not run. */
  readonly unsupported?: readonly Exception[];
  /** For now: these cases are run and have to fail. One that passes fails the run, so that the list stays true. */
  readonly expectedFailures?: readonly Exception[];
}

export interface OpenBackend extends Omit<Bench, 'backend'> {
  close(): Promise<void>;
}

export function matches(suite: Suite, backend: BackendUnderTest): boolean {
  return suite.tags.every((tag) => backend.tags.includes(tag));
}

/** The exception of a list that covers a case. */
export function exceptionFor(list: readonly Exception[] | undefined, id: string): Exception | undefined {
  return list?.find((e) => covers(e, id));
}

export function covers(exception: Exception, id: string): boolean {
  return exception.case.endsWith('*') ? id.startsWith(exception.case.slice(0, -1)) : id === exception.case;
}

/**
 * What a registered backend can do here under a mask.
 * @throws RangeError with its own reason where it is unavailable
 */
export async function effective(registry: Registry, id: string, mask: Mask): Promise<Capabilities> {
  const backend = registry.backends.get(id);
  if (backend === undefined) throw new RangeError(`no backend ${id} is registered`);
  const probe = await backend.probe();
  if (!probe.available) throw new RangeError(`${id} is unavailable: ${probe.reason}`);
  return masked(probe.capabilities, mask);
}
