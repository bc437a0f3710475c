import type * as pulumi from '@pulumi/pulumi';
import type { JumpPlan, SshPlan } from '../mesh/plan/types.ts';
import type { ConnectionArgs } from '../provider/resources/connection.ts';

/** Asks one router to withdraw its routes; rejects when it could not be asked. The program hands it in. */
export type Drain = (host: string, to: pulumi.Unwrap<ConnectionArgs>) => Promise<void>;

/** How the deploying side reaches hosts: the plan's half in plain, the keys as secrets. */
export interface DeployAccess {
  ssh: SshPlan;
  /** OpenSSH private key of the deploying side, PEM; secret. */
  privateKey: pulumi.Input<string>;
  /** The same for jump hosts; only used where the plan has one. */
  jumpPrivateKey: pulumi.Input<string>;
  drain: Drain;
}

/** Where the SSH server of one host is. */
export interface SshTarget {
  /** Address or name that is dialled. */
  address: pulumi.Input<string>;
  /** @default 22 */
  port?: number;
  /** @default the user of `ssh` */
  user?: string;
  /** @default the jump host of `ssh`, if it has one */
  via?: JumpPlan | undefined;
}

/**
 * What our own resources need to dial one host.
 * @param hostKey OpenSSH public key line that the host must present
 */
export function connection(access: DeployAccess, target: SshTarget, hostKey: pulumi.Input<string>) {
  const via = target.via ?? access.ssh.via;
  return {
    host: target.address,
    ...(target.port !== undefined && target.port !== 22 && { port: target.port }),
    user: target.user ?? access.ssh.user,
    privateKey: access.privateKey,
    hostKey,
    ...(via === undefined ? {} : { via: { ...via, privateKey: access.jumpPrivateKey } }),
  };
}
