import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex, utf8ToBytes } from '@noble/hashes/utils.js';
import manifest from '../../package.json' with { type: 'json' };
import { API_VERSION } from '../global-slot.ts';
import type { Registry } from '../registry/registry.ts';

/** A key that another one of the parts makes another one. */
export function keyOf(parts: readonly unknown[]): string {
  return bytesToHex(sha256(utf8ToBytes(JSON.stringify(parts))));
}

/** Whose code made what is kept: of core, and of every plugin. */
export function versionsOf({ plugins }: Registry): readonly unknown[] {
  return [manifest.version, API_VERSION, plugins.map(({ name, version }) => [name, version])];
}
