import type { ConformanceReport, Outcome, Verdict } from './run.ts';
import { isFine } from './run.ts';

const ORDER: readonly Verdict[] = ['passed', 'failed', 'unexpected-pass', 'expected-failure', 'unsupported'];

/** A report for people: counts for each backend, then what is wrong, then what is left out and why. */
export function renderReport(report: ConformanceReport): string {
  const parts = report.backends.map(({ backend, outcomes, stale }) => {
    const counts = ORDER.map((v) => [v, outcomes.filter((o) => o.verdict === v).length] as const).filter(([, n]) => n > 0);
    const lines = [`${backend}: ${counts.map(([v, n]) => `${n} ${v}`).join(', ') || 'no suite matches'}`];
    for (const o of outcomes.filter((o) => !isFine(o))) lines.push(`  ${o.verdict}: ${nameOf(o)}\n    ${(o.reason ?? '').replaceAll('\n', '\n    ')}`);
    for (const e of stale) lines.push(`  out of date: \`${e.case}\` covers no case (${e.reason})`);
    for (const [reason, list] of byReason(outcomes)) lines.push(`  ${reason}: ${list.length === 1 ? nameOf(list[0] as Outcome) : `${list.length} cases`}`);
    return lines.join('\n');
  });
  return `${parts.join('\n')}\n${report.ok ? 'conforms' : 'does not conform'}\n`;
}

function nameOf(o: Outcome): string {
  return `${o.suite}/${o.case}`;
}

function byReason(outcomes: readonly Outcome[]): readonly (readonly [string, readonly Outcome[]])[] {
  const reasons = new Map<string, Outcome[]>();
  for (const o of outcomes) {
    if (o.verdict !== 'unsupported' && o.verdict !== 'expected-failure') continue;
    const key = `${o.verdict}, ${o.reason ?? ''}`;
    reasons.set(key, [...(reasons.get(key) ?? []), o]);
  }
  return [...reasons];
}
