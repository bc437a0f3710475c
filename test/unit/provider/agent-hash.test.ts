import { expect, test } from 'vitest';
import { AGENT } from '../../../mesh/host/agent.ts';
import { agentHash } from '../../../provider/tool-source.ts';

test('a release names the agent that comes with the host tool: another one is a change that restarts it', () => {
  expect(AGENT).toBe(agentHash());
});
