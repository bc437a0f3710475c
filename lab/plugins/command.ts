import { serveProvider } from '../../io/rpc/serve.ts';
import { COMMAND } from './command/definition.ts';

await serveProvider(COMMAND);
