import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { noPublicSsh } from '../../../policies/public-ssh.ts';
import { worldOpen } from '../../../policies/world-open.ts';
import { ask, UNKNOWN, type Asked } from './ask.ts';

type Rule = [protocol: string, port: string | undefined, ...sources: string[]];
const OFFICE = '198.51.100.0/28';

/** The same rules at both clouds, each in its own words. */
const clouds: [string, (...rules: Rule[]) => Asked][] = [
  [
    'Hetzner',
    (...rules) => ({
      type: 'hcloud:index/firewall:Firewall',
      props: {
        rules: rules.map(([protocol, port, ...sourceIps]) => ({
          direction: 'in',
          protocol,
          ...(port !== undefined && { port }),
          sourceIps,
        })),
      },
    }),
  ],
  [
    'DigitalOcean',
    (...rules) => ({
      type: 'digitalocean:index/firewall:Firewall',
      props: {
        inboundRules: rules.map(([protocol, portRange, ...sourceAddresses]) => ({
          protocol,
          ...(portRange !== undefined && { portRange }),
          sourceAddresses,
        })),
      },
    }),
  ],
];

describe.each(clouds)('SSH at %s', (_cloud, firewall) => {
  it.each<[string, ...Rule[]]>([
    ['from all of IPv4', ['tcp', '22', '0.0.0.0/0']],
    ['from all of IPv6', ['tcp', '22', '::/0']],
    ['from all of IPv4, written as IPv6', ['tcp', '22', '::ffff:0:0/96']],
    ['in a range of ports', ['tcp', '1-1024', '0.0.0.0/0']],
    ['in a range that ends with it', ['tcp', '20-22', '0.0.0.0/0']],
    ['on any port', ['tcp', 'any', '0.0.0.0/0']],
    ['on all ports', ['tcp', 'all', '0.0.0.0/0']],
    ['on port 0, which is all', ['tcp', '0', '0.0.0.0/0']],
    ['on an empty port, which is all', ['tcp', '', '0.0.0.0/0']],
    ['without a port', ['tcp', undefined, '0.0.0.0/0']],
    ['from nobody named, which is everybody', ['tcp', '22']],
    ['from two halves', ['tcp', '22', '0.0.0.0/1', '128.0.0.0/1']],
    ['from two halves in two rules', ['tcp', '22', '0.0.0.0/1'], ['tcp', '20-30', '128.0.0.0/1']],
    ['from half of the internet', ['tcp', '22', '128.0.0.0/1']],
    ['from the world beside the office', ['tcp', '22', OFFICE, '0.0.0.0/0']],
    ['in upper case', ['TCP', '22', '0.0.0.0/0']],
    ['from something that cannot be read', ['tcp', '22', 'everywhere']],
  ])('is refused %s', async (_name, ...rules) => {
    const { refused, unknown } = await ask(noPublicSsh, firewall(...rules));
    expect(unknown).toBeUndefined();
    expect(refused).toHaveLength(rules.length);
    expect(refused[0]).toMatch(/^(rules|inboundRules)\[0\]\.source(Ips|Addresses): .*opens tcp\/22.* to the world \(/);
    expect(refused[0]).toContain('site-mesh:ssh.from');
  });

  it.each<[string, ...Rule[]]>([
    ['from the office', ['tcp', '22', OFFICE]],
    ['from many offices', ['tcp', '22', OFFICE, '203.0.113.0/24', '2001:db8:1::/48']],
    ['from everything private', ['tcp', '22', '10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', 'fc00::/7']],
    ['beside it', ['tcp', '23-65535', '0.0.0.0/0']],
    ['over UDP', ['udp', '22', '0.0.0.0/0']],
    ['from two halves on other ports', ['tcp', '22', OFFICE], ['tcp', '80', '0.0.0.0/1', '128.0.0.0/1']],
  ])('passes %s', async (_name, ...rules) => {
    expect(await ask(noPublicSsh, firewall(...rules))).toEqual({ refused: [] });
  });

  it('from sources that are not known yet is not refused yet; what is known beside them is', async () => {
    const later = await ask(noPublicSsh, firewall(['tcp', '22', UNKNOWN]));
    expect(later).toMatchObject({ refused: [], unknown: expect.stringContaining("can't be known") as string });
    const half = await ask(noPublicSsh, firewall(['tcp', '22', UNKNOWN], ['tcp', '22', '0.0.0.0/0', UNKNOWN]));
    expect(half.refused).toEqual([expect.stringMatching(/\[1\]/)]);
    expect(half.unknown).toBeDefined();
    expect((await ask(noPublicSsh, firewall(['tcp', '22', OFFICE, UNKNOWN]))).refused).toEqual([]);
  });
});

describe.each(clouds)('what is open to the world at %s', (_cloud, firewall) => {
  it('is udp/41641, exactly', async () => {
    expect(await ask(worldOpen, firewall(['udp', '41641', '0.0.0.0/0', '::/0']))).toEqual({ refused: [] });
  });

  it.each<[string, string, Rule]>([
    ['another port of UDP', 'udp/9993', ['udp', '9993', '0.0.0.0/0']],
    ['the same port of TCP', 'tcp/41641', ['tcp', '41641', '0.0.0.0/0']],
    ['a range around it', 'udp/41640-41642', ['udp', '41640-41642', '0.0.0.0/0']],
    ['every port of UDP', 'udp/1-65535', ['udp', 'any', '::/0']],
    ['a web server', 'tcp/443', ['tcp', '443', '0.0.0.0/1', '128.0.0.0/1']],
    ['ping', 'icmp', ['icmp', undefined, '0.0.0.0/0']],
  ])('is not %s', async (_name, kind, rule) => {
    const { refused } = await ask(worldOpen, firewall(['tcp', '22', OFFICE], rule));
    expect(refused).toEqual([expect.stringMatching(/\[1\].* opens .* to the world/)]);
    expect(refused[0]).toContain(`opens ${kind} to the world`);
    const allows = {
      exceptions: [{ resource: 'eu-*', stack: 'prod', allows: kind, reason: 'partners of ours reach it' }],
    };
    const named = { ...firewall(rule), name: 'eu-fra' };
    expect(await ask(worldOpen, named, { config: allows })).toEqual({ refused: [] });
    expect((await ask(worldOpen, named, { config: allows, stack: 'staging' })).refused).toHaveLength(1);
    expect((await ask(worldOpen, { ...named, name: 'us-nyc' }, { config: allows })).refused).toHaveLength(1);
  });

  it('is not what two rules make of it together', async () => {
    const { refused } = await ask(worldOpen, firewall(['tcp', '80', '0.0.0.0/1'], ['tcp', '1-1024', '128.0.0.0/1']));
    expect(refused.join()).toContain('opens tcp/80 to the world');
    expect(await ask(worldOpen, firewall(['tcp', '80', '203.0.113.0/24'], ['tcp', '443', OFFICE]))).toEqual({
      refused: [],
    });
  });

  it('is not judged while the port is unknown, and other rules are', async () => {
    const { refused, unknown } = await ask(
      worldOpen,
      firewall(['tcp', UNKNOWN, '0.0.0.0/0'], ['tcp', '8080', '0.0.0.0/0']),
    );
    expect(refused).toEqual([expect.stringContaining('opens tcp/8080')]);
    expect(unknown).toMatch(/\.0\.port/);
  });
});

describe('what goes out, and what comes from inside the cloud', () => {
  it('is no business of either', async () => {
    const out = { direction: 'out', protocol: 'tcp', port: 'any', destinationIps: ['0.0.0.0/0'] };
    const hetzner = { type: 'hcloud:index/firewall:Firewall', props: { rules: [out] } };
    const ownTag = { protocol: 'tcp', portRange: '22', sourceTags: ['jump'] };
    const digitalocean = { type: 'digitalocean:index/firewall:Firewall', props: { inboundRules: [ownTag] } };
    for (const policy of [noPublicSsh, worldOpen])
      for (const one of [hetzner, digitalocean]) expect(await ask(policy, one)).toEqual({ refused: [] });
  });
});

describe('however the internet is cut into pieces', () => {
  /** All prefixes of one length, or the halves of some of them. */
  const pieces = fc
    .tuple(fc.integer({ min: 1, max: 6 }), fc.array(fc.boolean(), { minLength: 64, maxLength: 64 }))
    .map(([length, split]) =>
      Array.from({ length: 2 ** length }, (_, index) => {
        const size = 2 ** (32 - length);
        const address = (value: number): string =>
          [24, 16, 8, 0].map((shift) => Math.floor(value / 2 ** shift) % 256).join('.');
        const low = index * size;
        return split[index] === true
          ? [`${address(low)}/${length + 1}`, `${address(low + size / 2)}/${length + 1}`]
          : [`${address(low)}/${length}`];
      }).flat(),
    );

  it('it is the internet', async () => {
    await fc.assert(
      fc.asyncProperty(pieces, async (sources) => {
        for (const [, firewall] of clouds)
          expect(
            (await ask(noPublicSsh, firewall(...sources.map((one): Rule => ['tcp', '22', one])))).refused,
          ).not.toEqual([]);
      }),
      { numRuns: 30 },
    );
  });
});
