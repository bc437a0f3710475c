import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { CliError, EXIT } from '../../../cli/exit.ts';
import { labEnvironment, labVariables } from '../../../cli/lab/environment.ts';
import { holdTry, inTurn } from '../../../cli/lab/turns.ts';
import { unlockStack } from '../../../cli/lab/unlock.ts';
import { labDirectory, TREE } from '../../../cli/paths.ts';
import { startTime } from '../../../lab/api/identity.ts';

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'mesh-cli-'));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

describe('the lab directory', () => {
  it('is that of the checkout unless MESH_LAB_DIR names one; an empty name is none', () => {
    const own = join(TREE, '.lab');
    expect(labDirectory({})).toBe(own);
    expect(labDirectory({ MESH_LAB_DIR: '' })).toBe(own);
    expect(labDirectory({ MESH_LAB_DIR: '/somewhere/else' })).toBe('/somewhere/else');
    expect(labDirectory({ MESH_LAB_DIR: 'here' })).toBe(join(process.cwd(), 'here'));
  });

  it('reaches the engine as a URL, whatever characters its name has', () => {
    const url = labVariables('/a b/50%#1?', 'staging').PULUMI_BACKEND_URL;
    expect(url).toBe('file:///a%20b/50%25%231%3F/state');
  });
});

describe('the environment of the lab’s engine', () => {
  it('has nothing of the user that opens a door elsewhere, and the rest as it was', () => {
    const mine = { HOME: '/home/ada', SSH_AUTH_SOCK: '/run/agent', HCLOUD_TOKEN: 'real', PULUMI_ACCESS_TOKEN: 'real' };
    const env = labEnvironment('/lab', 'staging', mine);
    expect(env.HOME).toBe('/home/ada');
    expect(Object.keys(env).filter((name) => Object.hasOwn(mine, name))).toEqual(['HOME']);
  });
});

describe('a turn at a lab', () => {
  it('is one after the other, told to whoever waits, and given back after a failure', async () => {
    const said: string[] = [];
    const events: string[] = [];
    const work = (name: string) =>
      inTurn(
        dir,
        (line) => said.push(line),
        async () => {
          events.push(`${name} begins`);
          await sleep(250);
          events.push(`${name} ends`);
          if (name === 'first') throw new Error('no');
        },
      );
    const first = work('first');
    const second = work('second');
    await expect(first).rejects.toThrow('no');
    await second;
    expect(events).toEqual(['first begins', 'first ends', 'second begins', 'second ends']);
    expect(said[0]).toContain(`process ${process.pid} prepares the same lab`);
  });

  it('of a try is refused while another one lives, and not after it was killed', async () => {
    const lab = join(dir, 'lab');
    mkdirSync(lab);
    const other = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'ignore' });
    await once(other, 'spawn');
    const pid = other.pid ?? 0;
    writeFileSync(join(lab, 'try.lock'), JSON.stringify({ pid, start: startTime(pid) }));
    expect(() => holdTry(lab)).toThrow(expect.objectContaining({ code: EXIT.lab }));
    expect(() => holdTry(lab)).toThrow(new RegExp(`process ${pid}.*MESH_LAB_DIR`));
    const ended = once(other, 'exit');
    other.kill('SIGKILL');
    await ended;
    const before = process.listenerCount('exit');
    holdTry(lab);
    // Given back when the process ends.
    expect(process.listenerCount('exit')).toBe(before + 1);
    expect(existsSync(join(lab, 'try.lock'))).toBe(true);
  });
});

describe("the engine's lock", () => {
  const run = () => ({ cli: join(dir, 'fake-cli'), env: { ...process.env, CALLED: join(dir, 'called') }, progress });
  const progress = (): void => undefined;

  function lockedBy(pid: number, machine = hostname()): void {
    const folder = join(dir, 'state', '.pulumi', 'locks', 'organization', 'site-mesh', 'staging');
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, 'a.json'), JSON.stringify({ pid, hostname: machine, username: 'u', timestamp: 'now' }));
    writeFileSync(run().cli, '#!/bin/sh\necho "$@" > "$CALLED"\n', { mode: 0o755 });
  }

  async function child(command: string): Promise<number> {
    const process_ = spawn(command, ['60'], { stdio: 'ignore' });
    onTestFinished(() => void process_.kill('SIGKILL'));
    await once(process_, 'spawn');
    return process_.pid ?? 0;
  }

  it('that nobody holds any more is taken off by the engine itself', async () => {
    // A number beyond any system's limit.
    lockedBy(2 ** 30);
    await unlockStack(dir, 'staging', run());
    expect(existsSync(join(dir, 'called'))).toBe(true);
  });

  it.runIf(process.platform === 'linux')('is not held by somebody else who has the number now', async () => {
    lockedBy(await child('sleep'));
    await unlockStack(dir, 'staging', run());
    expect(existsSync(join(dir, 'called'))).toBe(true);
  });

  it('of an engine at work stays, and is told with the way out', async () => {
    copyFileSync(realpathSync('/bin/sleep'), join(dir, 'pulumi'));
    const pid = await child(join(dir, 'pulumi'));
    lockedBy(pid);
    const refused = unlockStack(dir, 'staging', run());
    await expect(refused).rejects.toThrow(CliError);
    await expect(refused).rejects.toThrow(`kill -INT ${pid}`);
    expect(existsSync(join(dir, 'called'))).toBe(false);
  });

  it('from another machine stays', async () => {
    lockedBy(2 ** 30, 'elsewhere');
    await expect(unlockStack(dir, 'staging', run())).rejects.toThrow('on elsewhere');
  });
});
