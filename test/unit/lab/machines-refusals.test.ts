import { afterEach, describe, expect, it } from 'vitest';
import { imageNames } from '../../../lab/machines/image/base.ts';
import { FAULTS, RECORDS_ONLY, type FaultName } from '../../../lab/types.ts';
import { at, LAB_TOKEN, SERVER, startCloud, type Answer, type Cloud } from './cloud.ts';
import { DROPLET } from './ocean.ts';

let cloud: Cloud;
afterEach(() => cloud.close());
const ofMachines = async (): Promise<void> => {
  cloud = await startCloud({ images: imageNames });
};
const ofRecords = async (): Promise<void> => {
  cloud = await startCloud();
};

const names = Object.keys(FAULTS) as FaultName[];
const recordsOnly = names.filter((name) => RECORDS_ONLY[name] !== undefined);
const both = names.filter((name) => RECORDS_ONLY[name] === undefined);
const setFault = (fault: string): Promise<Answer> =>
  cloud.ask(LAB_TOKEN, 'POST', '/lab/faults', { fault, target: 'fra-edge-01' });

describe('a fault that only records act out', () => {
  it.each(recordsOnly)('is refused on a lab of machines, with what works there: %s', async (fault) => {
    await ofMachines();
    const { status, json } = await setFault(fault);
    expect(status).toBe(422);
    for (const word of [fault, ...both, 'mesh lab kill', 'mesh lab cut', 'mesh lab link', RECORDS_ONLY[fault] ?? '?'])
      expect(json.error).toContain(word);
    expect(cloud.faults.list()).toEqual([]);
  });

  it('is none of those that both act out, and none at all on a lab of records', async () => {
    expect(recordsOnly.sort()).toEqual(['command-fails', 'flip-byte', 'foreign-software', 'other-host-key']);
    await ofMachines();
    for (const fault of both) expect((await setFault(fault)).status, fault).toBe(200);
    await cloud.close();
    await ofRecords();
    for (const fault of names) expect((await setFault(fault)).status, fault).toBe(200);
    expect(cloud.faults.list()).toHaveLength(names.length);
  });

  it('is no name that nobody knows', async () => {
    await ofMachines();
    expect((await setFault('earthquake')).json.error).toContain('known name');
  });
});

describe('an image that the machines lack', () => {
  const servers = async (): Promise<unknown> => (await cloud.call('GET', '/servers')).json.servers;

  it('is refused by Hetzner in its own form, with those that there are', async () => {
    await ofMachines();
    for (const image of ['ubuntu-24.04', 161547269]) {
      const refused = await cloud.call('POST', '/servers', { ...SERVER, image });
      expect(refused).toMatchObject({ status: 422, code: 'invalid_input' });
      expect(at(refused.json, 'error.message')).toBe("invalid input in field 'image'");
      const said = JSON.stringify(at(refused.json, 'error.details.fields'));
      for (const word of ['"name":"image"', "'ubuntu-24.04'", ...imageNames]) expect(said).toContain(word);
    }
    expect(await servers()).toEqual([]);
    for (const image of imageNames)
      expect((await cloud.call('POST', '/servers', { ...SERVER, name: image, image })).status).toBe(201);
  });

  it('is refused by DigitalOcean in its own form, with those that there are', async () => {
    await ofMachines();
    const refused = await cloud.ocean('POST', '/droplets', { ...DROPLET, image: 'ubuntu-24-04-x64' });
    expect(refused).toMatchObject({ status: 422, json: { id: 'unprocessable_entity' } });
    for (const word of ['ubuntu-24-04-x64', 'debian-12-x64', 'debian-13-x64'])
      expect(refused.json.message).toContain(word);
    expect((await cloud.ocean('GET', '/droplets')).json.droplets).toEqual([]);
    for (const image of imageNames)
      expect((await cloud.ocean('POST', '/droplets', { ...DROPLET, name: image, image: `${image}-x64` })).status).toBe(
        202,
      );
  });

  it('is a server like any other where servers are records', async () => {
    await ofRecords();
    expect((await cloud.call('POST', '/servers', { ...SERVER, image: 'ubuntu-24.04' })).status).toBe(201);
    expect((await cloud.ocean('POST', '/droplets', { ...DROPLET, image: 'ubuntu-24-04-x64' })).status).toBe(202);
  });

  it('that the cloud does not sell any more is refused for that, on machines too', async () => {
    await ofMachines();
    const { json } = await cloud.call('POST', '/servers', { ...SERVER, image: 'debian-11' });
    expect(JSON.stringify(json)).toContain('deprecated');
  });
});
