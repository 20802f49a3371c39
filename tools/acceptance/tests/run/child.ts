import { spawn } from 'node:child_process';
import { chmodSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { folder } from './sessions.ts';

export interface Finished {
  readonly status: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs `code`, a module that may import core and the plugins, in a process of its own; `prefix` is a command in front of node. */
export async function inChild(code: string, options: { readonly prefix?: readonly string[]; readonly uid?: number; readonly timeout?: number } = {}): Promise<Finished> {
  const dir = folder();
  const script = join(dir, 'child.mjs');
  await build({
    stdin: { contents: code, resolveDir: fileURLToPath(new URL('.', import.meta.url)), loader: 'ts' },
    outfile: script, bundle: true, platform: 'node', format: 'esm', target: 'node20', conditions: ['@sluice/source'], logLevel: 'error',
  });
  chmodSync(dir, 0o755);
  chmodSync(script, 0o644);
  const { NODE_OPTIONS: _, ...env } = process.env;
  const [command = process.execPath, ...args] = [...(options.prefix ?? []), process.execPath, script];
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { env, stdio: ['ignore', 'pipe', 'pipe'], ...(options.uid === undefined ? {} : { uid: options.uid, gid: options.uid }), ...(options.timeout === undefined ? {} : { timeout: options.timeout }) });
    let stdout = '';
    let stderr = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
    child.on('error', reject);
    child.on('close', (status, signal) => resolve({ status, signal, stdout, stderr }));
  });
}

/** The head of a child's module: a session on fs and the reference. */
export const PRELUDE = `
import { Registry, session, defineProgram, defineKernel, buffer, control, fd, grant, io, kernel, u64 } from '@sluice/core';
import { plugin as fs } from '@sluice/fs/plugin';
import { plugin as cpuRef } from '@sluice/cpu-ref/plugin';
const registry = new Registry().with(fs).with(cpuRef);
const say = (value: unknown) => console.log(JSON.stringify(value, (_, v) => typeof v === 'bigint' ? String(v) : v));
const problem = async (work: Promise<unknown>) => work.then(() => ({ code: 'none' }), (e: any) => ({ code: e?.code, message: e?.message, details: e?.details }));
`;

/** What the child said, line by line. */
export function said(finished: Finished): readonly unknown[] {
  if (finished.status !== 0) throw new Error(`the child ended with ${finished.status ?? finished.signal}: ${finished.stderr}`);
  return finished.stdout.trim().split('\n').map((line): unknown => JSON.parse(line));
}
