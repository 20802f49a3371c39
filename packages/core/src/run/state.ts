import type { Registry } from '../registry/registry.ts';
import type { Allocator, Device, SpaceTransfer } from '../registry/backend.ts';
import type { MemoryBudget } from './budget.ts';
import type { Controllers } from './controllers.ts';
import type { FileOrder } from './order.ts';
import type { Timeline } from './trace/timeline.ts';
import type { Turns } from './turns.ts';

/** What the runs of one session share. */
export interface SessionState {
  readonly registry: Registry;
  readonly budget: MemoryBudget;
  readonly turns: Turns;
  readonly controllers: Controllers;
  readonly window: number;
  readonly durability: 'run' | 'op' | 'none';
  /** Where runs tell what they do, unless they are given another. */
  readonly timeline: Timeline | undefined;
  allocator(space: string): Allocator;
  /** The order of effects on one file, by its identity. */
  fileOrder(identity: string): FileOrder;
  /** An open device. */
  device(backend: string): Device | undefined;
  spaceTransfer(from: string, to: string): SpaceTransfer | undefined;
  /** Work that closing the session waits for. */
  track<T>(work: Promise<T>): Promise<T>;
}
