import { readFileSync } from 'node:fs';
import { relative } from 'node:path';
import { errorToJson, renderError, toJson } from '@sluice/core';

/** What a command may say and see of the place that it is run in. */
export interface Terminal {
  readonly cwd: string;
  /** One or more lines on standard output. */
  print(text: string): void;
  /** Bytes on standard output, as they are. Nobody can read them on a terminal. */
  printBytes(bytes: Uint8Array): void;
  /** Standard output is a terminal. */
  readonly watched: boolean;
  /** One or more lines on standard error. */
  note(text: string): void;
  printJson(value: unknown): void;
  /** An error on standard error, or with `json` as `{ "ok": false, "error": … }` on standard output. */
  fail(error: unknown, json: boolean): void;
  /** A line on standard error that each call replaces and an empty text takes away; undefined where nobody watches. */
  readonly status: ((text: string) => void) | undefined;
}

/** One stream of `process`, as far as it is used. */
export interface Stream {
  write(text: string | Uint8Array): unknown;
  readonly isTTY?: boolean | undefined;
  /** 0 where a terminal does not know. */
  readonly columns?: number | undefined;
}

export interface Surroundings {
  readonly stdout: Stream;
  readonly stderr: Stream;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
}

const CLEAR_LINE = '\r\u001b[K';

export function terminal({ stdout, stderr, env, cwd }: Surroundings): Terminal {
  let shown = false;
  const status = (text: string) => {
    if (text === '' && !shown) return;
    shown = text !== '';
    stderr.write(CLEAR_LINE + text.slice(0, (stderr.columns || 80) - 1));
  };
  const line = (stream: Stream, text: string) => {
    status('');
    stream.write(`${text}\n`);
  };
  const json = (value: unknown) => line(stdout, JSON.stringify(value, undefined, 2));
  return {
    cwd,
    print: (text) => line(stdout, text),
    printBytes: (bytes) => void stdout.write(bytes),
    watched: stdout.isTTY === true,
    note: (text) => line(stderr, text),
    printJson: (value) => json(toJson(value)),
    fail(error, asJson) {
      if (asJson) json({ ok: false, error: errorToJson(error) });
      else line(stderr, renderError(error, { color: hasColor(stderr, env), readSource, showFile: (file) => shorter(file, cwd) }));
    },
    status: stderr.isTTY === true && env['TERM'] !== 'dumb' ? status : undefined,
  };
}

/** no-color.org: a variable that is set and not empty turns colours off, whatever the stream. */
function hasColor(stream: Stream, env: Surroundings['env']): boolean {
  if ((env['NO_COLOR'] ?? '') !== '') return false;
  if ((env['FORCE_COLOR'] ?? '') !== '') return env['FORCE_COLOR'] !== '0';
  return stream.isTTY === true && env['TERM'] !== 'dumb';
}

function readSource(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined; // only the excerpt is left out: the place is shown
  }
}

function shorter(file: string, cwd: string): string {
  const near = relative(cwd, file);
  return near === '' || near.startsWith('..') ? file : near;
}
