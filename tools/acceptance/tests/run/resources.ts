import { readdirSync, readlinkSync } from 'node:fs';
import type { Session } from '@sluice/core';
import { expect } from 'vitest';
import { memoryUsed, settled } from './sessions.ts';

export interface Resources {
  /** What the open descriptors lead to; empty where the system does not tell. */
  readonly files: readonly string[];
  readonly threads: number;
  readonly memory: number;
}

/** What the process and the session hold, after everything has settled. */
export async function resources(s: Session): Promise<Resources> {
  await settled();
  return { files: descriptors(), threads: count('/proc/self/task'), memory: memoryUsed(s) };
}

/** Runs `work`, which must leave descriptors, threads and memory as they were. */
export async function leaksNothing(s: Session, work: () => Promise<void>): Promise<void> {
  await warmUp();
  const before = await resources(s);
  await work();
  expect(await resources(s)).toEqual(before);
}

/** Has Node start its thread pool: it does so with the first calls that need it. */
async function warmUp(): Promise<void> {
  const { stat } = await import('node:fs/promises');
  await Promise.all(Array.from({ length: 8 }, () => stat('/')));
}

function descriptors(): readonly string[] {
  try {
    return readdirSync('/proc/self/fd').flatMap((fd) => {
      try {
        return [readlinkSync(`/proc/self/fd/${fd}`)];
      } catch {
        return []; // the descriptor with which the folder was read
      }
    }).sort();
  } catch {
    return [];
  }
}

function count(path: string): number {
  try {
    return readdirSync(path).length;
  } catch {
    return 0;
  }
}
