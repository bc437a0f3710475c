import { interpret } from '../../lab/tailnet/policy/index.ts';
import { judge } from '../reference/judge.ts';
import type { Joined } from './party.ts';
import { packets, type Question } from './questions.ts';

export type Answer = (question: Question) => boolean;

/** Everything here that reads policies, each written apart from the others. */
export const JUDGES: Readonly<Record<string, (policy: string, around: Joined) => Answer>> = {
  'the slow interpreter': (policy, around) => {
    const { lets } = judge(policy, around);
    return (question) => packets(question).some((packet) => lets(packet));
  },
  'the lab’s interpreter': (policy, { nodes }) => {
    const { allowed } = interpret(policy, { nodes });
    return (question) =>
      packets(question).some(({ from, to }) =>
        allowed({ src: from, dst: to, proto: question.protocol, port: question.port }),
      );
  },
};
