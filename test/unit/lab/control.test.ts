import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { loadConfig } from '../../../lab/api/config.ts';
import { startTime } from '../../../lab/api/identity.ts';
import { openStore } from '../../../lab/api/store.ts';
import { ensureTenant } from '../../../lab/api/tenants.ts';
import {
  clearFaults,
  labDown,
  labReload,
  labReset,
  labStatus,
  labUp,
  listFaults,
  setFault,
  unexecuted,
  type LabInfo,
} from '../../../lab/control.ts';

let dir: string;
beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), 'mesh-lab-'));
  await ensureTenant(dir, 'staging', 'acme-staging');
});
afterEach(async () => {
  await labDown(dir);
  rmSync(dir, { recursive: true, force: true });
});

async function hetzner(
  lab: LabInfo,
  method: string,
  path: string,
  body?: object,
  token = lab.config.tenants[0]?.hcloudToken ?? '',
): Promise<{ status: number; text: string }> {
  const response = await fetch(`${lab.hcloudEndpoint}${path}`, {
    method,
    headers: {
      authorization: `Bearer ${token}`,
      'content-type': 'application/json',
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  return { status: response.status, text: await response.text() };
}
const network = (name: string) => ({ name, ip_range: '10.77.0.0/16' });

describe('the lab', () => {
  it('comes up once, stays the same for the next caller, and keeps its state over a stop', async () => {
    const lab = await labUp(dir);
    expect(lab.started).toBe(true);
    expect(await labUp(dir)).toMatchObject({ started: false, pid: lab.pid });
    expect((await hetzner(lab, 'POST', '/networks', network('kept'))).status).toBe(201);
    expect(await labDown(dir)).toBe(true);
    expect(startTime(lab.pid)).toBeUndefined();
    expect(existsSync(join(dir, 'lab.pid'))).toBe(false);
    expect(await labDown(dir)).toBe(false);
    expect(await labStatus(dir)).toMatchObject({ running: false });
    const again = await labUp(dir);
    expect(again.hcloudEndpoint).toBe(lab.hcloudEndpoint);
    const account = await fetch(`${again.digitaloceanEndpoint}/v2/account`);
    expect([account.status, await account.json()]).toMatchObject([401, { message: 'Unable to authenticate you' }]);
    expect((await hetzner(again, 'GET', '/networks')).text).toContain('"kept"');
  });

  it('is one lab for two who start it at once', async () => {
    const labs = await Promise.all([labUp(dir), labUp(dir)]);
    expect(new Set(labs.map((lab) => lab.pid)).size).toBe(1);
    expect(labs.filter((lab) => lab.started)).toHaveLength(1);
  });

  it('comes up again after it was killed', async () => {
    const lab = await labUp(dir);
    await hetzner(lab, 'POST', '/networks', network('kept'));
    process.kill(lab.pid, 'SIGKILL');
    while (startTime(lab.pid) !== undefined) await new Promise((resolve) => setTimeout(resolve, 10));
    expect(await labStatus(dir)).toMatchObject({ running: false });
    const again = await labUp(dir);
    expect(again.pid).not.toBe(lab.pid);
    expect((await hetzner(again, 'GET', '/networks')).text).toContain('"kept"');
  });

  it('never signals a process that only has the recorded number', async () => {
    await loadConfig(dir);
    const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)']);
    await new Promise((resolve) => child.once('spawn', resolve));
    writeFileSync(join(dir, 'lab.pid'), JSON.stringify({ pid: child.pid, start: 'another time' }));
    expect(await labDown(dir)).toBe(false);
    expect(startTime(child.pid ?? 0)).toBeDefined();
    child.kill();
  });

  it('says who has its port and what to do, and comes up when the port is free', async () => {
    const config = await loadConfig(dir);
    const blocker = createServer((socket) => socket.destroy());
    await new Promise<void>((resolve) => blocker.listen(config.apiPort, '127.0.0.1', resolve));
    const holder = process.platform === 'linux' ? `process ${process.pid}` : 'another process';
    await expect(labUp(dir)).rejects.toThrow(
      new RegExp(`127.0.0.1:${config.apiPort}, .* taken by ${holder}.*lab.json`),
    );
    await new Promise((resolve) => blocker.close(resolve));
    expect((await labUp(dir)).started).toBe(true);
  });

  it('drops its state on reset, running or not, and keeps address and keys', async () => {
    const lab = await labUp(dir);
    const names = async () => (await hetzner(lab, 'GET', '/networks')).text;
    await hetzner(lab, 'POST', '/networks', network('first'));
    await labReset(dir);
    expect(await names()).toContain('"networks":[]');
    await hetzner(lab, 'POST', '/networks', network('second'));
    await labDown(dir);
    await labReset(dir);
    expect((await labUp(dir)).config).toEqual(lab.config);
    expect(await names()).toContain('"networks":[]');
  });

  it('takes over stacks, accounts and existing hosts that are added while it runs', async () => {
    const lab = await labUp(dir);
    await hetzner(lab, 'POST', '/networks', network('kept'));
    const { tenant } = await ensureTenant(dir, 'prod', 'acme-prod', {
      accounts: ['acme-eu'],
      existing: [{ name: 'gra-edge-01', address: '203.0.113.1', port: 22, user: 'root', lan: '10.77.40.2' }],
    });
    const account = tenant.accounts['acme-eu']?.hcloudToken ?? '';
    expect((await hetzner(lab, 'GET', '/networks', undefined, tenant.hcloudToken)).status).toBe(401);
    expect((await hetzner(lab, 'GET', '/networks', undefined, account)).status).toBe(401);
    await labReload(dir);
    expect((await hetzner(lab, 'POST', '/networks', network('theirs'), account)).status).toBe(201);
    expect((await hetzner(lab, 'GET', '/networks', undefined, account)).text).toContain('"theirs"');
    // An account is a project of its own.
    expect((await hetzner(lab, 'GET', '/networks', undefined, tenant.hcloudToken)).text).toContain('"networks":[]');
    expect(await labStatus(dir)).toMatchObject({ running: true, info: { pid: lab.pid } });
    expect((await hetzner(lab, 'GET', '/networks')).text).toContain('"kept"');
    // An address that an existing host has is nobody else's.
    const ip = { name: 'ip', type: 'ipv4', assignee_type: 'server', location: 'fsn1' };
    expect((await hetzner(lab, 'POST', '/primary_ips', ip)).text).toContain('"203.0.113.2"');
  });

  it('does not take over an existing host at an address that a cloud gave away, until it is reset', async () => {
    const lab = await labUp(dir);
    const server = { name: 'fra-edge-01', server_type: 'cx23', image: 'debian-12', location: 'fsn1' };
    expect((await hetzner(lab, 'POST', '/servers', server)).status).toBe(201);
    const host = { name: 'gra-edge-01', address: '203.0.113.1', port: 22, user: 'root', lan: '10.77.40.2' };
    await ensureTenant(dir, 'staging', 'acme-staging', { existing: [host] });
    await expect(labReload(dir)).rejects.toThrow(
      /203\.0\.113\.1 is the existing host gra-edge-01, and the server fra-edge-01 of a cloud.*mesh lab reset/,
    );
    await labReset(dir);
    await labReload(dir);
    expect((await hetzner(lab, 'POST', '/servers', server)).text).toContain('"203.0.113.2"');
  });

  it('that is stopped has nothing to take over: it reads its file when it starts', async () => {
    await labReload(dir);
    expect(await labStatus(dir)).toMatchObject({ running: false });
  });

  it('refuses a second writer of its directory', async () => {
    await labUp(dir);
    expect(() => openStore(dir)).toThrow(/mesh lab down/);
  });

  it('takes faults, which bite until they are cleared', async () => {
    const lab = await labUp(dir);
    await setFault(dir, 'name-taken', 'net');
    expect(await listFaults(dir)).toEqual([{ fault: 'name-taken', target: 'net' }]);
    expect((await hetzner(lab, 'POST', '/networks', network('net'))).status).toBe(409);
    await clearFaults(dir);
    expect((await hetzner(lab, 'POST', '/networks', network('net'))).status).toBe(201);
    expect(await unexecuted(dir)).toEqual([]);
  });

  it('says how to start it when it is asked for something while it is down', async () => {
    rmSync(join(dir, 'lab.json'));
    await expect(listFaults(dir)).rejects.toThrow('mesh lab up');
    await loadConfig(dir);
    await expect(setFault(dir, 'name-taken', '*')).rejects.toThrow('mesh lab up');
  });

  it('logs requests without tokens, to a file of its owner', async () => {
    const lab = await labUp(dir);
    await hetzner(lab, 'GET', '/servers?name=x');
    const log = readFileSync(join(dir, 'lab.log'), 'utf8');
    expect(log).toContain('"path":"/v1/servers","status":200');
    expect(log).toContain('"tenant":"staging"');
    expect(log).not.toContain(lab.config.tenants[0]?.hcloudToken);
    expect(log).not.toContain(lab.config.labToken);
    expect(statSync(join(dir, 'lab.log')).mode & 0o777).toBe(0o600);
  });
});
