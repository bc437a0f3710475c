// What is pinned. The CLI and the npm SDK are one version: 3.259.0 is the newest whose CLI can be had both from the
// vendor and from the Go module proxy (3.260.0 and later of pkg/v3 were refused there).
export const PULUMI_VERSION = '3.259.0';

/** Oldest Go that builds it; the `go` line of engine/pulumi/go.mod, held equal by a test. */
export const GO_MINIMUM = '1.25.11';

/** First Go that can fetch a newer toolchain by itself (GOTOOLCHAIN). */
export const GO_WITH_TOOLCHAINS = '1.21.0';

/** The command package of the CLI. */
export const CLI_PACKAGE = 'github.com/pulumi/pulumi/pkg/v3/cmd/pulumi';

/** Where the CLI keeps the version it prints; a plain `go build` would call itself 3.x-dev. */
export const VERSION_VARIABLE = 'github.com/pulumi/pulumi/sdk/v3/go/common/version.Version';

/** What the npm launcher asks for first (node_modules/pulumi/lib/download.js); it answers for the archives too. */
export const INSTALL_SCRIPT_URL = 'https://get.pulumi.com/install.sh';

/**
 * Compares dotted versions by number, missing parts being 0.
 * @returns a negative number when `a` is older, 0 when equal, a positive number when newer
 */
export function compareVersions(a: string, b: string): number {
  const left = a.split('.').map(Number);
  const right = b.split('.').map(Number);
  for (let i = 0; i < Math.max(left.length, right.length); i++) {
    const difference = (left[i] ?? 0) - (right[i] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}
