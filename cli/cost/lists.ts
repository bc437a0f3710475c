import { digitalOceanPrices } from '../../io/prices/digitalocean.ts';
import { hetznerPrices } from '../../io/prices/hetzner.ts';
import { PriceError, type PriceList, type PriceSource } from '../../io/prices/types.ts';
import type { CloudName } from '../../mesh/config/clouds.ts';
import { accounts, type CredentialNeeds } from '../../mesh/config/credentials.ts';
import { CliError, EXIT } from '../exit.ts';
import { accountKey, type Lists } from './bill.ts';
import type { Access } from './tokens.ts';

const CLIENTS: Readonly<Partial<Record<CloudName, (source: PriceSource) => Promise<PriceList>>>> = {
  hetzner: hetznerPrices,
  digitalocean: digitalOceanPrices,
};

/**
 * The price lists of all accounts that a stack uses.
 * Throws CliError: usage for a missing token, failed for a cloud that does not answer or refuses.
 */
export async function priceLists(needs: CredentialNeeds, access: Access): Promise<Lists> {
  return new Map((await Promise.all(accounts(needs).map((account) => listOf(account, access)))).flat());
}

/** The same with accounts that only the former stack had; whose token is gone already has no prices any more. */
export async function withFormer(lists: Lists, needs: CredentialNeeds, access: Access): Promise<Lists> {
  const gone = accounts(needs).filter(({ cloud, account }) => !lists.has(accountKey(cloud, account)));
  const found = gone.map((account) =>
    listOf(account, access).catch((error: unknown) => {
      if (error instanceof CliError && error.code === EXIT.usage) return [];
      throw error;
    }),
  );
  return new Map([...lists, ...(await Promise.all(found)).flat()]);
}

async function listOf(
  { cloud, account, credential }: ReturnType<typeof accounts>[number],
  access: Access,
): Promise<(readonly [key: string, list: PriceList])[]> {
  const client = CLIENTS[cloud];
  if (client === undefined) return [];
  const token = await access.token(credential, cloud);
  try {
    return [[accountKey(cloud, account), await client({ token, endpoint: access.endpoint(cloud) })]];
  } catch (error) {
    if (error instanceof PriceError) throw new CliError(EXIT.failed, error.message, { cause: error });
    throw error;
  }
}
