// What is pinned: the `require` lines of go.mod beside this file, held equal by a test.

/** What host releases install (mesh/host/tailscaled.ts); 1.104 asks for Go 1.27. */
export const TAILSCALE_VERSION = '1.102.3';

/** The newest that the Go module proxy has. It compiles against the tailscale above, although it asks for an older one. */
export const HEADSCALE_VERSION = '0.29.3';

/** Oldest Go that builds both; the `go` line of go.mod. */
export const DAEMONS_GO_MINIMUM = '1.26.6';

/**
 * `ts_include_cli` puts the CLI into the daemon. The others leave out what no subnet router uses: of 1172 packages 990
 * remain, and a daemon of 26 MB instead of 44. What a router does (TUN, nftables, DERP, LocalAPI, metrics, MagicDNS,
 * routes, SSH, systemd notification) stays as the vendor builds it. Both programs are built with the same tags, or
 * nothing would be shared between them.
 */
export const DAEMONS_TAGS: readonly string[] = [
  'ts_include_cli',
  ...[
    ...[
      'appconnectors',
      'aws',
      'bird',
      'captiveportal',
      'completion',
      'completion_scripts',
      'conn25',
      'desktop_sessions',
    ],
    ...[
      'drive',
      'flashappliance',
      'identityfederation',
      'kube',
      'oauthkey',
      'qrcodes',
      'serviceclientprefs',
      'synology',
    ],
    ...['systray', 'taildrop', 'tap', 'tpm', 'wakeonlan', 'webbrowser', 'webclient'],
  ].map((feature) => `ts_omit_${feature}`),
];
