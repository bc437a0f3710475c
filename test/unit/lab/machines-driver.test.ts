import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Driver } from '../../../lab/machines/driver.ts';
import type { Machine, Machines, Net, World } from '../../../lab/machines/types.ts';

const machine = (id: string, change: Partial<Machine> = {}): Machine => ({
  id,
  name: id,
  tenant: 'prod',
  cloud: 'hetzner',
  image: 'debian-12',
  running: true,
  boot: 1,
  userData: '',
  authorizedKeys: [],
  ...change,
});

/** Networks and machines that only note what is asked of them; a boot fails while its id is in `broken`. */
function fakes() {
  const calls: string[] = [];
  const up = new Set<string>();
  const disks = new Set<string>();
  const broken = new Set<string>();
  const boots = new Map<string, number>();
  const pace = { bootMs: 5 };
  const net = {
    converge: async (world: World) => {
      await Promise.resolve();
      calls.push(`converge ${world.machines.map(({ id, running }) => `${id}${running ? '+' : '-'}`).join(' ')}`);
    },
    namespace: (id: string) => `/run/netns/${id}`,
    unplug: async (id: string) => {
      await Promise.resolve();
      calls.push(`unplug ${id}`);
    },
  } as Net;
  const machines = {
    boot: async ({ id, boot }: Machine) => {
      await sleep(pace.bootMs);
      if (broken.has(id)) throw new Error(`${id} does not boot`);
      calls.push(`boot ${id} ${boot}`);
      up.add(id);
      disks.add(id);
    },
    powerOff: async (id: string) => {
      await Promise.resolve();
      calls.push(`off ${id}`);
      up.delete(id);
    },
    remove: async (id: string) => {
      await Promise.resolve();
      calls.push(`remove ${id}`);
      disks.delete(id);
      up.delete(id);
    },
    known: () => [...new Set([...disks, ...up])],
    running: () => [...up],
    pid: () => 1,
  } as unknown as Machines;
  const collection = {
    get: (id: string) => boots.get(id),
    all: () => [...boots.values()],
    put: (id: string, boot: number) => void boots.set(id, boot),
    delete: (id: string) => void boots.delete(id),
  };
  return { calls, up, broken, pace, net, machines, boots: collection };
}

let fake: ReturnType<typeof fakes>;
let wanted: Machine[];
let driver: Driver;
const start = (): void => {
  driver = new Driver({
    world: () => ({ lab: 'meshtest', machines: wanted, networks: [], links: [], cuts: [], published: [], lifted: [] }),
    net: fake.net,
    machines: fake.machines,
    boots: fake.boots,
    log: () => undefined,
  });
  driver.start();
};
beforeEach(() => {
  fake = fakes();
  wanted = [];
});
afterEach(() => driver.stop());

test('forgets all machines and their disks, and makes those anew that are wanted still', async () => {
  wanted = [machine('a'), machine('b')];
  start();
  await driver.settled();
  wanted = [machine('a')];
  fake.calls.length = 0;
  driver.forget();
  await driver.settled();
  expect(fake.calls.filter((call) => !call.startsWith('unplug'))).toEqual([
    'remove a',
    'remove b',
    'converge a+',
    'boot a 1',
  ]);
  // Control: otherwise one that is wanted keeps its disk.
  wanted = [];
  await driver.settled();
  wanted = [machine('a')];
  await driver.settled();
  fake.calls.length = 0;
  wanted = [machine('a', { boot: 2 })];
  await driver.settled();
  expect(fake.calls).not.toContain('remove a');
});

test('networks come before what boots on them, and off before networks; an unchanged world asks for nothing', async () => {
  wanted = [machine('a'), machine('b', { running: false })];
  start();
  await driver.settled();
  expect(fake.calls).toEqual(['converge a+ b-', 'boot a 1']);
  await sleep(200);
  expect(fake.calls).toHaveLength(2);
  wanted = [machine('a', { running: false }), machine('b')];
  await driver.settled();
  expect(fake.calls.slice(2)).toEqual(['unplug a', 'off a', 'converge a- b+', 'boot b 1']);
  wanted = [machine('b')];
  await driver.settled();
  expect(fake.calls.slice(6)).toEqual(['unplug a', 'remove a', 'converge b+']);
});

test('a reboot that the cloud orders, and one that the machine makes itself, are a new boot on clean networks', async () => {
  wanted = [machine('a')];
  start();
  await driver.settled();
  wanted = [machine('a', { boot: 7 })];
  await driver.settled();
  expect(fake.calls.slice(2)).toEqual(['unplug a', 'off a', 'converge a+', 'boot a 7']);
  fake.up.delete('a');
  driver.exited('a', 'reboot');
  await driver.settled();
  expect(fake.calls.slice(6)).toEqual(['converge a+', 'boot a 8']);
});

test('a machine that switched itself off stays off until its cloud starts it', async () => {
  wanted = [machine('a')];
  start();
  await driver.settled();
  fake.up.delete('a');
  driver.exited('a', 'poweroff');
  await driver.settled();
  await sleep(150);
  expect(fake.calls.at(-1)).toBe('converge a-');
  expect(driver.states()[0]?.state).toBe('off');
  wanted = [machine('a', { boot: 2 })];
  await driver.settled();
  expect(fake.calls.at(-1)).toBe('boot a 2');
});

test('a lab that starts again leaves what runs alone; control: another boot on record is booted', async () => {
  wanted = [machine('a'), machine('b')];
  fake.up.add('a').add('b');
  fake.boots.put('a', 1);
  fake.boots.put('b', 0);
  start();
  await driver.settled();
  expect(fake.calls).toEqual(['unplug b', 'off b', 'converge a+ b+', 'boot b 1']);
});

test('a machine that does not boot says why, and holds nobody up', async () => {
  wanted = [machine('a'), machine('b')];
  fake.broken.add('a');
  start();
  await driver.settled();
  expect(driver.states().map(({ machine: { id }, state, error }) => [id, state, error])).toEqual([
    ['a', 'failed', 'a does not boot'],
    ['b', 'running', undefined],
  ]);
});

test('a machine that boots again before anybody says that it ended does not keep networks that are made anew', async () => {
  wanted = [machine('a'), machine('b')];
  start();
  await driver.settled();
  fake.calls.length = 0;
  // Longer than the driver takes to look again.
  fake.pace.bootMs = 150;
  // Both ended; of the one nobody has said so yet when the other one's end is followed.
  fake.up.delete('a');
  fake.up.delete('b');
  driver.exited('a', 'reboot');
  await expect.poll(() => fake.calls, { interval: 1 }).toContain('converge a+ b+');
  driver.exited('b', 'reboot');
  await driver.settled();
  const ofB = fake.calls.filter((call) => call.endsWith(' b') || call.includes(' b ') || call.startsWith('converge'));
  expect(ofB).toEqual(['converge a+ b+', 'boot b 1', 'unplug b', 'off b', 'converge a+ b+', 'boot b 2']);
  // Control: one that boots as it should is left alone meanwhile.
  expect(fake.calls).not.toContain('off a');
});
