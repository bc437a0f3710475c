import { credentialNeeds } from '../../mesh/config/credentials.ts';
import { planNow } from '../plan-now.ts';
import type { MeshPlan } from '../../mesh/plan/types.ts';
import { CliError, EXIT } from '../exit.ts';
import { meshConfig } from '../mesh-config.ts';
import type { StackFile } from '../stack-file.ts';
import { namespaced } from '../stack-keys.ts';
import type { Former } from './against.ts';
import { bill, type Bill, type Lists } from './bill.ts';
import { difference, type Difference } from './change.ts';
import { priceLists, withFormer } from './lists.ts';
import type { Access } from './tokens.ts';

/** A comparison with another revision of the stack. */
export interface Compared {
  told: string;
  difference: Difference;
  /** What of the former stack has no price today: lines for people. */
  uncounted: string[];
}

export interface Costs {
  title: string;
  bill: Bill;
  compared?: Compared;
}

/**
 * What a stack costs, and what it costs more or less than a former one. All that can be wrong with either file is told before
 * a token is read. Throws CliError.
 */
export async function costs(file: StackFile, access: () => Promise<Access>, before?: Former): Promise<Costs> {
  const plan = planNow(meshConfig(file), file.stack);
  const old = before?.file === undefined ? undefined : formerPlan(before.told, before.file);
  const open = await access();
  const lists = await priceLists(needsOf(file), open);
  const now = whole(plan, lists);
  const costs: Costs = { title: `${plan.network.name}/${file.stack}`, bill: now };
  if (before === undefined) return costs;
  if (old === undefined || before.file === undefined) {
    const told = `${before.told}, which had no such stack`;
    return { ...costs, compared: { told, difference: difference(NOTHING, now), uncounted: [] } };
  }
  const then = bill(old, await withFormer(lists, needsOf(before.file), open));
  const uncounted = then.unpriced.map(({ host }) => host);
  return {
    ...costs,
    compared: {
      told: before.told,
      difference: difference(then.bill, now, uncounted),
      uncounted: then.unpriced.map(({ told }) => told),
    },
  };
}

const NOTHING: Bill = { sites: [], net: new Map(), gross: new Map(), vatRates: new Map() };

const needsOf = ({ config }: StackFile): ReturnType<typeof credentialNeeds> => credentialNeeds(namespaced(config));

function whole(plan: MeshPlan, lists: Lists): Bill {
  const { bill: all, unpriced } = bill(plan, lists);
  if (unpriced.length === 0) return all;
  throw new CliError(
    EXIT.usage,
    `not everything has a price; nothing was added up:\n\n  ${unpriced.map(({ told }) => told).join('\n  ')}`,
  );
}

function formerPlan(told: string, file: StackFile): MeshPlan {
  try {
    return planNow(meshConfig(file), file.stack);
  } catch (error) {
    if (error instanceof CliError)
      throw new CliError(error.code, `--against ${told}: ${error.message}`, { cause: error });
    throw error;
  }
}
