import fc from 'fast-check';

/** What a policy can speak of. */
export interface Vocabulary {
  tags: readonly string[];
  people: readonly string[];
  /** Addresses, prefixes and, where `ranges` is set, ranges of addresses. */
  spans: readonly string[];
  /** Which parts of the language; headscale does not know all of it. */
  roles: boolean;
  legacy: boolean;
}

type Names = readonly [string, ...string[]];
const oneOf = (names: readonly string[]): fc.Arbitrary<string> => fc.constantFrom(...(names as Names));
const GROUPS = ['group:red', 'group:blue'];
const ALIASES = ['alpha', 'beta', 'gamma'];

const portText = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom('22', '80', '443', '8000', '8010') },
  fc.constantFrom('20-25', '80-443', '8000-8010', '1-65535', '*'),
);
const grantIp = fc.oneof(
  fc.tuple(fc.constantFrom('tcp', 'udp', 'sctp'), portText).map((parts) => parts.join(':')),
  portText,
  fc.constantFrom('*', 'icmp:*', 'tcp:*'),
);
const aclPorts = fc.oneof(
  { weight: 3, arbitrary: portText },
  fc
    .uniqueArray(fc.constantFrom('22', '80-90', '443', '8000-8010'), { minLength: 2, maxLength: 3 })
    .map((all) => all.join(',')),
);

/** Any policy over a vocabulary: what `JSON.stringify` makes a text of. Not empty, and of rules that the service takes. */
export function anyPolicy(vocabulary: Vocabulary): fc.Arbitrary<Record<string, unknown>> {
  const { tags, people, spans, roles, legacy } = vocabulary;
  const somebody = [oneOf(people), oneOf(GROUPS), fc.constant('autogroup:member')];
  const something = [oneOf(tags), fc.constant('autogroup:tagged'), oneOf(ALIASES), oneOf(spans)];
  const role = roles ? [fc.constant('autogroup:admin')] : [];
  const many = (arbitrary: fc.Arbitrary<string>): fc.Arbitrary<string[]> =>
    fc.uniqueArray(arbitrary, { minLength: 1, maxLength: 3 });
  const sources = many(fc.oneof(...somebody, ...something, ...role, fc.constant('*')));
  const targets = many(fc.oneof(...somebody, ...something, ...role, fc.constant('*')));
  const ends = fc.oneof(
    { weight: 6, arbitrary: fc.record({ src: sources, dst: targets }) },
    // One's own devices: for people only.
    fc.record({ src: many(fc.oneof(...somebody)), dst: fc.constant(['autogroup:self']) }),
    fc.record({ src: fc.constant(['autogroup:danger-all']), dst: targets }),
  );
  const grant = fc
    .tuple(ends, fc.uniqueArray(grantIp, { minLength: 1, maxLength: 3 }))
    .map(([{ src, dst }, ip]) => ({ src, dst, ip }));
  const keys = legacy ? fc.constantFrom(['src', 'dst'], ['users', 'ports']) : fc.constant(['src', 'dst']);
  const acl = fc
    .tuple(
      ends,
      fc.array(aclPorts, { minLength: 3, maxLength: 3 }),
      fc.constantFrom(undefined, 'tcp', 'udp', 'icmp'),
      keys,
    )
    .map(([{ src, dst }, ports, proto, [from = '', to = '']]) => ({
      action: 'accept',
      [from]: src,
      [to]: dst.map(
        (name, n) =>
          `${name.includes(':') && /^[0-9a-f:/]+$/.test(name) ? `[${name}]` : name}:${proto === 'icmp' ? '*' : (ports[n] ?? '*')}`,
      ),
      ...(proto !== undefined && { proto }),
    }));
  const aliases = fc.tuple(...ALIASES.map(() => oneOf(spans)));
  const members = fc.tuple(...GROUPS.map(() => fc.uniqueArray(oneOf(people), { minLength: 1, maxLength: 2 })));
  return fc
    .record({ aliases, members, grants: fc.array(grant, { maxLength: 3 }), acls: fc.array(acl, { maxLength: 2 }) })
    .map(({ aliases: values, members: logins, grants, acls }) => ({
      groups: Object.fromEntries(GROUPS.map((name, n) => [name, logins[n] ?? []])),
      hosts: Object.fromEntries(ALIASES.map((name, n) => [name, values[n] ?? ''])),
      tagOwners: Object.fromEntries(['tag:iac', ...tags].map((tag) => [tag, ['tag:iac']])),
      acls,
      grants,
    }));
}
