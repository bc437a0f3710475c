// The pack as the engine starts it: the SDK's own program in a process, asked over gRPC.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { credentials } from '@grpc/grpc-js';
import analyzerGrpc from '@pulumi/pulumi/proto/analyzer_grpc_pb.js';
import analyzer from '@pulumi/pulumi/proto/analyzer_pb.js';
import struct from 'google-protobuf/google/protobuf/struct_pb.js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const PACK = join(import.meta.dirname, '..', '..', '..', 'policies');
/** What stands for a string that is not known at preview (sdk/nodejs/runtime/rpc). */
const UNKNOWN = '04da6b54-80e4-46f7-96ec-b56ff0331ba9';
const OPEN = '{"grants": [{"src": ["*"], "dst": ["*"], "ip": ["*"]}]}';
const CLOSED = '{"grants": []}';

let pack: ChildProcess;
let client: InstanceType<typeof analyzerGrpc.AnalyzerClient>;

beforeAll(async () => {
  const program = createRequire(import.meta.url).resolve('@pulumi/pulumi/cmd/run-policy-pack');
  const child = spawn(process.execPath, [program, '127.0.0.1:1', PACK], {
    cwd: PACK,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  pack = child;
  const [port] = (await once(createInterface({ input: child.stdout }), 'line')) as [string];
  client = new analyzerGrpc.AnalyzerClient(`127.0.0.1:${port}`, credentials.createInsecure());
});

afterAll(async () => {
  client.close();
  pack.kill();
  await once(pack, 'exit');
});

interface Diagnostic {
  policy: string;
  message: string;
  mandatory: boolean;
}

async function analyze(type: string, properties: Record<string, string>): Promise<Diagnostic[]> {
  const request = new analyzer.AnalyzeRequest();
  request.setType(type);
  request.setUrn(`urn:pulumi:dev::site-mesh::${type}::policy`);
  request.setName('policy');
  request.setProperties(struct.Struct.fromJavaScript(properties));
  request.setOptions(new analyzer.AnalyzerResourceOptions());
  const response = await new Promise<InstanceType<typeof analyzer.AnalyzeResponse>>((resolve, reject) => {
    client.analyze(request, (error, answer) => {
      if (error) reject(error);
      else resolve(answer);
    });
  });
  return response.getDiagnosticsList().map((diagnostic) => ({
    policy: diagnostic.getPolicyname(),
    message: diagnostic.getMessage(),
    mandatory: diagnostic.getEnforcementlevel() === analyzer.EnforcementLevel.MANDATORY,
  }));
}

describe.each([
  ['mesh:index:TailnetPolicy', 'text'],
  ['tailscale:index/acl:Acl', 'acl'],
])('%s', (type, property) => {
  it('with a policy that allows all is refused, and the message says where and what to do instead', async () => {
    const [diagnostic, ...others] = await analyze(type, { [property]: OPEN });
    expect(others).toEqual([]);
    expect(diagnostic).toMatchObject({ policy: 'tailnet-policy-not-allow-all', mandatory: true });
    expect(diagnostic?.message).toContain(
      `${property}: the policy lets every node reach every node on all ports (grants[0])`,
    );
    expect(diagnostic?.message).toContain('"grants": []');
  });

  it('with a narrow one passes', async () => {
    expect(await analyze(type, { [property]: CLOSED })).toEqual([]);
  });

  it('with one that is unknown at preview is not refused yet, and is when it becomes known', async () => {
    const [diagnostic, ...others] = await analyze(type, { [property]: UNKNOWN });
    expect(others).toEqual([]);
    expect(diagnostic?.mandatory).toBe(false);
    expect(diagnostic?.message).toContain(`can't be known during preview`);
    expect((await analyze(type, { [property]: OPEN }))[0]?.mandatory).toBe(true);
  });

  it('without one is refused', async () => {
    expect((await analyze(type, {}))[0]).toMatchObject({ mandatory: true });
  });
});

it('resources of other types are none of its business, whatever they hold', async () => {
  expect(await analyze('hcloud:index/server:Server', { text: OPEN, acl: OPEN })).toEqual([]);
});
