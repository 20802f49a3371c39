
/** A value that JSON can hold. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

/**
 * `error` as data that JSON can hold, whatever was thrown: bigints are decimal strings, causes are errors in the same
 * form. An error of another class has `code` where it has one, and no family.
 */
export function errorToJson(error: unknown): { readonly [key: string]: Json } {
  return errorIn(error, new Set());
}

/** `value` as JSON holds it: bigints as decimal strings, functions and undefined left out, a cycle as `"[circular]"`. */
export function toJson(value: unknown): Json {
  return jsonIn(value, new Set()) ?? null;
}

type Seen = Set<unknown>;

function errorIn(error: unknown, seen: Seen): { readonly [key: string]: Json } {
  if (!(error instanceof Error)) return { name: 'thrown', message: String(error) };
  const { name, message, cause } = error;
  const code = (error as { readonly code?: unknown }).code;
  const { '~sluice': brand, family, fix, where, available, details, problems } = error as Error & Partial<Record<string, unknown>>;
  const facts = brand === 'error'
    ? { code, family, message, fix, where, available, details, problems, cause }
    : { name, code: typeof code === 'string' ? code : undefined, message, problems: error instanceof AggregateError ? error.errors : undefined, cause };
  seen.add(error);
  const json = record(facts, seen);
  seen.delete(error);
  return json;
}

function jsonIn(value: unknown, seen: Seen): Json | undefined {
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return value;
    case 'number':
      return Number.isFinite(value) ? value : String(value);
    case 'bigint':
      return String(value);
    case 'object':
      break;
    default:
      return undefined;
  }
  if (value === null) return null;
  if (seen.has(value)) return '[circular]';
  if (value instanceof Error) return errorIn(value, seen);
  seen.add(value);
  const json = structure(value, seen);
  seen.delete(value);
  return json;
}

function structure(value: object, seen: Seen): Json {
  const own = (value as { readonly toJSON?: unknown }).toJSON;
  if (typeof own === 'function') return jsonIn(own.call(value), seen) ?? null;
  if (Array.isArray(value)) return value.map((item) => jsonIn(item, seen) ?? null);
  return record(value, seen);
}

function record(value: object, seen: Seen): { readonly [key: string]: Json } {
  const entries = Object.entries(value).map(([key, item]) => [key, jsonIn(item, seen)] as const);
  return Object.fromEntries(entries.filter((entry): entry is readonly [string, Json] => entry[1] !== undefined));
}
