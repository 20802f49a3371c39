import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { linkKit, useInstalled } from './installed.ts';
import { AVAILABLE, backend } from './sources.ts';

const installed = useInstalled();
const { put, run } = installed;

interface Report {
  readonly ok: boolean;
  readonly backends: readonly { readonly backend: string; readonly device: string | null; readonly unavailable: string | null; readonly cases: readonly { readonly case: string; readonly verdict: string; readonly reason: string | null }[] }[];
}

describe('sluice conform', () => {
  beforeAll(() => linkKit(installed.project));

  test('says what passed on a backend, on which device, in every form', async () => {
    const { status, stdout, stderr } = await run(['conform', 'cpu-ref', '--exact', '--only', 'control/flow', '--json', '--report', 'report.json', '--report', 'report.html']);
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    const report = JSON.parse(stdout) as Report;
    expect(report).toMatchObject({ ok: true, plugin: '@sluice/cpu-ref', version: '0.1.0', node: process.version, backends: [{ backend: 'cpu-ref', device: expect.stringContaining('in JavaScript'), unavailable: null }] });
    expect(report.backends[0]?.cases.map((c) => c.verdict)).toEqual(['passed', 'passed', 'passed', 'passed', 'passed']);
    expect(JSON.parse(await readFile(join(installed.project, 'report.json'), 'utf8'))).toEqual(report);
    const page = await readFile(join(installed.project, 'report.html'), 'utf8');
    expect(page).toContain('<h1>@sluice/cpu-ref 0.1.0 conforms</h1>');
    expect(page).toContain('<td>control/flow/continue, break and return</td><td>passed</td>');
  });

  test('what is masked off is skipped with its reason', async () => {
    const { status, stdout } = await run(['conform', 'cpu-ref', '--only', 'ops/edges/math.s', '--mask', 'math.sin,buffers=8']);
    expect(status).toBe(0);
    expect(stdout).toMatch(/^cpu-ref: \d+ passed, 1 unsupported$/m);
    expect(stdout).toMatch(/`math.sin` on f16 is unavailable on cpu-ref: ops\/edges\/math.sin$/m);
    expect(stdout).toMatch(/^conforms$/m);
  });

  test('a backend that gives wrong bytes does not conform', async () => {
    await put('liar.mjs', backend(`${AVAILABLE}, open: async () => ({ backend: 'acme', close: async () => {}, storage: { spaces: ['host'],
      open: async (path) => ({ name: path, identity: path, via: 'buffered', viaReason: '', size: async () => 100003n, close: async () => {} }),
      submit: (batch, complete) => batch.forEach((t, i) => complete(i, { ok: true, direct: 0, buffered: t.memory?.byteLength ?? 0, bounced: 0 })) } })`));
    const { status, stdout } = await run(['conform', './liar.mjs', '--only', 'io/transfers', '--json']);
    expect(status).toBe(1);
    const report = JSON.parse(stdout) as Report;
    expect(report.ok).toBe(false);
    expect(report.backends[0]?.cases.filter((c) => c.verdict === 'failed').length).toBeGreaterThan(2);
  });

  test('one that cannot run here is not tried, and proves nothing', async () => {
    await put('unable.mjs', backend(`probe: async () => ({ available: false, reason: 'no such device', fix: 'buy one' }), open: async () => { throw new Error('never') }`));
    expect(await run(['conform', './unable.mjs'])).toMatchObject({ status: 1, stdout: 'acme: not tried: no such device\n' });
  });

  test('what cannot be is said', async () => {
    const failing = async (...args: readonly string[]) => {
      const { status, stderr } = await run(['conform', ...args]);
      return `${status} ${stderr.split('\n')[0]}`;
    };
    expect(await failing('cpu-ref', '--report', 'report.txt')).toMatch(/^2 cli\/usage: --report report\.txt: its name ends neither in \.json nor in \.html/);
    expect(await failing('cpu-ref', '--mask', 'lanes=3')).toMatch(/^2 cli\/usage: --mask lanes=3/);
    expect(await failing('cpu-ref', '--only', 'no such case')).toMatch(/^2 cli\/usage: no case of cpu-ref contains/);
    expect(await failing('cpu-ref', '--backend', 'fs')).toMatch(/^1 cli\/no-backend: /);
    expect(await failing('absent')).toMatch(/^1 cli\/no-plugin: /);
    const { status, stderr } = await run(['conform', 'cpu-ref'], { cwd: installed.bare });
    expect({ status, stderr }).toMatchObject({ status: 1, stderr: expect.stringMatching(/^cli\/no-kit: /) });
  });
});
