/** A fenced block of a page. The words after the language say what it is; see `docs.test.ts`. */
export interface Block {
  readonly page: string;
  /** Line of the opening fence, from 1. */
  readonly line: number;
  readonly language: string;
  readonly words: readonly string[];
  readonly text: string;
}

const FENCE = /^(\s*)(`{3,}|~{3,})\s*(.*)$/;

/** The fenced blocks of a page, in order. Indentation of the opening fence is taken off each line. */
export function blocksOf(page: string, markdown: string): readonly Block[] {
  const blocks: Block[] = [];
  const lines = markdown.split('\n');
  for (let i = 0; i < lines.length; i++) {
    const [, indent = '', fence = '', info = ''] = FENCE.exec(lines[i] ?? '') ?? [];
    if (fence === '') continue;
    const end = lines.findIndex((line, j) => j > i && line.trim().startsWith(fence) && line.trim().replaceAll(fence[0] ?? '', '') === '');
    if (end < 0) throw new Error(`${page}:${i + 1}: the block is not closed`);
    const [language = '', ...words] = info.trim().split(/\s+/);
    const text = lines.slice(i + 1, end).map((line) => (line.startsWith(indent) ? line.slice(indent.length) : line.trimStart())).join('\n');
    blocks.push({ page, line: i + 1, language, words, text: `${text}\n` });
    i = end;
  }
  return blocks;
}

/** The value of a word such as `file=app.ts`. */
export function wordValue(block: Block, name: string): string | undefined {
  return block.words.find((word) => word.startsWith(`${name}=`))?.slice(name.length + 1);
}
