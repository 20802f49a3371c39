#!/usr/bin/env node
import type { SluiceError } from '@sluice/core';
import { cli, wantsJson } from './cli.ts';
import { cliError } from './codes.ts';
import { endedLoad, stalledLoad } from './load-module.ts';
import { terminal } from './terminal.ts';

const { stdout, stderr } = process;
const argv = process.argv.slice(2);
const json = wantsJson(argv);

const write = stdout.write.bind(stdout);
// With --json standard output is one JSON value: what the modules of programs and plugins print goes to standard error.
if (json) stdout.write = stderr.write.bind(stderr);

const here = terminal({ stdout: { write: (text) => write(text), isTTY: stdout.isTTY }, stderr, env: process.env, cwd: currentFolder() });

/** A folder that was deleted while somebody stands in it has no name any more. */
function currentFolder(): string {
  try {
    return process.cwd();
  } catch {
    return process.env['PWD'] ?? '/';
  }
}

let status: number | undefined;
// A module may wait for what never comes: then nothing is left to do, and the command is not over.
process.on('beforeExit', () => {
  if (status === undefined) unfinished(stalledLoad() ?? cliError('cli/stalled', 'the command waits for something that never comes, and nothing else is left to do', 'look for a promise in a plugin that never settles'));
});
// Or it calls process.exit while the command is at work.
process.on('exit', (code) => {
  const error = status === undefined ? endedLoad(code) : undefined;
  if (error !== undefined) unfinished(error);
});

function unfinished(error: SluiceError): void {
  status = 1;
  here.fail(error, json);
  process.exitCode = 1;
}

stdout.on('error', lost);

// No top-level await: Node would warn of this one where a module's never settles.
void cli(argv, here).then((ended) => {
  status = ended;
  // A program's module may have left timers or sockets open: the command is over all the same, once everything is written.
  // The callback may come before the event of an earlier write that failed.
  write('', (error) => (error instanceof Error ? lost(error) : stderr.write('', () => process.exit(ended))));
});

/** A reader that goes away, as in `sluice ops | head`, is told nothing more; the command goes on to its own status. A full device ends it. */
function lost(error: NodeJS.ErrnoException): void {
  if (error.code === 'EPIPE') {
    if (status !== undefined) process.exit(status);
    return;
  }
  status ??= 1;
  stderr.write(`sluice: standard output could not be written: ${error.message}\n`, () => process.exit(1));
}
