import { Registry } from '@sluice/core';
import manifest from '../../package.json' with { type: 'json' };
import { JSON_OPTION, PLUGIN_OPTION } from '../command.ts';
import type { Command } from '../command.ts';
import { diagnose, reasonOf } from '../doctor/diagnosis.ts';
import type { Diagnosis } from '../doctor/diagnosis.ts';
import { runsKernels } from '../doctor/trial.ts';
import { linkAvailable } from '../plugins.ts';
import type { Terminal } from '../terminal.ts';

export const doctor: Command = {
  name: 'doctor',
  summary: 'Find out what can run on this machine, by running it.',
  positionals: [],
  options: [PLUGIN_OPTION, JSON_OPTION],
  notes: [
    'Looked at are the known plugins and those of the project in the current folder. Each backend that can run here runs a small program, whose results are compared with plain JavaScript.',
    'The exit status is 0 if a backend of each kind, compute and storage, passed and nothing that is imported fails. A plugin that is not installed, or says that it cannot run here, is no failure.',
  ],
  examples: ['sluice doctor', 'sluice doctor --plugin io-uring --json'],

  async run(invocation, terminal) {
    const linked = await linkAvailable(invocation.names('plugin'), terminal.cwd);
    const found = await diagnose(linked, Registry.default);
    const ok = verdict(found, invocation.names('plugin') === undefined);
    if (invocation.flag('json')) terminal.printJson({ ok, plugins: found.map(asJson) });
    else report(found, ok, terminal);
    return ok ? 0 : 1;
  },
};

function asJson({ name, version, available, reason, own, fix, verified }: Diagnosis) {
  return { name, version, available, reason: own ? `${reason} (comes with sluice; not installed in this folder)` : reason, fix, verified };
}

/** Nothing fails; and, where the command line does not choose, something computes and something stores. */
function verdict(found: readonly Diagnosis[], whole: boolean): boolean {
  const sound = found.every((d) => d.error === undefined);
  return sound && (whole ? proven(found, 'compute').length > 0 && proven(found, 'storage').length > 0 : found.every((d) => d.available));
}

function proven(found: readonly Diagnosis[], role: 'compute' | 'storage'): readonly string[] {
  return found.flatMap((d) => d.backends).filter((b) => b.role === role && b.proof !== undefined && (role === 'storage' || runsKernels(b.probe))).map((b) => b.id);
}

function report(found: readonly Diagnosis[], ok: boolean, terminal: Terminal): void {
  terminal.print(`sluice ${manifest.version}, Node ${process.version}, ${process.platform} ${process.arch}\n`);
  for (const d of found) {
    const state = d.untried ? '?' : d.error !== undefined ? 'FAILED' : d.verified ? 'ok' : '-';
    terminal.print(`${state.padEnd(6)}  ${d.name}${d.version === null ? '' : ` ${d.version}`}${d.own ? ' (comes with sluice; not installed in this folder)' : ''}`);
    for (const line of d.backends.length === 0 ? [d.reason] : d.backends.map(reasonOf)) terminal.print(`        ${line}`);
    if (d.fix !== null) terminal.print(`        fix: ${d.fix}`);
  }
  const list = (role: 'compute' | 'storage') => proven(found, role).join(', ') || 'nothing';
  terminal.print(`\n${ok ? 'ok' : 'not ok'}: compute on ${list('compute')}; storage on ${list('storage')}`);
  for (const { error } of found) if (error !== undefined) terminal.fail(error, false);
}
