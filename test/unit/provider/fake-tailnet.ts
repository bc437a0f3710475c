import type { JoinRequest } from '../../../io/ssh/host-tool.ts';
import { HostToolError } from '../../../io/ssh/host-tool.ts';
import type { Device, Key, Tailscale } from '../../../io/tailscale/client.ts';
import { TailscaleError } from '../../../io/tailscale/errors.ts';

/** A tailnet in memory that refuses what the service refuses. */
export class FakeTailnet {
  readonly devices = new Map<string, Device>();
  readonly keys = new Map<string, Key & { secret: string; tags: string[] }>();
  /** By node: what it advertises; all of it is approved but for `refused`. */
  readonly advertised = new Map<string, string[]>();
  refused: string[] = [];
  readonly calls: string[] = [];
  policy = { text: '{"acls": [{"action": "accept", "src": ["*"], "dst": ["*:*"]}]}', edits: 0 };
  readonly defaultText = this.policy.text;
  invalid: string[] = [];
  /** What the service finds wrong with a text that is not pushed, beside `invalid`. */
  validated: (text: string) => string[] = () => [];
  beforePush: (() => void) | undefined;
  /** What a test of the live policy finds, in the client's form; asked anew each time. */
  verdict: (tests: unknown[]) => string[] = () => [];
  fail: TailscaleError | undefined;
  /** Whether a push answers with the new etag. */
  saysEtag = true;
  /** What array-form tests find wrong with a live text. */
  lockout: (text: string, tests: unknown[]) => string[] = () => [];
  /** Done after a push was written and before it is answered. */
  afterPush: (() => void) | undefined;
  /** Thrown by the calls of that name, in turn, before they do anything. */
  failures: Record<string, Error[]> = {};

  get etag(): string {
    return `e${this.policy.edits}`;
  }

  edit(text: string): void {
    this.policy = { text, edits: this.policy.edits + 1 };
  }

  /** What tailscaled does with a key. */
  join(request: JoinRequest): Device {
    const key = [...this.keys.values()].find((candidate) => candidate.secret === request.authKey);
    if (key === undefined || key.invalid === true)
      throw new HostToolError('command-failed', 5, 'invalid key: unable to validate API key');
    key.invalid = true;
    const nodeId = `n${this.devices.size + 1}`;
    const device = {
      nodeId,
      name: `${request.hostname}.acme.ts.net`,
      hostname: request.hostname,
      addresses: ['100.64.0.1'],
      tags: key.tags,
    };
    this.devices.set(nodeId, device);
    this.advertised.set(nodeId, request.advertiseRoutes);
    return device;
  }

  readonly api: Tailscale = {
    tailnet: 'acme-staging',
    keys: {
      create: (request) =>
        this.call('keys.create', () => {
          const id = `k${this.keys.size + 1}`;
          this.keys.set(id, { id, secret: `tskey-auth-${id}`, tags: request.tags });
          return { id, key: `tskey-auth-${id}` };
        }),
      get: (id) => this.call('keys.get', () => this.keys.get(id)),
      list: () => Promise.reject(new Error('no resource lists keys')),
      delete: (id) => this.call('keys.delete', () => this.keys.delete(id)),
    },
    devices: {
      get: (id) => this.call('devices.get', () => this.devices.get(id)),
      list: () =>
        this.call('devices.list', () =>
          [...this.devices.values()].map((one) => ({
            ...one,
            clientVersion: '',
            authorized: true,
            keyExpiryDisabled: true,
          })),
        ),
      delete: (id) => this.call('devices.delete', () => this.devices.delete(id)),
      setTags: (id, tags) =>
        this.call('devices.setTags', () => {
          const device = this.devices.get(id);
          if (device === undefined) throw new TailscaleError(404, 'no such device');
          this.devices.set(id, { ...device, tags });
        }),
      routes: (id) =>
        this.call('devices.routes', () => {
          const advertised = this.advertised.get(id) ?? [];
          return { advertised, enabled: advertised.filter((route) => !this.refused.includes(route)) };
        }),
      setRoutes: () => this.call('devices.setRoutes', () => undefined),
    },
    policy: {
      get: () => this.call('policy.get', () => ({ text: this.policy.text, etag: this.etag })),
      set: (text, ifMatch) =>
        this.call(`policy.set ${ifMatch}`, () => {
          this.beforePush?.();
          const matches = ifMatch === 'ts-default' ? this.policy.text === this.defaultText : ifMatch === this.etag;
          if (!matches) throw new TailscaleError(412, 'precondition failed, invalid old hash (412)');
          if (this.invalid.length > 0)
            throw new TailscaleError(400, 'test(s) failed (400)', [{ user: 'ada', errors: this.invalid }]);
          this.edit(text);
          const etag = this.etag;
          this.afterPush?.();
          return this.saysEtag ? etag : undefined;
        }),
      validate: (text) =>
        this.call('policy.validate', () => ({ errors: [...this.invalid, ...this.validated(text)], warnings: [] })),
      test: (tests) =>
        this.call('policy.test', () => ({
          errors: [...this.verdict(tests), ...this.lockout(this.policy.text, tests)],
          warnings: [],
        })),
    },
  };

  private async call<T>(name: string, answer: () => T): Promise<T> {
    this.calls.push(name);
    await Promise.resolve();
    if (this.fail !== undefined) throw this.fail;
    const failure = this.failures[name.split(' ')[0] ?? '']?.shift();
    if (failure !== undefined) throw failure;
    return answer();
  }
}
