/** What of a page's files is used here: the shapes of the File API and of the File System specification, for a compiler without its types. */
export interface FileHandle {
  readonly kind: 'file' | 'directory';
  readonly name: string;
  getFile(): Promise<Blob>;
  isSameEntry(other: FileHandle): Promise<boolean>;
  createWritable(options: { readonly keepExistingData: boolean; readonly mode: 'exclusive' }): Promise<WritableFile>;
  /** In workers alone, and for files of the origin's own file system alone. */
  createSyncAccessHandle?(options: { readonly mode: 'readwrite-unsafe' }): Promise<SyncAccess>;
  /** Of files that a person chose. */
  queryPermission?(options: { readonly mode: 'read' | 'readwrite' }): Promise<'granted' | 'denied' | 'prompt'>;
}

/** A copy of a file, which takes its place when it is closed. */
export interface WritableFile {
  write(chunk: { readonly type: 'write'; readonly position: number; readonly data: Uint8Array<ArrayBuffer> }): Promise<void>;
  close(): Promise<void>;
  abort(): Promise<void>;
}

export interface SyncAccess {
  read(into: Uint8Array<ArrayBuffer>, options: { readonly at: number }): number;
  write(from: Uint8Array<ArrayBuffer>, options: { readonly at: number }): number;
  truncate(size: number): void;
  getSize(): number;
  flush(): void;
  close(): void;
}

/** By what it can do: an object of another frame of the page is of another class. */
export function isBlob(source: object): source is Blob {
  const { size, slice, arrayBuffer } = source as Partial<Blob>;
  return typeof size === 'number' && typeof slice === 'function' && typeof arrayBuffer === 'function';
}

export function isHandle(source: object): source is FileHandle {
  const { kind, name, isSameEntry } = source as Partial<FileHandle>;
  return (kind === 'file' || kind === 'directory') && typeof name === 'string' && typeof isSameEntry === 'function';
}
