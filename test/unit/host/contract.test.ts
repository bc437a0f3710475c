import { existsSync } from 'node:fs';
import { describe, test } from 'vitest';
import { hostProtocolContract } from '../../contract/host-protocol.ts';
import { PYTHON, SandboxTransport } from './sandbox-transport.ts';

if (existsSync(PYTHON)) {
  hostProtocolContract('the host tool in a sandbox', () => Promise.resolve(new SandboxTransport()), {
    checks: true,
    busy: true,
    files: true,
    foreign: true,
    tailnet: true,
    neighbour: '203.0.113.1',
  });
} else {
  describe('the host protocol, spoken by the host tool in a sandbox', () => {
    test.skip(`needs ${PYTHON}, which the tool's first line names; install python3`, () => undefined);
  });
}
