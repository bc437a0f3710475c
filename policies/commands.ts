import { resourceGuardrail, type Finding } from './guardrail.ts';
import { isUnknown, type Known } from './unknown.ts';

const REMOTE = 'command:remote:Command';
const LOCAL = 'command:local:Command';
const COPIES = ['command:remote:CopyFile', 'command:remote:CopyToRemote'];

/** What secrets look like; what is found is named by these words, never shown. */
const LOOKS: readonly (readonly [what: string, pattern: RegExp])[] = [
  ['a private key', /-----BEGIN [A-Z ]*PRIVATE KEY-----/],
  ['a Tailscale key', /\btskey-[a-z]+-\w/],
  ['a DigitalOcean token', /\bdo[opr]_v1_[0-9a-f]{16,}/],
  ['an AWS access key', /\b(AKIA|ASIA)[0-9A-Z]{16}\b/],
  ['a GitHub token', /\b(gh[pousr]_\w{20,}|github_pat_\w{20,})/],
  [
    'a token of 64 characters, as Hetzner’s are',
    /(?<![\w/+=-])(?=\w*[A-Za-z])(?=\w*\d)(?=\w*[G-Zg-z])\w{64}(?![\w/+=-])/,
  ],
  [
    'a password',
    /(?<![A-Za-z])(password|passwd|secret|token|api[_-]?key)\b["']?\s*[=:]\s*["']?(?![$"'\s])[^\s"'$]{6,}/i,
  ],
];

/**
 * Commands over SSH pin the host key; have no triggers, which replace: the new one is created first, and then the old one's delete
 * undoes it; log nothing where there is a stdin, which is where secrets go; and hold no secret where a log, an error or the list
 * of processes shows it.
 */
export const commands = resourceGuardrail({
  name: 'commands',
  description:
    'Commands pin the host key, have no triggers, log nothing of a stdin, and hold no secret in text or environment.',
  severity: 'high',
  remedy:
    'Pass secrets on stdin with logging: none; pin the key in connection.hostKey; put what should run the command again into its text or stdin. The commands of site-mesh:sites do all of it.',
  types: [REMOTE, LOCAL, ...COPIES],
  judge: ({ type, props }, known) => [
    ...(type === LOCAL ? [] : unpinned(props, known)),
    ...(known.read(() => present(props.triggers)) === true
      ? [
          {
            path: 'triggers',
            kind: 'triggers',
            what: 'triggers replace the command, and the delete of the old one undoes the new one',
          },
        ]
      : []),
    ...logged(props, known),
    ...told(props, known),
  ],
});

function unpinned(props: Record<string, unknown>, known: Known): Finding[] {
  const what = 'no host key is pinned, so that anybody may answer';
  const connection = known.read(() => props.connection as Record<string, unknown> | undefined);
  if (connection === undefined) return [];
  return [
    ...(known.read(() => present(connection.hostKey)) === false
      ? [{ path: 'connection.hostKey', kind: 'hostKey', what }]
      : []),
    ...(known.read(() => {
      const proxy = connection.proxy as Record<string, unknown> | null | undefined;
      return proxy !== undefined && proxy !== null && !present(proxy.hostKey);
    }) === true
      ? [{ path: 'connection.proxy.hostKey', kind: 'hostKey', what }]
      : []),
  ];
}

function logged(props: Record<string, unknown>, known: Known): Finding[] {
  const fed = known.read(() => present(props.stdin)) ?? true;
  return fed && known.read(() => props.logging !== 'none') === true
    ? [{ path: 'logging', kind: 'logging', what: 'what the command prints of its stdin would stand in logs' }]
    : [];
}

/** Text that is shown: to whoever lists processes, in errors, in diffs. */
function told(props: Record<string, unknown>, known: Known): Finding[] {
  const own = secretsOf(props);
  const variables = known.read(() => Object.keys(props.environment ?? {})) ?? [];
  const texts = [
    ...['create', 'update', 'delete'].map((path) => ({ path, read: () => props[path] })),
    ...variables.map((name) => ({
      path: `environment.${name}`,
      read: () => `${name}=${String((props.environment as Record<string, unknown>)[name])}`,
    })),
  ];
  return texts.flatMap(({ path, read }): Finding[] => {
    const text = known.read(read);
    if (typeof text !== 'string') return [];
    const looks = LOOKS.find(([, pattern]) => pattern.test(text))?.[0];
    const found = own.some((secret) => text.includes(secret)) ? 'a secret of its connection' : looks;
    return found === undefined ? [] : [{ path, kind: 'secret', what: `it holds what looks like ${found}` }];
  });
}

/** Secrets that the command itself knows. */
function secretsOf(props: Record<string, unknown>): string[] {
  const paths = ['privateKey', 'privateKeyPassword', 'password'];
  const read = (holder: () => unknown): string[] =>
    paths.flatMap((path) => {
      try {
        const value = (holder() as Record<string, unknown> | undefined)?.[path];
        return typeof value === 'string' && value.trim().length >= 6 ? [value.trim()] : [];
      } catch (error) {
        // Not known yet, so it cannot stand in a text that is.
        if (isUnknown(error)) return [];
        throw error;
      }
    });
  return [
    ...read(() => props.connection),
    ...read(() => (props.connection as Record<string, unknown> | undefined)?.proxy),
  ];
}

const present = (value: unknown): boolean =>
  value !== undefined && value !== null && value !== '' && !(Array.isArray(value) && value.length === 0);
