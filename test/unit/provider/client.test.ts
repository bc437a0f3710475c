import { describe, expect, test } from 'vitest';
import { UNKNOWN } from '../../../io/rpc/types.ts';
import { checkConfig, configure, tailnetOf } from '../../../provider/client.ts';

describe('the arguments of the provider', () => {
  test.each([
    [{ tailnet: 'acme-staging', apiKey: 'k' }, []],
    [{ tailnet: '-', oauthClientId: 'i', oauthClientSecret: 's', baseUrl: 'http://127.0.0.1:1' }, []],
    [{ tailnet: UNKNOWN, apiKey: UNKNOWN, baseUrl: UNKNOWN }, []],
    [{ tailnet: 'acme-staging', oauthClientId: 'i', oauthClientSecret: UNKNOWN }, []],
    [{ apiKey: 'k' }, ['tailnet']],
    [{ tailnet: 'a', apiKey: 'k', oauthClientId: 'i', oauthClientSecret: 's' }, ['apiKey']],
    [{ tailnet: 'a', oauthClientId: 'i' }, ['oauthClientSecret']],
    [{ tailnet: 'a', apiKey: 'k', baseUrl: 'ftp://x' }, ['baseUrl']],
    [{ tailnet: 'a', apiKey: 'k', loginServer: 'hs.example' }, ['loginServer']],
  ])('%j: faults at %j', (args, expected) => {
    expect(checkConfig(args).map(({ property }) => property)).toEqual(expected);
  });

  test('with a name a host in another tailnet can be told; `-` has none', () => {
    expect(tailnetOf(configure({ tailnet: 'acme-staging', apiKey: 'k' })).name).toBe('acme-staging');
    expect(tailnetOf(configure({ tailnet: '-', apiKey: 'k' })).name).toBeNull();
  });

  test('a control server of somebody’s own is part of which tailnet it is', () => {
    const home = (loginServer?: string) => tailnetOf(configure({ tailnet: 'acme', apiKey: 'k', loginServer })).home;
    expect([home(), home('https://hs.example')]).toEqual(['acme', 'acme at https://hs.example']);
  });

  test('unknown ones make a client that previews can live with', () => {
    const client = configure({ tailnet: 'acme-staging', apiKey: UNKNOWN });
    expect(client.tailnet.state).toBe('unknown');
    expect(() => tailnetOf(client)).toThrow('not known yet');
  });

  test('without a credential hosts can still be reached, the tailnet cannot', () => {
    const client = configure({ tailnet: 'acme-staging' });
    expect(typeof client.hosts.open).toBe('function');
    expect(() => tailnetOf(client)).toThrow('pulumi config set --secret');
  });
});
