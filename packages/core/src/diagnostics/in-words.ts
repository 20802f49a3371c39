/** What a value is, for a message about one that was not expected. */
export function inWords(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  if (Array.isArray(value)) return 'an array';
  if (value instanceof Promise) return 'a promise';
  if (typeof value === 'object') return '~grant' in value ? 'a grant' : '~buffer' in value ? 'a device buffer' : 'an object';
  if (typeof value === 'function') return 'a function';
  return `${typeof value === 'string' ? JSON.stringify(value) : String(value)} (${typeof value})`;
}
