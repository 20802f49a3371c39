/** What `make` gives, made when it is first asked for: tracing programs takes milliseconds, which nobody pays who only imports this. */
export function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined;
  return () => (made ??= { value: make() }).value;
}
