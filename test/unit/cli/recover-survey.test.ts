import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { survey } from '../../../cli/recover/survey.ts';
import { UNKNOWN } from '../../../cli/recover/wanted.ts';
import { make, startCloud, TOKENS, type Cloud } from '../lab/cloud.ts';
import { child, cloudsAt, MARK, NETWORK, PROVIDER, resource, SERVER, stateOf, SUBNET } from './recover-fixtures.ts';

/** Over the lab's Hetzner API. */
let cloud: Cloud;
beforeEach(async () => {
  cloud = await startCloud();
});
afterEach(() => cloud.close());

const clouds = () => cloudsAt({ token: TOKENS.staging, endpoint: `${cloud.base}/v1` });
const makeNetwork = (labels: object = MARK): Promise<number> =>
  make(cloud, 'networks', { name: 'eu-fra', ip_range: '10.78.0.0/16', labels });
const network = resource(NETWORK, 'eu-fra');
const creating = { type: 'creating', resource: network };

describe('an operation that was cut off', () => {
  test('a create whose object is there is adopted, under its own record', async () => {
    const id = await makeNetwork();
    const found = await survey(stateOf([], [creating]), [], clouds());
    expect(found.adoptions).toEqual([{ resource: network, id: String(id) }]);
    expect(found.refresh).toEqual([network.urn]);
    expect(found.cutOff).toMatchObject([{ verdict: 'adopt', why: `network eu-fra, id ${id} is there` }]);
  });

  test('a create whose object is not there is forgotten', async () => {
    const found = await survey(stateOf([], [creating]), [], clouds());
    expect(found).toMatchObject({ adoptions: [], refresh: [], questions: [] });
    expect(found.cutOff).toMatchObject([
      { verdict: 'forget', why: 'nothing of it is at the cloud: the next up makes it' },
    ]);
  });

  test('an update or a delete is forgotten, and a refresh tells the truth', async () => {
    const recorded = { ...network, id: String(await makeNetwork()) };
    for (const type of ['updating', 'deleting']) {
      const found = await survey(stateOf([recorded], [{ type, resource: recorded }]), [], clouds());
      expect(found.refresh).toEqual([network.urn]);
      expect(found.cutOff).toMatchObject([{ verdict: 'forget' }]);
    }
  });

  test.each([
    ['mesh:index:TailnetNode', 'asks the host'],
    ['mesh:index:HostRelease', 'first step again'],
    ['mesh:index:HostKey', 'makes another'],
    ['command:remote:Command', 'perhaps again'],
    ['tailscale:index/dnsPreferences:DnsPreferences', 'does it'],
  ])('a %s needs nothing from here: %s', async (type, words) => {
    const found = await survey(stateOf([], [{ type: 'creating', resource: resource(type, 'x') }]), [], clouds());
    expect(found).toMatchObject({ adoptions: [], refresh: [], questions: [] });
    expect(found.cutOff[0]?.why).toContain(words);
  });

  test.each(['updating', 'deleting'])('%s of ours needs no refresh', async (type) => {
    const node = resource('mesh:index:TailnetNode', 'x', { id: 'n1' });
    const found = await survey(stateOf([node], [{ type, resource: node }]), [], clouds());
    expect(found.refresh).toEqual([]);
  });
});

