/**
 * The one piece of process-wide state that core has: a slot on `globalThis`, so that two copies of core
 * in one process (two versions in a dependency tree, source and bundle) share types, the default registry
 * and the ambient trace, or say that they cannot.
 */

/** The plugin and data contract of this core. Two copies share a process only if it is equal. */
export const API_VERSION = 1;

export interface GlobalSlot {
  readonly api: number;
  /** Rooms of the slot, each created by the module that owns it. */
  readonly rooms: Map<string, unknown>;
}

const KEY = Symbol.for('sluice.core');

function slot(): GlobalSlot {
  const holder = globalThis as { [KEY]?: GlobalSlot };
  const found = holder[KEY];
  if (found !== undefined) return found;
  const made: GlobalSlot = { api: API_VERSION, rooms: new Map() };
  Object.defineProperty(holder, KEY, { value: made, enumerable: false, configurable: true });
  return made;
}

/** The api of the copy of core that created the slot; it differs from ours when two unequal copies meet. */
export function residentApi(): number {
  return slot().api;
}

/**
 * The shared state called `name`, made by the first copy that asks. A copy of another api gets a state of
 * its own: it can build and verify, and registering a plugin with it is `registry/api-mismatch`.
 */
export function shared<T>(name: string, make: () => T): T {
  const { api, rooms } = slot();
  const key = api === API_VERSION ? name : `${name}@${API_VERSION}`;
  if (!rooms.has(key)) rooms.set(key, make());
  return rooms.get(key) as T;
}
