import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { LOADER, lines, toolPath } from '../../../../mesh/host/tool.ts';

const sha256 = 'ab'.repeat(32);
const root = { sha256, login: 'root' };
const ops = { sha256, login: 'ops' };

describe('lines of the host protocol', () => {
  test('a login that is not root goes through sudo, root does not', () => {
    expect(lines.stage(ops)).toBe('sudo -n /usr/local/lib/site-mesh/tool-abababababababab/mesh-host apply stage');
    expect(lines.stage(root)).toBe('/usr/local/lib/site-mesh/tool-abababababababab/mesh-host apply stage');
  });

  test('activate and confirm name the hash', () => {
    const hash = '12'.repeat(32);
    expect(lines.activate(root, hash, 120)).toBe(`${toolPath(sha256)} apply activate ${hash} 120`);
    expect(lines.confirm(root, hash)).toBe(`${toolPath(sha256)} apply confirm ${hash}`);
  });

  test.each([['$(reboot)'], ['AB'.repeat(32)], [''], [`${'a'.repeat(64)} x`]])(
    '%j is no hash and makes no line',
    (hash) => {
      expect(() => lines.confirm(root, hash)).toThrow('not a sha256');
      expect(() => toolPath(hash)).toThrow('not a sha256');
    },
  );

  test.each([0, -1, 1.5, Number.NaN])('%d is no number of seconds', (seconds) => {
    expect(() => lines.activate(root, sha256, seconds)).toThrow('whole number');
  });

  test.each(['10.77.10.10', 'fd7a:115c:a1e0::7'])('the path to %s is asked for by address', (address) => {
    expect(lines.pathMtu(root, address)).toBe(`${toolPath(sha256)} path mtu ${address}`);
    expect(lines.nodePeers(root)).toBe(`${toolPath(sha256)} node peers`);
    expect(lines.agentStatus(root)).toBe(`${toolPath(sha256)} agent status`);
  });

  test.each(['fra-edge-01', '1.2.3.4; reboot', '', '-f', 'FD7A::1'])(
    '%j is no address and makes no line',
    (address) => {
      expect(() => lines.pathMtu(root, address)).toThrow('not an IP address');
    },
  );

  test('the loader can travel inside single quotes on one line', () => {
    expect(LOADER).not.toMatch(/['\n]/);
    expect(lines.install(ops)).toBe(`sudo -n /usr/bin/python3 -I -c '${LOADER}' install ${sha256}`);
  });
});

const python = ['/usr/bin/python3', 'python3'].find((path) => spawnSync(path, ['-c', '']).status === 0);
describe.skipIf(python === undefined)('the loader, run by Python', () => {
  const install = (source: string, asked: string): { code: number | null; stdout: string; folder: string } => {
    const folder = mkdtempSync(join(tmpdir(), 'mesh-loader-'));
    const { status, stdout } = spawnSync(
      python ?? '',
      ['-I', '-c', LOADER.replace('/usr/local/lib', folder), 'install', asked],
      { input: source, encoding: 'utf8' },
    );
    return { code: status, stdout, folder };
  };
  const source = '#!/bin/sh\necho here\n';
  const digest = createHash('sha256').update(source).digest('hex');

  test('installs exactly what arrived, executable, and leaves nothing else', () => {
    const { code, stdout, folder } = install(source, digest);
    const path = join(folder, 'site-mesh', `tool-${digest.slice(0, 16)}`, 'mesh-host');
    expect([code, JSON.parse(stdout)]).toEqual([0, { installed: path }]);
    expect(readFileSync(path, 'utf8')).toBe(source);
    expect(statSync(path).mode & 0o777).toBe(0o755);
    expect(readdirSync(join(path, '..'))).toEqual(['mesh-host']);
    rmSync(folder, { recursive: true });
  });

  test('refuses one changed byte and installs nothing', () => {
    const { code, stdout, folder } = install(source.replace('here', 'hero'), digest);
    expect(code).toBe(3);
    expect(JSON.parse(stdout)).toMatchObject({ error: { code: 'check-failed' } });
    expect(existsSync(join(folder, 'site-mesh'))).toBe(false);
    rmSync(folder, { recursive: true });
  });
});
