import type { RuntimeValue } from '@sluice/core';
import type { BufferRef, View } from './memory.ts';
import type { Interval } from './interval.ts';

/** What a register holds: a value, an interval in place of a float that is not known exactly, or arrays of these. */
export type Known = RuntimeValue | Interval | readonly Known[];
/** What an SSA value of the interpreter is: a kernel sees buffers, a program handles. */
export type Value = Known | BufferRef | View;
