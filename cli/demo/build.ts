import { settled } from '../../lab/machines/client.ts';
import { until } from '../../lab/machines/inside/until.ts';
import { runPulumi } from '../pulumi.ts';
import { dim } from '../render/style.ts';
import { apps, fails, PORT, type Scene } from './scene.ts';

/** What is told of the engine's long report: one line for each thing that a person would have done by hand. */
const TOLD = new Map([
  ['Server', 'is ordered'],
  ['ServerReady', 'boots'],
  ['HostRelease', 'carries its release: packages, routes, nftables, agent'],
  ['TailnetNode', 'joins the tailnet'],
  ['TailnetPolicy', 'is a tailnet with a policy now: default deny, and one rule'],
]);
const CREATED = /^\s*\+\s+\S+:(\w+) (\S+) created(?: \(([\d.]+)s\))?/;
/** An alias of Hetzner takes seconds to move there; everything else is quicker. */
const PATIENCE_MS = 40_000;

/** pulumi up from nothing to the first packet between two LANs. */
export async function build({ lab, stack, inside, say, signal }: Scene): Promise<void> {
  say.step(
    'Three sites, from nothing',
    'One at Hetzner, two of machines that were there before, behind a switch each. "pulumi up" orders servers, pins host',
    'keys, installs signed packages, joins routers, pushes the policy: the same program as against real accounts.',
  );
  const began = performance.now();
  const run = await runPulumi(['up', '--yes', '--skip-preview', '--suppress-outputs'], {
    ...{ cli: lab.cli, env: lab.env, signal },
    onLine: (line) => {
      const [, type = '', name = '', seconds] = CREATED.exec(line) ?? [];
      const words = TOLD.get(type);
      if (words !== undefined) say.does(`${name} ${words}${seconds === undefined ? '' : dim(` ${seconds} s`)}`);
    },
  });
  signal.throwIfAborted();
  if (run.code !== 0) fails(`pulumi up ended with code ${run.code}:\n${run.stdout}${run.stderr}`);
  const up = (performance.now() - began) / 1000;
  const machines = await settled(lab.labDir);
  const resources = /\+ (\d+) created/.exec(run.stdout)?.[1];
  say.good(
    `${machines.length} machines run: ${resources ?? 'all'} resources in ${up.toFixed(1)} s, guardrails of policies/ included`,
  );
  const all = apps(stack.plan);
  for (const app of all) await inside.serve(app.name, PORT.listed, PORT.unlisted);
  const [a, b] = all;
  if (a === undefined || b === undefined) throw new Error('the demo needs two sites');
  if (!(await until(() => inside.reaches(a.name, b.address, PORT.listed), { ms: PATIENCE_MS, signal })))
    fails(`no packet of ${a.name} came to ${b.name} within ${PATIENCE_MS / 1000} s`);
  const first = (performance.now() - began) / 1000;
  say.good(
    `${a.name} reaches ${b.name} at ${b.address}: first packet from LAN to LAN ${first.toFixed(1)} s after nothing`,
  );
}
