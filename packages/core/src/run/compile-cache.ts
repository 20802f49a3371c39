import { SluiceError, isSluiceError } from '../diagnostics/error.ts';
import type { Registry } from '../registry/registry.ts';
import { keyOf, versionsOf } from './cache-key.ts';
import { messageOf } from './faults.ts';

/**
 * Keeps what compiling made for later sessions and processes. Keys say all that the bytes depend on, in hexadecimal. An
 * implementation may forget whatever it likes, and gives bytes as they were put or none: damaged ones are its own to find.
 */
export interface CompileCache {
  get(key: string): Promise<Uint8Array | undefined>;
  put(key: string, bytes: Uint8Array): Promise<void>;
}

/** What the session's cache had for one program. */
export interface CacheUse {
  /** Forms that were there: of the program, and of kernels where their backend keeps some. */
  readonly hits: number;
  /** Forms that were made, and kept for the next time. */
  readonly misses: number;
  /** What failed in the cache. The program was compiled without it. */
  readonly problems: readonly SluiceError[];
}

/** A cache that counts, and whose failures fail nothing else. */
export class WatchedCache implements CompileCache {
  hits = 0;
  misses = 0;
  readonly problems: SluiceError[] = [];
  readonly #cache: CompileCache;

  constructor(cache: CompileCache) {
    this.#cache = cache;
  }

  /** What `read` makes of the bytes under the key; undefined where there are none, or it throws. */
  async recall<T>(key: string, read: (bytes: Uint8Array) => T): Promise<T | undefined> {
    try {
      const bytes = await this.#cache.get(key);
      const made = bytes === undefined ? undefined : read(bytes);
      if (made === undefined) this.misses++;
      else this.hits++;
      return made;
    } catch (cause) {
      this.misses++;
      this.#failed('what it kept could not be read', cause);
      return undefined;
    }
  }

  get(key: string): Promise<Uint8Array | undefined> {
    return this.recall(key, (bytes) => bytes);
  }

  async put(key: string, bytes: Uint8Array): Promise<void> {
    try {
      await this.#cache.put(key, bytes);
    } catch (cause) {
      this.#failed('nothing could be kept', cause);
    }
  }

  /** The cache as one backend sees it, with any text as a key: its own, of these versions of everything. */
  of(backend: string, registry: Registry): CompileCache {
    const scope = [backend, versionsOf(registry)];
    return { get: (key) => this.get(keyOf([scope, key])), put: (key, bytes) => this.put(keyOf([scope, key]), bytes) };
  }

  use(): CacheUse {
    return { hits: this.hits, misses: this.misses, problems: this.problems };
  }

  #failed(what: string, cause: unknown): void {
    this.problems.push(isSluiceError(cause) ? cause : new SluiceError({ code: 'cache/failed', message: `the session's cache failed: ${what}: ${messageOf(cause)}`, fix: 'see the cause; take `cache` off the options of the session to do without it', cause }));
  }
}
