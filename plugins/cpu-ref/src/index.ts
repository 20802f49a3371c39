import { registerPlugin } from '@sluice/core';
import { plugin } from './plugin.ts';

registerPlugin(plugin);

export { plugin };
