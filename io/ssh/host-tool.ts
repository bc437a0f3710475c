import type { z } from 'zod';
import type { Preflight } from '../../mesh/host/preflight.ts';
import type { Release } from '../../mesh/host/spec.ts';
import { lines } from '../../mesh/host/tool.ts';
import type { ToolLine } from '../../mesh/host/tool.ts';
import { UserError } from '../rpc/types.ts';
import type { Session } from './connect.ts';
import type { ExecResult } from './exec.ts';
import { answers } from './host-answers.ts';
import type {
  ActivateAnswer,
  AgentStatus,
  ConfirmAnswer,
  Facts,
  JoinAnswer,
  NodeStatus,
  PathMtu,
  PeersAnswer,
  RestoreAnswer,
  RouteAnswer,
  RouteStatus,
  StageAnswer,
  StatusAnswer,
} from './host-answers.ts';
import { HostToolError, strangeAnswer, toolFailure } from './tool-errors.ts';
import { json } from '../answers.ts';

/** The host tool as this checkout has it. */
export interface ToolSource {
  source: string;
  /** Of `source` in UTF-8, hex. */
  sha256: string;
}

export interface StageRequest {
  release: Release;
  /** Name → secret; written on the host for root only. */
  credentials: Record<string, string>;
  /** Own LAN address and prefix, from which the host finds its interface names. */
  lan: string;
  lanPrefix: string;
  /** Own IPv6 address there; absent where it has none of ours. */
  lan6?: string;
  /** True once the host's own ed25519 key is recorded. */
  retireBootstrapKey: boolean;
  /** Present when the machine was there before us: a first release is then refused by what its owner does not accept. */
  existing?: {
    accepts: string[];
    tailnet: string | null;
    /** Control server; absent: the service's own. */ loginServer?: string;
  };
}

export interface JoinRequest {
  /** Empty: adopt, or fail with `not-joined`. */
  authKey: string;
  /** Control server; null is the service's own. */
  loginServer: string | null;
  hostname: string;
  tags: string[];
  advertiseRoutes: string[];
  acceptRoutes: boolean;
  snat: boolean;
  /** Whether tailscaled answers SSH on the tailnet addresses. */
  ssh: boolean;
  /** Tailnet that the host must be in; null when the config does not name it. */
  tailnet: string | null;
}

/** The rows of docs/host-protocol.md. @throws HostToolError for an answer with an error code, SshError for the way there. */
export interface HostTool {
  facts(): Promise<Facts>;
  /** Changes nothing. `request.existing` must be there. */
  preflight(request: StageRequest): Promise<Preflight>;
  stage(request: StageRequest): Promise<StageAnswer>;
  activate(hash: string, revertSeconds: number): Promise<ActivateAnswer>;
  confirm(hash: string): Promise<ConfirmAnswer>;
  status(): Promise<StatusAnswer>;
  restore(): Promise<RestoreAnswer>;
  nodeJoin(request: JoinRequest): Promise<JoinAnswer>;
  nodeStatus(): Promise<NodeStatus>;
  nodeLeave(): Promise<{ left: boolean }>;
  /** Fails with `not-joined` on a host in no tailnet. */
  nodePeers(): Promise<PeersAnswer>;
  routeAdvertise(): Promise<RouteAnswer>;
  routeDrain(): Promise<RouteAnswer>;
  routeStatus(): Promise<RouteStatus>;
  /** `vip` and `holds` are null on hosts that have no agent. */
  agentStatus(): Promise<AgentStatus>;
  /** Largest packet to an address; takes up to half a minute. Fails with `no-network` on hosts that are records. */
  pathMtu(address: string): Promise<PathMtu>;
}

export interface ToolOptions {
  tool: ToolSource;
  /** SSH login of the session. */
  login: string;
  signal: AbortSignal;
}

interface Call<Schema extends z.ZodType> {
  /** Words for messages: `apply stage`. */
  verb: string;
  line: string;
  schema: Schema;
  seconds: number;
  stdin?: string;
  /** What must not come back in a message, whatever the host says. */
  secrets?: string[];
}

/** How long each row may take, in seconds. `activate` installs packages, `restore` removes them; `join` waits for the control server. */
const SECONDS = {
  install: 30,
  facts: 30,
  preflight: 60,
  stage: 120,
  activate: 900,
  confirm: 90,
  status: 60,
  restore: 150,
  join: 120,
  node: 30,
  route: 30,
  agent: 30,
  path: 40,
};

