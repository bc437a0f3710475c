import { describe, expect, test } from 'vitest';
import { pathTo } from '../../../../cli/status/paths.ts';
import { takesItselfFor } from '../../../../cli/status/primary.ts';
import { renderStatus } from '../../../../cli/render/status.ts';
import { Night, peerOf, words } from './fixtures.ts';

const PREFIX = '10.78.10.0/24';

describe('a stack on which all is well', () => {
  test('has no problems, and a router that carries its prefix', () => {
    const report = new Night().report();
    expect(report).toMatchObject({ well: true, problems: [], notes: [], unplanned: [], people: 0 });
    expect(report.sites.flatMap(({ prefixes }) => prefixes)).toEqual([
      { prefix: PREFIX, primary: 'fra-edge-01', claims: ['fra-edge-01'], seenBy: 'itself' },
    ]);
  });

  test('is one screen, for eleven hosts at four sites too', () => {
    const text = renderStatus(new Night('prod').report());
    expect(text).toContain('all well');
    expect(text.split('\n').length).toBeLessThanOrEqual(24);
    expect(Math.max(...text.split('\n').map((line) => line.length))).toBeLessThan(220);
    expect(text).toMatch(/gra-nas-01 +LAN host +not ours/);
  });
});

describe('who carries a prefix', () => {
  const carriers = (night: Night) => night.report().sites.flatMap(({ prefixes }) => prefixes)[0];

  test('follows what the routers see of each other', () => {
    const night = new Night();
    night.carries('fra-edge-02', [PREFIX]);
    expect(carriers(night)).toMatchObject({ primary: 'fra-edge-02', seenBy: 'itself' });
  });

  test('is told by peers when the router itself cannot be asked', () => {
    const night = new Night();
    night.silent('fra-edge-01');
    expect(carriers(night)).toMatchObject({ primary: 'fra-edge-01', seenBy: 'peers' });
    expect(night.problems()).toEqual(['unreachable fra-edge-01']);
  });

  test('is not known when neither routers nor their peers say', () => {
    const night = new Night();
    for (const name of ['fra-edge-01', 'fra-edge-02', 'sin-app-01']) night.silent(name);
    expect(night.problems()[0]).toBe(`primary-unknown ${PREFIX}`);
  });

  test('is nobody when the only one left is drained, and the way back is the next step', () => {
    const night = new Night();
    night.carries('nobody', [PREFIX]);
    for (const name of ['fra-edge-01', 'fra-edge-02'])
      night.said(name).routes = { wanted: [PREFIX], advertised: [], drained: true };
    const [first] = night.report().problems;
    expect(first).toMatchObject({ what: 'no-primary', next: 'mesh failover eu-fra --stack staging --back' });
    expect(night.report({ lab: 'records' }).problems[0]?.next).toMatch(/--lab$/);
  });

  test('is two routers that do not see each other, and that is told first', () => {
    const night = new Night();
    night.carries('nobody', [PREFIX]);
    expect(carriers(night)).toMatchObject({ primary: null, claims: ['fra-edge-01', 'fra-edge-02'] });
    expect(night.problems()).toEqual([`two-primaries ${PREFIX}`]);
  });

  test.each([
    ['stopped', { state: 'Stopped', online: true, peers: [] }],
    ['offline', { state: 'Running', online: false, peers: [] }],
    ['seen elsewhere', { state: 'Running', online: true, peers: [peerOf('b', { primaryRoutes: [PREFIX] })] }],
  ])('is not a router that is %s', (_, view) => {
    expect(takesItselfFor({ version: null, ...view }, PREFIX)).toBe(false);
    expect(takesItselfFor({ version: null, state: 'Running', online: true, peers: [peerOf('b')] }, PREFIX)).toBe(true);
  });

  test('needs the route to be advertised: a router that offers nothing carries nothing', () => {
    const night = new Night();
    night.carries('nobody', [PREFIX]);
    night.said('fra-edge-01').routes = { wanted: [PREFIX], advertised: [], drained: true };
    expect(carriers(night)?.primary).toBe('fra-edge-02');
  });
});

