import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import * as pulumi from '@pulumi/pulumi';
import { parse } from 'yaml';
import type { Drain } from '../../components/connection.ts';
import { compose } from '../../components/mesh.ts';
import { makeProviders } from '../../components/providers.ts';
import { readSettings } from '../../components/settings.ts';
import { planMesh } from '../../mesh/plan/index.ts';
import { record, type Answers, type Recording, type RecordOptions } from './record.ts';
import { NOW } from '../now.ts';

/** Values that must never stand anywhere in the clear. */
export const SENTINELS = {
  sshPrivateKey: 'sentinel-deploy-key',
  jumpPrivateKey: 'sentinel-jump-key',
  hostPrivateKey: 'sentinel-host-key',
  hcloudToken: 'sentinel-hcloud-token',
  accountToken: 'sentinel-account-token',
  digitaloceanToken: 'sentinel-digitalocean-token',
  oauthSecret: 'sentinel-oauth-secret',
};

type Sections = Record<string, unknown>;
export type StackName = 'staging' | 'prod';
export type SiteText = Record<string, unknown> & { routers?: object[]; hosts?: object[] };

/** The config of a checked-in stack file, as it stands there. */
const stackFile = (stack: StackName): Sections =>
  (
    parse(readFileSync(new URL(`../../Pulumi.${stack}.yaml`, import.meta.url), 'utf8')) as {
      config: Sections;
    }
  ).config;
const JUMP = { host: '127.0.0.1', port: 2222, user: 'jump', hostKey: '' };

export interface StackConfig {
  stack: StackName;
  config: Record<string, string>;
  secretConfig: string[];
}

export const stagingConfig = (): StackConfig => stackConfig('staging');

/** The sites of a checked-in stack, changed: a site that is given as undefined is left out. */
export function sitesWith(stack: StackName, change: (sites: Record<string, SiteText>) => Sections): Sections {
  const sites = stackFile(stack)['site-mesh:sites'] as Record<string, SiteText>;
  return { 'site-mesh:sites': { ...sites, ...change(sites) } };
}

/** The access rules of a checked-in stack but for those that name this source. */
export function rulesWithout(stack: StackName, source: string): Sections {
  const rules = stackFile(stack)['site-mesh:access'] as { from: string[] }[];
  return { 'site-mesh:access': rules.filter(({ from }) => !from.includes(source)) };
}

/**
 * A checked-in stack, as Pulumi hands it to a program, with credentials and a jump host added.
 * @param change what is written otherwise, by section
 */
export function stackConfig(stack: StackName, change: Sections = {}): StackConfig {
  const file = { ...stackFile(stack), ...change };
  const plain = Object.entries(file).map(([key, value]) => [
    key,
    typeof value === 'string' ? value : JSON.stringify(value),
  ]);
  const ssh = file['site-mesh:ssh'] as { publicKey: string };
  const secrets = {
    'site-mesh:sshPrivateKey': SENTINELS.sshPrivateKey,
    'site-mesh:jumpPrivateKey': SENTINELS.jumpPrivateKey,
    'hcloud:token': SENTINELS.hcloudToken,
    'digitalocean:token': SENTINELS.digitaloceanToken,
    'site-mesh:accountTokens': JSON.stringify({ fra: SENTINELS.accountToken }),
    'tailscale:oauthClientId': 'k123',
    'tailscale:oauthClientSecret': SENTINELS.oauthSecret,
  };
  return {
    stack,
    config: {
      ...(Object.fromEntries(plain) as Record<string, string>),
      'site-mesh:ssh': JSON.stringify({ ...ssh, via: { ...JUMP, hostKey: ssh.publicKey } }),
      ...secrets,
    },
    secretConfig: Object.keys(secrets),
  };
}

export const without = (config: Record<string, string>, ...keys: string[]): Record<string, string> =>
  Object.fromEntries(Object.entries(config).filter(([key]) => !keys.includes(key)));

/** A number of a resource's own, the same in every run: what one resource is called says nothing of what else was made. */
export const idOf = (resource: string): string =>
  String(1000 + createHash('sha256').update(resource).digest().readUInt32BE(0));

/** What the clouds and our provider would answer. */
export function answers(): Answers {
  return (type, name) => {
    const id = idOf(`${type} ${name}`);
    switch (type) {
      case 'hcloud:index/server:Server':
        return { id, state: { ipv4Address: '203.0.113.99' } };
      case 'hcloud:index/primaryIp:PrimaryIp':
        return { id, state: { ipAddress: '203.0.113.7' } };
      case 'digitalocean:index/droplet:Droplet':
        return {
          id,
          state: { ipv4Address: '203.0.113.50', ipv4AddressPrivate: '10.88.0.7', dropletUrn: `do:droplet:${name}` },
        };
      case 'digitalocean:index/reservedIp:ReservedIp':
        return { id, state: { ipAddress: '203.0.113.51', reservedIpUrn: `do:floatingip:${name}` } };
      case 'digitalocean:index/sshKey:SshKey':
        return { id, state: { fingerprint: '3b:16:bf' } };
      case 'mesh:index:HostKey':
        return { id, state: { publicKey: `ecdsa-sha2-nistp256 ${name}`, privateKey: SENTINELS.hostPrivateKey } };
      case 'mesh:index:HostRelease':
        return { id, state: { hash: `hash-of-${name}`, hostKey: `ssh-ed25519 ${name}`, drift: [] } };
      case 'mesh:index:ServerReady':
        return { id, state: { status: 'running', generation: 3 } };
      case 'mesh:index:TailnetNode':
        return { id, state: { nodeId: `n${id}`, addresses: ['100.64.0.1'] } };
      case 'mesh:index:TailnetPolicy':
        return { id, state: { etag: 'etag-1' } };
      default:
        return { id, state: {} };
    }
  };
}

/** The program of index.ts without its exports, so that it can run many times in one process. */
export function program(drain: Drain = () => Promise.resolve()): void {
  const settings = readSettings();
  const stack = pulumi.getStack();
  const plan = planMesh(settings.config, { stack, now: NOW });
  const providers = makeProviders(settings, plan);
  const { sshPrivateKey: privateKey, jumpPrivateKey } = settings;
  compose({ plan, stack, privateKey, jumpPrivateKey, drain, providers, protect: stack === 'prod' });
}

export const recordStaging = (options: RecordOptions = {}, run: () => unknown = program): Promise<Recording> =>
  record(run, answers(), { ...stagingConfig(), ...options });

export const recordProd = (options: RecordOptions = {}, run: () => unknown = program): Promise<Recording> =>
  record(run, answers(), { ...stackConfig('prod'), ...options });
