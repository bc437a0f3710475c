import type * as pulumi from '@pulumi/pulumi';
import type { SshPlan } from '../mesh/plan/types.ts';
import type { ConnectionArgs } from '../provider/resources/connection.ts';

/** Asks one router to withdraw its routes; rejects when it could not be asked. The program hands it in. */
export type Drain = (host: string, to: pulumi.Unwrap<ConnectionArgs>) => Promise<void>;

/** How the deploying side reaches hosts: the plan's half in plain, the keys as secrets. */
export interface DeployAccess {
  ssh: SshPlan;
  /** OpenSSH private key of the deploying side, PEM; secret. */
  privateKey: pulumi.Input<string>;
  /** The same for the jump host; only used when the plan has one. */
  jumpPrivateKey: pulumi.Input<string>;
  drain: Drain;
}

/**
 * What our own resources need to dial one host.
 * @param address public address of the host
 * @param hostKey OpenSSH public key line that the host must present
 */
export function connection(access: DeployAccess, address: pulumi.Input<string>, hostKey: pulumi.Input<string>) {
  const { user, via } = access.ssh;
  return {
    host: address,
    user,
    privateKey: access.privateKey,
    hostKey,
    ...(via === undefined ? {} : { via: { ...via, privateKey: access.jumpPrivateKey } }),
  };
}
