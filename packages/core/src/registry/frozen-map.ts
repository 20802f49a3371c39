/** A map that cannot be changed: of `ReadonlyMap` only TypeScript knows, and a snapshot is shared by everyone. */
export function frozenMap<K, V>(entries: Iterable<readonly [K, V]>): ReadonlyMap<K, V> {
  const map = new Map(entries);
  const refuse = (): never => {
    throw new TypeError('a registry is an immutable snapshot: `with` gives another one');
  };
  return Object.freeze(Object.assign(map, { set: refuse, delete: refuse, clear: refuse }));
}
