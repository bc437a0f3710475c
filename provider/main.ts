import { serveProvider } from '../io/rpc/serve.ts';
import { checkConfig, configure } from './client.ts';
import type { MeshClient } from './client.ts';
import { hostKey } from './host-key.ts';
import { hostRelease } from './host-release.ts';
import { serverReady } from './server-ready.ts';
import { sharedPolicy } from './shared-policy.ts';
import { tailnetNode } from './tailnet-node.ts';
import { tailnetPolicy } from './tailnet-policy.ts';
import { tailnetTests } from './tailnet-tests.ts';

await serveProvider<MeshClient>({
  name: 'mesh',
  // As Pulumi.yaml has it.
  version: '0.1.0',
  secretConfig: ['apiKey', 'oauthClientSecret'],
  checkConfig,
  configure,
  resources: {
    'mesh:index:HostKey': hostKey,
    'mesh:index:HostRelease': hostRelease,
    'mesh:index:ServerReady': serverReady,
    'mesh:index:SharedPolicy': sharedPolicy,
    'mesh:index:TailnetNode': tailnetNode,
    'mesh:index:TailnetPolicy': tailnetPolicy,
    'mesh:index:TailnetTests': tailnetTests,
  },
});
