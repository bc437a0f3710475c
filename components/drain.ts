import * as pulumi from '@pulumi/pulumi';
import { z } from 'zod';
import { connection, type DeployAccess } from './connection.ts';

/**
 * Hooks for the server of a router: before an update that takes it off, its routes are withdrawn, so that the partner
 * carries them already. Best effort: a router that cannot be asked is updated all the same, with a warning.
 *
 * No hook before a delete: the node that hangs on the server is deleted first, which withdraws its routes, and a plain
 * `pulumi destroy` refuses to run while a delete hook is in the state.
 * @param server the component that makes the server
 * @param powersOff inputs whose change makes the cloud's plugin power the server off, such as `serverType`
 */
export function drainBefore(
  server: pulumi.ComponentResource,
  host: string,
  access: DeployAccess,
  powersOff: string[],
): pulumi.ResourceHookBinding {
  const hook = new pulumi.ResourceHook(`drain-${host}`, async ({ oldInputs, newInputs }) => {
    if (powersOff.every((input) => oldInputs?.[input] === newInputs?.[input])) return;
    try {
      const { publicAddress, hostKey } = await recorded(server, host);
      const to = await known(connection(access, { address: publicAddress }, hostKey));
      await access.drain(host, to);
      void pulumi.log.info(`${host} was drained: its partner carries its routes while it is off`);
    } catch (error) {
      void pulumi.log.warn(
        `${error instanceof Error ? error.message : String(error)}\n${host} was not drained before it goes off. The tailnet notices that by itself and moves its routes to the partner, but some seconds later.`,
      );
    }
  });
  return { beforeUpdate: [hook] };
}

const outputs = z.object({
  outputs: z.object({
    hosts: z.array(z.object({ name: z.string(), publicAddress: z.string(), hostKey: z.string() }).loose()),
  }),
});

/**
 * Where the host was and which key it had after the last up, from the stack's own outputs. In this run both are known
 * later only: the release that made the key waits for the server.
 */
async function recorded(parent: pulumi.Resource, host: string): Promise<{ publicAddress: string; hostKey: string }> {
  const name = `${pulumi.getOrganization()}/${pulumi.getProject()}/${pulumi.getStack()}`;
  const answer: unknown = await pulumi.runtime.invoke('pulumi:pulumi:readStackOutputs', { name }, { parent });
  const found = outputs.safeParse(answer).data?.outputs.hosts.find((one) => one.name === host);
  if (found === undefined) throw new Error(`${host}: no address and host key of it are in the stack's outputs`);
  return found;
}

/** The value of an output, for code that runs when all is known. */
function known<T>(value: pulumi.Input<T>): Promise<pulumi.Unwrap<T>> {
  return new Promise((resolve) => pulumi.output(value).apply(resolve));
}
