import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it, test } from 'vitest';
import { type Daemons, obtainDaemons } from '../../../engine/daemons/index.ts';
import {
  DAEMONS_GO_MINIMUM,
  DAEMONS_TAGS,
  HEADSCALE_VERSION,
  TAILSCALE_VERSION,
} from '../../../engine/daemons/versions.ts';
import { TAILSCALE_VERSION as RELEASED } from '../../../mesh/plan/versions.ts';
import { builds, inCache, installGo, newPlace, type Place } from './fakes.ts';

/** A machine of its own whose cache is asked for the daemons. */
function newDaemonsPlace(): Place {
  const place = newPlace();
  return { ...place, cacheDir: join(dirname(place.cacheDir), 'daemons') };
}

const obtainAt = (place: Place, said: string[] = []): Promise<Daemons> =>
  obtainDaemons({ env: place.env, onProgress: ({ message }) => said.push(message) });

describe.skipIf(process.platform !== 'linux')('tailscaled and headscale (needs Linux)', () => {
  it('come out of one build, into a cache of their own', async () => {
    const place = newDaemonsPlace();
    installGo(place);
    const first = await obtainAt(place);
    expect(first).toMatchObject({ how: 'built', versions: { tailscale: '1.102.3', headscale: HEADSCALE_VERSION } });
    expect(builds(place)).toHaveLength(1);
    expect(builds(place)[0]).toContain('-tags ts_include_cli,');
    expect(builds(place)[0]).toContain(`-X tailscale.com/version.shortStamp=${TAILSCALE_VERSION}`);
    expect(first.tailscaled).toBe(join(dirname(first.headscale), 'tailscaled'));
    expect(inCache(place)).toHaveLength(1);
    rmSync(join(place.bin, 'go'));
    expect(await obtainAt(place)).toEqual({ ...first, how: 'cached' });
  });

  it('of which one is damaged are both made again', async () => {
    const place = newDaemonsPlace();
    installGo(place);
    const { headscale } = await obtainAt(place);
    writeFileSync(headscale, readFileSync(headscale, 'utf8').replace('echo', 'ohce'));
    const said: string[] = [];
    expect(await obtainAt(place, said)).toMatchObject({ how: 'built' });
    expect(said.join('\n')).toMatch(/headscale 0\.29\.3 is damaged \(headscale has another content\)/);
    expect(builds(place)).toHaveLength(2);
  });

  it('of which one says another version are refused, and nothing is left', async () => {
    const place = newDaemonsPlace();
    installGo(place, { tailscaled: '1.100.0' });
    await expect(obtainAt(place)).rejects.toMatchObject({
      code: 'unavailable',
      message: expect.stringContaining('the tailscaled that it made says it is 1.100.0, not 1.102.3') as string,
    });
    expect(inCache(place)).toEqual([]);
  });

  it('without Go: one message names what is missing', async () => {
    await expect(obtainAt(newDaemonsPlace())).rejects.toMatchObject({
      code: 'unavailable',
      message: expect.stringMatching(
        /^tailscaled 1\.102\.3 with headscale 0\.29\.3 is not here[^]*no `go` on PATH\n.*needs: .*Go 1\.26\.6/,
      ) as string,
    });
  });
});

test('go.mod pins what is told, and the tailscale that host releases install', () => {
  const mod = readFileSync(join(import.meta.dirname, '../../../engine/daemons/go.mod'), 'utf8');
  const pinned = (name: string): string | undefined => new RegExp(`^\\s*${name} v?(\\S+)`, 'm').exec(mod)?.[1];
  expect(pinned('go')).toBe(DAEMONS_GO_MINIMUM);
  expect(pinned('tailscale\\.com')).toBe(TAILSCALE_VERSION);
  expect(pinned('github\\.com/juanfont/headscale')).toBe(HEADSCALE_VERSION);
  expect(TAILSCALE_VERSION).toBe(RELEASED);
});

test('nothing that a router does is left out of the daemon', () => {
  const needed = [
    'advertiseroutes',
    'c2n',
    'dns',
    'osrouter',
    'netstack',
    'sdnotify',
    'ssh',
    'useroutes',
    'usermetrics',
  ];
  expect(DAEMONS_TAGS.filter((tag) => needed.includes(tag.replace('ts_omit_', '')))).toEqual([]);
});
