import { constants } from 'node:os';
import { parseArgs } from 'node:util';
import { errorToJson, renderError, toJson } from '@sluice/core';
import { explain } from './backends.ts';
import { demoError } from './codes.ts';
import { PREFERRED, demo } from './demo.ts';
import type { DemoOptions, Outcome } from './demo.ts';

const HELP = `Reads a file through one program made of ops: its byte histogram and CRC-32 are computed by kernels,
written back to storage, and compared with plain JavaScript.

Usage: npm run demo -- [file] [options]

  file               any file, of any size; the node binary itself if absent
  --out dir          where histogram.bin and crc32.bin are written; a new temporary folder if absent
  --backend a,b      the backends that may be used, best first; ${PREFERRED.join(', ')} if absent, as far as installed
  --json             print one JSON object
  --help             show this help

Exit status: 0 if both files hold what plain JavaScript computes, 1 if not or on a failure, 2 for a bad command line,
128 and its number for a signal.`;


async function main(): Promise<number> {
  let args: ReturnType<typeof parse>;
  try {
    args = parse();
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    if (process.argv.includes('--json')) process.stdout.write(`${JSON.stringify({ ok: false, error: { message } }, undefined, 2)}\n`);
    process.stderr.write(`${message}\n\n${HELP}\n`);
    return 2;
  }
  if (args.help) {
    process.stdout.write(`${HELP}\n`);
    return 0;
  }
  const { json, file, out, backends } = args;
  const controller = new AbortController();
  let status = 1;
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.once(name, () => {
      status = 128 + constants.signals[name];
      controller.abort(demoError('demo/interrupted', `stopped by ${name}`, 'run it again: the results are incomplete'));
    });
  }
  const onProgress = statusLine();
  try {
    const outcome = await demo({ file, out, backends, signal: controller.signal, ...(onProgress === undefined ? {} : { onProgress }) });
    clearStatus();
    process.stdout.write(`${json ? JSON.stringify(toJson(asJson(outcome)), undefined, 2) : asText(outcome)}\n`);
    return outcome.histogram && outcome.crc32 ? 0 : 1;
  } catch (error) {
    clearStatus();
    if (json) process.stdout.write(`${JSON.stringify({ ok: false, error: errorToJson(error) }, undefined, 2)}\n`);
    else process.stderr.write(`${renderError(error, { color: process.stderr.isTTY && !process.env['NO_COLOR'] })}\n`);
    return status;
  }
}

function parse() {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { out: { type: 'string' }, backend: { type: 'string' }, json: { type: 'boolean', default: false }, help: { type: 'boolean', short: 'h', default: false } },
  });
  const [file = process.execPath, ...more] = positionals;
  if (more.length > 0) throw new Error(`one file at most: ${more.join(' ')} is too much`);
  const backends = values.backend?.split(',').map((s) => s.trim());
  if (backends?.includes('') === true) throw new Error('--backend has an empty name in its list');
  if (values.out === '' || file === '') throw new Error(`${file === '' ? 'the file' : '--out'} is an empty path`);
  return { file, out: values.out, backends, json: values.json, help: values.help };
}

function asText(outcome: Outcome): string {
  const { report, expected, checkSeconds } = outcome;
  const { bytes, seconds } = report;
  return [
    `${outcome.file}: ${expected.byteLength} bytes`,
    ...explain(outcome.asked, report.placement).map((line) => `  ${line}`),
    '',
    String(report.placement),
    '',
    `moved ${bytes.read} bytes in and ${bytes.written} out: ${bytes.direct} direct, ${bytes.buffered} buffered, ${bytes.bounced} bounced; ${report.launches} launches`,
    `took ${seconds.toFixed(2)} s: ${mega(expected.byteLength / seconds)} MB/s (plain JavaScript: ${checkSeconds.toFixed(2)} s)`,
    `${outcome.out}/histogram.bin: 256 counts, ${passed(outcome.histogram)}`,
    `${outcome.out}/crc32.bin: ${hex(outcome.written)}, ${passed(outcome.crc32)}${outcome.crc32 ? '' : `, which gives ${hex(expected.crc32)}`}`,
  ].join('\n');
}

function passed(ok: boolean): string {
  return ok ? 'the same as plain JavaScript' : 'DIFFERS from plain JavaScript';
}

function hex(crc32: number): string {
  return crc32.toString(16).padStart(8, '0');
}

function mega(bytes: number): string {
  return (bytes / 1e6).toFixed(1);
}

function asJson({ file, out, asked, expected, written, histogram, crc32, report, checkSeconds }: Outcome) {
  const bytes = Object.fromEntries(Object.entries(report.bytes).map(([way, count]) => [way, Number(count)]));
  return {
    ok: histogram && crc32,
    file, byteLength: expected.byteLength, out,
    histogram: { ok: histogram },
    crc32: { ok: crc32, written, expected: expected.crc32 },
    backends: asked.map(({ id, absent }) => ({ id, role: report.placement.backends.find((b) => b.id === id)?.role ?? null, reason: absent ?? report.placement.passedOver.find((p) => p.backend === id)?.reason ?? null })),
    report: { seconds: report.seconds, bytes, bytesPerSecond: expected.byteLength / report.seconds, transfers: report.transfers, launches: report.launches, checkSeconds },
    placement: report.placement,
  };
}

/** Milliseconds between two updates of the line. */
const PACE = 100;

/** A line on the terminal that shows how far the demo is; undefined where nobody watches. */
function statusLine(): DemoOptions['onProgress'] {
  if (!process.stderr.isTTY || process.env['TERM'] === 'dumb') return undefined;
  let next = 0;
  return (doing, share) => {
    if (performance.now() < next) return;
    next = performance.now() + PACE;
    process.stderr.write(`\r\u001b[K${doing}: ${(share * 100).toFixed(0)} %`);
  };
}

function clearStatus(): void {
  if (process.stderr.isTTY) process.stderr.write('\r\u001b[K');
}

process.exitCode = await main();
