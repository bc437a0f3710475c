import { z } from 'zod';
import { isPrefix, isSourcePrefix, isAddress, prefixFault } from './cidr.ts';
import { addressFault6, prefixFault6 } from './cidr6.ts';
import { publicKeyFault } from './ssh-key.ts';

/**
 * Kinds of fields. Each carries its own remedy: a zod message here is `problem` and `remedy` on two lines, which
 * `schemaFaults` takes apart again.
 */
export const told = (problem: string, remedy: string): string => `${problem}\n${remedy}`;

/** Text that a rule accepts; `problemOf` answers what is wrong with it, or undefined. */
function text(problemOf: (value: string) => string | undefined, remedy: string) {
  return z
    .string({ error: (issue) => told(issue.input === undefined ? 'is missing' : 'must be text', remedy) })
    .superRefine((value, context) => {
      const problem = problemOf(value);
      if (problem !== undefined) context.addIssue({ code: 'custom', message: told(problem, remedy), input: value });
    });
}

/** The pattern is also told to editors (JSON Schema), which know no flags. */
const matching = (pattern: RegExp, problem: string, remedy: string) => {
  const field = text((value) => (pattern.test(value) ? undefined : problem), remedy);
  return pattern.flags === '' ? field.meta({ pattern: pattern.source }) : field;
};

const LABEL = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/;
const SHORT_NAME = /^[a-z]([a-z0-9-]{0,28}[a-z0-9])?$/;

/** RFC 1123 label in lower case: it becomes the hostname and the server's name at the cloud. */
export const hostName = matching(
  LABEL,
  'is not a host name (RFC 1123)',
  'use at most 63 lower-case letters, digits and inner hyphens, for example fra-edge-01',
);

/** Names that end up inside Tailscale tags and groups: these begin with a letter and have no dots. */
const shortName = (what: string, example: string) =>
  matching(
    SHORT_NAME,
    `is not a name for ${what}`,
    `use a letter, then lower-case letters, digits and inner hyphens, at most 30, for example ${example}`,
  );
export const siteName = shortName('a site', 'eu-fra');
export const groupName = shortName('a group', 'sre');
export const serviceName = shortName('a service', 'postgres');
export const networkName = shortName('a network', 'acme');
export const accountName = shortName('an account', 'fra');
export const commandName = shortName('a command', 'node-exporter');
export const toolName = shortName('a tool', 'ci');

/** Roles become tags of their own, so those that the mesh itself uses are taken. */
export const roleName = text((value) => {
  if (!SHORT_NAME.test(value)) return 'is not a name for a role';
  if (/^(router|iac)$|^(router|site|host|tool)-/.test(value)) return 'is a role that the mesh gives itself';
  return undefined;
}, 'choose a letter, then lower-case letters, digits and inner hyphens, for example db; router, iac, router-…, site-…, host-… and tool-… are taken');

export const domainName = matching(
  /^(?=.{1,253}$)[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)+$/,
  'is not a domain name',
  'use lower-case labels with dots between, for example mesh.acme.internal',
);
export const tailnetName = matching(
  /^(-|[A-Za-z0-9][A-Za-z0-9._@+-]{0,252})$/,
  'is not the name of a tailnet',
  'use the name that the admin console shows under Settings → General, or - for the tailnet of the credential',
);
/** Loopback, and the range of RFC 2544 in which labs are: the only places where a plain http address leaks nothing. */
const LAB_HOST = /^(localhost|\[::1\]|127\.\d+\.\d+\.\d+|198\.1[89]\.\d+\.\d+)$/;

