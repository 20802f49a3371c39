/*
 * Every fenced block of the documentation is checked for what its info string says it is:
 *
 *   ts                  a module: type-checked under strict settings, then run, each in a project folder of its own
 *   ts types-only       type-checked and not run
 *   js                  a module: run; `file=app.cjs` makes it CommonJS
 *   file=<name>         the block is in the page's folder under that name, for the blocks that import it
 *   part                with `file=`: not run by itself, but by a block of the page that names the file
 *   json                parsed; with `file=` it is there too
 *   sh                  commands, each one known to `commands` below; those that can run in a test are run
 *   slu                 a program in text form: it is read, verifies, and is laid out as `sluice fmt` does
 *   slu invalid         one that cannot be read
 *   text problems       what is said about the invalid text before it, exactly
 *   text output         what the program block before it prints, exactly
 *   text                no code
 */
import { readFileSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { format, parse, Registry, renderError, verify } from '@sluice/core';
import { build } from 'esbuild';
import ts from 'typescript';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { blocksOf, wordValue } from './markdown.ts';
import type { Block } from './markdown.ts';
import { emptyFolder, linkLibraries, runNode, writeFiles } from './project.ts';
import type { Finished } from './project.ts';
import { manifestIn, markdownPages, publicPackages, root } from './workspace.ts';

const KINDS: Readonly<Record<string, RegExp>> = {
  ts: /^(types-only |file=\S+ (part )?)?$/,
  js: /^(file=\S+ (part )?)?$/,
  json: /^(file=\S+ )?$/,
  sh: /^$/,
  slu: /^(invalid )?$/,
  text: /^(output |problems )?$/,
};

const MANIFEST = '{ "type": "module", "private": true }\n';
const folder = emptyFolder('docs');
const pages = markdownPages().map((page, index) => ({ page, index, blocks: blocksOf(page, readFileSync(join(root, page), 'utf8')) }));
const blocks = pages.flatMap((p) => p.blocks);
const folderOf = (block: Block) => join(folder, String(pages.find((p) => p.page === block.page)?.index));
const at = (block: Block) => `${block.page}:${block.line}`;
const isProgram = (block: Block) => ['ts', 'js'].includes(block.language) && !block.words.includes('types-only') && !block.words.includes('part');

/** The name of a block's file in the folder of its page. */
function fileOf(block: Block): string {
  return wordValue(block, 'file') ?? `line-${block.line}.${block.language}`;
}

/** The file that Node runs. */
function runnable(block: Block): string {
  return fileOf(block).replace(/\.ts$/, '.js');
}

const runs = new Map<Block, Promise<Finished>>();
/** Runs a program block, once. */
function run(block: Block): Promise<Finished> {
  let running = runs.get(block);
  if (running === undefined) {
    const project = join(folderOf(block), `run-${block.line}`);
    writeFiles(project, { 'package.json': MANIFEST });
    running = runNode(project, join('..', runnable(block)));
    runs.set(block, running);
  }
  return running;
}

beforeAll(async () => {
  linkLibraries(folder);
  writeFiles(folder, { 'package.json': MANIFEST });
  for (const block of blocks.filter((b) => ['ts', 'js', 'json'].includes(b.language))) writeFiles(folderOf(block), { [fileOf(block)]: block.text });
  await build({
    entryPoints: blocks.filter((b) => b.language === 'ts').map((b) => join(folderOf(b), fileOf(b))),
    outdir: folder, outbase: folder, bundle: true, packages: 'external', platform: 'node', format: 'esm', target: 'node20', logLevel: 'silent',
  });
}, 60_000);

afterAll(() => rmSync(folder, { recursive: true, force: true }));

test('there are pages to check', () => {
  expect(pages.map((p) => p.page)).toEqual(expect.arrayContaining(['README.md', 'SECURITY.md', 'docs/architecture.md', 'docs/guides/application-author.md']));
});

test('every block says what it is', () => {
  const odd = blocks.filter((b) => KINDS[b.language]?.test(b.words.map((w) => `${w} `).join('')) !== true);
  expect(odd.map((b) => `${at(b)}: \`${[b.language, ...b.words].join(' ')}\` is no kind of block that is checked`)).toEqual([]);
});

test('every part is used by a block of its page', () => {
  const parts = blocks.filter((b) => b.words.includes('part'));
  expect(parts.filter((p) => !blocks.some((b) => b !== p && b.page === p.page && b.text.includes(`./${fileOf(p)}`))).map(at)).toEqual([]);
});

test('every TypeScript block type-checks', () => {
  const byFile = new Map(blocks.filter((b) => b.language === 'ts').map((b) => [join(folderOf(b), fileOf(b)), b]));
  const program = ts.createProgram([...byFile.keys()], {
    target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.NodeNext, moduleResolution: ts.ModuleResolutionKind.NodeNext, moduleDetection: ts.ModuleDetectionKind.Force,
    lib: ['lib.es2023.d.ts', 'lib.esnext.disposable.d.ts'], types: ['node'], typeRoots: [join(folder, 'node_modules/@types')],
    strict: true, exactOptionalPropertyTypes: true, noUncheckedIndexedAccess: true, noUncheckedSideEffectImports: true, allowImportingTsExtensions: true, noEmit: true, skipLibCheck: true,
  });
  const found = ts.getPreEmitDiagnostics(program).map((d) => {
    const block = d.file === undefined ? undefined : byFile.get(d.file.fileName);
    const line = d.file === undefined || d.start === undefined ? 0 : d.file.getLineAndCharacterOfPosition(d.start).line + 1;
    return `${block === undefined ? (d.file?.fileName ?? '') : `${block.page}:${block.line + line}`}: ${ts.flattenDiagnosticMessageText(d.messageText, '\n')}`;
  });
  expect(found).toEqual([]);
}, 60_000);

describe.concurrent('program blocks run', () => {
  test.each(blocks.filter(isProgram).map((b) => [at(b), b] as const))('%s', async (_, block) => {
    const { status, stderr } = await run(block);
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  }, 60_000);
});

describe.concurrent('program blocks print what the page says', () => {
  const outputs = blocks.filter((b) => b.language === 'text' && b.words.includes('output'));
  test.each(outputs.map((b) => [at(b), b] as const))('%s', async (_, block) => {
    const program = blocks.slice(0, blocks.indexOf(block)).findLast((b) => b.page === block.page && isProgram(b));
    if (program === undefined) throw new Error(`no program stands before ${at(block)}`);
    expect((await run(program)).stdout).toBe(block.text);
  }, 60_000);
});

describe('programs in text form', () => {
  const texts = blocks.filter((b) => b.language === 'slu').map((b) => [at(b), b] as const);
  test.each(texts.filter(([, b]) => b.words.length === 0))('%s is read, verifies and is formatted', (_, { text }) => {
    const registry = new Registry();
    expect(verify(parse(text, registry), registry)).toEqual([]);
    expect(format(text)).toBe(text);
  });

  test.each(texts.filter(([, b]) => b.words.includes('invalid')))('%s is refused as the page says', (_, block) => {
    const [said] = blocks.slice(blocks.indexOf(block) + 1).filter((b) => b.page === block.page && b.words.includes('problems'));
    let problems = 'none';
    try {
      parse(block.text, new Registry(), { file: 'example.slu' });
    } catch (error) {
      problems = renderError(error, { readSource: () => block.text });
    }
    expect(`${problems}\n`).toBe(said?.text);
  });
});

const scripts = manifestIn(root).scripts ?? {};
const cli = publicPackages.find(({ manifest }) => manifest.bin?.['sluice'] !== undefined);
const cliFile = join(root, cli?.folder ?? '', cli?.manifest.bin?.['sluice'] ?? '');

/** Commands that pages may show: what each needs, or how it is run here. The first pattern that fits counts. */
const commands: readonly (readonly [RegExp, (match: RegExpExecArray, block: Block) => Promise<void> | void])[] = [
  [/^(npm run -s sluice --|npx --no sluice) (.*)$/, async ([, how, args = ''], block) => {
    const here = how?.startsWith('npm run') === true;
    if (here) expect(scripts['sluice']).toBe('node tools/run.mjs sluice');
    // Files that it names may be made by the programs above it.
    else await Promise.all(blocks.slice(0, blocks.indexOf(block)).filter((b) => b.page === block.page && isProgram(b)).map(run));
    const { status, stderr } = await runNode(here ? root : folderOf(block), cliFile, ...args.split(' '));
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  }],
  [/^npm (test|run ([\w:]+)|run -s ([\w:]+))( -- .*)?$/, ([, script = '', plain, silent]) => {
    expect(Object.keys(scripts)).toContain(plain ?? silent ?? script);
  }],
  [/^npm install ((?:@?[\w/-]+ ?)+)$/, ([, names = '']) => {
    expect(publicPackages.map((p) => p.manifest.name)).toEqual(expect.arrayContaining(names.split(' ')));
  }],
  // packaging.test.ts packs and installs them all.
  [/^npx pnpm -r (--filter "\S+" )+pack --pack-destination \S+$/, () => {
    expect(manifestIn(root).devDependencies).toHaveProperty('pnpm');
  }],
  [/^node (\S+)$/, ([, file], block) => {
    expect(blocks.filter((b) => b.page === block.page && isProgram(b)).map(runnable)).toContain(file);
  }],
];

describe('commands', () => {
  const lines = blocks.filter((b) => b.language === 'sh').flatMap((block) => block.text.split('\n').map((line) => line.replace(/\s+#.*$/, '').trim()).filter((line) => line !== '').map((line) => [`${at(block)}: ${line}`, line, block] as const));
  test.each(lines)('%s', async (_, line, block) => {
    for (const [pattern, check] of commands) {
      const match = pattern.exec(line);
      if (match !== null) return check(match, block);
    }
    throw new Error(`no rule of this test covers \`${line}\``);
  }, 60_000);
});

test('every JSON block parses', () => {
  for (const block of blocks.filter((b) => b.language === 'json')) expect(() => JSON.parse(block.text) as unknown, at(block)).not.toThrow();
});

test('every script that a page names in its text is there', () => {
  const named = pages.flatMap(({ page }) => [...readFileSync(join(root, page), 'utf8').matchAll(/npm run (?:-s )?([\w:]+)/g)].map((m) => ({ page, script: m[1] ?? '' })));
  expect(named.filter(({ script }) => !(script in scripts))).toEqual([]);
});

test('every link within the repository leads to something', () => {
  const anchors = (text: string) => [...text.matchAll(/^#+ (.*)$/gm)].map((m) => (m[1] ?? '').toLowerCase().replace(/[^\w\s-]/g, '').trim().replace(/\s/g, '-'));
  const dead = pages.flatMap(({ page }) =>
    [...readFileSync(join(root, page), 'utf8').replace(/^```[\s\S]*?^```/gm, '').matchAll(/\]\(([^)\s]+)\)/g)]
      .map((m) => m[1] ?? '')
      .filter((link) => !/^[a-z]+:/.test(link) && !leads(page, link, anchors))
      .map((link) => `${page}: ${link}`));
  expect(dead).toEqual([]);
});

function leads(page: string, link: string, anchors: (text: string) => readonly string[]): boolean {
  const [path = '', anchor] = link.split('#');
  const target = path === '' ? join(root, page) : join(root, dirname(page), path);
  try {
    return anchor === undefined ? ts.sys.fileExists(target) || ts.sys.directoryExists(target) : anchors(readFileSync(target, 'utf8')).includes(anchor);
  } catch {
    return false;
  }
}

test('the packages that the README lists are those that there are', () => {
  const listed = [...readFileSync(join(root, 'README.md'), 'utf8').matchAll(/^\| \[`([^`]+)`\]/gm)].map((m) => m[1]);
  expect(new Set(listed)).toEqual(new Set(publicPackages.map((p) => p.manifest.name)));
});
