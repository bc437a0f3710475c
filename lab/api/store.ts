import {
  closeSync,
  existsSync,
  fstatSync,
  fsyncSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import type { Collection, Store } from '../types.ts';
import { acquireWriterLock } from './writer-lock.ts';

/** Put `[c, k, v]`, delete `[c, k]`, next id `n`: one JSON value per line. */
type Entry = number | [collection: string, key: string] | [collection: string, key: string, value: unknown];

const FIRST_ID = 1000;

interface State {
  /** Values stay JSON text, so that what is handed out is always a copy. */
  collections: Map<string, Map<string, string>>;
  next: number;
}

function isEntry(value: unknown): value is Entry {
  if (typeof value === 'number') return true;
  return (
    Array.isArray(value) &&
    (value.length === 2 || value.length === 3) &&
    typeof value[0] === 'string' &&
    typeof value[1] === 'string'
  );
}

function apply(state: State, entry: Entry): void {
  if (typeof entry === 'number') {
    state.next = entry;
    return;
  }
  const [name, key, value] = entry;
  let collection = state.collections.get(name);
  if (collection === undefined) state.collections.set(name, (collection = new Map<string, string>()));
  if (entry.length === 2) collection.delete(key);
  else collection.set(key, JSON.stringify(value));
}

/** Replays a journal. Only the last line may be torn: that is what a crash in the middle of a write leaves. */
function replay(text: string, path: string): State {
  const state: State = { collections: new Map(), next: FIRST_ID };
  const lines = text.split('\n');
  lines.forEach((line, index) => {
    if (line === '') return;
    let entry: unknown;
    try {
      entry = JSON.parse(line);
    } catch {
      entry = undefined;
    }
    const terminated = index < lines.length - 1;
    // An unterminated line was never acknowledged, even when it happens to parse.
    if (!terminated) return;
    if (!isEntry(entry)) {
      throw new Error(
        `${path}: line ${index + 1} is not a journal entry. The file was changed by something else; "mesh lab reset" starts afresh.`,
      );
    }
    apply(state, entry);
  });
  return state;
}

function writeAll(fd: number, text: string, flush = true): void {
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length;) at += writeSync(fd, bytes, at);
  if (flush) fsyncSync(fd);
}

/** Writes the shortest journal of a state, through a temporary file: at any moment one whole journal is in place. */
function compact(state: State, dir: string, path: string): void {
  const draft = `${path}.new`;
  const lines = [JSON.stringify(state.next)];
  for (const [name, collection] of state.collections) {
    for (const [key, value] of collection) lines.push(`[${JSON.stringify(name)},${JSON.stringify(key)},${value}]`);
  }
  const fd = openSync(draft, 'w', 0o600);
  try {
    writeAll(fd, `${lines.join('\n')}\n`);
  } finally {
    closeSync(fd);
  }
  renameSync(draft, path);
  const directory = openSync(dir, 'r');
  try {
    fsyncSync(directory);
  } finally {
    closeSync(directory);
  }
}

/**
 * Opens the journal `journal.jsonl` of a lab directory (made when missing) for this process alone.
 * @throws LabBusyError when another process has it open; Error naming the line of a journal that was tampered with.
 */
export function openStore(dir: string): Store {
  mkdirSync(dir, { recursive: true });
  const path = join(dir, 'journal.jsonl');
  const release = acquireWriterLock(join(dir, 'journal.lock'));
  try {
    const state = replay(existsSync(path) ? readFileSync(path, 'utf8') : '', path);
    compact(state, dir, path);
    return new JournalStore(state, dir, path, release);
  } catch (error) {
    release();
    throw error;
  }
}

class JournalStore implements Store {
  readonly #state: State;
  readonly #dir: string;
  readonly #path: string;
  readonly #release: () => void;
  #fd: number | undefined;

  constructor(state: State, dir: string, path: string, release: () => void) {
    this.#state = state;
    this.#dir = dir;
    this.#path = path;
    this.#release = release;
    this.#fd = openSync(path, 'a', 0o600);
  }

  #append(entry: Entry, flush = true): void {
    if (this.#fd === undefined) throw new Error(`${this.#path}: the store is closed`);
    const size = fstatSync(this.#fd).size;
    try {
      writeAll(this.#fd, `${JSON.stringify(entry)}\n`, flush);
    } catch (error) {
      // A full disk: half a line must not be what the next one is written behind.
      ftruncateSync(this.#fd, size);
      throw error;
    }
    apply(this.#state, entry);
  }

  collection<T>(name: string): Collection<T> {
    // The one place where stored text becomes T: a collection name belongs to one module, which is also the only writer.
    const parse = (text: string): T => JSON.parse(text) as T;
    const values = () => this.#state.collections.get(name);
    return {
      get: (id) => {
        const text = values()?.get(id);
        return text === undefined ? undefined : parse(text);
      },
      all: () => [...(values()?.values() ?? [])].map(parse),
      put: (id, value) => {
        // JSON.stringify answers undefined for undefined and functions, whatever its type says.
        if (value === undefined) throw new Error(`${name}/${id}: undefined cannot be stored`);
        this.#append([name, id, value]);
      },
      delete: (id) => {
        if (values()?.has(id) === true) this.#append([name, id]);
      },
    };
  }

  nextId(): number {
    const id = this.#state.next;
    // Not flushed: whatever carries the id is put later into the same file, and flushes this line with it.
    this.#append(id + 1, false);
    return id;
  }

  reset(): void {
    if (this.#fd === undefined) throw new Error(`${this.#path}: the store is closed`);
    this.#state.collections.clear();
    closeSync(this.#fd);
    this.#fd = undefined;
    compact(this.#state, this.#dir, this.#path);
    this.#fd = openSync(this.#path, 'a', 0o600);
  }

  close(): void {
    if (this.#fd === undefined) return;
    closeSync(this.#fd);
    this.#fd = undefined;
    this.#release();
  }
}
