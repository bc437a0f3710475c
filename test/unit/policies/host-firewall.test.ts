import { describe, expect, it, test } from 'vitest';
import { hostFirewall, selects } from '../../../policies/host-firewall.ts';
import { askStack, UNKNOWN, type Asked } from './ask.ts';

const RULE = { direction: 'in', protocol: 'udp', port: '41641', sourceIps: ['0.0.0.0/0'] };
const server = (props: object = {}, more: Partial<Asked> = {}): Asked => ({
  type: 'hcloud:index/server:Server',
  name: 'fra-edge-01',
  props: { labels: { site: 'eu-fra', kind: 'router' }, firewallIds: UNKNOWN, ...props },
  ...more,
});
const wall = (props: object = {}, more: Partial<Asked> = {}): Asked => ({
  type: 'hcloud:index/firewall:Firewall',
  name: 'eu-fra-routers',
  props: { rules: [RULE], applyTos: [], ...props },
  ...more,
});
const bySelector = (labelSelector: string): Asked => wall({ applyTos: [{ labelSelector }] });
const droplet = (props: Asked['props'] = {}, more: Partial<Asked> = {}): Asked => ({
  type: 'digitalocean:index/droplet:Droplet',
  name: 'sin-app-01',
  props,
  ...more,
});
const doWall = (props: object = {}, more: Partial<Asked> = {}): Asked => ({
  type: 'digitalocean:index/firewall:Firewall',
  name: 'ap-sin-members',
  props: { inboundRules: [{ protocol: 'udp', portRange: '41641' }], ...props },
  ...more,
});

describe('a server stands behind a firewall', () => {
  it.each<[string, Asked[]]>([
    ['that selects its labels', [server(), bySelector('site=eu-fra,kind=router')]],
    ['that it names, whose id is not known yet', [server({}, { from: { firewallIds: ['eu-fra-routers'] } }), wall()]],
    ['that names it', [server(), wall({ applyTos: [{ server: UNKNOWN }] }, { from: { applyTos: ['fra-edge-01'] } })]],
    [
      'that an attachment puts before it',
      [
        server(),
        wall(),
        {
          type: 'hcloud:index/firewallAttachment:FirewallAttachment',
          name: 'join',
          props: { firewallId: UNKNOWN, serverIds: UNKNOWN },
          from: { firewallId: ['eu-fra-routers'], serverIds: ['fra-edge-01'] },
        },
      ],
    ],
    [
      'that an attachment selects it for',
      [
        server(),
        wall(),
        {
          type: 'hcloud:index/firewallAttachment:FirewallAttachment',
          name: 'join',
          props: { firewallId: UNKNOWN, labelSelectors: ['site=eu-fra'] },
          from: { firewallId: ['eu-fra-routers'] },
        },
      ],
    ],
    ['of somebody else, by its id', [server({ firewallIds: [4711] })]],
    ['by a tag', [droplet({ tags: ['acme-members'] }), doWall({ tags: ['acme-members'] })]],
    [
      'by a tag whose name is not known yet',
      [
        { type: 'digitalocean:index/tag:Tag', name: 'members', props: {} },
        droplet({ tags: [UNKNOWN] }, { from: { tags: ['members'] } }),
        doWall({ tags: [UNKNOWN] }, { from: { tags: ['members'] } }),
      ],
    ],
    ['by its id', [droplet(), doWall({ dropletIds: UNKNOWN }, { from: { dropletIds: ['sin-app-01'] } })]],
  ])('%s', async (_name, stack) => {
    expect((await askStack(hostFirewall, stack)).refused).toEqual([]);
  });

  it.each<[string, Asked[], string]>([
    ['there is none', [server()], 'fra-edge-01'],
    [
      'the only one selects others',
      [server(), server({ labels: { site: 'us' } }, { name: 'other' }), bySelector('site=us')],
      'fra-edge-01',
    ],
    [
      'it has no labels',
      [server({ labels: undefined }), server({}, { name: 'other' }), bySelector('site')],
      'fra-edge-01',
    ],
    [
      'its label is selected in another account',
      [
        server({}, { provider: 'fra' }),
        server({}, { provider: 'hel', name: 'other' }),
        { ...bySelector('site=eu-fra'), provider: 'hel' },
      ],
      'fra-edge-01',
    ],
    ['it names none', [server({ firewallIds: [] })], 'fra-edge-01'],
    [
      'the droplet has another tag',
      [droplet({ tags: ['a'] }), droplet({ tags: ['b'] }, { name: 'other' }), doWall({ tags: ['b'] })],
      'sin-app-01',
    ],
  ])('refused: %s', async (_name, stack, host) => {
    const { refused, unknown } = await askStack(hostFirewall, stack);
    expect(refused).toEqual([
      expect.stringMatching(new RegExp(`^${host}: firewall: the server stands behind no firewall`)),
    ]);
    expect(unknown).toBeUndefined();
  });

  it('is an advisory while its labels are not known', async () => {
    const { unknown } = await askStack(hostFirewall, [
      server({ labels: { site: UNKNOWN } }),
      bySelector('site=eu-fra'),
    ]);
    expect(unknown).toContain('labels.site');
  });
});

describe('a firewall', () => {
  it('without a rule for what comes in is refused, whatever it says of what goes out', async () => {
    const selected = { applyTos: [{ labelSelector: 'site=eu-fra' }] };
    for (const rules of [[], [{ direction: 'out', protocol: 'tcp' }]]) {
      const { refused } = await askStack(hostFirewall, [server(), wall({ ...selected, rules })]);
      expect(refused).toEqual([expect.stringContaining('eu-fra-routers: rules: the firewall has no rule')]);
    }
    const { refused } = await askStack(hostFirewall, [
      droplet({ tags: ['a'] }),
      doWall({ tags: ['a'], inboundRules: [] }),
    ]);
    expect(refused).toEqual([expect.stringContaining('ap-sin-members: inboundRules: the firewall has no rule')]);
    const later = await askStack(hostFirewall, [server(), wall({ ...selected, rules: UNKNOWN })]);
    expect(later).toMatchObject({ refused: [], unknown: expect.stringContaining('.rules') as string });
  });

  it('that protects nothing is refused, and may be with a reason', async () => {
    const idle = [server(), bySelector('site=eu-fra'), wall({}, { name: 'spare' })];
    expect((await askStack(hostFirewall, idle)).refused).toEqual([expect.stringMatching(/^spare: applyTos/)]);
    const config = { exceptions: [{ resource: 'spare', reason: 'attached by hand in an emergency' }] };
    expect((await askStack(hostFirewall, idle, { config })).refused).toEqual([]);
  });
});

test('label selectors are read as Hetzner reads them', () => {
  const labels = { site: 'eu-fra', kind: 'router' };
  for (const selector of [
    'site',
    'site=eu-fra',
    'site==eu-fra',
    '!owner',
    'kind!=host',
    'owner!=x',
    'kind in (host, router)',
    'kind notin (host),site',
    'owner notin (a)',
  ])
    expect(selects(selector, labels), selector).toBe(true);
  for (const selector of [
    '',
    'owner',
    'site=us',
    '!site',
    'kind!=router',
    'kind in (host)',
    'kind notin (router,host)',
    'site,owner',
    '=',
    'site what',
  ])
    expect(selects(selector, labels), selector).toBe(false);
});
