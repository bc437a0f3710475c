import fc from 'fast-check';
import { parse } from 'jsonc-parser';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { planMesh } from '../../../mesh/plan/index.ts';
import { JUDGES, type Answer } from '../../oracle/judges.ts';
import { given } from '../../oracle/model.ts';
import type { Joined } from '../../oracle/party.ts';
import { anyPolicy } from '../../oracle/policies.ts';
import { answered, parties, questions, told, type Question } from '../../oracle/questions.ts';
import { Random, seedOfThisRun } from '../../oracle/random.ts';
import { accepted, joined, joiners, stackRaw, wider } from '../../oracle/stacks.ts';
import { NOW } from '../../now.ts';
import { DAEMONS, describeWith, NETWORKS } from '../requirements.ts';
import { Ground } from './bench.ts';
import { gates, Live } from './live.ts';

const STACKS = { prod: 'acme-prod', staging: 'other' } as const;
const QUESTIONS = 400;
/** Policies of no stack, and questions to each. */
const [POLICIES, EACH] = [8, 60];
const seed = seedOfThisRun();

interface Asked {
  question: Question;
  /** By the filters of the clients. */
  allowed: boolean;
}

describeWith(
  [...NETWORKS, ...DAEMONS],
  `who reaches what, by the filters of real clients (ORACLE_SEED=${seed})`,
  () => {
    let ground: Ground;
    beforeAll(async () => {
      ground = await Ground.make();
    }, 900_000);
    afterAll(() => ground.close());

    describe.each(['prod', 'staging'] as const)('%s', (stack) => {
      const raw = stackRaw(stack);
      const config = accepted(raw);
      const plan = planMesh(config, { stack, now: NOW });
      let live: Live;
      let around: Joined;
      let asked: Asked[];
      let close: () => Promise<void> = () => Promise.resolve();

      /** Puts a policy in force and asks the clients. */
      const ask = async (policy: string, count: number): Promise<Asked[]> => {
        const filters = await live.push(policy);
        return questions(new Random(seed), parties(around), filters, count).map((question) => ({
          question,
          allowed: answered(question, filters, (to) => gates(around, to)),
        }));
      };
      beforeAll(async () => {
        const server = await ground.server(STACKS[stack]);
        close = () => server.close();
        live = new Live(server);
        around = joined(plan, await live.join(plan.policy.text, joiners(plan, config)));
        asked = await ask(plan.policy.text, QUESTIONS);
      }, 120_000);
      afterAll(() => close());

      test('are asked enough, and as much of what is allowed as of what is not', () => {
        const allowed = asked.filter((one) => one.allowed).length;
        expect(asked.length).toBeGreaterThan(QUESTIONS * 0.8);
        expect(allowed).toBeGreaterThan(asked.length / 3);
        expect(asked.length - allowed).toBeGreaterThan(asked.length / 3);
      });

      test('let in what the plan says', () => {
        expect(otherwise(asked, (question) => given(plan, question))).toEqual([]);
      });

      test.each(Object.entries(JUDGES))('let in what %s says', (_, judge) => {
        expect(otherwise(asked, judge(plan.policy.text, around))).toEqual([]);
      });

      test.each(Object.entries(JUDGES))(
        'let in what %s does not say of a policy with a grant less or wider',
        (_, judge) => {
          for (const text of altered(plan.policy.text)) expect(otherwise(asked, judge(text, around))).not.toEqual([]);
        },
      );

      test('let in more once a grant is wider, and the plan does not say so', async () => {
        const [, widened] = altered(plan.policy.text);
        expect(otherwise(await ask(widened, QUESTIONS), (question) => given(plan, question))).not.toEqual([]);
      });

      test('let in ranges of ports up to their ends', async () => {
        const more = planMesh(accepted(wider(raw)), { stack, now: NOW });
        const answers = await ask(more.policy.text, QUESTIONS);
        expect(
          answers.filter(({ question: { port }, allowed }) => !allowed && [7999, 8011].includes(port)),
        ).not.toEqual([]);
        for (const judge of Object.values(JUDGES))
          expect(otherwise(answers, judge(more.policy.text, around))).toEqual([]);
        expect(otherwise(answers, (question) => given(more, question))).toEqual([]);
      });

      test('let in what everybody says of policies that nobody would write', async () => {
        const vocabulary = {
          tags: [...new Set(around.nodes.flatMap(({ tags }) => tags))],
          people: around.people.map(({ login }) => login),
          spans: [...around.lanHosts, ...around.nodes]
            .flatMap(({ addresses }) => addresses)
            .concat(around.lans.flatMap(({ cidrs }) => cidrs)),
          roles: false,
          legacy: false,
        };
        let allowed = 0;
        for (const policy of fc.sample(anyPolicy(vocabulary), { seed, numRuns: POLICIES })) {
          const text = JSON.stringify(policy);
          // An address that nobody has and no router leads to: rules may name it, and nothing gets there.
          const answers = (await ask(text, EACH)).filter(({ question }) =>
            question.to.addresses.every((to) => gates(around, to).length > 0),
          );
          allowed += answers.filter((one) => one.allowed).length;
          for (const [name, judge] of Object.entries(JUDGES))
            expect({ name, policy, told: otherwise(answers, judge(text, around)) }).toEqual({ name, policy, told: [] });
        }
        expect(allowed).toBeGreaterThan((POLICIES * EACH) / 20);
      });
    });
  },
);

/** Questions that somebody answers otherwise than the clients. */
const otherwise = (asked: readonly Asked[], answer: Answer | undefined): string[] =>
  answer === undefined
    ? ['has no word on this policy']
    : asked.filter(({ question, allowed }) => answer(question) !== allowed).map(({ question }) => told(question));

/** The policy without its first grant, and with that for every port. */
function altered(text: string): [without: string, wider: string] {
  const policy = parse(text, [], { allowTrailingComma: true }) as { grants: object[] };
  const [first, ...rest] = policy.grants;
  return [{ grants: rest }, { grants: [{ ...first, ip: ['*'] }, ...rest] }].map((change) =>
    JSON.stringify({ ...policy, ...change }),
  ) as [string, string];
}
