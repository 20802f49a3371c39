// Prints what the probe says: for processes with another environment.
import { Registry } from '@sluice/core';
import { plugin } from '../src/plugin.ts';

console.log(JSON.stringify(await new Registry().with(plugin).backends.get('wgsl')?.probe()));
