import { execFileSync, spawn } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import type { Machine } from '../../../lab/machines/types.ts';
import { describeWith, MACHINES } from '../requirements.ts';
import { cloudMachine, Rig, type Way } from './rig.ts';

const BOOT_ID = '/proc/sys/kernel/random/boot_id';

describeWith(MACHINES, 'the power of a machine', () => {
  let rig: Rig;
  let machine: Machine;
  let way: Way;
  beforeAll(async () => {
    rig = await Rig.create();
    ({ machine, way } = cloudMachine('one'));
    await rig.up(machine, way);
  });
  afterAll(() => rig.close());
  afterEach(() => {
    rig.exits.splice(0);
  });

  const until = async (what: () => boolean): Promise<void> => {
    const deadline = Date.now() + 15_000;
    while (!what()) {
      if (Date.now() > deadline) throw new Error('it did not happen within 15 s');
      await sleep(20);
    }
  };
  /** Boots anew, as the driver does, and waits for sshd. */
  const again = (): Promise<void> => rig.up(machine, way);

  test('off and on again keeps disk and identity, and user_data is not carried out again', async () => {
    const before = await rig.inside('one', 'cat', BOOT_ID, '/etc/machine-id');
    await rig.shell('one', 'echo mine > /root/note; userdel ops; echo changed > /etc/hostname; sync');
    await rig.machines.powerOff('one', { hard: false });
    expect(rig.machines.running()).toEqual([]);
    expect(rig.machines.pid('one')).toBeUndefined();
    await rig.boot({ ...machine, userData: `${machine.userData}# changed` });
    await rig.shell('one', 'until [ -e /run/cloud-init/result.json ]; do sleep 0.05; done');
    const after = await rig.inside('one', 'cat', BOOT_ID, '/etc/machine-id');
    expect(after.split('\n')[0]).not.toBe(before.split('\n')[0]);
    expect(after.split('\n')[1]).toBe(before.split('\n')[1]);
    expect(await rig.shell('one', 'cat /root/note /etc/hostname; id ops 2>&1 || true')).toMatch(
      /^mine\nchanged\n.*no such/,
    );
    // Control: another machine carries the same user_data out.
    const other = { ...machine, id: 'two' };
    await rig.up(other, way);
    expect(await rig.inside('two', 'id', 'ops')).toContain('(ops)');
    await rig.machines.remove('two');
    await rig.machines.remove('one');
    await again();
  });

  test('a machine that reboots itself says so, and comes back as another boot', async () => {
    const before = await rig.inside('one', 'cat', BOOT_ID);
    await rig.shell('one', 'echo kept > /root/note; systemctl reboot');
    await until(() => rig.exits.length > 0);
    expect(rig.exits).toEqual(['one reboot']);
    expect(rig.machines.running()).toEqual([]);
    await again();
    expect(await rig.inside('one', 'cat', BOOT_ID)).not.toBe(before);
    expect(await rig.inside('one', 'cat', '/root/note')).toBe('kept\n');
  });

  test('a machine that switches itself off stays off until it is booted', async () => {
    await rig.shell('one', 'systemctl poweroff');
    await until(() => rig.exits.length > 0);
    expect(rig.exits).toEqual(['one poweroff']);
    await sleep(300);
    expect(rig.machines.running()).toEqual([]);
    await again();
    expect(rig.machines.running()).toEqual(['one']);
  });

  test('pulled like a plug, it is gone at once, nobody is told, and it boots again', async () => {
    const began = performance.now();
    await rig.machines.powerOff('one', { hard: true });
    expect(performance.now() - began).toBeLessThan(2000);
    expect(leftovers(rig, 'one')).toEqual([]);
    await sleep(300);
    expect(rig.exits).toEqual([]);
    await again();
    expect((await rig.shell('one', 'systemctl --failed --no-legend')).trim()).toBe('');
  });

  test('is found by another process, which can end it; booting it twice is once', async () => {
    const pid = rig.machines.pid('one');
    const other = rig.another();
    expect(other.running()).toEqual(['one']);
    await other.boot(machine, await rig.namespace('one'));
    expect(other.pid('one')).toBe(pid);
    // Control: a number that has become somebody else's is not taken for the machine.
    const record = join(rig.dir, 'machines/one/init.json');
    const text = readFileSync(record, 'utf8');
    writeFileSync(record, JSON.stringify({ ...(JSON.parse(text) as object), pid: process.pid }));
    expect(other.running()).toEqual([]);
    writeFileSync(record, text);
    await other.powerOff('one', { hard: true });
    other.close();
    expect(rig.machines.running()).toEqual([]);
    await again();
  });

  test('what was started by a process that died before it wrote that down is ended by the next boot', async () => {
    const pid = rig.machines.pid('one') ?? 0;
    rmSync(join(rig.dir, 'machines/one/init.json'));
    expect(rig.machines.running()).toEqual([]);
    await again();
    expect(rig.machines.pid('one')).not.toBe(pid);
    await until(() => !existsSync(`/proc/${pid}`));
    expect(nspawns(rig.lab)).toHaveLength(1);
  });

  test('a machine outlives the process that booted it', async () => {
    const other = { ...machine, id: 'orphan' };
    const script = `
      import { createMachines } from ${JSON.stringify(join(import.meta.dirname, '../../../lab/machines/machine/index.ts'))};
      const layers = ${JSON.stringify(layersOf(rig, 'one'))};
      const machines = createMachines({ lab: ${JSON.stringify(rig.lab)}, dir: ${JSON.stringify(rig.dir)},
        base: () => Promise.resolve(layers[1]), caPem: ${JSON.stringify(rig.caPem)}, onExit: () => undefined });
      await machines.boot(${JSON.stringify(other)}, ${JSON.stringify(await rig.namespace('orphan'))});
      process.kill(process.pid, 'SIGKILL');`;
    const child = spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: 'inherit', detached: true });
    await new Promise((resolve) => child.once('close', resolve));
    expect(rig.machines.running().sort()).toEqual(['one', 'orphan']);
    (await rig.login('orphan', way)).close();
    await rig.machines.remove('orphan');
    expect(leftovers(rig, 'orphan')).toEqual([]);
  });

  test('a disk whose image is gone is said to be so', async () => {
    await rig.machines.powerOff('one', { hard: true });
    const born = join(rig.dir, 'machines/one/born.json');
    const text = readFileSync(born, 'utf8');
    writeFileSync(born, text.replaceAll('debian-12', 'debian-gone'));
    await expect(rig.boot(machine)).rejects.toThrow(/lies over .*debian-gone.* replace this machine/);
    writeFileSync(born, text);
    await again();
  });

  test('all of it goes, also what a crashed lab has left', async () => {
    await rig.up({ ...machine, id: 'lost' }, way);
    // A crash between the start and the note, and one whose folder went: nothing but /proc and mounts know of them.
    rmSync(join(rig.dir, 'machines/lost/init.json'));
    expect(leftovers(rig)).not.toEqual([]);
    await rig.another().removeAll();
    await until(() => leftovers(rig).length === 0);
    expect(readdirSync(rig.dir)).not.toContain('machines');
    // And a lab can begin again.
    await again();
  });
});

const nspawns = (lab: string): string[] =>
  execFileSync('ps', ['-eo', 'args'], { encoding: 'utf8' })
    .split('\n')
    .filter((line) => line.startsWith('systemd-nspawn') && line.includes(`--machine=${lab}-`));

function layersOf(rig: Rig, id: string): string[] {
  const born = readFileSync(join(rig.dir, 'machines', id, 'born.json'), 'utf8');
  return (JSON.parse(born) as { layers: string[] }).layers;
}

/** Processes, mounts and control groups of a machine, or of all of a lab. */
function leftovers(rig: Rig, id = ''): string[] {
  const mounts = readFileSync('/proc/self/mountinfo', 'utf8').split('\n');
  const groups = execFileSync('find', ['/sys/fs/cgroup', '-type', 'd', '-path', `*/${rig.lab}/${id}*`, '-prune'], {
    encoding: 'utf8',
  });
  return [
    ...nspawns(rig.lab).filter((line) => line.includes(`--machine=${rig.lab}-${id}`)),
    ...mounts.filter((line) => line.includes(join(rig.dir, 'machines', id))),
    ...groups.split('\n').filter(Boolean),
  ];
}
