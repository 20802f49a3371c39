import { resolve } from 'node:path';
import { Registry, Timeline, chromeTrace, errorToJson, session, verified } from '@sluice/core';
import type { CacheUse, CompileCache, Executable, Report } from '@sluice/core';
import { diskCache } from '@sluice/fs/cache';
import { argumentsFor } from '../arguments.ts';
import { JSON_OPTION, PLUGIN_OPTION, usage } from '../command.ts';
import type { Command, Invocation } from '../command.ts';
import { writeBytes } from '../files.ts';
import { interruptible } from '../interrupt.ts';
import { PROGRAM, loadLinked, programReference } from '../load-program.ts';
import { emptied, openArguments } from '../open-arguments.ts';
import type { RunArguments } from '../open-arguments.ts';
import { progressLine } from '../progress.ts';
import { bytes, duration, rate } from '../quantities.ts';
import { checkOutputs, outputsFor, resultsOf, resultLines } from '../results.ts';
import type { Terminal } from '../terminal.ts';

export const run: Command = {
  name: 'run',
  summary: 'Run a program on files and numbers.',
  positionals: [PROGRAM],
  options: [
    { name: 'grant', value: 'name=path[:r|w|rw]', multiple: true, summary: 'Grant a file to the parameter `name`, with the rights that it declares unless others are given.' },
    { name: 'arg', value: 'name=value', multiple: true, summary: 'A number, true or false; for a device buffer @ and the path of a file with its bytes.' },
    { name: 'out', value: 'name=path', multiple: true, summary: 'Write the buffer that the program returns as `name` to a file.' },
    { name: 'truncate', summary: 'Empty the files granted with `w` first, once everything is open and fits together; none of them may be read.' },
    { name: 'trace', value: 'path', summary: 'Write what the run did and waited for to a file that Perfetto (ui.perfetto.dev) opens and `sluice trace` draws; also when it fails.' },
    PLUGIN_OPTION,
    { name: 'backend', value: 'a,b', multiple: true, summary: 'The backends that may be used, in order of preference; no other one is. Absent: all that are imported, without the reference.' },
    { name: 'cache', value: 'folder', summary: 'Keep what compiling makes in this folder, which is made if it is missing, and use what is there. See `sluice cache`.' },
    JSON_OPTION,
  ],
  notes: [
    'Rights stand behind the last colon of a grant: any other colon and any `=` belong to the path, and a path that itself ends in `:r` is given as `path:r:r`.',
    'A file granted with `w` is made if it is missing, and keeps what the program does not write unless --truncate is given. With `r` and `rw` it must exist.',
    'Plugins are those among the dependencies in the nearest package.json above the program that have @sluice/core as a peer dependency and an entry ./plugin.',
    'Ctrl-C stops the run; files that it was writing are then incomplete.',
  ],
  examples: ['sluice run copy.ts --grant source=a.bin --grant target=b.bin --backend fs', 'sluice run copy.ts --grant source=a.bin --grant target=b.bin --trace copy.json', 'sluice run sums.ts#total --arg data=@samples.bin --arg scale=0x10 --backend cpu-ref --json'],

  async run(invocation, terminal) {
    const reference = programReference(invocation.positionals[0] ?? '', terminal.cwd);
    const program = verified(await loadLinked(reference, invocation.names('plugin'), terminal.cwd), Registry.default);
    const given = argumentsFor(program, invocation.texts('grant'), invocation.texts('arg'));
    const outputs = outputsFor(program, invocation.texts('out'), terminal.cwd);
    await checkOutputs(outputs, given, terminal.cwd);
    const backends = invocation.names('backend');
    const traced = traceFor(invocation, terminal.cwd);
    const cache = cacheOf(invocation, terminal.cwd);

    return interruptible(async (signal) => {
      const started = performance.now();
      await using open = await session({ ...(backends === undefined ? {} : { backends }), ...(cache === undefined ? {} : { cache }) });
      const executable = await open.compile(program, { signal });
      const compileSeconds = (performance.now() - started) / 1000;
      const opening = { cwd: terminal.cwd, signal };
      const opened = await openArguments(open, given, opening);
      const args = invocation.flag('truncate') ? await emptied(open, executable, given, opened, opening) : opened;
      const { results, report } = await running(executable, args, signal, terminal, traced);
      const shown = await resultsOf(results, outputs);
      if (invocation.flag('json')) terminal.printJson({ ok: true, program: program.name, results: Object.fromEntries(shown), ...reportJson(report, compileSeconds, executable.cache) });
      else terminal.print([String(report.placement), ...resultLines(shown), ...reportLines(report, compileSeconds, executable.cache)].join('\n'));
      return 0;
    });
  },
};

/** Where a run is traced to. */
interface Traced {
  readonly path: string;
  readonly timeline: Timeline;
}

function traceFor(invocation: Invocation, cwd: string): Traced | undefined {
  const [path, more] = invocation.texts('trace');
  if (more !== undefined) throw usage(run, 'more than one --trace is given');
  return path === undefined ? undefined : { path: resolve(cwd, path), timeline: new Timeline() };
}

async function running(executable: Executable, args: RunArguments, signal: AbortSignal, terminal: Terminal, traced: Traced | undefined) {
  const onProgress = progressLine(terminal);
  const options = { signal, trace: traced?.timeline, ...(onProgress === undefined ? {} : { onProgress }) };
  const ran = await executable.run(args, options).then((result) => ({ result }), (error: unknown) => ({ error })).finally(() => terminal.status?.(''));
  if (traced !== undefined) {
    const { path, timeline } = traced;
    await writeBytes(path, JSON.stringify(chromeTrace(timeline)));
    if (timeline.dropped > 0) terminal.note(`the trace has the first ${timeline.events.length} events; ${timeline.dropped} more are not in it`);
  }
  if ('error' in ran) throw ran.error;
  return ran.result;
}

function cacheOf(invocation: Invocation, cwd: string): CompileCache | undefined {
  const [folder] = invocation.texts('cache');
  return folder === undefined ? undefined : diskCache(resolve(cwd, folder));
}

function reportLines({ bytes: moved, seconds, transfers, launches }: Report, compileSeconds: number, cache: CacheUse | undefined): readonly string[] {
  const total = moved.read + moved.written;
  return [
    `moved ${bytes(total)} in ${transfers} transfers: ${bytes(moved.direct)} direct, ${bytes(moved.buffered)} buffered, ${bytes(moved.bounced)} bounced (read ${bytes(moved.read)}, written ${bytes(moved.written)})`,
    `ran ${launches} launches in ${duration(seconds)}, compiled in ${duration(compileSeconds)}: ${rate(total, seconds)}`,
    ...(cache === undefined ? [] : [`cache: ${cache.hits} forms recalled, ${cache.misses} made`, ...cache.problems.map((p) => `cache: ${p.message}`)]),
  ];
}

function reportJson({ bytes: moved, seconds, transfers, launches, placement }: Report, compileSeconds: number, cache: CacheUse | undefined) {
  const counts = Object.fromEntries(Object.entries(moved).map(([way, count]) => [way, Number(count)]));
  return {
    report: { seconds, compileSeconds, bytes: counts, bytesPerSecond: seconds > 0 ? Number(moved.read + moved.written) / seconds : null, transfers, launches },
    ...(cache === undefined ? {} : { cache: { hits: cache.hits, misses: cache.misses, problems: cache.problems.map(errorToJson) } }),
    placement,
  };
}
