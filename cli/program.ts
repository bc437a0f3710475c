import { Command } from 'commander';
import { addAccess } from './commands/access.ts';
import { addCheck } from './commands/check.ts';
import { addCredentials } from './commands/credentials.ts';
import { addCost } from './commands/cost.ts';
import { addEngine } from './commands/engine.ts';
import { addEnv } from './commands/env.ts';
import { addFailover } from './commands/failover.ts';
import { addGraph } from './commands/graph.ts';
import { addLab } from './commands/lab.ts';
import { addMtu } from './commands/mtu.ts';
import { addPlan } from './commands/plan.ts';
import { addPreflight } from './commands/preflight.ts';
import { addRecover } from './commands/recover.ts';
import { addStatus } from './commands/status.ts';
import { addSchema } from './commands/schema.ts';
import { addTry } from './commands/try.ts';
import { addUnprotect } from './commands/unprotect.ts';
import { EXIT } from './exit.ts';

/** The `mesh` command line. Bad usage exits 2, like every other fault of the input. */
export function program(): Command {
  const root = new Command('mesh')
    .description('One private network across VPS at several providers, as a Pulumi program.')
    .showHelpAfterError('(mesh --help shows what there is)')
    .exitOverride((error) => process.exit(error.exitCode === 0 ? EXIT.done : EXIT.usage))
    .addHelpText(
      'after',
      `
Examples:
  npm run try                     the whole thing on this machine, no account needed
  mesh lab demo                   three sites of real machines, broken and repaired (Linux, root)
  mesh plan staging               what the stack decides, before a cloud is asked
  mesh access prod                who may reach what
  mesh access prod --from sin-app-01 --to fra-db-01:5432    may it, and by which rule
  mesh access prod --diff origin/main    who gains and who loses what by a change
  mesh graph staging --out mesh.svg    the same as a picture
  mesh cost prod --against HEAD~1    what it costs a month, and what a change of it does
  eval "$(mesh env staging)"      then: pulumi preview, pulumi up, against the lab
  mesh lab fault set no-answer fra-edge-02    then npm run try -- --fresh: see how it fails
  mesh status prod                at night: what runs, what is wrong, what to do
  mesh recover staging --dry-run  after a crash: what was made and is not recorded
  mesh unprotect prod ap-sin --dry-run    before a site is retired: what protects it`,
    )
    .addHelpText(
      'afterAll',
      `
Exit codes:
  0    done
  1    an operation failed: the engine, a cloud or a host said no
  2    the config or the command line is wrong; nothing was touched
  3    the Pulumi engine could not be made available; or access widens (access --fail-on-widen)
  4    the lab cannot do its work (port taken, directory in use)
  5    what was looked at is not well (status, mtu), or too ill for what was asked (failover); or no (access --from --to)
  130  interrupted`,
    );
  addTry(root);
  addPlan(root);
  addAccess(root);
  addCheck(root);
  addCredentials(root);
  addGraph(root);
  addPreflight(root);
  addCost(root);
  addEnv(root);
  addLab(root);
  addSchema(root);
  addRecover(root);
  addStatus(root);
  addFailover(root);
  addMtu(root);
  addUnprotect(root);
  addEngine(root);
  return root;
}
