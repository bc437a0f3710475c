import { existsSync, readdirSync, readFileSync, symlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { EngineError } from '../../../engine/error.ts';
import { type Engine, obtainPulumi } from '../../../engine/index.ts';
import { candidates, installed } from '../../../engine/installed.ts';
import { launcher } from '../../../engine/launcher.ts';
import { MODULE_DIR, pulumiBuild } from '../../../engine/pulumi.ts';
import { compareVersions, GO_MINIMUM, PULUMI_VERSION } from '../../../engine/versions.ts';
import type { Maker } from '../../../engine/ways.ts';
import {
  builds,
  inCache,
  installGo,
  newPlace,
  type Place,
  startVendor,
  writeExecutable,
  writeLauncher,
  writeNativePulumi,
} from './fakes.ts';

const obtainAt = (place: Place, makers: Maker[] = [pulumiBuild], said: string[] = []): Promise<Engine> =>
  obtainPulumi({ env: place.env, onProgress: ({ message }) => said.push(message) }, { finder: installed, makers });

const failureOf = async (work: Promise<unknown>): Promise<EngineError> => {
  const error = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof EngineError)) throw new Error('no EngineError was thrown', { cause: error });
  return error;
};

describe('an installed Pulumi', () => {
  it('is used where it lies when it is of exactly the pinned version', async () => {
    const place = newPlace();
    const cli = writeNativePulumi(place.bin, PULUMI_VERSION);
    expect(await obtainAt(place)).toEqual({ version: PULUMI_VERSION, cli, how: 'installed', languageHost: false });
    expect(inCache(place)).toEqual([]);
  });

  it('of another version is passed over, and the reason says which', async () => {
    const place = newPlace();
    writeNativePulumi(place.bin, '3.240.0');
    const error = await failureOf(obtainAt(place));
    expect(error.attempts[0]?.why).toBe(`${place.bin}/pulumi is 3.240.0`);
  });

  it('is found where the vendor’s installer and its npm launcher put it', async () => {
    for (const folder of ['.pulumi/bin', `.pulumi/versions/${PULUMI_VERSION}/bin`]) {
      const place = newPlace();
      const cli = writeNativePulumi(join(place.home, folder), PULUMI_VERSION);
      expect(await obtainAt(place)).toMatchObject({ cli, how: 'installed' });
    }
  });

  it('is looked for under PULUMI_HOME when that is set', () => {
    expect(candidates({ PATH: '', HOME: '/home/ada', PULUMI_HOME: '/opt/p' })).toEqual([
      `/opt/p/versions/${PULUMI_VERSION}/bin/pulumi`,
      '/opt/p/bin/pulumi',
      '/home/ada/.pulumi/bin/pulumi',
    ]);
  });

  it('is told with its language host when that lies beside the real file, behind a link too', async () => {
    const place = newPlace();
    const cli = writeNativePulumi(join(place.root, 'opt'), PULUMI_VERSION);
    writeExecutable(join(dirname(cli), 'pulumi-language-nodejs'), '#!/bin/sh\n');
    symlinkSync(cli, join(place.bin, 'pulumi'));
    expect(await obtainAt(place)).toMatchObject({ cli, languageHost: true });
  });

  it('that is a script is never started, because asking the npm launcher for its version downloads one', async () => {
    const place = newPlace();
    writeExecutable(join(place.bin, 'pulumi'), `#!/bin/sh\n: > ${place.root}/started\necho v${PULUMI_VERSION}\n`);
    const error = await failureOf(obtainAt(place));
    expect(error.attempts[0]?.why).toContain('is a script');
    expect(existsSync(join(place.root, 'started'))).toBe(false);
  });
});

