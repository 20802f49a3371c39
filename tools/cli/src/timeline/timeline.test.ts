import { isSluiceError } from '@sluice/core';
import { describe, expect, test } from 'vitest';
import { spell, ticksFor } from './axis.ts';
import { drawTimeline, escaped } from './draw.ts';
import { readTrace } from './read-trace.ts';

const x = (name: string, ts: unknown, dur: unknown, more: object = {}) => ({ ph: 'X', name, cat: 'transfer', pid: 1, tid: 1, ts, dur, ...more });
const meta = (name: string, pid: number, tid: number, args: object) => ({ ph: 'M', name, pid, tid, args });
const read = (value: unknown) => readTrace(JSON.stringify(value));
const shape = (stages: ReturnType<typeof readTrace>) => stages.map((s) => [s.name, ...s.tracks.map((t) => [t.name, ...t.slices.map((e) => `${e.name} ${e.start}-${e.end} ${e.depth}`)])]);

describe('reading traces', () => {
  test('names and order of tracks are those of the file, slices nest by time', () => {
    const traceEvents = [
      x('inner', 2, 3), x('outer', 0, 10), x('next', 10, 1, { tid: 2 }), x('other', 4, 1, { pid: 2 }),
      meta('process_name', 1, 0, { name: 'storage' }), meta('process_sort_index', 1, 0, { sort_index: 2 }), meta('process_sort_index', 2, 0, { sort_index: 1 }),
      meta('thread_name', 1, 1, { name: 'read' }), meta('thread_sort_index', 1, 1, { sort_index: 9 }), meta('thread_sort_index', 1, 2, { sort_index: 3 }),
    ];
    const expected = [['process 2', ['thread 1', 'other 4-5 0']], ['storage', ['thread 2', 'next 10-11 0'], ['read', 'outer 0-10 0', 'inner 2-5 1']]];
    expect(shape(read({ traceEvents }))).toEqual(expected);
    expect(shape(read(traceEvents))).toEqual(expected);
  });

  test('begin and end are a slice; an end of nothing is nothing, what never ends does so with its track, other events are passed over', () => {
    const at = (ph: string, ts: number, name?: string) => ({ ph, ts, name, pid: 'a', tid: 'b' });
    expect(shape(read([at('E', 0), at('B', 1, 'outer'), at('B', 2, 'inner'), at('E', 3), at('i', 4, 'instant'), at('C', 5, 'counter'), at('B', 6, 'late'), { ph: 'X', ts: '7.5', name: 7 }, {}])))
      .toEqual([['process a', ['thread b', 'outer 1-6 0', 'inner 2-3 1', 'late 6-6 0']], ['process 0', ['thread 0', ' 7.5-7.5 0']]]);
  });

  test.each([
    ['nothing', ''], ['no JSON', '{"traceEvents": [}'], ['a number', '7'], ['null', 'null'], ['no list', '{"traceEvents": {"length": 3}}'], ['no events', '[]'], ['no slices', '[{"ph":"M","name":"process_name","pid":1,"args":{"name":"x"}}]'],
    ['an event that is none', '[1]'], ['an event that is a list', '[[]]'], ['an event that is null', '[null]'],
    ['a slice without a time', '[{"ph":"X"}]'], ['a time that is text', '[{"ph":"X","ts":"soon"}]'], ['a time that is empty', '[{"ph":"X","ts":""}]'], ['a time beyond numbers', '[{"ph":"X","ts":1e308,"dur":1e308}]'], ['an endless time', '[{"ph":"X","ts":1e999}]'], ['a time that is null', '[{"ph":"B","ts":null}]'],
    ['a negative length', '[{"ph":"X","ts":0,"dur":-1}]'], ['a track that is an object', '[{"ph":"X","ts":0,"pid":{"toString":1}}]'],
    ['too many events', `[${'1,'.repeat(2_000_000)}1]`], ['lists without end', '['.repeat(200_000)], ['lists in lists', `${'['.repeat(200_000)}${']'.repeat(200_000)}`],
  ])('%s is refused with a code', (_, text) => {
    let error: unknown;
    try {
      readTrace(text);
    } catch (thrown) {
      error = thrown;
    }
    if (!isSluiceError(error)) throw error;
    expect([error.code, error.family]).toEqual(['cli/trace', 'program']);
    expect(error.message.length).toBeLessThan(300);
  });

  test('names that are no names, and as long as a file', () => {
    const [stage] = read([x('n'.repeat(100_000), 0, 1), meta('process_name', 1, 0, { name: 'p'.repeat(100_000) }), meta('thread_name', 1, 1, { name: 7 }), { ph: 'M', name: 'thread_name', args: null }, { ph: 'M', args: 'x' }]);
    expect([stage?.name.length, stage?.tracks[0]?.name, stage?.tracks[0]?.slices[0]?.name.length]).toEqual([200, 'thread 1', 200]);
    expect(shape(read([x('a', 0, 1, { pid: '__proto__', tid: 'constructor' })]))).toEqual([['process __proto__', ['thread constructor', 'a 0-1 0']]]);
  });
});

