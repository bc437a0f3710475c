import { execFileSync } from 'node:child_process';
import { beforeAll, describe, expect, test } from 'vitest';
import { obtainDaemons } from '../../../engine/daemons/index.ts';
import type { Match } from '../../oracle/filter.ts';
import { JUDGES } from '../../oracle/judges.ts';
import type { Joined } from '../../oracle/party.ts';
import { answered, parties, questions, told } from '../../oracle/questions.ts';
import { Random, seedOfThisRun } from '../../oracle/random.ts';
import { recorded, type Recorded } from '../../oracle/recorded.ts';
import { DAEMONS, describeWith } from '../requirements.ts';
import { gates } from './live.ts';

/** To each recorded policy. */
const EACH = 30;
/** What some of them have no plain word on: postures, routers that a rule names, everybody of a domain. */
const BEYOND = /"(via|srcPosture|defaultSrcPosture)"|user:\*@/;
const seed = seedOfThisRun();

/** Where the headscale that the lab builds has its source: the module cache. */
const headscaleSource = (): string =>
  execFileSync('go', ['list', '-m', '-f', '{{.Dir}}', 'github.com/juanfont/headscale'], {
    cwd: new URL('../../../engine/daemons', import.meta.url),
    encoding: 'utf8',
  }).trim();

describeWith(DAEMONS, `what Tailscale’s own service made of policies (ORACLE_SEED=${seed})`, () => {
  let module: string;
  beforeAll(async () => {
    await obtainDaemons({ onProgress: () => undefined });
    module = headscaleSource();
  }, 900_000);

  describe.each([
    { results: 'acl_results', least: 150 },
    { results: 'grant_results', least: 150 },
    { results: 'routes_results', least: 100 },
  ] as const)('$results', ({ results, least }) => {
    test.each(Object.entries(JUDGES))('is what %s says', (_, judge) => {
      const random = new Random(seed);
      const [wrong, silent]: [string[], string[]] = [[], []];
      let [policies, asked, allowed] = [0, 0, 0];
      for (const one of recorded(module, results)) {
        const around = aroundOf(one);
        const answer = judge(one.policy, around);
        if (answer === undefined) {
          silent.push(one.policy);
          continue;
        }
        policies += 1;
        const filters = new Map<string, Match[]>(one.nodes.map(({ name, filter }) => [name, filter]));
        for (const question of questions(random, parties(around), filters, EACH)) {
          if (!question.to.addresses.every((to) => gates(around, to).length > 0)) continue;
          const service = answered(question, filters, (to) => gates(around, to));
          asked += 1;
          allowed += Number(service);
          if (answer(question) !== service) wrong.push(`${one.name}: ${told(question)}`);
        }
      }
      expect(wrong).toEqual([]);
      expect(silent.filter((policy) => !BEYOND.test(policy))).toEqual([]);
      expect(policies).toBeGreaterThan(least);
      expect(asked).toBeGreaterThan(least * 10);
      expect(allowed).toBeGreaterThan(asked / 5);
    });
  });
});

/** What the routers of a recorded tailnet lead to is a LAN, with a host on it. */
function aroundOf({ nodes, people }: Recorded): Joined {
  const routes = [...new Set(nodes.flatMap((node) => node.routes))].filter((route) => !route.endsWith('/0'));
  return {
    nodes,
    people,
    lanHosts: [],
    lans: routes.map((cidr) => ({ site: cidr, cidrs: [cidr] })),
  };
}
