import type { SpaceTransfer } from '../registry/backend.ts';
import type { Registry } from '../registry/registry.ts';

/**
 * The space of memory that the CPU and a device's own copies reach, through which the session's bytes get into `space`, or out
 * of it: `host`, with a copy by the CPU, where there is none.
 */
export function stagingSpace(registry: Registry, space: string, direction: 'in' | 'out'): string {
  const ends = (t: SpaceTransfer) => (direction === 'in' ? [t.to, t.from] : [t.from, t.to]);
  const window = registry.transfers.find((t) => {
    const [at, other] = ends(t);
    return t.how === 'device' && at === space && registry.spaces.get(other ?? '')?.addressable === true;
  });
  return window === undefined ? 'host' : (ends(window)[1] ?? 'host');
}
