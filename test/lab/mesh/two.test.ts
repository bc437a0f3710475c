import { afterAll, beforeAll, expect, test } from 'vitest';
import { labMachines, power } from '../../../lab/machines/client.ts';
import { Inside } from '../../../lab/machines/inside/index.ts';
import { Bench } from '../../engine/bench.ts';
import { DAEMONS, describeLong, MACHINES } from '../requirements.ts';

const DB = '10.78.10.10';

describeLong([...MACHINES, ...DAEMONS], 'two labs of machines at once, with the same stack', () => {
  const benches: Bench[] = [];
  const insides: Inside[] = [];
  beforeAll(async () => {
    process.env.MESH_LAB_PACE = '0.01';
    for (let lab = 0; lab < 2; lab++) benches.push(await Bench.start('staging', { machines: true }));
    for (const up of await Promise.all(benches.map((bench) => bench.up()))) expect(up.code, up.text).toBe(0);
    insides.push(...benches.map(({ dir }) => new Inside(dir)));
    for (const inside of insides) await inside.serve('fra-db-01', 5432);
  }, 600_000);
  afterAll(async () => {
    for (const inside of insides) inside.close();
    for (const bench of benches) await bench.stop();
    delete process.env.MESH_LAB_PACE;
  });

  const fetched = async (lab: number): Promise<boolean | undefined> =>
    (await insides[lab]?.fetch('sin-app-01', DB, 5432, { bytes: 200_000 }))?.ok;
  const dir = (lab: number): string => benches[lab]?.dir ?? '';

  test('have the same addresses, and each its own machines', async () => {
    const [one, other] = await Promise.all([0, 1].map(async (lab) => (await labMachines(dir(lab))).machines));
    // Who gets which is the order of the requests.
    const addresses = (machines: typeof one): unknown[] =>
      machines?.flatMap(({ public: address, lan }) => [address, lan]).sort() ?? [];
    expect(addresses(one)).toHaveLength(8);
    expect(addresses(one)).toEqual(addresses(other));
    for (const lab of [0, 1]) await insides[lab]?.shell('fra-db-01', `echo ${lab} > /var/tmp/lab`);
    for (const lab of [0, 1]) expect(await insides[lab]?.must('fra-db-01', 'cat', '/var/tmp/lab')).toBe(`${lab}\n`);
    expect(await Promise.all([fetched(0), fetched(1)])).toEqual([true, true]);
  });

  test('a machine that loses its power in one lab is missed there alone', async () => {
    await power(dir(0), 'fra-db-01', false);
    expect(await Promise.all([fetched(0), fetched(1)])).toEqual([false, true]);
  });

  test('a lab that goes down leaves the other one as it is', async () => {
    const before = (await labMachines(dir(1))).machines.map(({ pid }) => pid);
    insides[0]?.close();
    await benches[0]?.stop();
    expect((await labMachines(dir(1))).machines.map(({ pid }) => pid)).toEqual(before);
    expect(await fetched(1)).toBe(true);
    const again = await benches[1]?.up('--expect-no-changes', '--refresh');
    expect(again?.code, again?.text).toBe(0);
  });
});
