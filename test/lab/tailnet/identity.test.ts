import { afterAll, beforeAll, expect, test } from 'vitest';
import { Inside } from '../../../lab/machines/inside/index.ts';
import { lines } from '../../../mesh/host/tool.ts';
import { readTool } from '../../../provider/tool-source.ts';
import { Bench } from '../../engine/bench.ts';
import { DAEMONS, describeWith, MACHINES } from '../requirements.ts';

const HOST = 'fra-edge-02';
const OTHER_SERVER = 'https://headscale.example.com';

describeWith([...MACHINES, ...DAEMONS], 'a host at a control server that is not the service’s own', () => {
  let bench: Bench;
  let inside: Inside;
  let server: string;
  beforeAll(async () => {
    process.env.MESH_LAB_PACE = '0.01';
    bench = await Bench.start('staging', { machines: true });
    inside = new Inside(bench.dir);
    const up = await bench.up();
    expect(up.code, up.text).toBe(0);
    const prefs = JSON.parse(await inside.must(HOST, 'tailscale', 'debug', 'prefs')) as { ControlURL: string };
    server = prefs.ControlURL;
  }, 600_000);
  afterAll(async () => {
    inside.close();
    await bench.stop();
    delete process.env.MESH_LAB_PACE;
  });

  /** `node join` without a key, as the provider asks a host that may be a member. */
  const adopt = async (more: object): Promise<{ code: number; answer: Record<string, unknown> }> => {
    const line = lines.nodeJoin({ sha256: readTool().sha256, login: 'root' });
    const request = {
      authKey: '',
      loginServer: server,
      hostname: HOST,
      tags: (await own()).Tags,
      advertiseRoutes: ['10.78.10.0/24'],
      acceptRoutes: true,
      snat: true,
      ssh: false,
      tailnet: bench.tenant.tailscale.tailnet,
      ...more,
    };
    const { code, stdout } = await inside.run(HOST, ['sh', '-c', line], { stdin: JSON.stringify(request) });
    return { code, answer: JSON.parse(stdout) as Record<string, unknown> };
  };
  const own = async (): Promise<{ ID: string; Tags: string[] }> =>
    (JSON.parse(await inside.must(HOST, 'tailscale', 'status', '--json')) as { Self: { ID: string; Tags: string[] } })
      .Self;

  test('is called something else by that server than by the stack', async () => {
    const status = JSON.parse(await inside.must(HOST, 'tailscale', 'status', '--json')) as {
      CurrentTailnet: { Name: string };
    };
    // Or nothing below would be proven.
    expect(status.CurrentTailnet.Name).not.toBe(bench.tenant.tailscale.tailnet);
    expect(server).toMatch(/^https:\/\/198\.18\.0\./);
  });

  test('is adopted by a second join, however its address is written', async () => {
    const { ID } = await own();
    for (const loginServer of [server, `${server}/`, `${server}:443`])
      expect(await adopt({ loginServer })).toMatchObject({ code: 0, answer: { adopted: true, nodeId: ID } });
  });

  test('is refused as another tailnet’s when another control server is asked for, both named; its node stays', async () => {
    const { ID } = await own();
    for (const [loginServer, named] of [
      [OTHER_SERVER, OTHER_SERVER],
      [null, 'acme-staging'],
    ] as const) {
      const { code, answer } = await adopt({ loginServer, authKey: 'a-key' });
      expect(code).toBe(4);
      const { error } = answer as { error: { code: string; message: string } };
      expect(error.code).toBe('wrong-tailnet');
      expect(error.message).toContain(server);
      expect(error.message).toContain(named);
    }
    expect((await own()).ID).toBe(ID);
  });

  test('is found again by a run that does not know that it joined', async () => {
    const { ID } = await own();
    const gone = await bench.pulumi([
      'state',
      'delete',
      await bench.urn('TailnetNode', HOST),
      '--yes',
      '--target-dependents',
    ]);
    expect(gone.code, gone.text).toBe(0);
    const up = await bench.up();
    expect(up.code, up.text).toBe(0);
    expect(up.text).toContain(`${HOST} is in the tailnet already`);
    expect((await own()).ID).toBe(ID);
  });

  test('is forgotten with all others when the lab is reset, and its name is free again', async () => {
    const names = async (): Promise<string[]> => {
      const { devices } = (await bench.tailscale('GET', '/tailnet/-/devices')) as { devices: { name: string }[] };
      return devices.map(({ name }) => name.replace(/\..*/, ''));
    };
    expect(await names()).toContain(HOST);
    await bench.fresh();
    expect(await names()).toEqual([]);
    expect(await bench.tailscale('GET', '/tailnet/-/acl')).toContain('The policy of a new tailnet');
    const up = await bench.up();
    expect(up.code, up.text).toBe(0);
    expect(await names()).toContain(HOST);
  });
});