describe('the official download', () => {
  it('is taken into the cache with its language host, and nothing of the installer stays', async () => {
    const place = newPlace();
    const way = launcher({ script: writeLauncher(place), probeUrl: await startVendor(200) });
    const engine = await obtainAt(place, [way, pulumiBuild]);
    expect(engine).toMatchObject({ how: 'downloaded', languageHost: true });
    expect(readdirSync(dirname(dirname(engine.cli))).sort()).toEqual(['bin', 'record.json']);
    expect(await obtainAt(place, [])).toEqual({ ...engine, how: 'cached' });
  });

  it.each([
    ['a host that refuses', 403, 'HTTP 403'],
    ['a host that never answers', undefined, 'no answer within 0.3 s'],
  ])('is not started against %s, and the build follows', async (_name, status, reason) => {
    const place = newPlace();
    const script = writeLauncher(place, `require('fs').writeFileSync(${JSON.stringify(place.root)} + '/started', '')`);
    const way = launcher({ script, probeUrl: await startVendor(status), probeTimeout: 300 });
    const error = await failureOf(obtainAt(place, [way]));
    expect(error.attempts[1]?.why).toContain(reason);
    expect(existsSync(join(place.root, 'started'))).toBe(false);
    installGo(place);
    expect(await obtainAt(place, [way, pulumiBuild])).toMatchObject({ how: 'built' });
  });

  it('that fails half way leaves nothing and gives its reason', async () => {
    const place = newPlace();
    const script = writeLauncher(place, `console.error('curl: (56) reset by peer'); process.exit(1)`);
    const error = await failureOf(obtainAt(place, [launcher({ script, probeUrl: await startVendor(200) })]));
    expect(error.attempts[1]?.why).toContain('curl: (56) reset by peer');
    expect(inCache(place)).toEqual([]);
  });
});

describe('a build from Go modules', () => {
  it('pins what it depends on, tells its progress and ends in the cache', async () => {
    const place = newPlace();
    installGo(place, { seconds: 1.5 });
    const said: string[] = [];
    const engine = await obtainAt(place, [pulumiBuild], said);
    expect(engine).toMatchObject({ how: 'built', languageHost: false });
    expect(builds(place)[0]).toMatch(
      /GOFLAGS=-mod=readonly GOWORK=off CGO_ENABLED=0 GOTMPDIR=\S+\/engine\/tmp-\w+ build -v -trimpath /,
    );
    expect(said.at(-1)).toContain('1 modules downloaded, 1 packages compiled');
    expect(inCache(place)).toHaveLength(1);
  });

  it('asks for the Go that its go.mod asks for', () => {
    expect(/^go (\S+)$/m.exec(readFileSync(join(MODULE_DIR, 'go.mod'), 'utf8'))?.[1]).toBe(GO_MINIMUM);
  });

  it.each([
    { version: '1.19.8', toolchain: 'auto', open: false },
    { version: '1.24.1', toolchain: 'local', open: false },
    { version: '1.24.1', toolchain: 'auto', open: true },
    { version: GO_MINIMUM, toolchain: 'local', open: true },
  ])('with Go $version and GOTOOLCHAIN=$toolchain is open: $open', async ({ version, toolchain, open }) => {
    const place = newPlace();
    installGo(place, { version, toolchain });
    if (open) {
      expect(await obtainAt(place)).toMatchObject({ how: 'built' });
    } else {
      const error = await failureOf(obtainAt(place));
      expect(error.message).toContain(`the \`go\` on PATH is ${version}`);
      expect(builds(place)).toEqual([]);
    }
  });

  it('that fails says what the compiler said, not its list of packages, and leaves nothing', async () => {
    const place = newPlace();
    installGo(place, { failure: 'dial tcp: lookup proxy.example: no such host' });
    const error = await failureOf(obtainAt(place));
    expect(error.attempts[1]?.why).toBe('`go build` failed: dial tcp: lookup proxy.example: no such host');
    expect(inCache(place)).toEqual([]);
  });

  it('whose result is another version is refused', async () => {
    const place = newPlace();
    installGo(place, { builds: '3.100.0' });
    const error = await failureOf(obtainAt(place));
    expect(error.attempts[1]?.why).toContain('says it is 3.100.0');
    expect(inCache(place)).toEqual([]);
  });
});

describe('when no way is open', () => {
  it('one message names every way, why it failed and what it needs', async () => {
    const place = newPlace();
    const way = launcher({ script: writeLauncher(place), probeUrl: await startVendor(503) });
    const { code, message } = await failureOf(obtainAt(place, [way, pulumiBuild]));
    expect(code).toBe('unavailable');
    expect(message).toMatch(
      /1\. an installed Pulumi\n.*none found\n.*needs:[^]*2\. the official download[^]*HTTP 503\n.*needs:[^]*3\. a build from Go modules\n.*no `go` on PATH\n.*needs: .*Go 1\.25\.11/,
    );
    expect(inCache(place)).toEqual([]);
  });
});

it('versions are compared by number, not by letter', () => {
  expect(compareVersions('1.9.0', '1.25.11')).toBeLessThan(0);
  expect(compareVersions('1.26', '1.25.11')).toBeGreaterThan(0);
  expect(compareVersions('1.25', '1.25.0')).toBe(0);
});
