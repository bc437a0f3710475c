import { CliError, EXIT } from '../exit.ts';
import { knownStacks } from '../stack-file.ts';
import { hostsOf } from '../../mesh/plan/index.ts';
import { planNow } from '../plan-now.ts';
import type { MeshPlan } from '../../mesh/plan/types.ts';
import { checkFile } from '../mesh-config.ts';
import { readStackFile } from '../stack-file.ts';

/** What a stack must have to be the one that is meant. */
export interface Wanted {
  sites?: readonly string[];
  hosts?: readonly string[];
}

/**
 * The stack that a command is about: the one that is named, else that of this shell's pulumi, else the only one that has these
 * sites and hosts. Throws CliError (usage) that says what there is.
 */
export function whichStack(named: string | undefined, wanted: Wanted, env: NodeJS.ProcessEnv = process.env): string {
  const ours = env.PULUMI_OPTION_STACK ?? '';
  const given = named ?? (ours === '' ? undefined : ours);
  const what = [...(wanted.sites ?? []), ...(wanted.hosts ?? [])].join(', ');
  if (given !== undefined) {
    const plan = planOf(given);
    // A faulty config is told where it is read in earnest.
    if (plan !== undefined && !has(plan, wanted))
      throw new CliError(EXIT.usage, `stack ${given} has no ${what}; there: ${names(plan, wanted).join(', ')}`);
    return given;
  }
  const plans = knownStacks().flatMap((stack) => {
    const plan = planOf(stack);
    return plan === undefined ? [] : [{ stack, plan }];
  });
  const having = plans.filter(({ plan }) => has(plan, wanted)).map(({ stack }) => stack);
  const [only, ...more] = having;
  if (only !== undefined && more.length === 0) return only;
  throw new CliError(
    EXIT.usage,
    only === undefined
      ? `no stack has ${what}; there: ${plans.map(({ stack, plan }) => `${stack} (${names(plan, wanted).join(', ')})`).join('; ')}`
      : `${what}: stacks ${having.join(' and ')} both have that; say which one: --stack ${only}`,
  );
}

function planOf(stack: string): MeshPlan | undefined {
  const checked = checkFile(readStackFile(stack));
  return checked.ok ? planNow(checked.config, stack) : undefined;
}

function has(plan: MeshPlan, { sites = [], hosts = [] }: Wanted): boolean {
  const all = plan.sites.flatMap(hostsOf).map(({ name }) => name);
  return (
    sites.every((site) => plan.sites.some(({ name }) => name === site)) && hosts.every((host) => all.includes(host))
  );
}

const names = (plan: MeshPlan, { hosts }: Wanted): string[] =>
  (hosts === undefined ? plan.sites : plan.sites.flatMap(hostsOf)).map(({ name }) => name);
