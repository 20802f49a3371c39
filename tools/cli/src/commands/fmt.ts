import { resolve } from 'node:path';
import { errorToJson, format, isSluiceError } from '@sluice/core';
import { JSON_OPTION } from '../command.ts';
import type { Command } from '../command.ts';
import { readText, replaceText } from '../files.ts';

/** What became of a file. */
interface Formatted {
  readonly file: string;
  /** It was, or with --check would be, another text. */
  readonly changed: boolean;
  readonly error?: unknown;
}

export const fmt: Command = {
  name: 'fmt',
  summary: 'Lay out programs in text form.',
  positionals: [{ name: 'file', summary: 'Programs in text form (.slu).', multiple: true }],
  options: [{ name: 'check', summary: 'Change nothing; the exit status is 1 if a file is not laid out so.' }, JSON_OPTION],
  notes: ['Each op on a line, regions indented, as `sluice print` has it; tokens and comments stay as they are. A file that does not follow the grammar is left alone, and the exit status is 1. No plugin is needed.'],
  examples: ['sluice fmt bytes.slu', 'sluice fmt --check a.slu b.slu'],

  async run(invocation, terminal) {
    const check = invocation.flag('check');
    const files: Formatted[] = [];
    for (const name of new Set(invocation.positionals)) files.push(await formatted(name, resolve(terminal.cwd, name), check));
    const failed = files.some((f) => f.error !== undefined);
    const ok = !failed && !(check && files.some((f) => f.changed));
    if (invocation.flag('json')) {
      terminal.printJson({ ok, files: files.map(({ file, changed, error }) => ({ file, changed, ...(error === undefined ? {} : { error: errorToJson(error) }) })) });
    } else {
      for (const { file, changed, error } of files) {
        if (error !== undefined) terminal.fail(error, false);
        else if (changed) terminal.print(check ? `${file} is not formatted` : file);
      }
    }
    return ok ? 0 : 1;
  },
};

async function formatted(name: string, path: string, check: boolean): Promise<Formatted> {
  try {
    const text = await readText(path);
    const laidOut = format(text, { file: path });
    const changed = laidOut !== text;
    if (changed && !check) await replaceText(path, laidOut);
    return { file: name, changed };
  } catch (error) {
    if (!isSluiceError(error)) throw error;
    return { file: name, changed: false, error };
  }
}
