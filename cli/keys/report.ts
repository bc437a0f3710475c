import type { ListedDevice, ListedKey } from '../../io/tailscale/client.ts';
import { TAILNET_SCOPES } from '../../mesh/config/credentials.ts';
import type { KeyFacts, KeyReport, KeyRow, KeyState } from './types.ts';

/** What ends within so many days is near. */
export const NEAR_DAYS = 14;
const DAY = 86_400_000;
/** The longest that a join key of the program may live. */
const LONGEST_JOIN_KEY = DAY;

/** Every credential of a stack, worst first. @param now ms since the epoch */
export function keyReport(facts: KeyFacts, now: number): KeyReport {
  const { listed } = facts;
  const keys = [
    ...('refused' in listed
      ? [refusedRow(facts, listed)]
      : [
          ...listed.keys.filter((key) => !isSpent(key)).map((key) => row(key, facts, now)),
          ...unseenOwn(facts, listed.keys),
          ...nodeKeys(listed.devices, facts.members, now),
        ]),
    ...facts.clouds.map(cloudRow),
    ...facts.ssh.map(sshRow),
  ];
  const order: KeyState[] = ['wrong', 'expired', 'near', 'well', 'untold'];
  return {
    stack: facts.stack,
    tailnet: facts.tailnet,
    at: new Date(now).toISOString(),
    well: !keys.some(({ state }) => ['wrong', 'expired', 'near'].includes(state)),
    keys: keys.toSorted((a, b) => order.indexOf(a.state) - order.indexOf(b.state)),
    notes: notes(facts),
  };
}

/** A join key that let its one device in, ran out or was taken back opens nothing any more. */
const isSpent = ({ keyType = 'auth', invalid, revoked }: ListedKey): boolean =>
  (revoked !== undefined && revoked !== '') || (keyType === 'auth' && invalid === true);

function row(key: ListedKey, facts: KeyFacts, now: number): KeyRow {
  const own = facts.own?.id === key.id;
  const about = key.description === '' ? '' : `, "${key.description}"`;
  switch (key.keyType ?? 'auth') {
    case 'auth':
      return joinKey(key, about, facts.production);
    case 'api':
      return {
        ...ending(
          key.expires,
          now,
          'make another one in the console and set it: tailscale:apiKey; or better an OAuth client, which does not end',
        ),
        what: `API key${mine(own)}${about}`,
        id: key.id,
        scope: 'all that its owner may do',
      };
    case 'client':
    case 'federated':
      return {
        ...lasting(own ? tooMuch(key.scopes) : ''),
        what: `${key.keyType === 'client' ? 'OAuth client' : 'federated identity'}${mine(own)}${about}`,
        id: key.id,
        scope: scopeOf(key),
      };
    default:
      return {
        ...ending(key.expires, now, 'look it up in the console'),
        what: `${key.keyType ?? ''} key${about}`,
        id: key.id,
        scope: scopeOf(key),
      };
  }
}

const mine = (own: boolean): string => (own ? ' of this stack' : '');
const scopeOf = ({ scopes, tags }: ListedKey): string =>
  [scopes.join(', '), ...tags].filter((one) => one !== '').join('; ');

/** Scopes that the program does not use. `:read` of one that it has adds nothing. */
function tooMuch(scopes: readonly string[]): string {
  const more = scopes.filter((scope) => !TAILNET_SCOPES.includes(scope.replace(/:read$/, '')));
  return more.length === 0 ? '' : `may do more than the program needs: ${more.join(', ')}`;
}

