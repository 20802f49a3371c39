import { readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const OWN = join(tmpdir(), `sluice-cufile-${process.pid}.log`);
/** Lines of an answer at most. */
const LINES = 3;

/** Where cuFile is to write its log, unless the environment says: without that it writes into the current folder. */
export function logPath(): string {
  return process.env['CUFILE_LOGFILE_PATH'] || OWN;
}

/** Bytes of the log so far. */
export function logEnd(): number {
  return statSync(logPath(), { throwIfNoEntry: false })?.size ?? 0;
}

/** The last of the errors and warnings that cuFile has written since the log ended at `from`; undefined for none. */
export function logged(from: number): string | undefined {
  try {
    const lines = readFileSync(logPath()).subarray(from).toString('utf8').split('\n').filter((line) => /\b(ERROR|WARN)\b/.test(line));
    return lines.length === 0 ? undefined : lines.slice(-LINES).map((line) => line.trim()).join(' | ');
  } catch {
    // Not every version writes one before something fails.
    return undefined;
  }
}

/** Takes our own log away. */
export function forgetLog(): void {
  rmSync(OWN, { force: true });
}
