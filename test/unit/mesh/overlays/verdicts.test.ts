import { describe, expect, test } from 'vitest';
import { reasonKey, verdicts } from '../../../../mesh/overlays/tailscale/verdicts.ts';

const TESTS = [
  { src: 'tag:app', proto: 'tcp', accept: ['fra-db-01:5432'], deny: ['tag:site-fra:22', 'fra-db-01:53'] },
  { src: 'tag:app', proto: 'udp', accept: ['fra-db-01:53'], deny: ['fra-db-01:5432'] },
  { src: 'group:sre', proto: 'tcp', accept: ['tag:host-web-1:22', 'fra-db-01:5432'], deny: [] },
  { src: 'tag:', proto: 'tcp', accept: ['a:1'], deny: [] },
];
const REASONS = {
  [reasonKey('tag:app', 'tcp', 'fra-db-01:5432')]: 'reads the primary',
  [reasonKey('group:sre', 'tcp', 'tag:host-web-1:22')]: 'on call',
};
const broken = (...errors: string[]) => verdicts(errors, TESTS, REASONS).broken;

describe('what the service says of failing tests', () => {
  test('is told with the names of the mesh and the reason of the rule', () => {
    expect(
      broken(
        'test(s) failed',
        'tag:app: address "fra-db-01:5432": want: Accept, got: Drop',
        'group:sre: address "tag:host-web-1:22": want: Accept, got: Drop',
      ),
    ).toEqual([
      {
        text: 'members with role app (tag:app) must reach fra-db-01 on tcp/5432 (reads the primary), and the live policy denies it',
        about: ['tag:app', 'fra-db-01'],
      },
      {
        text: 'group:sre must reach host web-1 (tag:host-web-1) on tcp/22 (on call), and the live policy denies it',
        about: ['group:sre', 'tag:host-web-1'],
      },
    ]);
  });

  test('is told as what no rule gives where it must not pass', () => {
    expect(broken('tag:app: address "tag:site-fra:22": want: Drop, got: Accept')).toEqual([
      {
        text: 'members with role app (tag:app) must not reach members of site fra (tag:site-fra) on tcp/22 (no access rule says so), and the live policy allows it',
        about: ['tag:app', 'tag:site-fra'],
      },
    ]);
  });

  test('has no protocol: every test that asks this is told, and one without a known reason all the same', () => {
    const both = [...TESTS, { src: 'tag:app', proto: 'sctp', accept: ['fra-db-01:53'], deny: [] }];
    const said = verdicts(['tag:app: address "fra-db-01:53": want: Accept, got: Drop'], both, REASONS);
    expect(said.broken.map(({ text }) => text)).toEqual([
      'members with role app (tag:app) must reach fra-db-01 on udp/53 (an access rule says so), and the live policy denies it',
      'members with role app (tag:app) must reach fra-db-01 on sctp/53 (an access rule says so), and the live policy denies it',
    ]);
  });

  test('is told once, and as it came where no test asked it or the words are others', () => {
    const odd = [
      'group:dev: address "fra-db-01:5432": want: Accept, got: Drop',
      'tag:app: address "fra-db-01:22": want: Drop, got: Accept',
      'the service is tired',
    ];
    expect(broken(...odd, ...odd)).toEqual(odd.map((text) => ({ text, about: [] })));
  });

  test('is set apart where nobody stands for a name yet, sorted, once', () => {
    const said = verdicts(
      [
        'test(s) failed',
        'tag:db: source "tag:db" resolved to no IP addresses',
        'tag:app: address "tag:cache:22": destination "tag:cache" resolved to no IP addresses',
        'group:sre: destination "tag:db" resolved to no IP addresses',
      ],
      TESTS,
      REASONS,
    );
    expect(said).toEqual({ broken: [], unseen: ['tag:cache', 'tag:db'] });
  });

  test('a selector that stands for nothing we know is told bare', () => {
    expect(broken('tag:: address "a:1": want: Accept, got: Drop').map(({ text }) => text)).toEqual([
      'tag: must reach a on tcp/1 (an access rule says so), and the live policy denies it',
    ]);
  });
});
