import { resolve } from 'node:path';
import { diskCache } from '@sluice/fs/cache';
import type { CacheContents } from '@sluice/fs/cache';
import { JSON_OPTION, usage } from '../command.ts';
import type { Command } from '../command.ts';
import { bytes } from '../quantities.ts';

export const cache: Command = {
  name: 'cache',
  summary: 'Show or prune a folder that `sluice run --cache` keeps compiled programs in.',
  positionals: [{ name: 'folder', summary: 'The folder.' }],
  options: [
    { name: 'prune', summary: 'Remove what is in it, from what was not used for longest on.' },
    { name: 'keep', value: 'bytes', summary: 'With --prune: stop when the rest takes at most so many bytes. 0 if absent.' },
    JSON_OPTION,
  ],
  notes: [
    'Entries are found by all that they depend on: the program, the versions of core and plugins, the passes, the backends and their devices. What is out of date is never used, and goes when room is needed.',
    'Whoever can write the folder decides what programs do that are compiled with it.',
  ],
  examples: ['sluice cache ~/.cache/sluice', 'sluice cache ~/.cache/sluice --prune --keep 1000000'],

  async run(invocation, terminal) {
    const kept = diskCache(resolve(terminal.cwd, invocation.positionals[0] ?? ''));
    const keep = keptBytes(invocation.texts('keep'));
    if (keep !== undefined && !invocation.flag('prune')) throw usage(cache, '--keep is given without --prune');
    const removed = invocation.flag('prune') ? await kept.prune(keep ?? 0) : undefined;
    const contents = await kept.contents();
    if (invocation.flag('json')) terminal.printJson({ ok: true, folder: kept.folder, ...contents, ...(removed === undefined ? {} : { removed }) });
    else terminal.print([...(removed === undefined ? [] : [`removed ${inWords(removed)}`]), `${kept.folder}: ${inWords(contents)}`].join('\n'));
    return 0;
  },
};

function keptBytes([text]: readonly string[]): number | undefined {
  if (text === undefined) return undefined;
  if (!/^\d{1,15}$/.test(text)) throw usage(cache, `--keep is \`${text}\`, which is no number of bytes`);
  return Number(text);
}

function inWords({ entries, bytes: size }: CacheContents): string {
  return `${entries} ${entries === 1 ? 'entry' : 'entries'}, ${bytes(size)}`;
}
