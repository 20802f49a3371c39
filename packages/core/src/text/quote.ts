import { isWord } from './lexer.ts';

/** `text` in double quotes, one line, with nothing in it that hides or reorders what a person sees. */
export function quoted(text: string): string {
  const made = JSON.stringify(text);
  // oxlint-disable-next-line no-control-regex -- those above ASCII, which JSON leaves as they are
  return made.replace(/[\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

/** `text` in single quotes. */
export function singleQuoted(text: string): string {
  return `'${quoted(text).slice(1, -1).replaceAll('\\"', '"').replaceAll("'", "\\'")}'`;
}

/** `text` itself where it is a word, else in quotes. */
export function wordOrQuoted(text: string): string {
  return isWord(text) ? text : quoted(text);
}
