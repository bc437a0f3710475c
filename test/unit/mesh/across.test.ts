import fc from 'fast-check';
import { expect, test } from 'vitest';
import { faultsAcross, type NamedConfig } from '../../../mesh/config/checks/across.ts';
import { accepted, PUBLIC_KEY, validRaw } from './fixtures.ts';

type Raw = ReturnType<typeof validRaw> & Record<string, unknown>;

/** The valid stack under another name, moved to another supernet and tailnet, then changed. */
function stack(name: string, second: number, change: (raw: Raw) => unknown = () => undefined): NamedConfig {
  const raw = JSON.parse(JSON.stringify(validRaw()).replaceAll('10.77.', `10.${second}.`)) as Raw;
  raw.tailnet.name = `acme-${name}`;
  change(raw);
  return { stack: name, config: accepted(raw) };
}

const existingAt = (host: string, port?: number) => (raw: Raw) =>
  Object.assign(raw.sites, {
    'eu-gra': {
      cloud: 'existing',
      cidr: `${raw.network.supernet.split('.').slice(0, 2).join('.')}.40.0/24`,
      routers: [
        {
          name: 'gra-edge-01',
          lan: `${raw.network.supernet.split('.').slice(0, 2).join('.')}.40.2`,
          ssh: { host, hostKey: PUBLIC_KEY, ...(port !== undefined && { port }) },
        },
      ],
    },
  });

test('stacks that share nothing have no fault', () => {
  expect(faultsAcross([stack('prod', 77), stack('staging', 78)])).toEqual([]);
  expect(
    faultsAcross([stack('prod', 77, existingAt('198.51.100.10')), stack('staging', 78, existingAt('198.51.100.11'))]),
  ).toEqual([]);
});

test('overlapping supernets and sites are told at the later stack, naming the other one', () => {
  const faults = faultsAcross([stack('staging', 77), stack('prod', 77)]);
  expect(faults.map(({ stack: at, path, problem }) => [at, path, problem])).toEqual([
    ['staging', 'network.supernet', 'overlaps 10.77.0.0/16 of stack prod'],
    ['staging', 'sites.eu-fra.cidr', 'overlaps 10.77.10.0/24 of site eu-fra of stack prod'],
  ]);
});

test('IPv6 prefixes are compared as well, where both stacks have them', () => {
  const six = (supernet6: string, cidr6: string) => (raw: Raw) => {
    Object.assign(raw.network, { supernet6 });
    existingAt(raw.network.supernet.includes('77') ? '198.51.100.10' : '198.51.100.11')(raw);
    const gra = (raw.sites as Record<string, { routers: object[] }>)['eu-gra'];
    Object.assign(gra ?? {}, {
      cidr6,
      routers: gra?.routers.map((one) => ({ ...one, lan6: cidr6.replace('/64', '2') })),
    });
  };
  const one = stack('prod', 77, six('fd12:3456:789a::/48', 'fd12:3456:789a:40::/64'));
  const told = (other: NamedConfig) => faultsAcross([one, other]).map(({ path, problem }) => [path, problem]);
  expect(told(stack('staging', 78, six('fd12:3456:789a::/52', 'fd12:3456:789a:40::/64')))).toEqual([
    ['network.supernet6', 'overlaps fd12:3456:789a::/48 of stack prod'],
    ['sites.eu-gra.cidr6', 'overlaps fd12:3456:789a:40::/64 of site eu-gra of stack prod'],
  ]);
  expect(told(stack('staging', 78, six('fd12:3456:789a::/52', 'fd12:3456:789a:41::/64')))).toHaveLength(1);
  expect(told(stack('staging', 78, six('fd12:3456:789b::/48', 'fd12:3456:789b:40::/64')))).toEqual([]);
  expect(told(stack('staging', 78))).toEqual([]);
});

test('a tailnet has one stack that owns its policy', () => {
  const shared = (raw: Raw) => (raw.tailnet.name = 'acme');
  const [fault, ...more] = faultsAcross([stack('prod', 77, shared), stack('staging', 78, shared)]);
  expect(fault).toMatchObject({ stack: 'staging', path: 'tailnet.name', value: 'acme' });
  expect(fault?.problem).toContain('the tailnet of stack prod');
  expect(more).toEqual([]);
});

test('an existing machine is managed by one stack; another port of the address may be another machine', () => {
  const one = stack('prod', 77, existingAt('198.51.100.10'));
  const [fault] = faultsAcross([one, stack('staging', 78, existingAt('198.51.100.10'))]);
  expect(fault).toMatchObject({ stack: 'staging', path: 'sites.eu-gra.routers[0].ssh.host', value: '198.51.100.10' });
  expect(fault?.problem).toContain('gra-edge-01 of stack prod');
  expect(faultsAcross([one, stack('staging', 78, existingAt('198.51.100.10', 2222))])).toEqual([]);
});

test('the order in which stacks are given means nothing', () => {
  const all = [stack('a', 77), stack('b', 77), stack('c', 78), stack('d', 78)];
  const faults = faultsAcross(all);
  expect(faults).toHaveLength(4);
  fc.assert(
    fc.property(fc.shuffledSubarray(all, { minLength: 4 }), (some) => {
      expect(faultsAcross(some)).toEqual(faults);
    }),
  );
});
