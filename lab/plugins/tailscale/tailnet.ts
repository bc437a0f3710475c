import { z } from 'zod';
import { UserError, type Inputs, type Value } from '../../../io/rpc/types.ts';
import { HuJsonError, parseHuJson } from '../../tailnet/policy/hujson.ts';
import { formatHuJson } from '../../tailnet/policy/format.ts';
import { ApiFailure } from './client.ts';
import { newId } from './key.ts';
import { defineResource, explained, flag, text, texts, type Hooks, type Run } from './resource.ts';

function canonical(value: Value): string | undefined {
  try {
    return typeof value === 'string' ? formatHuJson(value) : undefined;
  } catch (error) {
    if (error instanceof HuJsonError) return undefined;
    throw error;
  }
}

/** Only the layout may differ: comments and the order of members count. */
const sameText = (a: Value, b: Value): boolean =>
  a === b || (canonical(a) !== undefined && canonical(a) === canonical(b));

function refuseText(value: Value): string | undefined {
  try {
    parseHuJson(typeof value === 'string' ? value : '', true);
    return undefined;
  } catch (error) {
    if (error instanceof HuJsonError) return `is invalid HuJSON: ${error.message}`;
    throw error;
  }
}

const postAcl = ({ client, signal }: Run, hujson: string, headers: Record<string, string> = {}): Promise<string> =>
  client.send(signal, 'POST', client.tailnet('acl'), { hujson, headers });

/** tailscale:index/acl:Acl. It guards the first write only, validates nothing at preview, and never deletes. */
export const acl = defineResource({
  properties: {
    acl: { type: 'string', required: true, equal: sameText, refuse: refuseText },
    overwriteExistingContent: { type: 'boolean' },
    resetAclOnDestroy: { type: 'boolean' },
  },
  async create(run, planned) {
    const headers: Record<string, string> = flag(planned.overwriteExistingContent)
      ? {}
      : { 'if-match': '"ts-default"' };
    try {
      await postAcl(run, text(planned, 'acl'), headers);
    } catch (error) {
      if (error instanceof ApiFailure && error.status === 412)
        throw new UserError(
          'Overwrite Protected: You are trying to overwrite a non-default policy. Please import the ACL first or set overwriteExistingContent = true.',
          { cause: error },
        );
      if (error instanceof UserError) throw new UserError(`Failed to set ACL: ${error.message}`, { cause: error });
      throw error;
    }
    return { id: newId() };
  },
  read: ({ client, signal }) =>
    explained('Failed to fetch ACL', async () => ({
      outputs: { acl: await client.send(signal, 'GET', client.tailnet('acl'), { accept: 'application/hujson' }) },
    })),
  async update(run, _id, olds, planned) {
    // Where only the layout differs the plan keeps what state has.
    const kept = sameText(olds.acl, planned.acl) ? text(olds, 'acl') : text(planned, 'acl');
    await explained('Failed to update ACL', () => postAcl(run, kept));
    return { acl: kept };
  },
  async delete(run, _id, olds) {
    if (flag(olds.resetAclOnDestroy)) await explained('Failed to reset ACL', () => postAcl(run, ''));
  },
});

/** A DNS section: one POST sets it, a destroy empties it. `always`: an update posts even when nothing changed. */
function dnsSection(setup: {
  path: string;
  what: string;
  name: string;
  property: NonNullable<Hooks['properties'][string]>;
  body(value: Value): unknown;
  read(run: Run, path: string): Promise<Value>;
  empty: unknown;
  always: boolean;
}): ReturnType<typeof defineResource> {
  const post = ({ client, signal }: Run, json: unknown, verb: string): Promise<unknown> =>
    explained(`Failed to ${verb} ${setup.what}`, () =>
      client.send(signal, 'POST', client.tailnet(setup.path), { json }),
    );
  return defineResource({
    properties: { [setup.name]: setup.property },
    create: async (run, planned) => {
      await post(run, setup.body(planned[setup.name]), 'set');
      return { id: newId() };
    },
    read: (run) =>
      explained(`Failed to fetch ${setup.what}`, async () => ({
        outputs: { [setup.name]: await setup.read(run, run.client.tailnet(setup.path)) },
      })),
    update: async (run, _id, _olds, planned, changed) => {
      if (setup.always || changed.has(setup.name)) await post(run, setup.body(planned[setup.name]), 'set');
      return {};
    },
    delete: async (run) => {
      await post(run, setup.empty, 'delete');
    },
  });
}

export const dnsPreferences = dnsSection({
  path: 'dns/preferences',
  what: 'DNS preferences',
  name: 'magicDns',
  property: { type: 'boolean', required: true },
  body: (value) => ({ magicDNS: flag(value) }),
  read: async ({ client, signal }, path) =>
    (await client.read(signal, path, z.object({ magicDNS: z.boolean().default(false) }))).magicDNS,
  empty: { magicDNS: false },
  always: false,
});

