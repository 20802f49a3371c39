type Row = readonly string[];

/** Columns padded to their widest cell; `titles` stand above them. */
export function textTable(titles: Row, rows: readonly Row[]): string {
  const widths = titles.map((title, i) => Math.max(title.length, ...rows.map((row) => row[i]?.length ?? 0)));
  return [titles, ...rows].map((row) => row.map((cell, i) => cell.padEnd(widths[i] ?? 0)).join('  ').trimEnd()).join('\n');
}

/** A Markdown table; `code` says which columns are code. */
export function markdownTable(titles: Row, rows: readonly Row[], code: readonly number[]): string {
  const escaped = (text: string) => text.replaceAll('|', '\\|');
  const cells = (row: Row) => row.map((cell, i) => (code.includes(i) && cell !== '' ? `\`${escaped(cell)}\`` : escaped(cell)));
  const line = (row: Row) => `| ${row.join(' | ')} |`;
  return [line(titles), line(titles.map(() => '---')), ...rows.map((row) => line(cells(row)))].join('\n');
}
