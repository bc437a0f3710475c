import { serveProvider } from '../../io/rpc/serve.ts';
import { DIGITALOCEAN } from './digitalocean/definition.ts';

await serveProvider(DIGITALOCEAN);
