/** A plain text table: columns padded to their widest cell, columns that are empty throughout left out. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const kept = head.map((_, i) => i).filter((i) => rows.some((r) => (r[i] ?? '') !== ''));
  const widths = kept.map((i) => Math.max(head[i]?.length ?? 0, ...rows.map((r) => r[i]?.length ?? 0)));
  const line = (cells: readonly string[]) => kept.map((i, k) => (cells[i] ?? '').padEnd(widths[k] ?? 0)).join('  ').trimEnd();
  return [line(head), ...rows.map(line)].join('\n');
}
