import '@sluice/wgsl';
import '@sluice/wgsl/web';
import { Registry, isSluiceError, session } from '@sluice/core';
import type { Report } from '@sluice/core';
import { lowerProgram } from '@sluice/wgsl/lower';
import { chart } from './chart.ts';
import { histogram } from './program.ts';

const part = (id: string) => document.querySelector<HTMLElement>(`#${id}`) as HTMLElement;
const drop = part('drop');
const chooser = document.querySelector<HTMLInputElement>('#file') as HTMLInputElement;

// What the GPU gets, which needs no GPU to know.
part('wgsl').textContent = lowerProgram(histogram, { registry: Registry.default, features: { f16: false, subgroups: false }, unguarded: false }).map(({ lowered }) => lowered.code).join('\n');

chooser.addEventListener('change', () => {
  const [file] = chooser.files ?? [];
  if (file !== undefined) void show(file);
});
for (const name of ['dragenter', 'dragover', 'dragleave', 'drop'] as const) {
  drop.addEventListener(name, (event) => {
    event.preventDefault();
    drop.classList.toggle('over', name === 'dragenter' || name === 'dragover');
    const file = name === 'drop' ? event.dataTransfer?.files[0] : undefined;
    if (file !== undefined) void show(file);
  });
}

let current: AbortController | undefined;

/** Counts a file and shows what came out; a file that comes while another one is counted takes its place. */
async function show(file: File): Promise<void> {
  current?.abort(new Error('another file came'));
  const { signal } = (current = new AbortController());
  part('error').hidden = true;
  part('result').hidden = true;
  part('status').textContent = `Counting ${file.name} …`;
  try {
    const { bins, report } = await counted(file, signal);
    showResult(file, bins, report);
    part('status').textContent = '';
  } catch (error) {
    if (signal.aborted) return;
    part('status').textContent = '';
    showError(error);
  }
}

async function counted(file: File, signal: AbortSignal): Promise<{ readonly bins: readonly number[]; readonly report: Report }> {
  await using s = await session({ backends: ['web', 'wgsl'], signal });
  const executable = await s.compile(histogram, { signal });
  const input = await s.grant(file, { signal });
  const onProgress = ({ done }: { readonly done: bigint }) => {
    if (!signal.aborted) part('status').textContent = `Counting ${file.name}: ${bytes(Number(done))} of ${bytes(file.size)}`;
  };
  const { results, report } = await executable.run({ input }, { signal, onProgress });
  const total = new BigUint64Array((await results.total.read()).buffer);
  return { bins: Array.from(total, Number), report };
}

function showResult(file: File, bins: readonly number[], report: Report): void {
  const different = bins.filter((n) => n > 0).length;
  part('facts').replaceChildren(...[
    ['File', file.name], ['Size', bytes(file.size)], ['Different bytes', String(different)],
    ['Time', `${(report.seconds * 1000).toFixed(0)} ms`], ['Throughput', `${bytes(file.size / report.seconds)}/s`],
    ['Copied by the CPU', bytes(Number(report.bytes.bounced))],
  ].map(([name, value]) => element('div', element('dt', name ?? ''), element('dd', value ?? ''))));
  part('chart').replaceChildren(chart(bins));
  const { ops } = report.placement;
  part('placement').replaceChildren(
    row('th', 'step', 'backend', 'how', 'through', 'why'),
    ...ops.filter((o) => o.backend !== 'session').map((o) => row('td', o.op, o.backend, o.how, o.path?.spaces.join(' > ') ?? '', o.reason ?? '')),
  );
  part('result').hidden = false;
}

/** What a person needs of a failure: what happened, what to do, and each problem behind it. */
function showError(error: unknown): void {
  const box = part('error');
  const problems = isSluiceError(error) ? [error, ...error.problems.filter((p) => p !== error)] : [];
  box.replaceChildren(...(problems.length === 0
    ? [element('p', error instanceof Error ? error.message : String(error))]
    : problems.map(({ code, message, fix }) => element('div', element('code', code), element('p', message), element('p', `What to do: ${fix}`)))));
  box.hidden = false;
}

function bytes(count: number): string {
  const units = ['bytes', 'KB', 'MB', 'GB', 'TB'];
  const at = count < 1000 ? 0 : Math.min(units.length - 1, Math.floor(Math.log10(count) / 3));
  return `${(count / 1000 ** at).toLocaleString('en', { maximumFractionDigits: at === 0 ? 0 : 1 })} ${units[at]}`;
}

function row(cell: 'th' | 'td', ...texts: readonly string[]): HTMLElement {
  return element('tr', ...texts.map((text) => element(cell, text)));
}

function element(tag: string, ...children: readonly (Node | string)[]): HTMLElement {
  const made = document.createElement(tag);
  made.append(...children);
  return made;
}
