import { path, type Party } from '../../mesh/config/paths.ts';
import { Unknown, type Answer, type Evaluator } from '../../mesh/overlays/tailscale/policy/index.ts';
import { hostsOf } from '../../mesh/plan/index.ts';
import { CliError, EXIT } from '../exit.ts';
import type { StackAccess } from './held.ts';
import type { Asked } from './question.ts';

/** The answer to one question: what the policy says, and whether a path of the network carries it. */
export interface AccessAnswer {
  from: string;
  to: string;
  /** `tcp/5432`, `icmp`. */
  on: string;
  /** The policy permits it to all that were named, and a path carries each. */
  allowed: boolean;
  because: string;
  conditional?: string[];
  rules: Answer['rules'];
  ssh: Answer['ssh'];
  /** What is to know of the way: through which routers, whom the target sees. */
  path: string[];
}

export function answer(stack: StackAccess, evaluator: Evaluator, question: Asked): AccessAnswer {
  const { protocol, port } = question;
  const on = port === undefined ? protocol : `${protocol}/${port}`;
  const all = question.from.names.flatMap((from) => question.to.names.map((to) => ({ from, to })));
  // Among many, no host is asked about itself.
  const pairs = all.length === 1 ? all : all.filter(({ from, to }) => from !== to);
  const answers = pairs.map(({ from, to }) =>
    ask(evaluator, { from, to, protocol, ...(port !== undefined && { port }) }),
  );
  const denied = answers.find(({ allowed }) => !allowed);
  const blocked = pairs.flatMap(({ from, to }) => blockedBetween(stack, from, to));
  const permitted = answers.length > 0 && denied === undefined;
  const conditions = [...new Set(answers.flatMap(({ conditional }) => conditional ?? []))];
  const rules = unique(permitted ? answers.flatMap((one) => one.rules) : []);
  return {
    from: question.from.told,
    to: question.to.told,
    on,
    allowed: permitted && blocked.length === 0,
    because: because(answers, denied, blocked, rules.length),
    ...(conditions.length > 0 && { conditional: conditions }),
    rules,
    ssh: unique(answers.flatMap((one) => one.ssh)),
    path: [
      ...new Set([
        ...blocked,
        ...answers.flatMap(({ through }) => routed(stack, through)),
        ...pairs.flatMap(({ to }, index) => (on === 'tcp/22' ? answering(stack, to, answers[index]) : [])),
      ]),
    ],
  };
}

function ask(evaluator: Evaluator, question: Parameters<Evaluator['ask']>[0]): Answer {
  try {
    return evaluator.ask(question);
  } catch (error) {
    if (error instanceof RangeError || error instanceof Unknown)
      throw new CliError(EXIT.usage, `--to: ${error.message}`, { cause: error });
    throw error;
  }
}

function because(
  answers: readonly Answer[],
  denied: Answer | undefined,
  blocked: readonly string[],
  rules: number,
): string {
  if (denied !== undefined) return denied.because;
  if (blocked.length > 0) return `the policy permits it, but no path of the network carries it: ${blocked.join('; ')}`;
  if (answers.length === 1) return answers[0]?.because ?? '';
  return `${rules} ${rules === 1 ? 'rule permits' : 'rules permit'} it, in each of ${answers.length} pairs`;
}

/** Why no packet gets from the one to the other, whatever the policy says; only hosts of the stack are looked at. */
function blockedBetween({ places }: StackAccess, from: string, to: string): string[] {
  const target = places.find(({ name }) => name === to);
  if (target === undefined) return [];
  const source = sourceOf(places, from);
  if (source === undefined) return [];
  const verdict = path(source, target.party);
  return verdict.possible ? [] : [verdict.why];
}

function sourceOf(places: StackAccess['places'], from: string): Party | undefined {
  if (from.includes('@')) return { kind: 'person' };
  if (from.startsWith('tool:')) return { kind: 'tool' };
  return places.find(({ name }) => name === from)?.party;
}

/** Where Tailscale SSH answers, an open port alone lets nobody in. */
function answering({ plan }: StackAccess, to: string, answer: Answer | undefined): string[] {
  const host = plan.sites.flatMap(hostsOf).find(({ name }) => name === to);
  if (answer?.allowed !== true || host?.node?.ssh !== true) return [];
  return [`Tailscale SSH answers on ${to}${answer.ssh.length === 0 ? ', and no ssh rule lets them log in' : ''}`];
}

/** `through the subnet routers of eu-fra (fra-edge-01, fra-edge-02), which keep the source's address`. */
function routed({ plan, places }: StackAccess, through: readonly string[]): string[] {
  const sites = [...new Set(through.flatMap((router) => places.find(({ name }) => name === router)?.site ?? []))];
  return sites.map((name) => {
    const routers = through.filter((router) => places.find((one) => one.name === router)?.site === name);
    const snat = plan.sites.find((site) => site.name === name)?.snat.on === true;
    const sees = snat ? 'the target sees the router as its client' : 'sources on other LANs keep their addresses';
    return `through the subnet router${routers.length === 1 ? '' : 's'} of ${name} (${routers.join(', ')}); ${sees}`;
  });
}

const unique = <T>(all: readonly T[]): T[] => [...new Map(all.map((one) => [JSON.stringify(one), one])).values()];
