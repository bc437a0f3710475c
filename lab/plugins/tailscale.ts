import { serveProvider } from '../../io/rpc/serve.ts';
import { TAILSCALE } from './tailscale/definition.ts';

await serveProvider(TAILSCALE);
