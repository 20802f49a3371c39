/** Draws a number below its argument. */
export type Draw = (below: number) => number;

/** A text with one to three faults: characters and tokens lost, doubled, moved, replaced or cut off. */
export function mutateText(text: string, draw: Draw): string {
  let mutant = text;
  for (let n = 1 + draw(3); n > 0; n--) mutant = (TEXT[draw(TEXT.length)] as TextMutation)(mutant, draw);
  return mutant;
}

/** Bytes with one to three faults: bits and bytes changed, stretches cut, doubled or spliced from elsewhere. */
export function mutateBytes(bytes: Uint8Array, draw: Draw): Uint8Array {
  let mutant = bytes;
  for (let n = 1 + draw(3); n > 0; n--) mutant = (BYTES[draw(BYTES.length)] as BytesMutation)(mutant, draw);
  return mutant;
}

type TextMutation = (text: string, draw: Draw) => string;
type BytesMutation = (bytes: Uint8Array, draw: Draw) => Uint8Array;

const TOKEN = /[%@]?[\w.]+|->|[^\s\w]/g;
const FOREIGN = ['%0', '%999999', '-1', '1e309', '0x', '"', '"\\u{110000}"', '\u0000', 'ünïcode', '\u202e', 'kernel', 'program', 'arith.ad', 'vec5<f32>', 'array<u32, 99999999>', '{', '}', '(', ')', '<', '>', '=', ':', '18446744073709551616', '//', '#', 'nan(0x7fffff)', '-0.0', '@k0', '\n'];

function spots(text: string): readonly RegExpExecArray[] {
  return [...text.matchAll(TOKEN)] as RegExpExecArray[];
}

function replaceSpot(text: string, draw: Draw, by: (token: string, all: readonly RegExpExecArray[]) => string): string {
  const all = spots(text);
  const spot = all[draw(Math.max(1, all.length))];
  return spot === undefined ? text : text.slice(0, spot.index) + by(spot[0], all) + text.slice(spot.index + spot[0].length);
}

const TEXT: readonly TextMutation[] = [
  (t, draw) => replaceSpot(t, draw, () => ''),
  (t, draw) => replaceSpot(t, draw, (token) => `${token} ${token}`),
  (t, draw) => replaceSpot(t, draw, (_, all) => all[draw(all.length)]?.[0] ?? ''),
  (t, draw) => replaceSpot(t, draw, () => FOREIGN[draw(FOREIGN.length)] ?? ''),
  (t, draw) => replaceSpot(t, draw, (token) => token.slice(0, draw(token.length)) + String.fromCharCode(32 + draw(95)) + token.slice(draw(token.length))),
  (t, draw) => t.slice(0, draw(t.length + 1)),
  (t, draw) => t.slice(draw(t.length + 1)),
  (t, draw) => {
    const lines = t.split('\n');
    const [from, to] = [draw(lines.length), draw(lines.length)];
    return [...lines.slice(0, to), lines[from] ?? '', ...lines.slice(to + draw(2))].join('\n');
  },
  (t, draw) => {
    const lines = t.split('\n');
    lines.splice(draw(lines.length), 1 + draw(3));
    return lines.join('\n');
  },
  (t, draw) => {
    const [at, from, length] = [draw(t.length + 1), draw(t.length + 1), draw(80)];
    return t.slice(0, at) + t.slice(from, from + length) + t.slice(at);
  },
  (t, draw) => t.slice(0, draw(t.length + 1)) + '({<'.charAt(draw(3)).repeat(1 + draw(3000)) + t.slice(draw(t.length + 1)),
];

function join(...parts: readonly Uint8Array[]): Uint8Array {
  const out = new Uint8Array(parts.reduce((n, p) => n + p.length, 0));
  let at = 0;
  for (const p of parts) {
    out.set(p, at);
    at += p.length;
  }
  return out;
}

function put(bytes: Uint8Array, at: number, value: number): Uint8Array {
  const out = bytes.slice();
  if (at < out.length) out[at] = value;
  return out;
}

const BYTES: readonly BytesMutation[] = [
  (b, draw) => {
    const at = draw(b.length + 1);
    return put(b, at, (b[at] ?? 0) ^ (1 << draw(8)));
  },
  (b, draw) => put(b, draw(b.length + 1), draw(256)),
  (b, draw) => put(b, draw(b.length + 1), [0, 1, 0x7f, 0x80, 0xff][draw(5)] ?? 0),
  (b, draw) => b.slice(0, draw(b.length + 1)),
  (b, draw) => {
    const at = draw(b.length + 1);
    return join(b.subarray(0, at), b.subarray(Math.min(b.length, at + 1 + draw(8))));
  },
  (b, draw) => {
    const at = draw(b.length + 1);
    return join(b.subarray(0, at), Uint8Array.from({ length: 1 + draw(8) }, () => draw(256)), b.subarray(at));
  },
  (b, draw) => {
    const at = draw(b.length + 1);
    return join(b.subarray(0, at), Uint8Array.of(0xff, 0xff, 0xff, 0xff, draw(20)), b.subarray(Math.min(b.length, at + draw(6))));
  },
  (b, draw) => {
    const [from, to, length] = [draw(b.length + 1), draw(b.length + 1), draw(60)];
    return join(b.subarray(0, to), b.subarray(from, Math.min(b.length, from + length)), b.subarray(draw(2) === 0 ? to : Math.min(b.length, to + length)));
  },
];

/** The bytes of a wire file with a length and checksum that fit again, so that what lies behind them is looked at. */
export function mended(bytes: Uint8Array): Uint8Array {
  if (bytes.length < HEADER) return bytes;
  const out = bytes.slice();
  const view = new DataView(out.buffer);
  view.setUint32(LENGTH_AT, out.length, true);
  view.setUint32(CHECKSUM_AT, crc32c([out.subarray(0, CHECKSUM_AT), out.subarray(HEADER)]), true);
  return out;
}

/** The header of the wire form, in bytes: docs/reference/wire.md. */
const HEADER = 20;
const LENGTH_AT = 12;
const CHECKSUM_AT = 16;

/** CRC-32C, bit by bit (RFC 3720 B.4). */
function crc32c(parts: readonly Uint8Array[]): number {
  let crc = 0xffffffff;
  for (const part of parts) {
    for (const byte of part) {
      crc ^= byte;
      for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1;
    }
  }
  return ~crc >>> 0;
}
