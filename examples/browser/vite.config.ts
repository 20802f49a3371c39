import { defineConfig } from 'vite';

// The packages of this workspace from source, so that the page needs no build of them.
export default defineConfig({ base: './', resolve: { conditions: ['@sluice/source', 'module', 'browser', 'development|production'] } });
