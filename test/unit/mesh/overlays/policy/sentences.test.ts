import { describe, expect, test } from 'vitest';
import { readPolicy } from '../../../../../mesh/overlays/tailscale/policy/index.ts';
import { granted, policy, world } from './fixtures.ts';
import { changes } from './told.ts';

const grant = (src: string[], dst: string[]) => ({ src, dst, ip: ['tcp:22'] });

describe('sentences of changes', () => {
  test('stand in their own order, whatever the order of entities and rules', () => {
    const three = [grant(['grace@other.org'], ['tag:app']), grant(['tag:router'], ['tag:db']), grant(['tag:db'], ['nas-1'])]; // prettier-ignore
    const gains = [
      'db-1 gains tcp/22 over IPv4 on nas-1 (grants[2])',
      'edge-1 gains tcp/22 on db-1 (grants[1])',
      'grace@other.org gains tcp/22 on tag:app (app-1, app-2) (grants[0])',
    ];
    expect(changes(granted(), granted(...three))).toEqual(gains);
  });

  test('gains stand before losses', () => {
    const [before, after] = [granted(grant(['tag:app'], ['tag:db'])), granted(grant(['tag:router'], ['tag:db']))];
    expect(changes(before, after)).toEqual([
      'edge-1 gains tcp/22 on db-1 (grants[0])',
      'tag:app (app-1, app-2) loses tcp/22 on db-1 (grants[0])',
    ]);
  });

  test('say why a rule is there, where a comment does', () => {
    const text = (rule: string) => readPolicy(`{"tagOwners": {"tag:app": [], "tag:db": []}, "grants": [\n${rule}]}`).policy; // prettier-ignore
    expect(changes(text(''), text('// nightly reports\n{"src": ["tag:app"], "dst": ["tag:db"], "ip": ["tcp:22"]}'))).toEqual([
      'tag:app (app-1, app-2) gains tcp/22 on db-1 (nightly reports)',
    ]); // prettier-ignore
    expect(changes(granted(), policy({})).join()).toContain(
      ' (neither acls nor grants: the service lets everybody reach everything)',
    );
  });

  test('of several are in the plural, and so are names of several', () => {
    const rename = (tag: string) => (tag === 'tag:app' ? 'routers of eu-fra' : undefined);
    const both = granted(grant(['tag:app'], ['tag:db']));
    expect(changes(granted(), both, undefined, rename)).toEqual(['routers of eu-fra (app-1, app-2) gain tcp/22 on db-1 (grants[0])']); // prettier-ignore
    expect(changes(both, granted(), undefined, rename)).toEqual(['routers of eu-fra (app-1, app-2) lose tcp/22 on db-1 (grants[0])']); // prettier-ignore
    expect(changes(granted(), granted(grant(['tag:db', 'tag:router'], ['tag:app'])))).toEqual(['db-1 and edge-1 gain tcp/22 on tag:app (app-1, app-2) (grants[0])']); // prettier-ignore
  });

  test('name new hosts in order, and after six names only how many', () => {
    const of = granted(grant(['tag:app'], ['tag:new']));
    const nodes = (...names: string[]) => world({ nodes: [{ name: 'app-1', tags: ['tag:app'], addresses: [] }, ...names.map((name, n) => ({ name, tags: ['tag:new', `tag:t${n}`], addresses: [] }))] }); // prettier-ignore
    const told = (...names: string[]) => changes(of, of, [nodes(), nodes(...names)]).filter((one) => one.includes('app-1 gains')); // prettier-ignore
    expect(told('c', 'b', 'a')).toEqual(['app-1 gains tcp/22 on tag:new (c, b, a) (grants[0]; new: a, b and c)']);
    expect(told('f', 'e', 'd', 'c', 'b', 'a')).toEqual(['app-1 gains tcp/22 on tag:new (6) (grants[0]; new: a, b, c, d, e and f)']); // prettier-ignore
    expect(told('g', 'f', 'e', 'd', 'c', 'b', 'a')).toEqual(['app-1 gains tcp/22 on tag:new (7) (grants[0]; new: a, b, c, d, e and 2 more)']); // prettier-ignore
    const both = world({ nodes: nodes('aaa').nodes.map((node) => ({ ...node, name: node.name.replace('-1', '-9') })) });
    const none = world({ nodes: [{ name: 'db-1', tags: ['tag:db'], addresses: [] }] });
    expect(changes(of, of, [none, both])).toContain('app-9 gains tcp/22 on aaa (grants[0]; new: aaa and app-9)');
  });
});
