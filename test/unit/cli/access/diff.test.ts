import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { accessDiff, formerAccess } from '../../../../cli/access/diff.ts';
import { EXIT } from '../../../../cli/exit.ts';
import { markdownDiff, renderDiff } from '../../../../cli/render/access.ts';
import { raw, stack, stackText } from './fixtures.ts';

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'mesh-access-'));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

const tree = (): string => join(dir, 'infra');
const git = (...args: string[]) =>
  execFileSync('git', ['-c', 'user.name=t', '-c', 'user.email=t@example.com', ...args], { cwd: dir, stdio: 'pipe' });
const nobody = () => Promise.reject(new Error('the tailnet was asked'));
const against = async (name: string, now = stack(), live: () => Promise<string> = nobody) =>
  accessDiff(now, await formerAccess(now, name, live, tree()));
const sentences = async (...args: Parameters<typeof against>): Promise<string[]> =>
  (await against(...args)).changes.map(({ sentence }) => sentence);

/** A repository in which the tree is a folder: first without the stack, then with each of these. */
function repository(...texts: string[]): void {
  git('init', '-q', '-b', 'main');
  mkdirSync(tree());
  writeFileSync(join(tree(), 'README'), 'x');
  git('add', '.');
  git('commit', '-qm', 'empty');
  for (const text of texts) {
    writeFileSync(join(tree(), 'Pulumi.test.yaml'), text);
    git('add', '.');
    git('commit', '-qm', 'next', '--allow-empty');
  }
}

describe('against a git commit', () => {
  test('the policy that the stack file compiled to then', async () => {
    const groups = { platform: ['ada@example.com', 'lin@example.com'], sre: ['grace@example.com'] };
    repository(stackText(raw()), stackText(raw({ groups })));
    expect(await sentences('HEAD~1')).toEqual([]);
    expect(await sentences('HEAD~1', stack({ groups }))).toEqual([
      'lin@example.com gains tcp/5432 on fra-db-01 (works on the primary; now in group:platform)',
      'lin@example.com gains tcp/8443 on role:app (sin-app-01, sin-app-02) (the API is served to the office; now in group:platform)',
    ]);
    expect(await sentences('HEAD')).toEqual([
      'lin@example.com loses tcp/5432 on fra-db-01 (works on the primary; no longer in group:platform)',
      'lin@example.com loses tcp/8443 on role:app (sin-app-01, sin-app-02) (the API is served to the office; no longer in group:platform)',
    ]);
  });

  test('where there was no such stack, all is gained', async () => {
    repository(stackText(raw()));
    const found = await against('HEAD~1');
    expect(found).toMatchObject({ against: 'HEAD~1, which had no such stack', widens: true });
    expect(found.comparison.losses).toEqual([]);
    expect(found.changes.length).toBeGreaterThan(4);
  });

  test('order, reasons and equivalent forms of the file are no change', async () => {
    const { access, sites, services } = raw() as { access: { why: string }[]; sites: object; services: object };
    const reversed = (one: object) => Object.fromEntries(Object.entries(one).reverse());
    repository(stackText(raw({ access: access.toReversed().map((rule) => ({ ...rule, why: `${rule.why}, as ever` })), sites: reversed(sites), services: reversed(services) }))); // prettier-ignore
    expect(await against('HEAD')).toMatchObject({ changes: [], widens: false, powers: { gains: [], losses: [] } });
  });

  test('a former file with faults, and what is no commit, are told', async () => {
    repository(stackText(raw({ access: [{ from: ['group:nobody'], to: 'postgres', why: 'x' }] })));
    await expect(against('HEAD')).rejects.toMatchObject({ code: EXIT.usage, message: expect.stringMatching(/^--diff HEAD: .*access\[0\]/s) as string }); // prettier-ignore
    await expect(against('nowhere')).rejects.toThrow('--diff nowhere: neither a file nor a commit');
    await expect(against('--output=x')).rejects.toMatchObject({ code: EXIT.usage });
  });
});