/** Address of a service over HTTPS; `http` says where plain HTTP is taken too. Never with a login in it. */
const webAddress = (value: string, http: 'never' | 'in labs' | 'anywhere'): string | undefined => {
  const url = URL.canParse(value) && !/[\s\p{Cc}]/u.test(value) ? new URL(value) : undefined;
  if (url === undefined || !/^https?:\/\//.test(value)) return 'is not a web address';
  if (url.username !== '' || url.password !== '') return 'has a login in it';
  if (url.search !== '' || url.hash !== '') return 'has more than an address: a query or a fragment';
  if (url.protocol === 'https:' || http === 'anywhere') return undefined;
  if (http === 'in labs' && LAB_HOST.test(url.hostname)) return undefined;
  return 'is not https, so anybody on the way could stand in for it';
};

export const controlServer = text((value) => {
  const problem = webAddress(value, 'in labs');
  if (problem !== undefined) return problem;
  // tailscaled compares texts: the same server with a slash more would be another one, and every node would join anew.
  return new URL(value).origin === value ? undefined : 'is not plain scheme, name and port';
}, 'write scheme and name without a slash at the end, for example https://headscale.example.com');

export const apiAddress = (example: string) =>
  text(
    (value) => webAddress(value, 'anywhere') ?? (value.endsWith('/') ? 'ends with a slash' : undefined),
    `write the address under which its calls are, for example ${example}`,
  );

/** `{id}` and `{codename}` stand for what the host's os-release says. */
export const packageAddress = (example: string) =>
  text((value) => {
    const filled = value.replaceAll(/\{(id|codename)\}/g, 'x');
    return /[{}]/.test(filled) ? 'has a placeholder that is neither {id} nor {codename}' : webAddress(filled, 'never');
  }, `write an https address; {id} and {codename} are the host's own (debian, bookworm), for example ${example}`);

export const fingerprint = matching(
  /^[0-9A-Fa-f]{40}$/,
  'is not the fingerprint of an OpenPGP key',
  'give its 40 hex digits without blanks: gpg --show-keys --with-colons FILE, the line fpr',
);
export const packageVersion = matching(
  /^[0-9][A-Za-z0-9.+~-]{0,62}$/,
  'is not an exact version of a Debian package',
  'give the version as apt-cache policy tailscale shows it, for example 1.102.3',
);

export const loginName = matching(
  /^[a-z_][a-z0-9_-]{0,31}$/,
  'is not a login name',
  'use lower-case letters, digits, - and _, for example ops',
);
export const hostAddress = text(
  (value) =>
    isAddress(value) || /^(?=.{1,253}$)[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?$/.test(value)
      ? undefined
      : 'is neither an IPv4 address nor a host name',
  'use an address or a name that the deploying side resolves, for example 198.51.100.7',
);

export const prefix = (remedy: string) => text(prefixFault, remedy);
export const address = (remedy: string) =>
  text((value) => (isAddress(value) ? undefined : 'is not an IPv4 address'), remedy);

export const prefix6 = (remedy: string) => text(prefixFault6, remedy);
export const address6 = (remedy: string) => text(addressFault6, remedy);

/** Where SSH may come from. The whole internet is refused: bots arrive within minutes. */
export const sshSource = text((value) => {
  if (value === '0.0.0.0/0' || value === '::/0') return 'opens SSH to the whole internet';
  if (isSourcePrefix(value)) return undefined;
  return value.includes(':') || isPrefix(value) ? 'is not a prefix' : prefixFault(value);
}, 'name the range that you deploy from, for example 198.51.100.0/28 or 2001:db8:7::/48');

export const publicKey = (remedy: string) => text(publicKeyFault, remedy);

export const email = matching(
  /^[^\s@",\\\p{Cc}\p{Cf}\p{Cs}]+@[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/iu,
  'is not a login of a tailnet user',
  "write the person's login as the tailnet knows it, for example ada@example.com",
);

export const port = text((value) => {
  const [, first, last = first] = /^(?:tcp|udp)\/([1-9]\d{0,4})(?:-([1-9]\d{0,4}))?$/.exec(value) ?? [];
  if (first === undefined || Number(first) > 65535 || Number(last) > 65535) return 'is not a port';
  return Number(first) <= Number(last) ? undefined : 'is a range that ends before it begins';
}, 'write protocol/number or a range, with tcp or udp and 1 to 65535, for example tcp/5432 or udp/8000-8010');

/** `host` or `role:db`: where a service runs. */
export const placeSelector = matching(
  /^(role:)?[a-z0-9-]+$/,
  'names neither a host nor a role',
  'write a host name such as fra-db-01, or a role such as role:db',
);

/** `group:sre`, `site:eu-fra`, `role:app`, `tool:ci`: who may open connections. */
export const sourceSelector = matching(
  /^(group|site|role|tool):[a-z0-9-]+$/,
  'names no group, site, role or tool',
  'write group:NAME, site:NAME, role:NAME or tool:NAME',
);

/** A login that Tailscale SSH gives. Root is never meant by another name. */
export const sshUser = matching(
  /^(autogroup:nonroot|[a-z_][a-z0-9_-]{0,31})$/,
  'is not a login on a host',
  'write logins such as ops, or autogroup:nonroot for every one but root; root is given by its name alone',
);

/** Seven days, in minutes: the longest that the service takes. */
const LONGEST_CHECK = 7 * 24 * 60;

/** How long a check of a person holds, as the service documents it: 1m to 168h, or `always` for one at each connection. */
export const checkPeriod = text((value) => {
  if (value === 'always') return undefined;
  const [, hours, minutes] = /^(?=.)(?:(\d{1,5})h)?(?:(\d{1,5})m)?$/.exec(value) ?? [];
  if (hours === undefined && minutes === undefined) return 'is not a period';
  const total = Number(hours ?? 0) * 60 + Number(minutes ?? 0);
  if (total < 1) return 'is below 1m';
  return total > LONGEST_CHECK ? 'is above 168h' : undefined;
}, 'write hours and minutes from 1m to 168h, for example 12h, or always; leave it out to accept without a check');

/** An unquoted date in YAML is a time for Pulumi, which hands it on in this form. */
const MIDNIGHT = ' 00:00:00 +0000 UTC';
const dateOf = (value: string): string => (value.endsWith(MIDNIGHT) ? value.slice(0, -MIDNIGHT.length) : value);

/** A day of the calendar, `2027-06-30`. */
export const date = text((value) => {
  const day = dateOf(value);
  if (!/^\d{4}-\d{2}-\d{2}$/.test(day)) return 'is not a date';
  const time = new Date(`${day}T00:00:00Z`);
  // Dates roll over: 30 February would be read as 2 March.
  return Number.isNaN(time.getTime()) || time.toISOString().slice(0, 10) !== day
    ? 'is no day of the calendar'
    : undefined;
}, 'write the last day on which it holds as YYYY-MM-DD, for example 2027-06-30').transform(dateOf);

/** A reason for people; it is printed in previews and as a comment of the policy, so it is one line. */
export const why = text((value) => {
  if (value.trim() === '') return 'gives no reason';
  if (/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u.test(value)) return 'is more than one line, or has invisible characters';
  return value.length > 200 ? 'is longer than 200 characters' : undefined;
}, 'say in one line why this access exists, for example "app tier reads the primary"');

/** As the API answers it, without quotes: the SHA-256 of the policy's text. */
export const etag = matching(
  /^[0-9a-f]{64}$/,
  'is not the ETag of a policy',
  'write the 64 hex digits that mesh policy pull and mesh policy adopt show',
);

export const whole = (min: number, max: number, remedy: string) =>
  z
    .int({ error: (issue) => told(issue.input === undefined ? 'is missing' : 'must be a whole number', remedy) })
    .min(min, { error: told(`is below ${min}`, remedy) })
    .max(max, { error: told(`is above ${max}`, remedy) });

/** A list with no entry twice. */
export const setOf = <T extends z.ZodType<string>>(entry: T, remedy: string, least = 0) =>
  z
    .array(entry, { error: (issue) => told(issue.input === undefined ? 'is missing' : 'must be a list', remedy) })
    .min(least, { error: told('is empty', remedy) })
    .superRefine((values, context) => {
      for (const [index, value] of values.entries()) {
        if (values.indexOf(value) === index) continue;
        context.addIssue({
          code: 'custom',
          path: [index],
          message: told('stands there twice', 'remove one of the two'),
          input: value,
        });
      }
    });

/** The same with at least one entry. */
export const listOf = <T extends z.ZodType<string>>(entry: T, remedy: string) => setOf(entry, remedy, 1);
