import * as pulumi from '@pulumi/pulumi';
import { expect, test, vi } from 'vitest';
import { one, record, type Recording } from './record.ts';
import { answers, recordProd, rulesWithout, stackConfig } from './staging.ts';

const OVER = { from: ['group:sre'], to: 'postgres', until: '2021-03-31', why: 'the move of 2021' };
const HOLDS = { from: ['group:sre'], to: 'postgres', until: '9999-12-31', why: 'the move of 9999' };

test('a permission that is over is compiled away with a warning at every preview and up, one that holds is not', async () => {
  const warn = vi.spyOn(pulumi.log, 'warn').mockResolvedValue();
  const { 'site-mesh:access': rules } = rulesWithout('staging', 'nobody');
  const change = { 'site-mesh:access': [...(rules as object[]), OVER, HOLDS] };
  const made = await record(() => import('../../index.ts'), answers(), stackConfig('staging', change));
  const warnings = warn.mock.calls.map(([text]) => text);
  warn.mockRestore();
  expect(warnings).toEqual([expect.stringContaining('(the move of 2021) ended on 2021-03-31, so nobody gets it')]);
  const { text } = one(made, 'mesh:index:TailnetPolicy', 'acme').inputs;
  expect(text).not.toContain('the move of 2021');
  expect(text).toContain('the move of 9999 (until 9999-12-31)');
});

test('the nodes that an intent gives logins on answer SSH, and no other', async () => {
  const answering = (made: Recording): string[] =>
    made.resources
      .filter(({ type, inputs }) => type === 'mesh:index:TailnetNode' && inputs.ssh === true)
      .map(({ name }) => name);
  expect(answering(await recordProd())).toEqual(['nyc-infra-01']);
  const without = stackConfig('prod', {
    ...rulesWithout('prod', 'group:sre'),
    'site-mesh:tailnet': { name: 'acme-prod' },
  });
  expect(answering(await recordProd(without))).toEqual([]);
});
