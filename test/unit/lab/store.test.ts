import fc from 'fast-check';
import { spawn } from 'node:child_process';
import { appendFileSync, existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createFaults } from '../../../lab/api/faults.ts';
import { openStore } from '../../../lab/api/store.ts';
import { LabBusyError } from '../../../lab/api/writer-lock.ts';

let dir: string;
const journal = () => join(dir, 'journal.jsonl');
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'mesh-store-'));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

describe('the store', () => {
  it('has everything again after it was closed and opened', () => {
    const first = openStore(dir);
    first.collection<{ n: number }>('a').put('x', { n: 1 });
    first.collection<{ n: number }>('a').put('y', { n: 2 });
    first.collection<{ n: number }>('a').delete('x');
    first.collection<string>('b').put('x', 'text');
    first.close();
    const second = openStore(dir);
    expect(second.collection('a').all()).toEqual([{ n: 2 }]);
    expect(second.collection('b').get('x')).toBe('text');
    second.close();
  });

  it('hands out copies', () => {
    const store = openStore(dir);
    const things = store.collection<{ list: number[] }>('things');
    const mine = { list: [1] };
    things.put('t', mine);
    mine.list.push(2);
    things.get('t')?.list.push(3);
    expect(things.get('t')).toEqual({ list: [1] });
    store.close();
  });

  it('drops a torn last line and keeps what came before', () => {
    const store = openStore(dir);
    store.collection('a').put('kept', 1);
    store.close();
    appendFileSync(journal(), '["a","torn",{"half":');
    const again = openStore(dir);
    expect(again.collection('a').all()).toEqual([1]);
    again.collection('a').put('after', 2);
    again.close();
    const third = openStore(dir);
    expect(third.collection('a').all()).toEqual([1, 2]);
    third.close();
  });

  it('drops an unterminated last line even when it parses, for it was never acknowledged', () => {
    const store = openStore(dir);
    store.close();
    appendFileSync(journal(), '["a","x",1]');
    const again = openStore(dir);
    expect(again.collection('a').get('x')).toBeUndefined();
    again.close();
    appendFileSync(journal(), '["a","x",1]\n');
    const terminated = openStore(dir);
    expect(terminated.collection('a').get('x')).toBe(1);
    terminated.close();
  });

  it('names the line of a journal that is damaged in the middle, and gives the lock back', () => {
    writeFileSync(journal(), '1000\ngarbage\n["a","x",1]\n');
    expect(() => openStore(dir)).toThrow(/line 2 .*mesh lab reset/);
    writeFileSync(journal(), '1000\n["a","x",1]\n');
    const store = openStore(dir);
    expect(store.collection('a').get('x')).toBe(1);
    store.close();
  });

  it('never gives an id twice, neither over restarts nor over resets', () => {
    const first = openStore(dir);
    const ids = [first.nextId(), first.nextId()];
    first.reset();
    ids.push(first.nextId());
    first.close();
    const second = openStore(dir);
    ids.push(second.nextId());
    second.close();
    expect(ids).toEqual([1000, 1001, 1002, 1003]);
  });

  it('is empty after a reset, also once opened again', () => {
    const store = openStore(dir);
    store.collection('a').put('x', 1);
    store.reset();
    store.collection('a').put('y', 2);
    store.close();
    const again = openStore(dir);
    expect(again.collection('a').all()).toEqual([2]);
    again.close();
  });

  it('keeps its journal to the owner', () => {
    openStore(dir).close();
    expect(statSync(journal()).mode & 0o777).toBe(0o600);
  });

  it('refuses to write once it is closed', () => {
    const store = openStore(dir);
    store.close();
    expect(() => store.collection('a').put('x', 1)).toThrow(/closed/);
    expect(() => store.reset()).toThrow(/closed/);
  });

  it('holds after every operation what a plain map would hold, over compactions too', () => {
    const operation = fc.oneof(
      fc.record({ kind: fc.constant('put' as const), key: fc.constantFrom('a', 'b', 'c'), value: fc.jsonValue() }),
      fc.record({ kind: fc.constant('delete' as const), key: fc.constantFrom('a', 'b', 'c') }),
      fc.record({ kind: fc.constant('reopen' as const) }),
    );
    fc.assert(
      fc.property(fc.array(operation, { maxLength: 25 }), (operations) => {
        rmSync(dir, { recursive: true, force: true });
        let store = openStore(dir);
        const model = new Map<string, unknown>();
        for (const op of operations) {
          if (op.kind === 'put') {
            store.collection('m').put(op.key, op.value);
            model.set(op.key, JSON.parse(JSON.stringify(op.value)));
          } else if (op.kind === 'delete') {
            store.collection('m').delete(op.key);
            model.delete(op.key);
          } else {
            store.close();
            store = openStore(dir);
          }
          expect(store.collection('m').all()).toEqual([...model.values()]);
        }
        store.close();
      }),
      { numRuns: 40 },
    );
  });

  it('survives a cut at any byte with a prefix of its history', () => {
    const store = openStore(dir);
    for (let n = 0; n < 8; n++) store.collection<number>('a').put(String(n), n);
    store.close();
    const whole = readFileSync(journal());
    fc.assert(
      fc.property(fc.nat({ max: whole.length }), (length) => {
        writeFileSync(journal(), whole.subarray(0, length));
        const cut = openStore(dir);
        const all = cut.collection<number>('a').all();
        cut.close();
        expect(all).toEqual([0, 1, 2, 3, 4, 5, 6, 7].slice(0, all.length));
      }),
      { numRuns: 60 },
    );
  });
});

describe('the lock of a lab directory', () => {
  it('lets one process in, and the next one once the first has closed', () => {
    const first = openStore(dir);
    expect(() => openStore(dir)).toThrow(LabBusyError);
    expect(() => openStore(dir)).toThrow(new RegExp(`process ${process.pid}`));
    first.close();
    openStore(dir).close();
    expect(existsSync(join(dir, 'journal.lock'))).toBe(false);
  });

  it('is taken from a process that was killed, and from nobody who only has its number', async () => {
    const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)']);
    await new Promise((resolve) => child.once('spawn', resolve));
    const { startTime } = await import('../../../lab/api/identity.ts');
    const start = startTime(child.pid ?? 0);
    expect(start).toBeDefined();
    const lock = join(dir, 'journal.lock');
    writeFileSync(lock, JSON.stringify({ pid: child.pid, start }));
    expect(() => openStore(dir)).toThrow(LabBusyError);
    // The same number, another start: the number was used again.
    writeFileSync(lock, JSON.stringify({ pid: child.pid, start: `${start ?? ''}0` }));
    openStore(dir).close();
    writeFileSync(lock, JSON.stringify({ pid: child.pid, start }));
    const exited = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGKILL');
    await exited;
    openStore(dir).close();
  });
});

describe('faults', () => {
  it('hit their target or anybody, until they are cleared', () => {
    const store = openStore(dir);
    const faults = createFaults(store);
    expect(faults.hits('action-error', 'fra-edge-01')).toBe(false);
    faults.set('action-error', 'fra-edge-01');
    faults.set('name-taken', '*');
    expect(faults.hits('action-error', 'fra-edge-01')).toBe(true);
    expect(faults.hits('action-error', 'fra-edge-02')).toBe(false);
    expect(faults.hits('name-taken', 'fra-edge-02')).toBe(true);
    faults.clear('action-error');
    expect(faults.list()).toEqual([{ fault: 'name-taken', target: '*' }]);
    faults.clear();
    expect(faults.list()).toEqual([]);
    store.close();
  });
});
