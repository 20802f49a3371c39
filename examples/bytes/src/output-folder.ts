import { mkdir, mkdtemp, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { demoError } from './codes.ts';

/**
 * The folder at `path`, made with its parents where they are missing; a new one for temporary files where `path` is absent.
 * @throws SluiceError `demo/out`
 */
export async function outputFolder(path: string | undefined): Promise<string> {
  const folder = path === undefined ? undefined : resolve(path);
  try {
    if (folder === undefined) return await mkdtemp(join(tmpdir(), 'sluice-bytes-'));
    // One after the other: where a file system has a folder and makes none in it (/proc), Node's recursive mkdir never ends.
    for (const missing of await missingFolders(folder)) await mkdir(missing).catch(unlessThere);
    return folder;
  } catch (cause) {
    const [where, fix] = folder === undefined ? [`in \`${tmpdir()}\``, 'set TMPDIR to a folder that exists and may be written to, or name a folder with --out'] : [`at \`${folder}\``, 'name a folder, or a place where one can be made'];
    throw demoError('demo/out', `no folder for the results can be made ${where}: ${cause instanceof Error ? cause.message : String(cause)}`, fix, { cause });
  }
}

/** Of `folder` and its parents those that do not exist, outermost first. */
async function missingFolders(folder: string): Promise<readonly string[]> {
  const found = await stat(folder).catch((cause: NodeJS.ErrnoException) => {
    if (cause.code !== 'ENOENT') throw cause;
  });
  if (found === undefined) return dirname(folder) === folder ? [] : [...(await missingFolders(dirname(folder))), folder];
  if (!found.isDirectory()) throw new Error(`\`${folder}\` is a file`);
  return [];
}

/** Somebody else may have made it in the meantime. */
function unlessThere(cause: NodeJS.ErrnoException): void {
  if (cause.code !== 'EEXIST') throw cause;
}
