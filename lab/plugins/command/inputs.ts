import { isIP } from 'node:net';
import ipaddr from 'ipaddr.js';
import { Unknown, type CheckFailure, type Inputs, type Value } from '../../../io/rpc/types.ts';
import { isObject } from '../properties.ts';

/** One leg of the way to a host. */
export interface Endpoint {
  host: string;
  port: number;
  user: string;
  password?: string;
  privateKey?: string;
  privateKeyPassword?: string;
  agentSocketPath?: string;
  /** How many dials may fail; -1: any number. */
  dialErrorLimit: number;
  /** Seconds for a TCP connection; 0: no bound. */
  perDialTimeout: number;
  /** Absent: any key is believed. */
  hostKey?: string;
}
export interface Connection extends Endpoint {
  proxy?: Endpoint;
}

type Kind = 'text' | 'whole' | 'number' | 'flag' | 'texts' | 'list' | 'connection' | 'proxy';

const COMMAND: Record<string, Kind> = {
  create: 'text',
  update: 'text',
  delete: 'text',
  stdin: 'text',
  logging: 'text',
  environment: 'texts',
  addPreviousOutputInEnv: 'flag',
  triggers: 'list',
  connection: 'connection',
};
const PROXY: Record<string, Kind> = {
  host: 'text',
  port: 'number',
  user: 'text',
  password: 'text',
  privateKey: 'text',
  privateKeyPassword: 'text',
  agentSocketPath: 'text',
  dialErrorLimit: 'whole',
  perDialTimeout: 'whole',
  hostKey: 'text',
};
const CONNECTION: Record<string, Kind> = { ...PROXY, proxy: 'proxy' };
const DEFAULTS = { user: 'root', port: 22, dialErrorLimit: 10, perDialTimeout: 15 } as const;

type Failures = CheckFailure[];

/** Arguments as the plugin takes them: checked, and with its defaults. Messages name properties, never values. */
export function checkCommand(news: Inputs): { inputs: Inputs; failures: Failures } {
  const failures: Failures = [];
  const inputs = members(news, COMMAND, ['connection'], '', failures);
  const refusal = failures.length === 0 ? firstHopFault(inputs.connection) : undefined;
  return { inputs, failures: refusal === undefined ? failures : [refusal] };
}

function members(
  given: Record<string, Value>,
  kinds: Record<string, Kind>,
  required: string[],
  path: string,
  failures: Failures,
): Inputs {
  const taken: Inputs = {};
  for (const [key, value] of Object.entries(given)) {
    if (value === undefined || value === null || key.startsWith('__')) continue;
    const kind = Object.hasOwn(kinds, key) ? kinds[key] : undefined;
    if (kind === undefined) failures.push({ property: `${path}${key}`, reason: 'is not expected here' });
    else taken[key] = member(value, kind, `${path}${key}`, failures);
  }
  for (const key of required)
    if (taken[key] === undefined)
      failures.push({ property: `${path}${key}`, reason: `Missing required property '${key}'` });
  return taken;
}

function member(value: Value, kind: Kind, path: string, failures: Failures): Value {
  if (value instanceof Unknown) return value;
  if ((kind === 'connection' || kind === 'proxy') && isObject(value)) {
    const kinds = kind === 'connection' ? CONNECTION : PROXY;
    return { ...DEFAULTS, ...members(value, kinds, ['host'], `${path}.`, failures) };
  }
  if (!fits(value, kind)) failures.push({ property: path, reason: `is not ${WORDS[kind]}` });
  return value;
}

const WORDS: Record<Kind, string> = {
  text: 'a text',
  number: 'a number',
  whole: 'a whole number',
  flag: 'true or false',
  texts: 'a mapping of texts',
  list: 'a list',
  connection: 'a connection',
  proxy: 'a connection',
};

function fits(value: Value, kind: Kind): boolean {
  if (kind === 'text') return typeof value === 'string';
  if (kind === 'number') return typeof value === 'number';
  if (kind === 'whole') return Number.isInteger(value);
  if (kind === 'flag') return typeof value === 'boolean';
  if (kind === 'list') return Array.isArray(value);
  if (kind !== 'texts' || !isObject(value)) return false;
  return Object.values(value).every((item) => typeof item === 'string' || item instanceof Unknown);
}

const isLoopback = (host: string): boolean => isIP(host) !== 0 && ipaddr.parse(host).range() === 'loopback';

/**
 * The official plugin dials whatever it is told. A stand-in that logged in on a real host would be a bad surprise: what it
 * dials itself is the lab's jump host, on loopback, or nothing.
 */
export function firstHopFault(connection: Value): CheckFailure | undefined {
  if (!isObject(connection) || connection.proxy instanceof Unknown) return undefined;
  const [hop, property] = isObject(connection.proxy)
    ? [connection.proxy, 'connection.proxy.host']
    : [connection, 'connection.host'];
  if (typeof hop.host !== 'string' || isLoopback(hop.host)) return undefined;
  const reason = `${hop.host} is not on loopback: this plugin is the lab’s stand-in and connects to this machine only. Hosts of the lab are reached through its jump host (connection.proxy; "mesh env" sets site-mesh:ssh.via).`;
  return { property, reason };
}

/** A connection whose values are all known, as `checkCommand` left it. */
export function readConnection(value: Value): Connection {
  const connection = isObject(value) ? value : {};
  return {
    ...readEndpoint(connection),
    ...(isObject(connection.proxy) ? { proxy: readEndpoint(connection.proxy) } : {}),
  };
}

function readEndpoint(value: Record<string, Value>): Endpoint {
  const texts = ['password', 'privateKey', 'privateKeyPassword', 'agentSocketPath', 'hostKey'] as const;
  const given = texts.flatMap((key): [string, string][] => {
    const text = value[key];
    return typeof text === 'string' ? [[key, text]] : [];
  });
  const number = (key: 'port' | 'dialErrorLimit' | 'perDialTimeout'): number =>
    typeof value[key] === 'number' ? value[key] : DEFAULTS[key];
  return {
    host: typeof value.host === 'string' ? value.host : '',
    user: typeof value.user === 'string' ? value.user : DEFAULTS.user,
    port: Math.trunc(number('port')),
    dialErrorLimit: number('dialErrorLimit'),
    perDialTimeout: number('perDialTimeout'),
    ...Object.fromEntries(given),
  };
}