describe('what is wrong', () => {
  /** Spoils one thing and says what became a problem; all else stays well. */
  const after = (spoil: (night: Night) => void): string[] => {
    const night = new Night();
    spoil(night);
    return night.problems();
  };

  test.each<[string, (night: Night) => void, string[]]>([
    [
      'drained',
      (night) => Object.assign(night.said('fra-edge-02').routes ?? {}, { advertised: [], drained: true }),
      ['drained fra-edge-02'],
    ],
    [
      'not advertised',
      (night) => Object.assign(night.said('fra-edge-02').routes ?? {}, { advertised: [] }),
      ['not-advertised fra-edge-02'],
    ],
    ['not approved', (night) => (night.device('fra-edge-02').enabledRoutes = []), ['not-approved fra-edge-02']],
    [
      'more advertised than planned',
      (night) => night.said('fra-edge-02').routes?.advertised.push('10.0.0.0/8'),
      ['other-routes fra-edge-02'],
    ],
    [
      'drift',
      (night) => night.said('fra-db-01').release?.drift.push('/etc/x', 'unit ssh.service'),
      ['drift fra-db-01'],
    ],
    [
      'a revert that is due',
      (night) => Object.assign(night.said('fra-db-01').release ?? {}, { pendingRevert: true }),
      ['pending-revert fra-db-01'],
    ],
    [
      'no release',
      (night) => Object.assign(night.said('fra-db-01').release ?? {}, { active: null }),
      ['no-release fra-db-01'],
    ],
    ['another release', (night) => (night.record('fra-db-01').release = 'f'.repeat(64)), ['other-release fra-db-01']],
    [
      'another version',
      (night) => Object.assign(night.said('sin-app-01').peers ?? {}, { version: '1.90.0-t1' }),
      ['version sin-app-01'],
    ],
    [
      'a line that failed',
      (night) => night.said('sin-app-01').failed.push({ line: 'node peers', why: 'a\n  b' }),
      ['no-answer sin-app-01'],
    ],
    ['a removed device', (night) => night.devices.splice(0, 1), ['no-device sin-app-01']],
    [
      'logged out by hand',
      (night) => Object.assign(night.said('sin-app-01').node ?? {}, { state: 'Stopped' }),
      ['not-running sin-app-01'],
    ],
    ['offline', (night) => (night.device('sin-app-01').connectedToControl = false), ['offline sin-app-01']],
    ['other tags', (night) => (night.device('sin-app-01').tags = ['tag:app', 'tag:db']), ['tags sin-app-01']],
    ['waiting for approval', (night) => (night.device('sin-app-01').authorized = false), ['not-authorized sin-app-01']],
    [
      'a key that ends soon',
      (night) =>
        Object.assign(night.device('sin-app-01'), { keyExpiryDisabled: false, expires: '2026-03-20T00:00:00Z' }),
      ['key-expires sin-app-01'],
    ],
    [
      'a key that ended',
      (night) =>
        Object.assign(night.device('sin-app-01'), { keyExpiryDisabled: false, expires: '2026-02-20T00:00:00Z' }),
      ['key-expired sin-app-01'],
    ],
    [
      'a second device of the name',
      (night) =>
        night.devices.push({ ...night.device('sin-app-01'), nodeId: 'n-2', name: 'sin-app-01-1.tail1.ts.net' }),
      ['two-devices sin-app-01'],
    ],
    [
      'a stranger with our access',
      (night) => night.devices.push({ ...night.device('sin-app-01'), nodeId: 'n-3', name: 'evil', hostname: 'evil' }),
      ['unplanned evil'],
    ],
    [
      'a host that was never made',
      (night) => {
        night.recorded.splice(0, 1);
        night.asked.delete('sin-app-01');
        night.devices.splice(0, 1);
      },
      ['not-made sin-app-01'],
    ],
    [
      'a host that is no longer planned',
      (night) => night.recorded.push({ ...night.record('sin-app-01'), name: 'sin-app-09' }),
      ['not-planned sin-app-09'],
    ],
  ])('%s', (_, spoil, expected) => {
    expect(after(() => undefined)).toEqual([]);
    expect(after(spoil)).toEqual(expected);
  });

  test('a key that ends in half a year is nothing to wake up for', () => {
    expect(
      after((night) =>
        Object.assign(night.device('sin-app-01'), { keyExpiryDisabled: false, expires: '2026-09-01T00:00:00Z' }),
      ),
    ).toEqual([]);
  });

  test('is a short list before the first up', () => {
    const night = new Night();
    night.recorded.splice(0);
    expect(night.problems({ asked: new Map(), devices: [] })).toEqual(['nothing-made staging']);
  });

  test('of a silent host names the next step by what the tailnet says of it', () => {
    const why =
      'sin-app-01 (203.0.113.1:22): connection refused. Check that the server is on, that its address is right';
    const told = (online: boolean) => {
      const night = new Night();
      night.silent('sin-app-01', why);
      Object.assign(night.device('sin-app-01'), { connectedToControl: online, lastSeen: '2026-03-01T01:00:00Z' });
      return night.report().problems[0];
    };
    expect(told(true)?.text).toBe('sin-app-01 (203.0.113.1:22): connection refused; it is online in the tailnet');
    expect(told(true)?.next).toContain('site-mesh:ssh.from');
    expect(told(false)?.text).toMatch(/connection refused; the tailnet has not seen it since 2026-03-01T01:00:00Z$/);
    expect(told(false)?.next).toContain('--refresh');
  });

  test('without the tailnet’s answer is judged by the hosts, and missing devices are not made up', () => {
    const night = new Night();
    night.error = 'tailnet acme-staging: listing the devices: timed out';
    expect(night.problems()).toEqual(['tailnet-api acme-staging']);
    night.said('fra-edge-02').routes = { wanted: [PREFIX], advertised: [], drained: true };
    expect(night.problems()).toEqual(['drained fra-edge-02', 'tailnet-api acme-staging']);
  });

  test('with the way back: another holder than the router that carries, or none', () => {
    const prod = (holds: Record<string, boolean>): Night => {
      const night = new Night('prod');
      for (const [name, held] of Object.entries(holds)) night.said(name).agent = { holds: held, vip: '10.77.10.254' };
      return night;
    };
    expect(prod({ 'fra-edge-01': true, 'fra-edge-02': false }).problems()).toEqual([]);
    expect(prod({ 'fra-edge-01': false, 'fra-edge-02': true }).problems()).toEqual(['vip eu-fra']);
    expect(prod({ 'fra-edge-01': false, 'fra-edge-02': false }).problems()).toEqual(['vip eu-fra']);
    expect(prod({ 'fra-edge-01': true, 'fra-edge-02': true }).problems()).toEqual(['vip eu-fra']);
    expect(words(prod({}).report().notes)).toEqual(['no-agent eu-fra, eu-gra']);
  });
});

