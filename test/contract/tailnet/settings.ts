import { expect, test } from 'vitest';
import { basic, benchOf, must } from './bench.ts';
import type { Open } from './bench.ts';

/** What a tailnet has beside keys, devices and policy. It is on record only; no daemon acts on it. */
export function settingsContract(open: Open): void {
  const bench = benchOf(open);

  test('keep what a patch leaves out or sets to null, and refuse what is none', async () => {
    const path = '/tailnet/-/settings';
    await must(bench(), 'PATCH', path, { devicesKeyDurationDays: 90, aclsExternalLink: 'https://example.com' });
    const { json } = await must(bench(), 'PATCH', path, { devicesApprovalOn: true, aclsExternalLink: null });
    expect(json).toMatchObject({
      devicesKeyDurationDays: 90,
      devicesApprovalOn: true,
      aclsExternalLink: 'https://example.com',
    });
    for (const bad of [{ devicesKeyDurationDays: 181 }, { colour: 'red' }, { devicesApprovalOn: 'yes' }])
      expect((await bench().call('PATCH', path, bad)).status).toBe(400);
    expect((await must(bench(), 'GET', path)).json).toEqual(json);
    const other = (await bench().call('GET', path, undefined, basic(bench().other.apiKey))).json;
    expect(other).toMatchObject({ devicesApprovalOn: false });
  });

  test.each<[path: string, good: object, bad: object]>([
    ['preferences', { magicDNS: false }, { magicDNS: 'no' }],
    ['nameservers', { dns: ['10.77.10.10', '2001:db8::1'] }, { dns: ['nobody'] }],
    ['searchpaths', { searchPaths: ['mesh.acme.internal'] }, { searchPaths: ['a b'] }],
  ])('read back dns/%s', async (path, good, bad) => {
    await must(bench(), 'POST', `/tailnet/-/dns/${path}`, good);
    expect((await bench().call('POST', `/tailnet/-/dns/${path}`, bad)).status).toBe(400);
    expect((await must(bench(), 'GET', `/tailnet/-/dns/${path}`)).json).toEqual(good);
  });

  test('say JSON 404 for what they do not have', async () => {
    for (const path of ['/tailnet/-/dns/split-dns', '/tailnet/-/webhooks', '/tailnet/-/contacts', '/nothing'])
      expect(await bench().call('GET', path)).toMatchObject({ status: 404, json: { message: '404 page not found' } });
  });
}