/** Talks the host protocol over an open session and installs the tool where it is missing. */
export function hostTool(session: Session, options: ToolOptions): HostTool {
  const { label } = session;
  const at: ToolLine = { sha256: options.tool.sha256, login: options.login };
  const run = (line: string, seconds: number, stdin?: string): Promise<ExecResult> =>
    session.exec(line, { timeoutSeconds: seconds, signal: options.signal, ...(stdin === undefined ? {} : { stdin }) });

  const install = async (): Promise<void> => {
    const result = await run(lines.install(at), SECONDS.install, options.tool.source);
    if (at.login !== 'root' && /\bsudo: (command )?not found/.test(result.stderr)) {
      throw new UserError(
        `${label}: the host has no sudo, and "${at.login}" is not root. Install package sudo there and let that login use it without a password, or log in as root.`,
      );
    }
    if (missing(result, '/usr/bin/python3')) {
      throw new UserError(
        `${label}: the host has no /usr/bin/python3, which the host tool needs (3.9 or newer). Install package python3 there, or use an image that has it.`,
      );
    }
    if (result.code !== 0) throw toolFailure(label, 'install', result, []);
    parse('install', answers.install, result, []);
  };

  const parse = <Schema extends z.ZodType>(
    verb: string,
    schema: Schema,
    result: ExecResult,
    secrets: string[],
  ): z.output<Schema> => {
    const answer = schema.safeParse(json(result.stdout));
    if (!answer.success) throw strangeAnswer(label, verb, result, secrets);
    return answer.data;
  };

  const call = async <Schema extends z.ZodType>(request: Call<Schema>): Promise<z.output<Schema>> => {
    const secrets = request.secrets ?? [];
    const path = `tool-${at.sha256.slice(0, 16)}/mesh-host`;
    let result = await run(request.line, request.seconds, request.stdin);
    if (missing(result, path)) {
      await install();
      result = await run(request.line, request.seconds, request.stdin);
      if (missing(result, path)) {
        throw new UserError(
          `${label}: the host tool was installed but does not start (exit ${result.code}). Is /usr/local/lib mounted noexec, or the answer from another machine?`,
        );
      }
    }
    if (result.code !== 0) throw toolFailure(label, request.verb, result, secrets);
    return parse(request.verb, request.schema, result, secrets);
  };

  const route = (verb: string, line: string): Promise<RouteAnswer> =>
    call({ verb, line, schema: answers.routes, seconds: SECONDS.route });
  return {
    facts: () => call({ verb: 'facts', line: lines.facts(at), schema: answers.facts, seconds: SECONDS.facts }),
    preflight: (request) =>
      call({
        verb: 'apply preflight',
        line: lines.preflight(at),
        schema: answers.preflight,
        seconds: SECONDS.preflight,
        stdin: oneLine(request),
        secrets: Object.values(request.credentials),
      }),
    stage: (request) =>
      call({
        verb: 'apply stage',
        line: lines.stage(at),
        schema: answers.stage,
        seconds: SECONDS.stage,
        stdin: oneLine(request),
        secrets: Object.values(request.credentials),
      }),
    activate: (hash, revertSeconds) =>
      call({
        verb: 'apply activate',
        line: lines.activate(at, hash, revertSeconds),
        schema: answers.activate,
        seconds: SECONDS.activate,
      }),
    confirm: (hash) =>
      call({ verb: 'apply confirm', line: lines.confirm(at, hash), schema: answers.confirm, seconds: SECONDS.confirm }),
    status: () =>
      call({ verb: 'apply status', line: lines.status(at), schema: answers.status, seconds: SECONDS.status }),
    restore: () =>
      call({ verb: 'apply restore', line: lines.restore(at), schema: answers.restore, seconds: SECONDS.restore }),
    nodeJoin: (request) =>
      call({
        verb: 'node join',
        line: lines.nodeJoin(at),
        schema: answers.nodeJoin,
        seconds: SECONDS.join,
        stdin: oneLine(request),
        secrets: [request.authKey],
      }),
    nodeStatus: () =>
      call({ verb: 'node status', line: lines.nodeStatus(at), schema: answers.nodeStatus, seconds: SECONDS.node }),
    nodeLeave: () =>
      call({ verb: 'node leave', line: lines.nodeLeave(at), schema: answers.nodeLeave, seconds: SECONDS.node }),
    routeAdvertise: () => route('route advertise', lines.routeAdvertise(at)),
    routeDrain: () => route('route drain', lines.routeDrain(at)),
    nodePeers: () =>
      call({ verb: 'node peers', line: lines.nodePeers(at), schema: answers.nodePeers, seconds: SECONDS.node }),
    routeStatus: () =>
      call({ verb: 'route status', line: lines.routeStatus(at), schema: answers.routeStatus, seconds: SECONDS.route }),
    agentStatus: () =>
      call({ verb: 'agent status', line: lines.agentStatus(at), schema: answers.agent, seconds: SECONDS.agent }),
    pathMtu: (address) =>
      call({ verb: 'path mtu', line: lines.pathMtu(at, address), schema: answers.pathMtu, seconds: SECONDS.path }),
  };
}

export { HostToolError };

/** A shell says 127; sudo says 1 and names the path. */
function missing(result: ExecResult, path: string): boolean {
  return (
    result.code === 127 ||
    (result.code === 1 && result.stdout === '' && result.stderr.includes(path) && result.stderr.includes('not found'))
  );
}

function oneLine(value: unknown): string {
  return `${JSON.stringify(value)}\n`;
}