function joinKey(key: ListedKey, about: string, production: boolean): KeyRow {
  const create = key.capabilities?.devices?.create;
  const tags = [...new Set([...key.tags, ...(create?.tags ?? [])])];
  const lifetime = Date.parse(key.expires ?? '') - Date.parse(key.created ?? '');
  const faults = [
    ...(create?.reusable === true ? ['it lets in as many devices as use it'] : []),
    ...(lifetime > LONGEST_JOIN_KEY + 60_000 ? [`it lives ${Math.round(lifetime / DAY)} days`] : []),
    ...(tags.length === 0 ? ['what joins with it belongs to a person and has no tag'] : []),
  ];
  const scope = `joins as ${tags.join(', ') || 'its maker'}${create?.reusable === true ? ', reusable' : ', once'}`;
  const what = `join key${about}`;
  if (faults.length > 0 && production)
    return {
      what,
      id: key.id,
      scope,
      expires: key.expires ?? 'not told',
      state: 'wrong',
      remark: `${faults.join('; ')}: delete it in the console; the program makes its own, for one device and a day at most`,
    };
  const remark = faults.length === 0 ? '' : `not for production: ${faults.join('; ')}`;
  // That a join key ends soon is what it is for.
  return { what, id: key.id, scope, expires: key.expires ?? 'not told', state: 'well', remark };
}

type Ending = Pick<KeyRow, 'expires' | 'state' | 'remark'>;
const lasting = (remark: string): Ending => ({ expires: 'never', state: 'well', remark });

/** @param renew what to do when it is time */
function ending(expires: string | null | undefined, now: number, renew: string): Ending {
  const end = Date.parse(expires ?? '');
  if (expires === null || expires === undefined || expires === '' || Number.isNaN(end))
    return { expires: 'not told', state: 'untold', remark: '' };
  if (end <= now) return { expires, state: 'expired', remark: renew };
  if (end - now > NEAR_DAYS * DAY) return { expires, state: 'well', remark: '' };
  const days = Math.floor((end - now) / DAY);
  return { expires, state: 'near', remark: `${days === 1 ? '1 day' : `${days} days`} left: ${renew}` };
}

/** A client that may not list clients does not see itself. */
function unseenOwn({ own }: KeyFacts, keys: readonly ListedKey[]): KeyRow[] {
  if (own === undefined || keys.some(({ id }) => id === own.id)) return [];
  const client = own.kind === 'client';
  const what = `${client ? 'OAuth client' : 'API key'} of this stack`;
  const state = client ? lasting('') : { expires: 'not told', state: 'untold' as const, remark: '' };
  return [{ ...state, what, id: own.id, scope: 'not told: its scopes do not let it read that' }];
}

function nodeKeys(devices: readonly ListedDevice[], members: readonly string[], now: number): KeyRow[] {
  return devices
    .filter(({ hostname }) => members.includes(hostname))
    .map((device) => {
      const about = { what: `node key of ${device.hostname}`, id: device.nodeId, scope: device.tags.join(', ') };
      if (device.keyExpiryDisabled || !device.expires || device.expires.startsWith('0001-'))
        return { ...lasting(''), ...about };
      const renew = 'disable key expiry of this device in the console, or give it its tags again (pulumi up --refresh)';
      return { ...ending(device.expires, now, renew), ...about };
    })
    .toSorted((a, b) => (a.what < b.what ? -1 : 1));
}

/** Without the service there is one thing to say of its keys. */
const refusedRow = ({ own }: KeyFacts, { refused }: { refused: string }): KeyRow => ({
  what: 'credential of the tailnet',
  id: own?.id ?? 'not told',
  scope: TAILNET_SCOPES.join(', '),
  expires: 'not told',
  state: 'expired',
  remark: `the service refuses it: it ran out or was taken back (${refused})`,
});

const cloudRow = ({ what, where, scopes, set }: KeyFacts['clouds'][number]): KeyRow => ({
  what,
  id: where,
  scope: scopes,
  expires: 'the cloud does not tell',
  state: 'untold',
  remark: set ? '' : 'is not set here: mesh credentials says how',
});

const sshRow = ({ what, fingerprint, scope }: KeyFacts['ssh'][number]): KeyRow => ({
  what,
  id: fingerprint,
  scope,
  expires: 'never; nothing tells its age',
  state: 'untold',
  remark: '',
});

function notes({ listed, own }: KeyFacts): string[] {
  if ('refused' in listed) return ['the keys of the tailnet were not seen'];
  const kinds = new Set(listed.keys.map(({ keyType = 'auth' }) => keyType));
  if (own?.kind !== 'client' || kinds.has('api')) return [];
  return [
    'the list has what this client may see: API keys of people want api_access_tokens:read, other OAuth clients oauth_keys:read, and the program needs neither',
  ];
}
