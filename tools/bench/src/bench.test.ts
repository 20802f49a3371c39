import { describe, expect, test } from 'vitest';
import { bench } from './bench.ts';

async function run(...argv: string[]) {
  let out = '', err = '';
  const status = await bench(argv, { out: (text) => void (out += text), err: (text) => void (err += text) });
  return { status, out, err };
}

describe('the suite core, at tiny sizes', () => {
  test('as JSON it is one object on standard output, and every value was right', async () => {
    const { status, out, err } = await run('core', '--quick', '--json');
    expect({ status, err }).toEqual({ status: 0, err: '' });
    const { suite, machine, rows } = JSON.parse(out);
    expect({ suite, machine }).toEqual({ suite: 'core', machine: { cpu: expect.any(String), cores: expect.any(Number), memoryGiB: expect.any(Number), os: expect.any(String), node: process.version } });
    expect(rows.map((r: { name: string }) => r.name)).toEqual([
      'core/build', 'core/verify', 'core/print', 'core/parse', 'core/optimize', 'core/plan', 'core/wire-encode', 'core/wire-decode',
      'core/build-growth', 'core/verify-growth', 'core/print-growth', 'core/parse-growth', 'core/optimize-growth', 'core/plan-growth', 'core/wire-encode-growth', 'core/wire-decode-growth',
      'core/launch', 'cpu-ref/ops', 'cpu-ref/ops-1000', 'cpu-ref/ops-3000', 'cpu-ref/detect', 'cpu-ref/detect-workgroup',
    ]);
    for (const row of rows) {
      const { name, value, unit, spread, peer, peerValue, ratio, cpuRatio, goal, met } = row;
      expect({ name, unit }).toEqual({ name: expect.any(String), unit: expect.stringMatching(/^(ops\/s|us|x)$/) });
      expect(Math.min(value, ...spread), name).toBeGreaterThan(0);
      const figures = [peerValue, ratio, cpuRatio].map((f) => f === null);
      expect(figures, name).toEqual(peer === null ? [true, true, true] : [false, false, false]);
      expect(met === null, name).toBe(goal === null);
    }
    expect(rows.find((r: { name: string }) => r.name === 'core/build')).toMatchObject({ unit: 'ops/s', goal: 'value >= 1000000', peer: expect.any(String) });
  }, 60_000);

  test('else it is a table, with the machine above it', async () => {
    const { status, out } = await run('core', '--quick');
    expect(status).toBe(0);
    expect(out).toMatch(/^suite core on \d+ x .*Node v/);
    expect(out).toMatch(/^core\/build +\S+ +ops\/s /m);
    expect(out).toMatch(/^cpu-ref\/ops +\S+ +ops\/s /m);
  }, 60_000);
});

test('the suite wgsl, at tiny sizes: every value was right, and no goal is judged in software but that of lowering', async () => {
  const { status, out, err } = await run('wgsl', '--quick', '--json');
  expect({ status, err }).toEqual({ status: 0, err: '' });
  const rows: readonly { name: string; peer: string | null; goal: string | null; note: string }[] = JSON.parse(out).rows;
  expect(rows.map((r) => r.name)).toEqual([
    'wgsl/saxpy', 'wgsl/saxpy-scalar', 'wgsl/matmul', 'wgsl/matmul-8x8', 'wgsl/sum', 'wgsl/histogram', 'wgsl/transpose', 'wgsl/softmax', 'wgsl/scan', 'wgsl/launch', 'wgsl/lower',
  ]);
  expect(rows.filter((r) => r.goal !== null).map((r) => r.name)).toEqual(['wgsl/lower']);
  for (const { peer, note } of rows.slice(0, -2)) expect({ peer, note }).toEqual({ peer: 'hand-written WGSL', note: expect.stringMatching(/95 % interval of the ratio [\d.]+ \.\. [\d.]+; the goal, ratio >= 0.98, is for GPUs$/) });
}, 600_000);

describe('a bad command line', () => {
  test.each([
    ['an unknown suite', ['sorce'], '`sorce` is no suite'],
    ['no suite', ['--json'], 'no suite is named'],
    ['an argument too many', ['core', 'twice'], '`twice` is one argument too many'],
    ['an unknown option', ['core', '--fast'], '--fast'],
  ])('%s is a usage error that lists the suites', async (_, argv, message) => {
    const { status, out, err } = await run(...argv);
    expect({ status, out }).toEqual({ status: 2, out: '' });
    expect(err).toContain('bench/usage');
    expect(err).toContain(message);
    expect(err).toMatch(/core/);
  });

  test('help is no error', async () => {
    const { status, out, err } = await run('--help');
    expect({ status, err }).toEqual({ status: 0, err: '' });
    expect(out).toContain('Suites: core');
  });
});