describe('against a file', () => {
  const write = (name: string, text: string): string => {
    const path = join(dir, name);
    writeFileSync(path, text);
    return path;
  };

  test('the stack’s own policy is no change; somebody else’s policy is read as it is', async () => {
    const { plan } = stack();
    expect(await against(write('own.hujson', plan.policy.text))).toMatchObject({ changes: [], widens: false });
    const path = write('policy', '// the first one\n{"acls": [{"action": "accept", "users": ["mallory@example.com"], "ports": ["10.77.10.10:22"]}]}'); // prettier-ignore
    const found = await sentences(path);
    expect(found.filter((one) => one.includes('loses'))).toEqual(['mallory@example.com loses tcp/22, udp/22 on fra-db-01 (acls[0])']); // prettier-ignore
    expect(found.length).toBeGreaterThan(4);
  });

  test('another stack file', async () => {
    expect(await sentences(write('other.yaml', stackText(raw())))).toEqual([]);
    expect(await sentences(write('other.yaml', stackText(raw({ access: [] }))))).not.toEqual([]);
  });

  test('a policy that cannot be read says where and why', async () => {
    await expect(against(write('p.json', '{"grants": [{"src": ["tag:x"], "dst": ["*"], "ip": ["*"]}'))).rejects.toMatchObject({ code: EXIT.usage, message: expect.stringMatching(/p\.json cannot be judged:\n\n {2}line 1: not HuJSON/) as string }); // prettier-ignore
    await expect(against(write('p.json', '{"grants": [{"src": ["tag:x"], "dst": ["*"], "ip": ["*"]}]}'))).rejects.toThrow('line 1, grants[0].src[0]: tag:x has no owner'); // prettier-ignore
  });
});

describe('against the live policy', () => {
  test('what the tailnet has, a group that lost its last member included', async () => {
    const now = stack();
    const live = () =>
      Promise.resolve('{"groups": {"group:gone": []}, "grants": [{"src": ["*"], "dst": ["*"], "ip": ["*"]}]}');
    const found = await against('live', now, live);
    expect(found).toMatchObject({ against: 'the policy that acme-test has now', comparison: { gains: [] } });
    expect(found.comparison.losses.length).toBeGreaterThan(0);
    expect(await against('live', now, () => Promise.resolve(now.plan.policy.text))).toMatchObject({ changes: [] });
  });
});

describe('a difference is told', () => {
  const groups = { platform: ['ada@example.com'], sre: ['grace@example.com', 'ada@example.com'] };

  test('as sentences', async () => {
    repository(stackText(raw()));
    const found = await against('HEAD', stack({ groups }));
    expect(renderDiff(found, 'acme/test')).toBe(
      [
        'acme/test against HEAD  1 gain, 0 losses',
        '  + ada@example.com gains tcp/22 on role:router (4) (on call; now in group:sre)',
      ].join('\n\n'),
    );
    expect(renderDiff(await against('HEAD'), 'acme/test')).toContain('nobody gains or loses access');
  });

  test('as tables for a pull request, and what is not judged', async () => {
    repository(stackText(raw()));
    const found = await against('HEAD', stack({ groups, access: [] }));
    const text = markdownDiff(
      { ...found, unjudged: [{ path: 'grants[1].via', why: 'decided when it is used' }] },
      'acme/test',
    );
    expect(text).toMatch(/^### Access of acme\/test against HEAD\n\n0 gains, \d losses\.\n\n\*\*Losses\*\*\n\n\| who \| what \| on \| why \|\n\|---\|---\|---\|---\|\n/); // prettier-ignore
    expect(text).toContain('| group:sre (grace@example.com) | tcp/22 | role:router (4) | on call |');
    expect(text).toContain('Not judged:\n- grants[1].via: decided when it is used');
    expect(text).not.toContain('**Gains**');
    expect(markdownDiff(await against('HEAD'), 'acme/test')).toBe('### Access of acme/test against HEAD\n\nNobody gains or loses access.'); // prettier-ignore
  });

  test('powers over the tailnet count as access', async () => {
    const now = stack();
    const live = now.plan.policy.text.replace('"tag:app":', '"tag:db": [],\n"tag:app":');
    const wider = live.replace('["tag:router-eu-fra"],', '["tag:router-eu-fra", "group:sre"],');
    expect(wider).not.toBe(live);
    const found = await against('live', now, () => Promise.resolve(wider));
    expect(found).toMatchObject({ widens: false, powers: { gains: [], losses: ['autogroup:admin no longer may give tag:db to a node', 'group:sre no longer may advertise 10.77.10.0/24 without approval'] } }); // prettier-ignore
    expect(renderDiff(found, 't')).toContain('  - group:sre no longer may advertise 10.77.10.0/24 without approval');
    expect(markdownDiff(found, 't')).toContain('- group:sre no longer may advertise');
  });
});
