import type { LabTenant } from './config.ts';

/** The credentials of one account at the clouds; every account is a project of its own that sees no other. */
type CloudAccount = Pick<LabTenant, 'name' | 'hcloudToken' | 'digitaloceanToken'>;

/** Every account of every stack: the default one under the stack's name, the others as `STACK/ACCOUNT`. */
export function cloudAccounts(tenants: readonly LabTenant[]): CloudAccount[] {
  return tenants.flatMap((tenant) => [
    tenant,
    ...Object.entries(tenant.accounts).map(([account, tokens]) => ({ name: `${tenant.name}/${account}`, ...tokens })),
  ]);
}

/** Tokens of the DigitalOcean API, and whose account each one opens. */
export const digitalOceanAccounts = (tenants: readonly LabTenant[]): { name: string; token: string }[] =>
  cloudAccounts(tenants).map(({ name, digitaloceanToken: token }) => ({ name, token }));