export const dnsNameservers = dnsSection({
  path: 'dns/nameservers',
  what: 'DNS nameservers',
  name: 'nameservers',
  property: {
    type: 'list',
    required: true,
    refuse: (value) =>
      Array.isArray(value) && value.length === 0 ? 'list must contain at least 1 elements, got: 0' : undefined,
  },
  body: (value) => ({ dns: texts(value) }),
  // A map of lists and nothing else: one boolean in the answer makes the official client fail.
  read: async ({ client, signal }, path) =>
    (await client.read(signal, path, z.record(z.string(), z.array(z.string()).nullable()))).dns ?? [],
  empty: { dns: [] },
  always: true,
});

export const dnsSearchPaths = dnsSection({
  path: 'dns/searchpaths',
  what: 'DNS search paths',
  name: 'searchPaths',
  property: { type: 'list', required: true },
  body: (value) => ({ searchPaths: texts(value) }),
  read: async ({ client, signal }, path) =>
    (await client.read(signal, path, z.object({ searchPaths: z.array(z.string()).nullish() }))).searchPaths ?? [],
  empty: { searchPaths: [] },
  always: false,
});

const BOOLEANS = [
  'aclsExternallyManagedOn',
  'devicesApprovalOn',
  'devicesAutoUpdatesOn',
  'usersApprovalOn',
  'networkFlowLoggingOn',
  'regionalRoutingOn',
  'postureIdentityCollectionOn',
  'httpsEnabled',
] as const;
const ROLE = { ours: 'usersRoleAllowedToJoinExternalTailnet', theirs: 'usersRoleAllowedToJoinExternalTailnets' };
const SETTINGS = z.looseObject({
  ...Object.fromEntries(BOOLEANS.map((name) => [name, z.boolean().default(false)])),
  aclsExternalLink: z.string().default(''),
  devicesKeyDurationDays: z.number().default(0),
  usersRoleAllowedToJoinExternalTailnets: z.string().default(''),
});

async function patchSettings({ client, signal }: Run, given: Inputs): Promise<Inputs> {
  const path = client.tailnet('settings');
  await explained('Failed to update tailnet settings: Error updating tailnet settings', () =>
    // null leaves a setting alone; these two are always sent.
    client.send(signal, 'PATCH', path, { json: { aclsExternallyManagedOn: null, aclsExternalLink: null, ...given } }),
  );
  return readSettings({ client, signal });
}

function readSettings({ client, signal }: Run): Promise<Inputs> {
  return explained('Failed to fetch tailnet settings: Error reading tailnet settings', async () => {
    const answer: Record<string, unknown> = await client.read(signal, client.tailnet('settings'), SETTINGS);
    const outputs: Inputs = {};
    for (const name of [...BOOLEANS, 'aclsExternalLink', 'devicesKeyDurationDays', ROLE.theirs]) {
      const value = answer[name];
      if (typeof value === 'boolean' || typeof value === 'string' || typeof value === 'number')
        outputs[name === ROLE.theirs ? ROLE.ours : name] = value;
    }
    return outputs;
  });
}

const asSent = (values: Inputs): Inputs =>
  Object.fromEntries(
    Object.entries(values)
      .filter(([, value]) => value !== undefined)
      .map(([name, value]) => [name === ROLE.ours ? ROLE.theirs : name, value]),
  );

const SETTING_PROPERTIES: Hooks['properties'] = {
  ...Object.fromEntries(BOOLEANS.map((name) => [name, { type: 'boolean' as const, computed: true as const }])),
  aclsExternalLink: {
    type: 'string',
    computed: true,
    refuse: (value) =>
      typeof value === 'string' && /^https?:\/\//.test(value)
        ? undefined
        : 'must be a valid URL with http or https scheme',
  },
  devicesKeyDurationDays: { type: 'number', computed: true },
  [ROLE.ours]: {
    type: 'string',
    computed: true,
    refuse: (value) =>
      typeof value === 'string' && ['none', 'member', 'admin'].includes(value)
        ? undefined
        : 'value must be one of: ["none" "member" "admin"]',
  },
};

/** tailscale:index/tailnetSettings:TailnetSettings: only what the program names is sent; a destroy undoes nothing. */
export const tailnetSettings = defineResource({
  properties: SETTING_PROPERTIES,
  create: async (run, planned) => ({ id: newId(), outputs: await patchSettings(run, asSent(planned)) }),
  read: async (run) => ({ outputs: await readSettings(run) }),
  update: (run, _id, _olds, planned, changed) =>
    patchSettings(run, asSent(Object.fromEntries(Object.entries(planned).filter(([name]) => changed.has(name))))),
  delete: () => Promise.resolve(),
});
