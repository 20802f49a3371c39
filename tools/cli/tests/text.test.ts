import { chmod, readFile, readdir, readlink, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { useInstalled } from './installed.ts';
import { COPY } from './sources.ts';

const installed = useInstalled();
const { put } = installed;
const ok = (stdout: string) => ({ status: 0, stdout, stderr: '' });

const TEXT = `// Copies a file.
program copy(%source: i32 {grant = r}, %target: i32 {grant = w}) -> (size: u64) {
  %size = grant.size %source
  %data = io.dma_from_nvme %source, 0, %size
  io.write_back_to_nvme %data, %target, 0
  control.return %size
}
`;
const WRONG = `program wrong(%file: i32 {grant = r}) {
  %size = grant.siez %file
  %data = io.dma_from_nvme %flie, 0, 16
  control.return
}
`;

describe('programs in text form', () => {
  test('check says what they take, and run runs them', async () => {
    await put('copy.slu', TEXT);
    expect(await installed.run(['check', 'copy.slu'])).toEqual(ok('program copy: ok; 0 kernels, 6 ops\ntakes --grant source=<path> --grant target=<path>\n'));
    await put('a.bin', 'hello');
    const { status, stdout, stderr } = await installed.run(['run', 'copy.slu', '--json', '--grant', 'source=a.bin', '--grant', 'target=b.bin']);
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(JSON.parse(stdout)).toMatchObject({ ok: true, program: 'copy', results: { size: '5' } });
    expect(await readFile(join(installed.project, 'b.bin'), 'utf8')).toBe('hello');
  });

  test('problems show the line, each of them, and the exit status is 1', async () => {
    await put('wrong.slu', WRONG);
    expect(await installed.run(['check', 'wrong.slu'])).toEqual({
      status: 1,
      stdout: 'wrong.slu: 2 problems\n',
      stderr: [
        'text/unknown-op: `grant.siez` is not a registered op; did you mean `grant.size`?',
        '  --> wrong.slu:2:11', '   2 |   %size = grant.siez %file', '     |           ^^^^^^^^^^', '  in program wrong, grant.siez', '  available: grant.size',
        '  fix: correct the name, import the plugin that declares it, or write the types of its results and literals behind a colon',
        'text/unknown-value: `%flie` is not defined; did you mean `%file`?',
        '  --> wrong.slu:3:28', '   3 |   %data = io.dma_from_nvme %flie, 0, 16', '     |                            ^^^^^', '  in program wrong, io.dma_from_nvme', '  available: %file',
        '  fix: correct the name, or define the value before', '',
      ].join('\n'),
    });
    const json = await installed.run(['check', 'wrong.slu', '--json']);
    expect({ status: json.status, output: JSON.parse(json.stdout) as unknown }).toMatchObject({
      status: 1, output: { ok: false, program: null, problems: [{ code: 'text/unknown-op', where: { span: { line: 2, column: 11 } } }, { code: 'text/unknown-value' }] },
    });
    expect(await installed.run(['run', 'wrong.slu', '--grant', 'file=a.bin'])).toMatchObject({ status: 1, stdout: '', stderr: expect.stringMatching(/^text\/invalid: .*2 problems/) });
  });

  test('what the verifier and the planner find points into the text', async () => {
    await put('late.slu', 'program late(%a: u32) {\n  %b: u64 = arith.add %a, 1\n  control.return\n}\n');
    expect((await installed.run(['check', 'late.slu'])).stderr).toMatch(/^verify\/result-type: .*\n {2}--> late\.slu:2:13\n {3}2 \| {3}%b: u64 = arith\.add %a, 1\n {5}\| {13}\^{9}\n/);
    await put('far.slu', 'program far(%file: i32 {grant = r}) {\n  %data = mem.zerocopy_map %file\n  mem.unmap %data\n  control.return\n}\n');
    const { status, stderr } = await installed.run(['run', 'far.slu', '--grant', 'file=a.bin']);
    expect(status).toBe(1);
    expect(stderr).toContain('--> far.slu:2:11');
    expect(stderr).toContain('   2 |   %data = mem.zerocopy_map %file\n');
  });

  test('a text has no exports to name', async () => {
    await put('copy.slu', TEXT);
    expect(await installed.run(['check', 'copy.slu#copy'])).toMatchObject({ status: 2, stderr: expect.stringContaining('which has no export to name') });
  });
});

describe('sluice print', () => {
  test('gives text that is the same program, and equal programs the same hash', async () => {
    await put('copy.slu', TEXT);
    await put('copy.ts', COPY);
    const text = await installed.run(['print', 'copy.ts']);
    expect(text).toMatchObject({ status: 0, stderr: '', stdout: expect.stringMatching(/^program copy\(.*\}\n$/s) });
    await put('printed.slu', text.stdout);
    const hashes = await Promise.all(['copy.slu', 'copy.ts', 'printed.slu'].map(async (file) => (JSON.parse((await installed.run(['print', file, '--json'])).stdout) as { hash: string }).hash));
    expect(hashes[0]).toMatch(/^[0-9a-f]{64}$/);
    expect(hashes).toEqual([hashes[0], hashes[0], hashes[0]]);
  });

  test('--wire writes a file that the other commands take; --dot a graph', async () => {
    await put('copy.slu', TEXT);
    expect(await installed.run(['print', 'copy.slu', '--wire', '--out', 'copy.sluw'])).toEqual(ok(''));
    expect(await installed.run(['check', 'copy.sluw'])).toEqual(ok('program copy: ok; 0 kernels, 6 ops\ntakes --grant source=<path> --grant target=<path>\n'));
    expect(await installed.run(['print', 'copy.sluw'])).toEqual(await installed.run(['print', 'copy.slu']));
    const out = join(installed.project, 'stdout.sluw');
    await installed.run(['print', 'copy.slu', '--wire'], { stdout: out });
    expect(await readFile(out)).toEqual(await readFile(join(installed.project, 'copy.sluw')));
    expect((await installed.run(['print', 'copy.slu', '--dot'])).stdout).toMatchInlineSnapshot(`
      "digraph "copy" {
        node [shape=box, fontname=monospace];
        subgraph cluster_0 {
          label="program copy";
          n0 [label="%source", style=rounded];
          n1 [label="%target", style=rounded];
          n2 [label="grant.size"];
          n3 [label="arith.constant"];
          n4 [label="io.dma_from_nvme"];
          n5 [label="arith.constant"];
          n6 [label="io.write_back_to_nvme"];
          n7 [label="control.return"];
        }
        n0 -> n2;
        n0 -> n4;
        n3 -> n4;
        n2 -> n4;
        n4 -> n6;
        n1 -> n6;
        n5 -> n6;
        n2 -> n7;
      }
      "
    `);
    expect(await installed.run(['print', 'copy.slu', '--dot', '--wire'])).toMatchObject({ status: 2, stderr: expect.stringContaining('--dot and --wire exclude each other') });
  });
});

describe('sluice fmt', () => {
  test('changes no byte of a file that is not UTF-8, and keeps the rights and links of one that is', async () => {
    const latin = Buffer.from('program p() { // caf\xe9\n control.return }\n', 'latin1');
    const at = (name: string) => join(installed.project, name);
    await writeFile(at('latin.slu'), latin);
    expect(await installed.run(['fmt', 'latin.slu'])).toMatchObject({ status: 1, stderr: expect.stringContaining('is no text in UTF-8') });
    expect(await readFile(at('latin.slu'))).toEqual(latin);
    await writeFile(at('real.slu'), TEXT.replaceAll('  ', '   '));
    await chmod(at('real.slu'), 0o666);
    await symlink('real.slu', at('link.slu'));
    expect(await installed.run(['fmt', 'link.slu'])).toEqual(ok('link.slu\n'));
    expect([await readlink(at('link.slu')), await readFile(at('real.slu'), 'utf8'), (await stat(at('real.slu'))).mode & 0o777]).toEqual(['real.slu', TEXT, 0o666]);
    expect((await readdir(installed.project)).filter((name) => name.endsWith('.tmp'))).toEqual([]);
  });

  test('lays out files, says which, and with --check only says so', async () => {
    const messy = TEXT.replaceAll('  ', '      ').replaceAll(', ', ',');
    await put('messy.slu', messy);
    await put('tidy.slu', TEXT);
    expect(await installed.run(['fmt', '--check', 'messy.slu', 'tidy.slu'])).toEqual({ status: 1, stdout: 'messy.slu is not formatted\n', stderr: '' });
    expect(await readFile(join(installed.project, 'messy.slu'), 'utf8')).toBe(messy);
    expect(await installed.run(['fmt', 'messy.slu', 'tidy.slu'])).toEqual(ok('messy.slu\n'));
    expect(await readFile(join(installed.project, 'messy.slu'), 'utf8')).toBe(TEXT);
    expect(await installed.run(['fmt', '--check', 'messy.slu', 'tidy.slu'])).toEqual(ok(''));
  });

  test('leaves alone what does not follow the grammar, and goes on with the others', async () => {
    await put('bad.slu', 'program bad( {\n');
    await put('messy.slu', `\n\n${TEXT}`);
    const { status, stdout, stderr } = await installed.run(['fmt', 'bad.slu', 'messy.slu', 'missing.slu']);
    expect({ status, stdout }).toEqual({ status: 1, stdout: 'messy.slu\n' });
    expect(stderr).toMatch(/^ {2}text\/syntax: .*\n {4}--> bad\.slu:1:14\n/m);
    expect(stderr).toContain('cli/file: `');
    expect(await readFile(join(installed.project, 'bad.slu'), 'utf8')).toBe('program bad( {\n');
    const json = JSON.parse((await installed.run(['fmt', '--json', 'bad.slu', 'messy.slu'])).stdout) as unknown;
    expect(json).toMatchObject({ ok: false, files: [{ file: 'bad.slu', changed: false, error: { code: 'text/invalid' } }, { file: 'messy.slu', changed: false }] });
    expect(await installed.run(['fmt'])).toMatchObject({ status: 2, stderr: expect.stringContaining('no <file> is given') });
  });
});