describe('what a preview would make', () => {
  test('and is there, is adopted from the preview; control: what is not there is not', async () => {
    const id = await makeNetwork();
    const other = resource(NETWORK, 'eu-nbg');
    const found = await survey(stateOf([]), [network, other], clouds());
    expect(found.adoptions).toEqual([{ resource: network, id: String(id) }]);
    expect(found.unrecorded).toMatchObject([{ urn: network.urn }]);
  });

  test('an object without our label is named and not taken', async () => {
    const id = await makeNetwork({});
    const found = await survey(stateOf([], [creating]), [network], clouds());
    expect(found.adoptions).toEqual([]);
    expect(found.questions).toHaveLength(1);
    expect(found.questions[0]?.what).toContain(`a network named eu-fra (id ${id}) is at Hetzner, without our label`);
  });

  test('an object that another record holds is not recorded twice', async () => {
    const holder = resource(NETWORK, 'old-name', { id: String(await makeNetwork()) });
    const found = await survey(stateOf([holder]), [network], clouds());
    expect(found.adoptions).toEqual([]);
    expect(found.questions[0]?.what).toContain('is recorded already, as hcloud Network old-name');
  });

  test('a child is looked for under what is adopted with it, and left for the next look', async () => {
    const id = await makeNetwork();
    await cloud.call('POST', `/networks/${id}/actions/add_subnet`, {
      type: 'cloud',
      ip_range: '10.78.10.0/24',
      network_zone: 'eu-central',
    });
    const subnet = child(SUBNET, 'eu-fra', { ipRange: '10.78.10.0/24' }, { networkId: network });
    const found = await survey(stateOf([]), [network, subnet], clouds());
    expect(found.adoptions.map(({ resource: { urn } }) => urn)).toEqual([network.urn]);
    expect(found.later).toMatchObject([{ urn: subnet.urn }]);
    const known = { ...subnet, inputs: { ipRange: '10.78.10.0/24', networkId: id } };
    const next = await survey(stateOf([{ ...network, id: String(id) }]), [known], clouds());
    expect(next.adoptions).toMatchObject([{ id: `${id}-10.78.10.0/24` }]);
    expect(next.later).toEqual([]);
  });

  test('a server whose key is not in the state is not taken: nobody could know it', async () => {
    const keyed = resource('mesh:index:HostKey', 'fra-db-01');
    const server = resource(SERVER, 'fra-db-01');
    await make(cloud, 'servers', { name: 'fra-db-01', server_type: 'cx23', image: 'debian-12', labels: MARK });
    const lost = await survey(stateOf([]), [keyed, server], clouds());
    expect(lost.adoptions).toEqual([]);
    expect(lost.questions[0]?.what).toContain('the key that it was born with is not in the state');
    const found = await survey(stateOf([{ ...keyed, id: 'SHA256:x' }]), [server], clouds());
    expect(found.adoptions).toHaveLength(1);
  });

  test('components above it that are not recorded are recorded with it, outermost first', async () => {
    await makeNetwork();
    const site = { urn: 'urn:site', type: 'site-mesh:hetzner:Site', custom: false };
    const inner = { urn: 'urn:inner', type: 'site-mesh:index:Inner', custom: false, parent: site.urn };
    const inside = { ...network, parent: inner.urn };
    const found = await survey(stateOf([]), [site, inner, inside], clouds());
    expect(found.adoptions.map(({ resource: { urn } }) => urn)).toEqual([site.urn, inner.urn, network.urn]);
  });

  test('without a recorded provider nothing can be recorded, and the way out is told', async () => {
    await makeNetwork();
    const provider = PROVIDER.replace(/::[^:]+$/, `::${UNKNOWN}`);
    const found = await survey(stateOf([]), [{ ...network, provider }], clouds());
    expect(found.questions[0]?.way).toContain(
      "pulumi up --target 'urn:pulumi:staging::site-mesh::pulumi:providers:hcloud::hetzner'",
    );
  });
});

describe('what is recorded', () => {
  test('and gone is refreshed; control: what is there is left alone', async () => {
    const there = { ...network, id: String(await makeNetwork()) };
    const gone = resource(NETWORK, 'gone', { id: '4711' });
    const found = await survey(stateOf([there, gone]), [], clouds());
    expect(found.gone).toMatchObject([{ urn: gone.urn, id: '4711' }]);
    expect(found.refresh).toEqual([gone.urn]);
  });

  test('as waiting for its deletion, and gone, is dropped: a refresh does not look at it', async () => {
    const live = { ...network, id: String(await makeNetwork()) };
    const waiting = { ...network, id: '4711', delete: true };
    const found = await survey(stateOf([live, waiting]), [], clouds());
    expect(found.deleted).toEqual([waiting]);
    expect(found.refresh).toEqual([]);
  });

  test('as deleted before its replacement is not missed', async () => {
    const found = await survey(stateOf([{ ...network, id: '4711', pendingReplacement: true }]), [], clouds());
    expect(found).toMatchObject({ gone: [], refresh: [] });
  });
});

test('a cloud without a credential is told as not looked at', async () => {
  const access = cloudsAt('hcloud:token is not set');
  const found = await survey(stateOf([{ ...network, id: '1' }], [creating]), [], access);
  expect(found).toMatchObject({ adoptions: [], gone: [] });
  expect([...access.closed.values()]).toEqual(['hcloud:token is not set']);
});
