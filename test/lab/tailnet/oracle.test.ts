import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { interpret } from '../../../lab/tailnet/policy/index.ts';
import { planMesh } from '../../../mesh/plan/index.ts';
import type { MeshPlan } from '../../../mesh/plan/types.ts';
import type { Match } from '../../oracle/filter.ts';
import { given } from '../../oracle/model.ts';
import type { Joined } from '../../oracle/party.ts';
import { answered, packets, parties, questions, told, type Question } from '../../oracle/questions.ts';
import { Random, seedOfThisRun } from '../../oracle/random.ts';
import { joined, joiners, stackConfig } from '../../oracle/stacks.ts';
import { judge } from '../../reference/judge.ts';
import { DAEMONS, describeWith, NETWORKS } from '../requirements.ts';
import { Ground } from './bench.ts';
import { gates, Live } from './live.ts';

const STACKS = { prod: 'acme-prod', staging: 'other' } as const;
const QUESTIONS = 400;
const seed = seedOfThisRun();

describeWith(
  [...NETWORKS, ...DAEMONS],
  `who reaches what, by the packet filters of real clients (ORACLE_SEED=${seed})`,
  () => {
    let ground: Ground;
    beforeAll(async () => {
      ground = await Ground.make();
    }, 900_000);
    afterAll(() => ground.close());

    describe.each(['prod', 'staging'] as const)('%s', (stack) => {
      const config = stackConfig(stack);
      const plan = planMesh(config, { stack });
      let live: Live;
      let around: Joined;
      let filters: Map<string, Match[]>;
      let asked: { question: Question; allowed: boolean }[];
      const close: (() => Promise<void>)[] = [];

      beforeAll(async () => {
        const server = await ground.server(STACKS[stack]);
        close.push(() => server.close());
        live = new Live(server);
        around = joined(plan, await live.join(plan.policy.text, joiners(plan, config.groups)));
        filters = await live.push(plan.policy.text);
        asked = questions(new Random(seed), parties(around), filters, QUESTIONS).map((question) => ({
          question,
          allowed: answered(question, filters, (to) => gates(around, to)),
        }));
      }, 120_000);
      afterAll(() => Promise.all(close.map((one) => one())));

      /** Questions that somebody answers otherwise than the clients. */
      const disagreements = (answer: (question: Question) => boolean, of = asked): string[] =>
        of.filter(({ question, allowed }) => answer(question) !== allowed).map(({ question }) => told(question));

      test('asks enough, and as much of what is allowed as of what is not', () => {
        const allowed = asked.filter((one) => one.allowed).length;
        expect(asked.length).toBeGreaterThan(QUESTIONS * 0.8);
        expect(allowed).toBeGreaterThan(asked.length / 3);
        expect(asked.length - allowed).toBeGreaterThan(asked.length / 3);
      });

      test('is what the plan says', () => {
        expect(disagreements((question) => given(plan, question))).toEqual([]);
      });

      test('is what the slow interpreter says', () => {
        expect(disagreements(reference(plan, around))).toEqual([]);
      });

      test('is what the lab’s interpreter says', () => {
        expect(
          disagreements(
            lab(plan, around),
            asked.filter(({ question }) => question.protocol !== 'icmp'),
          ),
        ).toEqual([]);
      });
    });
  },
);

function reference(plan: MeshPlan, around: Joined): (question: Question) => boolean {
  const { lets } = judge(plan.policy.text, around);
  return (question) => packets(question).some((packet) => lets(packet));
}

function lab(plan: MeshPlan, { nodes }: Joined): (question: Question) => boolean {
  const interpreted = interpret(plan.policy.text, { nodes });
  return (question) =>
    packets(question).some(({ from, to }) =>
      interpreted.allowed({ src: from, dst: to, proto: question.protocol, port: question.port }),
    );
}
