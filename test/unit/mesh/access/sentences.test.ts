import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { accessChanges } from '../../../../mesh/access/sentences.ts';
import type { Permission } from '../../../../mesh/access/permission.ts';

const postgres: Permission = {
  from: 'group:platform',
  to: 'fra-db-01',
  ports: ['tcp/5432'],
  why: 'platform queries the primary',
};

describe('who gains or loses access', () => {
  test('a new permission is a gain, its removal a loss', () => {
    expect(accessChanges([], [postgres])).toEqual([
      'group:platform gains tcp/5432 on fra-db-01 (platform queries the primary)',
    ]);
    expect(accessChanges([postgres], [])).toEqual([
      'group:platform loses tcp/5432 on fra-db-01 (platform queries the primary)',
    ]);
    expect(accessChanges([postgres], [postgres])).toEqual([]);
  });

  test('the reason is that of the entries that give the ports, not of all that the pair has', () => {
    const ssh = { ...postgres, ports: ['tcp/22'], why: 'on call' };
    const wide = { ...postgres, ports: ['tcp/20-30'], why: 'audit' };
    expect(accessChanges([postgres], [postgres, ssh])).toEqual(['group:platform gains tcp/22 on fra-db-01 (on call)']);
    expect(accessChanges([postgres, ssh, wide], [postgres])).toEqual([
      'group:platform loses tcp/20-30 on fra-db-01 (audit; on call)',
    ]);
  });

  test('several routers gain, one group gains', () => {
    const control = { ...postgres, from: 'routers of eu-fra' };
    expect(accessChanges([], [control])[0]).toMatch(/^routers of eu-fra gain tcp/);
    expect(accessChanges([control], [])[0]).toMatch(/^routers of eu-fra lose tcp/);
    expect(accessChanges([postgres], [])[0]).toMatch(/^group:platform loses tcp/);
  });

  test('narrowing all ports to one is a loss of the others only', () => {
    const all = { ...postgres, ports: ['tcp/*'] };
    expect(accessChanges([all], [postgres])).toEqual([
      'group:platform loses tcp/0-5431, tcp/5433-65535 on fra-db-01 (platform queries the primary)',
    ]);
    expect(accessChanges([postgres], [all])).toEqual([
      'group:platform gains tcp/0-5431, tcp/5433-65535 on fra-db-01 (platform queries the primary)',
    ]);
  });

  test('a port covered by another rule of the same pair is neither', () => {
    const range = { ...postgres, ports: ['tcp/5000-6000'], why: 'other' };
    expect(accessChanges([range, postgres], [range])).toEqual([]);
    expect(
      accessChanges([{ ...postgres, from: 'group:sre' }, postgres], [{ ...postgres, from: 'group:sre' }]),
    ).toHaveLength(1);
  });

  test('another reason, or one rule split in two, changes nobody’s access', () => {
    const both = { ...postgres, ports: ['tcp/22', 'tcp/5432'] };
    const split = [postgres, { ...postgres, ports: ['tcp/22'], why: 'on call' }];
    expect(accessChanges([both], split)).toEqual([]);
  });

  test('ports that are no numbers are compared as they are', () => {
    const ping = { ...postgres, ports: ['icmp/*'] };
    expect(accessChanges([postgres], [postgres, ping])).toEqual([
      'group:platform gains icmp/* on fra-db-01 (platform queries the primary)',
    ]);
    expect(accessChanges([], [{ ...postgres, ports: ['tcp/99999'] }])[0]).toContain('gains tcp/99999 on');
  });
});

const permission = fc.record({
  from: fc.constantFrom('group:a', 'group:b', 'site:c'),
  to: fc.constantFrom('x', 'y'),
  ports: fc.array(fc.constantFrom('tcp/1', 'tcp/2', 'tcp/1-3', 'tcp/3', 'udp/2', 'tcp/*', 'icmp/*'), {
    minLength: 1,
    maxLength: 3,
  }),
  why: fc.constantFrom('one', 'two'),
});
const permissions = fc.array(permission, { maxLength: 6 });

/** An independent judge: expands to single ports (0 to 4 stand for all). */
function reach(entries: readonly Permission[]): Set<string> {
  const set = new Set<string>();
  for (const { from, to, ports } of entries) {
    for (const port of ports) {
      const [protocol = '', range = ''] = port.split('/');
      const [first = '0', last = first] = range === '*' ? ['0', '4'] : range.split('-');
      for (let number = Number(first); number <= Number(last); number += 1)
        set.add([from, to, protocol, number].join(' '));
    }
  }
  return set;
}

describe('over any two revisions', () => {
  test('there is a sentence exactly for the pairs whose reach changes', () => {
    fc.assert(
      fc.property(permissions, permissions, (olds, news) => {
        const pairs = (left: Set<string>, right: Set<string>, verb: string): string[] =>
          [...left]
            .filter((item) => !right.has(item))
            .map((item) => `${item.split(' ')[0] ?? ''} ${verb} ${item.split(' ')[1] ?? ''}`);
        const [before, after] = [reach(olds), reach(news)];
        const expected = new Set([...pairs(before, after, 'loses'), ...pairs(after, before, 'gains')]);
        const said = accessChanges(olds, news).map((sentence) =>
          sentence.replace(/^(\S+) (\S+) .* on (\S+) \(.*$/, '$1 $2 $3'),
        );
        expect(new Set(said)).toEqual(expected);
        expect(said).toHaveLength(expected.size);
      }),
    );
  });

  test('the order of entries means nothing, and the way back says the opposite', () => {
    fc.assert(
      fc.property(permissions, permissions, (olds, news) => {
        const forth = accessChanges(olds, news);
        expect(accessChanges([...olds].reverse(), [...news].reverse())).toEqual(forth);
        const opposite = (sentence: string): string =>
          sentence.replace(/ (gains|loses) /, (_all, verb) => (verb === 'gains' ? ' loses ' : ' gains '));
        expect(accessChanges(news, olds).map(opposite).sort()).toEqual([...forth].sort());
      }),
    );
  });
});
