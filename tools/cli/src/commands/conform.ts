import { fileURLToPath, pathToFileURL } from 'node:url';
import { join, resolve } from 'node:path';
import type * as Kit from '@sluice/conformance';
import { Registry } from '@sluice/core';
import type { Mask } from '@sluice/core';
import { moduleResolve } from 'import-meta-resolve';
import { cliError } from '../codes.ts';
import { JSON_OPTION, usage } from '../command.ts';
import type { Command, Invocation } from '../command.ts';
import { conformPage } from '../conform/page.ts';
import type { Tried } from '../conform/tried.ts';
import { writeBytes } from '../files.ts';
import { loadModule } from '../load-module.ts';
import { CONDITIONS, link, noPlugin } from '../plugins.ts';
import { findPackage } from '../project.ts';
import type { Terminal } from '../terminal.ts';

export const conform: Command = {
  name: 'conform',
  summary: 'Run the conformance suites on the backends of a plugin.',
  positionals: [{ name: 'plugin', summary: 'A package that is installed here, or a file that exports a plugin.' }],
  options: [
    { name: 'backend', value: 'id', summary: 'Only this one of the backends that the plugin registers.' },
    { name: 'mask', value: 'a,b', multiple: true, summary: 'Ops and types to switch off, and limits to lower, such as arith.fma,f16,buffers=8.' },
    { name: 'only', value: 'text', summary: 'Only cases whose `<suite>/<case>` contains the text.' },
    { name: 'exact', summary: 'Floats have to be those of the reference, bit for bit, not only within the accuracy of each op.' },
    { name: 'report', value: 'path', multiple: true, summary: 'Write the report to a file: .json for programs, .html for people.' },
    JSON_OPTION,
  ],
  notes: [
    'The suites come with @sluice/conformance, which has to be installed here too. What a capability cell of the backend rules out is skipped with the reason of the cell, and everything else has to pass. Names of random programs have their seed.',
    'The exit status is 0 if every backend could be tried and no case failed. A backend that cannot run here is not tried, with its reason: nothing is known of it, and the exit status is 1.',
  ],
  examples: ['sluice conform @sluice/cpu-ref --exact', 'sluice conform ./my-backend.ts --only ops/edges --report report.html'],

  async run(invocation, terminal) {
    const name = invocation.positionals[0] ?? '';
    const reports = invocation.texts('report');
    const odd = reports.find((path) => !/\.(json|html)$/.test(path));
    if (odd !== undefined) throw usage(conform, `--report ${odd}: its name ends neither in .json nor in .html`);
    const mask = maskOf(invocation);
    const { plugin, version, backends } = await backendsOf(name, one(invocation, 'backend'), terminal.cwd);
    const kit = await kitFrom(terminal.cwd);
    const tried: Tried[] = [];
    for (const id of backends) tried.push(await tryBackend(kit, id, mask, invocation, terminal));
    const ok = tried.every((t) => t.report?.ok === true);
    const report = { ok, plugin, version, node: process.version, platform: `${process.platform} ${process.arch}`, backends: tried.map(asJson) };
    for (const path of reports) await writeBytes(resolve(terminal.cwd, path), path.endsWith('.json') ? `${JSON.stringify(report, undefined, 2)}\n` : conformPage(report));
    if (invocation.flag('json')) terminal.printJson(report);
    else for (const t of tried) terminal.print(t.report === undefined ? `${t.backend}: not tried: ${t.unavailable}` : kit.renderReport(t.report).trimEnd());
    return ok ? 0 : 1;
  },
};

function asJson({ backend, device, unavailable, mask, report }: Tried) {
  const outcomes = report?.backends.flatMap((b) => b.outcomes) ?? [];
  return { backend, device: device ?? null, unavailable: unavailable ?? null, mask, cases: outcomes.map((o) => ({ case: `${o.suite}/${o.case}`, verdict: o.verdict, reason: o.reason ?? null, seconds: o.seconds })) };
}

async function tryBackend(kit: typeof Kit, id: string, mask: Mask, invocation: Invocation, terminal: Terminal): Promise<Tried> {
  const probe = await Registry.default.backends.get(id)?.probe();
  if (probe?.available !== true) return { backend: id, unavailable: probe?.reason ?? 'it is not registered', mask };
  const underTest = kit.registered(Registry.default, id, { mask, exact: invocation.flag('exact') });
  const only = one(invocation, 'only');
  let done = 0;
  const report = await kit.runConformance([underTest], { ...(only === undefined ? {} : { only }), onOutcome: (_, o) => terminal.status?.(`${id}: ${++done} cases, ${o.suite}/${o.case}`) });
  terminal.status?.('');
  // A list of cases that none is of would prove nothing.
  if (report.backends.every((b) => b.outcomes.length === 0)) throw usage(conform, `no case of ${id} contains \`${only ?? ''}\``);
  return { backend: id, device: probe.description, mask, report };
}

/** Links the plugin, and says which backends came with it. */
async function backendsOf(name: string, asked: string | undefined, cwd: string) {
  const before = new Set(Registry.default.backends.keys());
  const linked = await link(name, { folder: cwd, cwd });
  if (linked.state === 'failed') throw linked.error;
  if (linked.state === 'missing') throw noPlugin(linked.name, cwd);
  const [rejected] = Registry.default.rejected;
  if (rejected !== undefined) throw rejected.error;
  const own = [...Registry.default.backends.keys()].filter((id) => !before.has(id));
  const backends = own.filter((id) => asked === undefined || id === asked);
  if (backends.length === 0) throw cliError('cli/no-backend', `plugin \`${linked.name}\` registers no backend${asked === undefined ? '' : ` \`${asked}\``}`, 'name a plugin that has one', { available: own });
  return { plugin: linked.name, version: linked.version ?? null, backends };
}

/** The kit as a module of the folder would find it: the version that its author develops against. */
async function kitFrom(cwd: string): Promise<typeof Kit> {
  const found = findPackage('@sluice/conformance', cwd);
  if (found === undefined) throw cliError('cli/no-kit', `@sluice/conformance is not installed; looked for from \`${cwd}\``, 'it is not published: pack the folder packages/conformance of the Sluice workspace, and that of plugins/cpu-ref, and add the tarballs to the project');
  const entry = moduleResolve('@sluice/conformance', pathToFileURL(join(cwd, 'package.json')), CONDITIONS);
  return (await loadModule(fileURLToPath(entry))) as unknown as typeof Kit;
}

const LIMITS: readonly (keyof NonNullable<Mask['limits']>)[] = ['buffers', 'workgroupInvocations', 'workgroupBytes', 'handleBytes'];

function maskOf(invocation: Invocation): Mask {
  const names = invocation.names('mask') ?? [];
  const limits = names.filter((n) => n.includes('=')).map((text) => {
    const [name = '', most = ''] = text.split('=');
    const limit = LIMITS.find((l) => l === name);
    if (limit === undefined || !/^\d+$/.test(most)) throw usage(conform, `--mask ${text}: it is no limit with a number; limits are ${LIMITS.join(', ')}`);
    return [limit, Number(most)] as const;
  });
  const cells = names.filter((n) => !n.includes('='));
  return { ops: cells.filter((n) => n.includes('.')), types: cells.filter((n) => !n.includes('.')), limits: Object.fromEntries(limits) };
}

function one(invocation: Invocation, option: string): string | undefined {
  const [text, more] = invocation.texts(option);
  if (more !== undefined) throw usage(conform, `more than one --${option} is given`);
  return text;
}