describe('what is only to be known', () => {
  test('is a config that is not applied, a device of somebody else, and who goes over a relay', () => {
    const night = new Night();
    const other = { nodeId: 'n-7', name: 'runner', hostname: 'runner', tags: ['tag:ci'], addresses: [] };
    night.devices.push({ ...night.device('sin-app-01'), ...other });
    night.devices.push({ ...night.device('sin-app-01'), ...other, nodeId: 'n-8', name: 'ada-laptop', tags: [] });
    night.record('fra-db-01').release = 'e'.repeat(64);
    Object.assign(night.said('fra-db-01').release ?? {}, { active: 'e'.repeat(64) });
    Object.assign(night.said('sin-app-01').peers?.peers[0] ?? {}, { active: true, relay: 'fra' });
    const report = night.report();
    expect(report.well).toBe(true);
    expect(words(report.notes)).toEqual(['not-applied fra-db-01', 'other-device runner', 'relayed acme-staging']);
    expect(report).toMatchObject({ people: 1, unplanned: [{ nodeId: 'n-7' }] });
  });

  test.each([
    [
      { curAddr: '203.0.113.1:41641', relay: 'fra' },
      { class: 'direct', via: '203.0.113.1:41641' },
    ],
    [{ peerRelay: '203.0.113.7:40000:vni:1', relay: 'fra', active: true }, { class: 'peer-relay' }],
    [
      { relay: 'fra', active: true },
      { class: 'relay', via: 'fra' },
    ],
    [{ relay: 'fra' }, { class: 'idle', via: '' }],
  ])('a path %o', (peer, expected) => {
    expect(pathTo(peerOf('x', peer))).toMatchObject(expected);
  });
});

test('a picture has the problems first, each with its next step', () => {
  const night = new Night();
  night.silent('fra-edge-02');
  night.said('fra-db-01').release?.drift.push('/etc/x');
  const lines = renderStatus(night.report()).split('\n');
  expect(lines[0]).toContain('2 problems');
  expect(lines.slice(2, 6).map((line) => line.slice(0, 5))).toEqual(['✗ fra', '    →', '✗ fra', '    →']);
  expect(lines.findIndex((line) => line.includes('no answer'))).toBeGreaterThan(5);
  expect(lines.join('\n')).toMatch(/fra-db-01 +LAN host +drifted/);
});
