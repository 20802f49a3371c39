import { registered, renderReport, runConformance } from '@sluice/conformance';
import { Registry } from '@sluice/core';
import { BACKEND } from './backend.js';
import { plugin } from './plugin.js';

// Every float that it computes is the reference's own, bit for bit: WebAssembly rounds as JavaScript does.
const report = await runConformance([registered(new Registry().with(plugin), BACKEND, { exact: true })]);
console.log(process.argv.includes('--json') ? JSON.stringify(report) : renderReport(report));
process.exitCode = report.ok ? 0 : 1;
