import { expect } from 'vitest';
import { lines, type ToolLine } from '../../mesh/host/tool.ts';
import type { Release } from '../../mesh/host/spec.ts';
import { readTool } from '../../provider/tool-source.ts';
import type { HostConnection, HostTransport } from './transport.ts';

export type Document = Record<string, unknown>;
export interface Reply {
  code: number;
  document: Document;
}

/** A shell says 127 where there is no such file; sudo says 1. */
const NOT_FOUND = /^sudo: \S+: command not found$/m;

/** Says lines to one host, each over a connection of its own unless told otherwise. */
export class ProtocolClient {
  readonly transport: HostTransport;
  readonly tool: ToolLine;
  readonly source: string;

  constructor(transport: HostTransport) {
    const { source, sha256 } = readTool();
    this.transport = transport;
    this.source = source;
    this.tool = { sha256, login: transport.login };
  }

  async say(line: string, stdin?: unknown, over?: HostConnection): Promise<Reply> {
    const connection = over ?? (await this.transport.connect());
    try {
      const text = stdin === undefined || typeof stdin === 'string' ? stdin : JSON.stringify(stdin);
      const answer = await connection.exec(line, text);
      return {
        code: answer.code === 1 && NOT_FOUND.test(answer.stderr) ? 127 : answer.code,
        document: parse(answer.stdout),
      };
    } finally {
      if (over === undefined) await connection.close();
    }
  }

  /** A line that must succeed; answers the document. */
  async must(line: string, stdin?: unknown, over?: HostConnection): Promise<Document> {
    const { code, document } = await this.say(line, stdin, over);
    expect({ code, document }).toMatchObject({ code: 0 });
    return document;
  }

  /** A line that must be refused with this exit code and error code; answers the message. */
  async refused(exit: number, code: string, line: string, stdin?: unknown, over?: HostConnection): Promise<string> {
    const reply = await this.say(line, stdin, over);
    expect(reply).toMatchObject({ code: exit, document: { error: { code } } });
    const { message } = reply.document.error as { message: string };
    expect(message.length).toBeGreaterThan(10);
    return message;
  }

  install(): Promise<Document> {
    return this.must(lines.install(this.tool), this.source);
  }

  request(release: Release, more: Document = {}): Document {
    const { lan, lanPrefix } = this.transport;
    return { release, credentials: {}, lan, lanPrefix, retireBootstrapKey: false, ...more };
  }

  async stage(release: Release, more?: Document): Promise<string> {
    const answer = await this.must(lines.stage(this.tool), this.request(release, more));
    return String(answer.hash);
  }

  /** Stage, activate and, over another connection, confirm; answers the hash. */
  async apply(release: Release, more?: Document): Promise<string> {
    const hash = await this.stage(release, more);
    await this.must(lines.activate(this.tool, hash, 120));
    await this.must(lines.confirm(this.tool, hash));
    return hash;
  }

  joinRequest(more: Document = {}): Document {
    return {
      authKey: '',
      loginServer: null,
      hostname: 'fra-edge-01',
      tags: ['tag:router'],
      advertiseRoutes: [this.transport.lanPrefix],
      acceptRoutes: true,
      snat: true,
      ssh: false,
      tailnet: this.transport.tailnet,
      ...more,
    };
  }

  async join(more: Document = {}): Promise<Document> {
    const authKey = await this.transport.mintKey(['tag:router']);
    return this.must(lines.nodeJoin(this.tool), this.joinRequest({ authKey, ...more }));
  }
}

function parse(stdout: string): Document {
  if (stdout.trim() === '') return {};
  return JSON.parse(stdout) as Document;
}