/** The tags of an SVG, which must be balanced. */
function tagsOf(svg: string): readonly string[] {
  const open: string[] = [];
  const tags = [...svg.matchAll(/<(\/?)([a-z]+)((?: [\w:-]+="[^"<]*")*)(\/?)>/gu)];
  expect(svg.replaceAll(/<(\/?)([a-z]+)((?: [\w:-]+="[^"<]*")*)(\/?)>/gu, '')).not.toMatch(/[<>]/u);
  for (const [, closing, name = '', , alone] of tags) {
    if (closing === '/') expect(open.pop()).toBe(name);
    else if (alone !== '/') open.push(name);
  }
  expect(open).toEqual([]);
  return tags.map(([, , name = '']) => name);
}

describe('drawing', () => {
  test('tracks, an axis with its unit, a legend of what there is, and how busy a stage was', () => {
    const svg = drawTimeline(read([
      x('read', 0, 4000), x('write', 3000, 4000, { tid: 2 }), x('flip', 9000, 1000, { cat: 'launch', pid: 2 }),
      meta('process_name', 1, 0, { name: 'storage fs' }), meta('thread_name', 1, 1, { name: 'read' }),
    ]), 'trace.json');
    tagsOf(svg);
    expect(svg).toContain('trace.json: 10 ms, 3 events');
    expect(svg).toContain('storage fs: busy 70 % of the time');
    expect(svg).toContain('>2 ms</text>');
    expect([...svg.matchAll(/<rect x="\d+" y="\d+" width="12"[^>]*\/><text[^>]*>(\w+)/gu)].map(([, label]) => label)).toEqual(['read', 'write', 'launch']);
    expect(svg).toContain('<title>read: 4 ms</title><rect x="150" y="90" width="412" height="14" fill="#0072b2"');
  });

  test('whatever names hold, the picture is an SVG and holds no more than their text', () => {
    const nasty = ['<script>alert(1)</script>', '"><image href="x" onerror="y"/>', "' & &amp; ]]>", '\u0000\u0001\u001f\ufffe\uffff', '\ud800 and \udc00', '\u{1f4a9}'.repeat(99), '-->'];
    const svg = drawTimeline(read(nasty.flatMap((name, i) => [
      x(name, i * 10, 9, { tid: i, cat: name }), meta('process_name', 1, 0, { name }), meta('thread_name', 1, i, { name }),
    ])), nasty.join(''));
    expect(new Set(tagsOf(svg))).toEqual(new Set(['svg', 'rect', 'text', 'line', 'g', 'title']));
    expect(svg).toMatch(/^[\t\n\r -\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]*$/u);
    expect(escaped('a < b & "c"\t\ud83d')).toBe('a &lt; b &amp; &quot;c&quot;\t\ufffd');
  });

  test('a picture stays small, however much is in a trace', () => {
    const many = Array.from({ length: 200_000 }, (_, i) => x(i % 3 === 0 ? 'read' : 'write', i * 2, 1, { cat: ['transfer', 'wait', 'step'][i % 3] }));
    const wide = Array.from({ length: 500 }, (_, i) => x('read', 0, 400_000, { tid: i + 2 }));
    const deep = Array.from({ length: 100_000 }, (_, i) => ({ ph: 'B', name: 'deep', cat: 'step', pid: 3, tid: 1, ts: i }));
    const svg = drawTimeline(read([...many, ...wide, ...deep]), 'many');
    expect(svg.length).toBeLessThan(2_000_000);
    expect(svg).toContain('and 441 tracks more');
    tagsOf(svg);
  });

  test('a trace of no length', () => {
    const svg = drawTimeline(read([x('read', 5, 0)]), 'one');
    tagsOf(svg);
    expect(svg).not.toContain('NaN');
  });
});

test('times in words, and ticks of round steps in one unit', () => {
  expect([0.5, 1, 999.4, 1234, 12_345, 123_456, 1_234_567, 360e6].map(spell)).toEqual(['500 ns', '1 µs', '999 µs', '1.23 ms', '12.3 ms', '123 ms', '1.23 s', '360 s']);
  expect(ticksFor(10_000, 10).map((t) => t.label)).toEqual(['0', '1 ms', '2 ms', '3 ms', '4 ms', '5 ms', '6 ms', '7 ms', '8 ms', '9 ms', '10 ms']);
  expect(ticksFor(1700, 5).map((t) => t.label)).toEqual(['0', '0.5 ms', '1.0 ms', '1.5 ms']);
  for (const length of [1e-3, 0.7, 3, 47, 999, 1001, 123_456, 8e9]) {
    const ticks = ticksFor(length, 10);
    expect(ticks.length).toBeGreaterThan(3);
    expect(ticks.length).toBeLessThanOrEqual(11);
    expect(new Set(ticks.map((t) => t.label)).size).toBe(ticks.length);
  }
  expect(ticksFor(0, 10)).toEqual([{ at: 0, label: '0' }]);
});
