import { interpret, PolicyError } from '../../lab/tailnet/policy/index.ts';
import { evaluator, readPolicy } from '../../mesh/overlays/tailscale/policy/index.ts';
import { judge } from '../reference/judge.ts';
import { Beyond } from '../reference/read.ts';
import type { Joined } from './party.ts';
import { packets, type Question } from './questions.ts';

export type Answer = (question: Question) => boolean;

/** Undefined where it has no plain word on a policy. */
type Judge = (policy: string, around: Joined) => Answer | undefined;

/** Everything here that reads policies, each written apart from the others. */
export const JUDGES: Readonly<Record<string, Judge>> = {
  'the evaluator': (policy, around) => {
    const { policy: read, unjudged } = readPolicy(policy, { emptyGroups: 'taken' });
    const evaluated = evaluator(read, around);
    // Capabilities of applications open no ports.
    if (unjudged.some(({ path }) => !path.endsWith('.app'))) return undefined;
    return (question) =>
      packets(question).some(({ from, to }) => {
        const { allowed, conditional } = evaluated.ask({ from, to, protocol: question.protocol, port: question.port });
        if (conditional !== undefined) throw new Error(`${from} → ${to}: only if ${conditional.join(', ')}`);
        return allowed;
      });
  },
  'the slow interpreter': (policy, around) =>
    orSilent(Beyond, () => {
      const verdicts = judge(policy, around);
      return (question) => packets(question).some((packet) => verdicts.lets(packet));
    }),
  // It follows the stricter engine (headscale refuses policies that the service takes), and does not look at `via`.
  'the lab’s interpreter': (policy, { nodes, people }) =>
    orSilent(PolicyError, () => {
      if (policy.includes('"via"')) return undefined;
      const interpreted = interpret(policy, {
        nodes,
        admins: people.flatMap((one) => (one.admin === true ? one.login : [])),
      });
      return (question) =>
        packets(question).some(({ from, to }) =>
          interpreted.allowed({ src: from, dst: to, proto: question.protocol, port: question.port }),
        );
    }),
};

function orSilent(kind: new (...args: never[]) => Error, work: () => Answer | undefined): Answer | undefined {
  try {
    return work();
  } catch (error) {
    if (error instanceof kind) return undefined;
    throw error;
  }
}
