import { registerPlugin } from '@sluice/core';
import { plugin } from './plugin.js';

registerPlugin(plugin);

export { acme, plugin } from './plugin.js';
