import { serveProvider } from '../../io/rpc/serve.ts';
import { HCLOUD } from './hcloud/definition.ts';

await serveProvider(HCLOUD);
