// Whose memory it fills: the spaces, and the copies between them, are registered there.
import '@sluice/cuda';
import { registerPlugin } from '@sluice/core';
import { plugin } from './plugin.ts';

// Importing this entry is what registers the plugin; './plugin' only exports the value.
registerPlugin(plugin);

export { plugin };
