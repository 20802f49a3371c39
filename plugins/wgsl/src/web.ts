import { registerPlugin } from '@sluice/core';
import { plugin } from './web-plugin.ts';

// Importing this entry is what registers the plugin; './web/plugin' only exports the value.
registerPlugin(plugin);

export { plugin };
