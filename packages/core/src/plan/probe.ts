import { inWords } from '../diagnostics/in-words.ts';
import { parseType } from '../ir/types.ts';
import type { Backend, Probe } from '../registry/backend.ts';
import type { How } from '../registry/capabilities.ts';
import { isRecord, misshapen } from '../registry/shape.ts';

/** A probe never throws by contract, and gives data; a backend whose probe does not is unavailable, and says so. */
export async function probed(backend: Backend): Promise<Probe> {
  try {
    const probe = await backend.probe();
    const fault = probeFault(probe);
    return fault === undefined ? probe : atFault(`its probe gave ${fault}`);
  } catch (cause) {
    return atFault(`its probe threw: ${cause instanceof Error ? cause.message : String(cause)}`);
  }
}

function atFault(reason: string): Probe {
  return { available: false, reason, fix: 'report it to the author of the backend' };
}

function probeFault(probe: unknown): string | undefined {
  if (!isRecord(probe)) return inWords(probe);
  if (probe['available'] === false) return misshapen(probe, { reason: 'string', fix: 'string' });
  if (probe['available'] !== true) return `an object whose \`available\` is ${inWords(probe['available'])}`;
  return misshapen(probe, { description: 'string', capabilities: 'object' }) ?? capabilitiesFault(probe['capabilities'] as object);
}

const HOWS: Readonly<Record<How, true>> = { native: true, emulated: true, copied: true, unavailable: true };

function capabilitiesFault(capabilities: object): string | undefined {
  const fault = misshapen(capabilities, { default: 'object', ops: 'object', types: 'object', limits: 'object', spaces: 'object', floats: 'object' });
  if (fault !== undefined) return `capabilities that are ${fault}`;
  const { default: rest, ops, types, limits, spaces } = capabilities as Readonly<Record<string, object>>;
  if (!isCell(rest)) return 'capabilities whose `default` is no cell';
  const op = oddEntry(ops, (entry) => isCell(entry) || (isRecord(entry) && !('how' in entry) && oddEntry(entry, isCell) === undefined));
  if (op !== undefined) return `capabilities with no cell for \`${op}\``;
  const type = oddEntry(types, isCell);
  if (type !== undefined) return `capabilities with no cell for \`${type}\``;
  // One with a dot is of a plugin, which need not be there.
  const unknown = Object.keys(types ?? {}).find((spelling) => !spelling.includes('.') && !isType(spelling));
  if (unknown !== undefined) return `capabilities with a cell for \`${unknown}\`, which is no type`;
  const limit = oddEntry(limits, (most) => most === undefined || (typeof most === 'number' && most >= 0));
  if (limit !== undefined) return `capabilities whose limit \`${limit}\` is no number`;
  return Array.isArray(spaces) && spaces.every((s) => typeof s === 'string') ? undefined : 'capabilities whose `spaces` are no list of ids';
}

function isType(spelling: string): boolean {
  try {
    return parseType(spelling) !== undefined;
  } catch {
    return false;
  }
}

function isCell(value: unknown): boolean {
  return isRecord(value) && typeof value['how'] === 'string' && Object.hasOwn(HOWS, value['how']);
}

/** The first entry that is not as it should be. */
function oddEntry(record: object | undefined, fits: (value: unknown) => boolean): string | undefined {
  return Object.entries(record ?? {}).find(([, value]) => !fits(value))?.[0];
}
