import * as pulumi from '@pulumi/pulumi';
import { compose } from './components/mesh.ts';
import { makeProviders } from './components/providers.ts';
import { readTailnet } from './components/other-stacks.ts';
import { plainStackTraces, quietSdk } from './components/quiet-sdk.ts';
import { readSettings } from './components/settings.ts';
import { logins } from './mesh/access/permission.ts';
import { planMesh } from './mesh/plan/index.ts';

plainStackTraces();
quietSdk();
const settings = readSettings();
const stack = pulumi.getStack();
const now = new Date();
const tailnet = readTailnet({ stack, config: settings.config }, now);
const plan = planMesh(settings.config, { stack, now, tailnet });
// A permission that went by the calendar is a change that nobody wrote in this commit.
for (const sentence of plan.expiry.ended) void pulumi.log.warn(sentence);
for (const sentence of plan.expiry.soon) void pulumi.log.info(sentence);

/** Every host: where it is, how to reach it, what it runs. */
export const hosts = compose({
  plan,
  stack,
  privateKey: settings.sshPrivateKey,
  jumpPrivateKey: settings.jumpPrivateKey,
  // Loaded when a router is drained: a preview has no use for an SSH client.
  drain: async (host, to) => (await import('./provider/drain.ts')).drainRouter(host, to),
  providers: makeProviders(settings, plan),
  protect: stack === 'prod',
});

export const sites = plan.sites.map(({ name, cloud, location, cidr, routers }) => ({
  name,
  cloud,
  location,
  cidr,
  routers: routers.map((router) => router.name),
}));

/** Who may talk to whom; everything else is denied. */
export const access = plan.policy.access.map(
  ({ from, to, ports, ssh, why }) => `${from} → ${to} ${[...ports, ...logins(ssh)].join(', ')} (${why})`,
);

/** What a reader might not expect. */
export const notes = plan.notes;
