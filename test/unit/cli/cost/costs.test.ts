import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { costs } from '../../../../cli/cost/index.ts';
import { costJson } from '../../../../cli/cost/json.ts';
import type { Access } from '../../../../cli/cost/tokens.ts';
import { CliError, EXIT } from '../../../../cli/exit.ts';
import { renderCost } from '../../../../cli/render/cost.ts';
import type { StackFile } from '../../../../cli/stack-file.ts';
import { clouds, smallHttp } from '../../io/small-http.ts';
import { validRaw } from '../../mesh/fixtures.ts';
import { accessTo, sites, stackFile } from './fixtures.ts';

let server: Awaited<ReturnType<typeof smallHttp>>;
beforeAll(async () => {
  server = await smallHttp(clouds);
});
afterAll(() => server.close());

const costOf = (file: StackFile, before?: StackFile | null, access = accessTo(server.url)) =>
  costs(file, access, before === undefined ? undefined : { told: 'HEAD~1', ...(before && { file: before }) });
const json = async (...args: Parameters<typeof costOf>) =>
  JSON.parse(JSON.stringify(costJson(await costOf(...args), 'test', 'clouds'))) as Record<string, unknown>;
const text = async (...args: Parameters<typeof costOf>): Promise<string> => renderCost(await costOf(...args), 'clouds');

/** The Hetzner site with changes to its one LAN host. */
function fra(host: Record<string, unknown>, site: Record<string, unknown> = {}): ReturnType<typeof sites> {
  const all = sites();
  return {
    ...all,
    'eu-fra': { ...all['eu-fra'], hosts: [{ name: 'fra-db-01', lan: '10.77.10.10', roles: ['db'], ...host }], ...site },
  };
}

describe('what a stack costs', () => {
  test('is the sum of its servers and addresses, currencies apart; existing hosts cost nothing', async () => {
    const answer = await json(stackFile(sites()));
    expect(answer).toMatchObject({
      net: { EUR: '11.97', USD: '12.00' },
      gross: { EUR: '14.2443', USD: '12.00' },
      vatRates: { EUR: ['19.000000'] },
      sites: [
        { name: 'ap-sin', net: { USD: '12.00' }, hosts: [{ host: 'sin-app-01', server: '6.00', address: null, net: '6.00' }, {}] }, // prettier-ignore
        { name: 'eu-fra', net: { EUR: '11.97' }, hosts: [{ host: 'fra-edge-01', type: 'cx23', server: '3.49', address: '0.50', net: '3.99', gross: '4.7481' }, {}, {}] }, // prettier-ignore
        { name: 'eu-gra', existing: 1, net: {}, hosts: [] },
      ],
    });
  });

  test('is told by host, site and in total, with tax where the cloud tells it', async () => {
    const told = await text(stackFile(sites()));
    expect(told).toMatch(/fra-edge-01 +cx23 +3\.49 +0\.50 +3\.99 EUR/);
    expect(told).toMatch(/sin-app-01 +s-1vcpu-1gb +6\.00 +included +6\.00 USD/);
    expect(told).toMatch(/site +11\.97 EUR/);
    expect(told).toContain('1 existing host: nothing is bought here');
    expect(told).toMatch(/11\.97 EUR +14\.24 EUR with 19 % VAT\n +12\.00 USD\n/);
    expect(told).not.toContain('the lab');
    expect(renderCost(await costOf(stackFile(sites())), 'lab')).toContain('prices are the lab’s own');
  });

  test('follows the location', async () => {
    const moved = fra({}, { location: 'hel1' });
    expect(await json(stackFile(moved))).toMatchObject({ net: { EUR: '13.77' } });
  });

  test('of existing hosts alone is nothing, and no cloud is asked', async () => {
    const { 'eu-gra': gra } = sites();
    const nobody: Access = { endpoint: () => undefined, token: () => Promise.reject(new Error('asked for a token')) };
    const alone = stackFile({ 'eu-gra': gra ?? {} }, { services: {}, access: [], groups: {} });
    expect(await text(alone, undefined, () => Promise.resolve(nobody))).toContain('nothing is bought');
    await expect(text(stackFile(sites()), undefined, () => Promise.resolve(nobody))).rejects.toThrow(
      'asked for a token',
    );
  });
});

describe('what has no price', () => {
  test('is told all at once, each with the way out, and nothing is added up', async () => {
    const all = fra({ serverType: 'cx34' });
    all['ap-sin'] = { ...all['ap-sin'], location: 'ams3' };
    const refused: unknown = await costOf(stackFile(all)).catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(CliError);
    expect(refused).toMatchObject({ code: EXIT.usage });
    const { message } = refused as Error;
    expect(message).toContain('fra-db-01 at eu-fra: Hetzner sells no server type cx34; did you mean cx33?');
    expect(message).toContain(
      'sin-app-01 at ap-sin: DigitalOcean does not sell s-1vcpu-1gb at ams3, only at nyc3, sgp1',
    );
  });

  test('a location without a price of addresses is not taken for free', async () => {
    const noAddress = await smallHttp((path) => {
      const reply = clouds(path);
      return path === '/v1/pricing' ? { body: JSON.parse(JSON.stringify(reply.body).replaceAll('ipv4', 'ipv9')) as unknown } : reply; // prettier-ignore
    });
    await expect(costOf(stackFile(sites()), undefined, accessTo(noAddress.url))).rejects.toThrow('tells no price of a public address at fsn1'); // prettier-ignore
    await noAddress.close();
  });

  test('a cloud that refuses is a failure, not a fault of the config', async () => {
    const broken = await smallHttp(() => ({ status: 500, body: { message: 'out of order' } }));
    await expect(costOf(stackFile(sites()), undefined, accessTo(broken.url))).rejects.toMatchObject({ code: EXIT.failed, message: expect.stringContaining('out of order') as string }); // prettier-ignore
    await broken.close();
  });
});

