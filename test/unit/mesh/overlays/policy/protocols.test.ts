import { describe, expect, test } from 'vitest';
import { accessPorts, ANY_PORT, hasPorts, protocolName } from '../../../../../mesh/overlays/tailscale/policy/protocols.ts'; // prettier-ignore

describe('protocols', () => {
  test.each([
    ['icmp', ['icmp', 'ICMP', '1', 'ipv6-icmp', 'icmpv6', '58']],
    ['igmp', ['igmp', '2']],
    ['ipv4', ['ipv4', 'ip-in-ip', '4']],
    ['tcp', ['tcp', 'TCP', '6']],
    ['egp', ['egp', '8']],
    ['igp', ['igp', '9']],
    ['udp', ['udp', '17']],
    ['gre', ['gre', '47']],
    ['esp', ['esp', '50']],
    ['ah', ['ah', '51']],
    ['sctp', ['sctp', '132']],
    ['fc', ['fc', '133']],
    ['99', ['99']],
    ['255', ['255']],
  ])('%s is %j', (name, all) => {
    expect(all.map(protocolName)).toEqual(all.map(() => name));
  });

  test.each(['', '0', '06', '256', '1000', 'tpc', '6.0', 'toString'])('%j is none', (text) => {
    expect(protocolName(text)).toBeUndefined();
  });

  test('three of them have ports; a rule without one is for the usual three', () => {
    const names = ['tcp', 'udp', 'sctp', 'icmp', 'gre', '99'];
    expect(names.filter(hasPorts)).toEqual(['tcp', 'udp', 'sctp']);
    expect(ANY_PORT).toEqual(['tcp/*', 'udp/*', 'icmp/*']);
  });
});

describe('ports', () => {
  test.each([
    ['tcp', '443', ['tcp/443']],
    ['tcp', '0', ['tcp/0']],
    ['tcp', '65535', ['tcp/65535']],
    ['udp', '80, 443,8000-8080', ['udp/80', 'udp/443', 'udp/8000-8080']],
    ['tcp', '00443-443', ['tcp/443']],
    ['sctp', '*', ['sctp/*']],
    ['icmp', '*', ['icmp/*']],
    ['gre', '1,*', ['gre/*']],
    [undefined, '*', ['tcp/*', 'udp/*', 'icmp/*']],
    [undefined, '22', ['tcp/22', 'udp/22', 'icmp/*']],
  ])('%s: %s', (protocol, list, ports) => {
    expect(accessPorts(protocol, list)).toEqual({ ports });
  });

  test.each([
    ['tcp', '', '"" is no port: write 443, 8000-8080, 22,443 or *'],
    ['tcp', '22,x', '"x" is no port: write 443, 8000-8080, 22,443 or *'],
    ['tcp', '65536', 'port 65536: ports end at 65535'],
    ['tcp', '1-65536', 'port 1-65536: ports end at 65535'],
    ['tcp', '9-8', 'port range 9-8: its end lies before its start'],
    ['icmp', '7', 'icmp has no ports: write "icmp:*"'],
    ['gre', '7', 'gre has no ports: write * as its ports'],
  ])('%s: %j is none', (protocol, list, problem) => {
    expect(accessPorts(protocol, list)).toEqual({ problem });
  });
});
