import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { run } from './child.ts';
import { hasCode, Unavailable } from './error.ts';
import { compareVersions, GO_WITH_TOOLCHAINS } from './versions.ts';
import type { Maker, WayContext } from './ways.ts';

/** What is built, and from what. */
export interface GoRecipe {
  /** For people: `Pulumi 3.259.0`. */
  title: string;
  /** The folder whose go.mod and go.sum pin every module of the build. */
  moduleDir: string;
  /** The `go` line of that go.mod. */
  goMinimum: string;
  /** Disk and time, for people. */
  cost: string;
  tags: readonly string[];
  /** String variables that the linker sets, by full name: how a program learns its version. */
  stamps: Readonly<Record<string, string>>;
  /** Command packages; each becomes an executable of its last name. One build: what they share is compiled once. */
  packages: readonly string[];
}

/** The one way that is open wherever Go and a module proxy are. */
export const goBuild = (recipe: GoRecipe): Maker => ({
  name: 'a build from Go modules',
  needs: `Go ${recipe.goMinimum} or newer on PATH, a Go module proxy, ${recipe.cost}`,
  how: 'built',
  async make(staging, context) {
    const go = await findGo(staging, recipe.goMinimum, context);
    await mkdir(join(staging, 'bin'));
    await build(recipe, go, staging, context);
  },
});

interface Go {
  version: string;
  os: string;
  arch: string;
}

async function findGo(cwd: string, minimum: string, { env, report, signal }: WayContext): Promise<Go> {
  report('looking for Go');
  // `local`: only what is there is asked; otherwise a go.mod in a folder above could start a toolchain download here.
  const local = { ...env, GOTOOLCHAIN: 'local' };
  const said = await run('go', ['version'], { env: local, cwd, signal, timeout: 20_000 }).catch((error: unknown) => {
    if (hasCode(error, 'ENOENT')) throw new Unavailable('there is no `go` on PATH');
    throw error;
  });
  const match = /\bgo(\d+\.\d+(?:\.\d+)?)\S*(?: .*)? (\w+)\/(\w+)/.exec(said.stdout);
  const [, version, os, arch] = match ?? [];
  if (said.code !== 0 || version === undefined || os === undefined || arch === undefined) {
    throw new Unavailable(`\`go version\` did not answer: ${said.tail.join(' | ') || 'no output'}`);
  }
  if (compareVersions(version, minimum) >= 0) return { version, os, arch };
  if (compareVersions(version, GO_WITH_TOOLCHAINS) < 0) throw new Unavailable(`the \`go\` on PATH is ${version}`);
  const toolchain = await run('go', ['env', 'GOTOOLCHAIN'], { env, cwd, signal, timeout: 20_000 });
  if (toolchain.code !== 0 || toolchain.stdout.trim().split('+')[0] === 'local') {
    throw new Unavailable(`the \`go\` on PATH is ${version}, and GOTOOLCHAIN=local keeps it from fetching a newer one`);
  }
  report(`Go ${version} will fetch a newer toolchain`);
  return { version, os, arch };
}

async function build(recipe: GoRecipe, go: Go, staging: string, { env, report, signal }: WayContext): Promise<void> {
  let modules = 0;
  let packages = 0;
  const problems: string[] = [];
  const say = (): void =>
    report(
      `building ${recipe.title} with Go ${go.version}: ` +
        `${modules} modules downloaded, ${packages} packages compiled`,
    );
  say();
  // The last step, linking, prints nothing for most of a minute.
  const heartbeat = setInterval(say, 1_000);
  try {
    const stamps = Object.entries(recipe.stamps).map(([variable, value]) => `-X ${variable}=${value}`);
    // What the linker would strip is not made: debugging information is a tenth of the compilers' work, and their collector another.
    const flags = [
      ...['-v', '-trimpath', '-buildvcs=false', '-tags', recipe.tags.join(',')],
      ...['-gcflags=all=-dwarf=false', '-ldflags', ['-s -w', ...stamps].join(' ')],
    ];
    // The closing slash makes `go` name each executable by its package, one alone too.
    const result = await run('go', ['build', ...flags, '-o', `${join(staging, 'bin')}/`, ...recipe.packages], {
      // An empty GOFLAGS would fall back to the user's `go env -w`; the default, said aloud, does not.
      env: {
        ...env,
        CGO_ENABLED: '0',
        GOFLAGS: '-mod=readonly',
        GOWORK: 'off',
        GO111MODULE: 'on',
        GOGC: '400',
        // A killed compiler leaves gigabytes there; the next run clears up the staging folder.
        GOTMPDIR: staging,
        GOOS: go.os,
        GOARCH: go.arch,
      },
      cwd: recipe.moduleDir,
      signal,
      onLine: (line) => {
        if (line.startsWith('go: downloading ')) modules++;
        else if (/^[\w.~/-]+$/.test(line)) packages++;
        else if (line.trim() !== '') problems.push(line.trim());
      },
    });
    if (result.code !== 0)
      throw new Unavailable(`\`go build\` failed: ${problems.slice(0, 6).join(' | ') || 'no output'}`);
  } finally {
    clearInterval(heartbeat);
  }
}