describe('what a change of the stack costs', () => {
  const against = async (now: ReturnType<typeof sites>, before: ReturnType<typeof sites>) =>
    (await json(stackFile(now), stackFile(before))).against as { net: object; changes: Record<string, unknown>[]; notCounted: string[] }; // prettier-ignore

  test('is told for hosts that come, go and grow, currencies apart', async () => {
    const now = fra({ serverType: 'cx33' });
    now['ap-sin'] = {
      ...now['ap-sin'],
      hosts: [{ name: 'sin-app-02' }, { name: 'sin-app-03', serverType: 's-2vcpu-2gb' }],
    };
    const { net, changes } = await against(now, sites());
    expect(net).toEqual({ EUR: '2.00', USD: '11.50' });
    expect(changes.map(({ host }) => host)).toEqual(['fra-db-01', 'sin-app-01', 'sin-app-03']);
    expect(changes[1]).toMatchObject({ before: { net: '6.00' }, after: null });
    const told = await text(stackFile(now), stackFile(sites()));
    expect(told).toMatch(/~ +fra-db-01 +eu-fra \(fsn1\) +cx23 → cx33 +\+2\.00 EUR/);
    expect(told).toMatch(/- +sin-app-01 +ap-sin \(sgp1\) +s-1vcpu-1gb +-6\.00 USD/);
    expect(told).toMatch(/\+ +sin-app-03 +ap-sin \(sgp1\) +s-2vcpu-2gb +\+17\.50 USD/);
    expect(told).toMatch(/difference +\+2\.00 EUR, \+11\.50 USD/);
  });

  test('is nothing when nothing that costs has changed', async () => {
    expect(await against(fra({ roles: ['db', 'cache'] }), sites())).toMatchObject({ net: {}, changes: [] });
    expect(await text(stackFile(sites()), stackFile(sites()))).toMatch(/Against HEAD~1\n +no difference/);
    expect(await text(stackFile(sites()))).not.toContain('Against');
  });

  test('a move between locations is a change, though the type stays', async () => {
    const { net, changes } = await against(fra({}, { location: 'hel1' }), sites());
    expect(net).toEqual({ EUR: '1.80' });
    expect(changes).toHaveLength(3);
  });

  test('a host whose former type is sold no more is neither new nor dearer: it is not counted, and that is said', async () => {
    const { net, changes, notCounted } = await against(sites(), fra({ serverType: 'cx22' }));
    expect([net, changes]).toEqual([{}, []]);
    expect(notCounted).toEqual([expect.stringContaining('fra-db-01 at eu-fra: Hetzner sells no server type cx22')]);
    expect(await text(stackFile(sites()), stackFile(fra({ serverType: 'cx22' })))).toContain('not counted: fra-db-01');
  });

  test('a stack that was not there yet is new as a whole', async () => {
    expect((await json(stackFile(sites()), null)).against).toMatchObject({ revision: 'HEAD~1, which had no such stack', net: { EUR: '11.97', USD: '12.00' } }); // prettier-ignore
  });

  test('a former stack whose token is gone has no prices for that account; the present one must have its token', async () => {
    const open = accessTo(server.url);
    const access = async (): Promise<Access> => ({
      ...(await open()),
      token: ({ key }) =>
        key === 'site-mesh:accountTokens.old'
          ? Promise.reject(new CliError(EXIT.usage, 'no token'))
          : Promise.resolve('t'),
    });
    const old = stackFile(fra({}, { account: 'old' }));
    const { compared } = await costOf(stackFile(sites()), old, access);
    expect(compared?.uncounted[0]).toContain('there is no price list of account old');
    await expect(costOf(old, undefined, access)).rejects.toThrow('no token');
  });

  test('a former stack that is not a stack is named as such, before any token is read', async () => {
    const access = (): Promise<Access> => Promise.reject(new Error('tokens were read'));
    const old = stackFile(sites(), { groups: 'none' });
    const refused = costs(stackFile(sites()), access, { told: 'v1', file: old });
    await expect(refused).rejects.toThrow(/^--against v1: Pulumi\.test\.yaml: /);
    await expect(costs(stackFile({ ...sites(), 'eu-fra': { ...validRaw().sites['eu-fra'], cidr: 'x' } }), access)).rejects.toThrow('cidr'); // prettier-ignore
  });
});
