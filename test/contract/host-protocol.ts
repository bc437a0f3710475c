import { afterAll, beforeAll, beforeEach, describe } from 'vitest';
import { ProtocolClient } from './client.ts';
import { nodeContract } from './node-contract.ts';
import { pathContract } from './path-contract.ts';
import { preflightContract } from './preflight-contract.ts';
import { releaseContract } from './release-contract.ts';
import { revertContract } from './revert-contract.ts';
import { toolContract } from './tool-contract.ts';
import type { HostAbilities, HostTransport } from './transport.ts';

export type { HostAbilities, HostConnection, HostTransport, LineAnswer } from './transport.ts';

/**
 * docs/host-protocol.md as tests: every row and every exit code, over any host that claims to speak it.
 * `makeTransport` is called once; each test starts on a machine that was just reset.
 */
export function hostProtocolContract(
  name: string,
  makeTransport: () => Promise<HostTransport>,
  abilities: HostAbilities,
): void {
  describe(`the host protocol, spoken by ${name}`, () => {
    let made: ProtocolClient | undefined;
    const client = (): ProtocolClient => {
      if (made === undefined) throw new Error('the transport is made before the first test');
      return made;
    };
    beforeAll(async () => {
      made = new ProtocolClient(await makeTransport());
    });
    beforeEach(() => client().transport.reset());
    afterAll(() => made?.transport.close());
    toolContract(client);
    releaseContract(client, abilities);
    revertContract(client, abilities);
    if (abilities.tailnet) nodeContract(client);
    pathContract(client, abilities);
    preflightContract(client, abilities);
  });
}
