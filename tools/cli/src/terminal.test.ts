import { describe, expect, test } from 'vitest';
import { cliError } from './codes.ts';
import { terminal } from './terminal.ts';

/** A terminal whose streams are kept as text. */
function captured(options: { isTTY?: boolean; columns?: number; env?: Record<string, string> } = {}) {
  const text = { out: '', err: '' };
  const { isTTY, columns, env = {} } = options;
  const stream = (key: 'out' | 'err') => ({ write: (s: string) => (text[key] += s), isTTY, columns });
  return { text, terminal: terminal({ stdout: stream('out'), stderr: stream('err'), env, cwd: '/project' }) };
}
const error = cliError('cli/usage', 'wrong', 'mend it', { where: { span: { file: '/project/src/a.ts', line: 1, column: 1 } } });

describe('colours', () => {
  const colored = (options: Parameters<typeof captured>[0]) => {
    const { text, terminal } = captured(options);
    terminal.fail(error, false);
    return text.err.includes('\u001b[');
  };

  test('are for terminals, unless NO_COLOR or a dumb terminal forbids them', () => {
    expect(colored({ isTTY: true })).toBe(true);
    expect(colored({ isTTY: false })).toBe(false);
    expect(colored({ isTTY: true, env: { NO_COLOR: '1' } })).toBe(false);
    expect(colored({ isTTY: true, env: { NO_COLOR: '' } })).toBe(true);
    expect(colored({ isTTY: true, env: { TERM: 'dumb' } })).toBe(false);
    expect(colored({ isTTY: false, env: { FORCE_COLOR: '1' } })).toBe(true);
    expect(colored({ isTTY: true, env: { FORCE_COLOR: '1', NO_COLOR: '1' } })).toBe(false);
  });
});

describe('errors', () => {
  test('go to standard error, with files relative to the current folder', () => {
    const { text, terminal } = captured();
    terminal.fail(error, false);
    expect(text).toEqual({ out: '', err: 'cli/usage: wrong\n  --> src/a.ts:1:1\n  fix: mend it\n' });
  });

  test('go to standard output as JSON', () => {
    const { text, terminal } = captured({ isTTY: true });
    terminal.fail(error, true);
    expect(text.err).toBe('');
    expect(JSON.parse(text.out)).toMatchObject({ ok: false, error: { code: 'cli/usage', fix: 'mend it' } });
  });
});

describe('the status line', () => {
  test('is there where somebody watches', () => {
    expect(captured({ isTTY: false }).terminal.status).toBeUndefined();
    expect(captured({ isTTY: true, env: { TERM: 'dumb' } }).terminal.status).toBeUndefined();
    expect(captured({ isTTY: true, env: { NO_COLOR: '1' } }).terminal.status).toBeDefined();
  });

  test('replaces itself, fits the width, and is gone before anything else is printed', () => {
    const { text, terminal } = captured({ isTTY: true, columns: 10 });
    terminal.status?.('0123456789abc');
    terminal.status?.('next');
    terminal.print('result');
    terminal.status?.('');
    expect(text).toEqual({ out: 'result\n', err: '\r\u001b[K012345678\r\u001b[Knext\r\u001b[K' });
  });
});
