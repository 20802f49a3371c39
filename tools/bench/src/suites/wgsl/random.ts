/** Random words, new ones each time; xorshift32 (Marsaglia 2003), because hundreds of millions are wanted. */
export function randomWords(length: number): Uint32Array<ArrayBuffer> {
  let state = (Math.floor(Math.random() * 0xffffffff) || 1) | 0;
  const words = new Uint32Array(length);
  for (let i = 0; i < length; i++) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    words[i] = state;
  }
  return words;
}

/** Random floats from `low` up to `low + span`, multiples of span / 2^24. */
export function randomFloats(length: number, low: number, span: number): Float32Array<ArrayBuffer> {
  const words = randomWords(length);
  const floats = new Float32Array(words.buffer);
  for (let i = 0; i < length; i++) floats[i] = low + ((words[i] ?? 0) >>> 8) * (span / 2 ** 24);
  return floats;
}

/** Random whole numbers from `low` up to, not including, `low + span`, as floats; `span` is a power of two. */
export function randomIntegers(length: number, low: number, span: number): Float32Array<ArrayBuffer> {
  const words = randomWords(length);
  const floats = new Float32Array(words.buffer);
  for (let i = 0; i < length; i++) floats[i] = low + ((words[i] ?? 0) & (span - 1));
  return floats;
}
