import { Registry } from '@sluice/core';
import type { Placement } from '@sluice/core';

/** A backend that was asked for, and what became of its plugin. */
export interface Asked {
  readonly id: string;
  /** Why it cannot serve; undefined where its plugin is imported. */
  readonly absent: string | undefined;
}

/** Imports the plugin of each backend, `@sluice/<id>`, as far as they are installed. */
export async function importPlugins(ids: readonly string[]): Promise<readonly Asked[]> {
  const asked: Asked[] = [];
  for (const id of ids) asked.push({ id, absent: await importPlugin(id) });
  return asked;
}

async function importPlugin(id: string): Promise<string | undefined> {
  const name = `@sluice/${id}`;
  try {
    await import(name);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    return code === 'ERR_MODULE_NOT_FOUND' && message.includes(`'${name}'`) ? 'not installed' : `its plugin cannot be imported: ${message}`;
  }
  return Registry.default.backends.has(id) ? undefined : `${name} registers no backend of that name`;
}

/** One line for each backend: whether it serves, and why or why not. */
export function explain(asked: readonly Asked[], placement: Placement): readonly string[] {
  const width = Math.max(...asked.map(({ id }) => id.length));
  return asked.map(({ id, absent }) => {
    const used = placement.backends.find((b) => b.id === id);
    const passed = placement.passedOver.find((p) => p.backend === id);
    const why = absent ?? (used !== undefined ? `serves ${used.role}: ${used.description}` : (passed?.reason ?? 'not needed: another one stands before it'));
    return `${id.padEnd(width)}  ${why}`;
  });
}
