import { cpus, release, totalmem, type } from 'node:os';
import type { Row } from './suite.ts';

/** Where the figures were taken. */
export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGiB: number;
  readonly os: string;
  readonly node: string;
}

export interface Report {
  readonly suite: string;
  readonly machine: Machine;
  readonly rows: readonly Row[];
}

export function thisMachine(): Machine {
  const all = cpus();
  return {
    cpu: all[0]?.model.trim() || 'unknown',
    cores: all.length,
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    os: `${type()} ${release()} ${process.arch}`,
    node: process.version,
  };
}

/** The report for people. */
export function textOf({ suite, machine, rows }: Report): string {
  const { cpu, cores, memoryGiB, os, node } = machine;
  const titles = ['row', 'value', 'unit', 'spread', 'peer', 'ratio', 'cpu ratio', 'goal', 'met'];
  const cells = rows.map((r) => [
    r.name, figure(r.value), r.unit, r.spread.map(figure).join(' .. '),
    r.peer === null ? '-' : `${figure(r.peerValue)} ${r.peer}`, figure(r.ratio), figure(r.cpuRatio),
    r.goal ?? '-', r.met === null ? '-' : r.met ? 'yes' : 'NO',
  ]);
  const widths = titles.map((title, i) => Math.max(title.length, ...cells.map((row) => row[i]?.length ?? 0)));
  const lines = [titles, ...cells].map((row) => row.map((cell, i) => cell.padEnd(widths[i] ?? 0)).join('  ').trimEnd());
  const notes = rows.flatMap((r) => (r.note === undefined ? [] : [`${r.name}: ${r.note}`]));
  return [`suite ${suite} on ${cores} x ${cpu}, ${memoryGiB} GiB, ${os}, Node ${node}`, '', ...lines, '', ...notes, ...(notes.length > 0 ? [''] : []), LEGEND].join('\n');
}

const LEGEND = 'Medians of interleaved samples; spread: first and third quartile; ratio: value over the peer\'s; cpu ratio: CPU seconds over the peer\'s.';

const UNITS = [[1e9, 'G'], [1e6, 'M'], [1e3, 'k']] as const;

/** Three digits that mean something. */
function figure(x: number | null): string {
  if (x === null) return '-';
  const [size, letter] = UNITS.find(([least]) => Math.abs(x) >= least) ?? [1, ''];
  return `${Number((x / size).toPrecision(3))}${letter}`;
}
