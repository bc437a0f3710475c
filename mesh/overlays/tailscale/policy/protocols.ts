/** Protocols and ports as policies write them, and as access ports (`tcp/443`, `udp/*`). */
const NUMBERS: Readonly<Record<string, number>> = {
  igmp: 2,
  ipv4: 4,
  tcp: 6,
  egp: 8,
  igp: 9,
  udp: 17,
  gre: 47,
  esp: 50,
  ah: 51,
  sctp: 132,
  fc: 133,
};

/** What a rule without a protocol permits (the packet filter's default): GRE and the like have to be named. */
const DEFAULTS = ['tcp', 'udp', 'icmp'];
/** Only these look at ports; the others are open with every port or not at all. */
const WITH_PORTS = ['tcp', 'udp', 'sctp'];

export const ANY_PORT: readonly string[] = DEFAULTS.map((protocol) => `${protocol}/*`);

/** `tcp`, `6` → `tcp`; `icmp`, `1`, `ipv6-icmp`, `58` → `icmp`; a number without a name stays; undefined: no such protocol. */
export function protocolName(text: string): string | undefined {
  const name = text.toLowerCase();
  if (['icmp', 'ipv6-icmp', 'icmpv6', '1', '58'].includes(name)) return 'icmp';
  if (name === 'ip-in-ip') return 'ipv4';
  if (Object.hasOwn(NUMBERS, name)) return name;
  if (!/^[1-9]\d{0,2}$/.test(name) || Number(name) > 255) return undefined;
  return Object.entries(NUMBERS).find(([, number]) => number === Number(name))?.[0] ?? name;
}

export const hasPorts = (protocol: string): boolean => WITH_PORTS.includes(protocol);

/** Access ports of a protocol (undefined: the default ones) and a list such as `22`, `80,443`, `1000-2000`, `*`. */
export function accessPorts(protocol: string | undefined, list: string): { ports: string[] } | { problem: string } {
  const ranges: string[] = [];
  for (const part of list.split(',').map((one) => one.trim())) {
    if (part === '*') {
      ranges.push('*');
      continue;
    }
    const match = /^(\d{1,6})(?:-(\d{1,6}))?$/.exec(part);
    if (match === null) return { problem: `${JSON.stringify(part)} is no port: write 443, 8000-8080, 22,443 or *` };
    const [first, last] = [Number(match[1]), Number(match[2] ?? match[1])];
    if (last > 65_535) return { problem: `port ${part}: ports end at 65535` };
    if (first > last) return { problem: `port range ${part}: its end lies before its start` };
    ranges.push(first === last ? String(first) : `${first}-${last}`);
  }
  if (protocol !== undefined && !hasPorts(protocol))
    return ranges.includes('*')
      ? { ports: [`${protocol}/*`] }
      : { problem: `${protocol} has no ports: write ${protocol === 'icmp' ? '"icmp:*"' : '* as its ports'}` };
  const protocols = protocol === undefined ? DEFAULTS : [protocol];
  return {
    ports: protocols.flatMap((one) => (hasPorts(one) ? ranges.map((range) => `${one}/${range}`) : [`${one}/*`])),
  };
}
