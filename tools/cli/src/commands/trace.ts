import { stat } from 'node:fs/promises';
import { basename, resolve } from 'node:path';
import { JSON_OPTION, usage } from '../command.ts';
import type { Command } from '../command.ts';
import { readText, writeBytes } from '../files.ts';
import { drawTimeline } from '../timeline/draw.ts';
import { MOST_BYTES, noTrace, readTrace } from '../timeline/read-trace.ts';

export const trace: Command = {
  name: 'trace',
  summary: 'Draw the trace of a run as a picture.',
  positionals: [{ name: 'trace', summary: 'A file that `sluice run --trace` wrote, or another one in the trace-event format of Perfetto and Chrome.' }],
  options: [{ name: 'out', short: 'o', value: 'path', summary: 'Write the SVG to a file in place of standard output.' }, JSON_OPTION],
  notes: ['A row for each track: what overlaps in time lies above each other. What is too short to be seen is drawn with its neighbours; a trace is best explored at ui.perfetto.dev.'],
  examples: ['sluice trace copy.json -o copy.svg'],

  async run(invocation, terminal) {
    const [out, more] = invocation.texts('out');
    if (more !== undefined) throw usage(trace, 'more than one --out is given');
    const json = invocation.flag('json');
    if (json && out === undefined) throw usage(trace, '--json needs --out: both would be standard output');
    const path = resolve(terminal.cwd, invocation.positionals[0] ?? '');
    // A file that is not there is told of by the one who reads it.
    const { size } = await stat(path).catch(() => ({ size: 0 }));
    if (size > MOST_BYTES) throw noTrace(`it has ${size} bytes, and at most ${MOST_BYTES} are accepted`);
    const stages = readTrace(await readText(path));
    const svg = drawTimeline(stages, basename(path));
    if (out === undefined) {
      terminal.print(svg.trimEnd());
      return 0;
    }
    await writeBytes(resolve(terminal.cwd, out), svg);
    const tracks = stages.flatMap((s) => s.tracks);
    if (json) terminal.printJson({ ok: true, out, stages: stages.map((s) => s.name), tracks: tracks.length, slices: tracks.reduce((sum, t) => sum + t.slices.length, 0) });
    return 0;
  },
};
