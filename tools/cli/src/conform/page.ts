/** A report of `sluice conform`, as it is written as JSON. */
export interface ConformReport {
  readonly ok: boolean;
  readonly plugin: string;
  readonly version: string | null;
  readonly node: string;
  readonly platform: string;
  readonly backends: readonly {
    readonly backend: string;
    readonly device: string | null;
    readonly unavailable: string | null;
    readonly mask: unknown;
    readonly cases: readonly { readonly case: string; readonly verdict: string; readonly reason: string | null; readonly seconds: number }[];
  }[];
}

/** The report as a page that needs nothing beside it. */
export function conformPage({ ok, plugin, version, node, platform, backends }: ConformReport): string {
  const title = escaped`${plugin} ${version ?? ''} ${ok ? 'conforms' : 'does not conform'}`;
  const parts = backends.map(({ backend, device, unavailable, mask, cases }) => {
    const counts = [...new Set(cases.map((c) => c.verdict))].map((verdict) => `${cases.filter((c) => c.verdict === verdict).length} ${verdict}`);
    const rows = cases.map((c) => escaped`<tr class="${c.verdict}"><td>${c.case}</td><td>${c.verdict}</td><td><pre>${c.reason ?? ''}</pre></td><td>${c.seconds.toFixed(2)} s</td></tr>`);
    const head = escaped`<h2>${backend}</h2><p>${unavailable === null ? (device ?? '') : `not tried: ${unavailable}`}</p><p>${counts.join(', ')}; mask ${JSON.stringify(mask)}</p>`;
    return `${head}\n<table><tr><th>case</th><th>verdict</th><th>reason</th><th>time</th></tr>\n${rows.join('\n')}\n</table>`;
  });
  const style = 'body{font:14px system-ui;margin:2em}td{border-top:1px solid #ccc;padding:2px 8px;vertical-align:top}pre{margin:0;white-space:pre-wrap}.failed,.unexpected-pass{background:#fdd}.unsupported,.expected-failure{color:#777}';
  return `<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>${title}</title><style>${style}</style></head>\n<body><h1>${title}</h1>${escaped`<p>Node ${node}, ${platform}</p>`}\n${parts.join('\n')}\n</body></html>\n`;
}

/** Markup around texts that are none. */
function escaped(markup: TemplateStringsArray, ...texts: readonly string[]): string {
  return markup.reduce((all, part, i) => `${all}${(texts[i - 1] ?? '').replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;')}${part}`);
}
