/**
 * The Node language host of the lab: what the engine starts as `pulumi-language-nodejs` to run programs and policy packs.
 * The official one comes with the vendor's download only.
 */
import { Server } from '@grpc/grpc-js';
import languageGrpc from '@pulumi/pulumi/proto/language_grpc_pb.js';
import { engineAddress, listen, SERVER_OPTIONS } from '../../io/rpc/serve.ts';
import { Session } from '../../io/rpc/session.ts';
import { Children } from './language/children.ts';
import { languageService } from './language/service.ts';

const session = new Session(engineAddress(process.argv.slice(2)));
const children = new Children();
const server = new Server(SERVER_OPTIONS);
server.addService(languageGrpc.LanguageRuntimeService, languageService(session, children));

let leaving = false;
const leave = (code: number): void => {
  if (leaving) children.kill();
  if (leaving) return;
  leaving = true;
  void children.stop().finally(() => process.exit(code));
};
session.onEngineGone(() => leave(1));
process.on('SIGINT', () => leave(0));
process.on('SIGTERM', () => leave(0));

const port = await listen(server);
process.stdout.write(`${port}\n`);
