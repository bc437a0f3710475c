import * as pulumi from '@pulumi/pulumi';
import { userData } from '../mesh/host/user-data.ts';
import type { SshPlan } from '../mesh/plan/types.ts';
import { HostKey } from '../provider/resources/host-key.ts';

/** The host key that a new server is born with, and the user_data that brings it: so SSH is pinned from the first boot on. */
export function bootstrapUserData(
  name: string,
  { host, fqdn, ssh }: { host: string; fqdn: string; ssh: SshPlan },
  parent: pulumi.Resource,
): { hostKey: pulumi.Output<string>; userData: pulumi.Output<string> } {
  const key = new HostKey(
    name,
    { comment: host },
    // A renamed server keeps the key that it was born with.
    { parent, ignoreChanges: ['comment'] },
  );
  const text = pulumi
    .all([key.privateKey, key.publicKey])
    .apply(([privateKey, publicKey]) =>
      userData({ fqdn, user: ssh.user, authorizedKeys: ssh.authorizedKeys, hostKey: { privateKey, publicKey } }),
    );
  return { hostKey: key.publicKey, userData: pulumi.secret(text) };
}
