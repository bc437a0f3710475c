import type { z } from 'zod';
import { TailscaleError } from './errors.ts';
import { json } from '../answers.ts';
import { http } from './http.ts';
import type { Ask, HttpOptions } from './http.ts';
import * as shape from './shapes.ts';
import type { Device, Key, ListedDevice, ListedKey } from './shapes.ts';

export type { Device, Key, ListedDevice, ListedKey } from './shapes.ts';

export interface KeyRequest {
  tags: string[];
  expirySeconds: number;
  /** At most 50 characters: letters, digits, blanks and hyphens. */
  description: string;
}

/** Policy text with the tag that a later write must match. */
export interface LivePolicy {
  text: string;
  /** Without quotes. */
  etag: string;
}

/** What the service says about a policy that it did not accept yet. */
export interface Validation {
  /** Empty when the policy would be accepted. */
  errors: string[];
  warnings: string[];
}

/** The part of the Tailscale API v2 that we use. Every method may throw TailscaleError. */
export interface Tailscale {
  readonly tailnet: string;
  keys: {
    /** Single-use, preauthorized, not ephemeral: a router must keep its identity over restarts. */
    create(request: KeyRequest, signal: AbortSignal): Promise<{ id: string; key: string }>;
    /** undefined: gone, which is what a spent key may be. */
    get(id: string, signal: AbortSignal): Promise<Key | undefined>;
    /** All kinds, of everybody, as far as the credential may see them. */
    list(signal: AbortSignal): Promise<ListedKey[]>;
    /** false: it was gone already. */
    delete(id: string, signal: AbortSignal): Promise<boolean>;
  };
  devices: {
    get(nodeId: string, signal: AbortSignal): Promise<Device | undefined>;
    /** All of the tailnet, people's devices too. */
    list(signal: AbortSignal): Promise<ListedDevice[]>;
    delete(nodeId: string, signal: AbortSignal): Promise<boolean>;
    setTags(nodeId: string, tags: string[], signal: AbortSignal): Promise<void>;
    routes(nodeId: string, signal: AbortSignal): Promise<{ advertised: string[]; enabled: string[] }>;
    setRoutes(nodeId: string, enabled: string[], signal: AbortSignal): Promise<void>;
  };
  policy: {
    get(signal: AbortSignal): Promise<LivePolicy>;
    /** @param ifMatch an etag, or `ts-default`: only while the policy is the untouched default. Answers the new etag when the service says it. */
    set(text: string, ifMatch: string, signal: AbortSignal): Promise<string | undefined>;
    /** Would this text be accepted, its own tests included? */
    validate(text: string, signal: AbortSignal): Promise<Validation>;
    /** Do these tests hold against the policy that is live? */
    test(tests: unknown[], signal: AbortSignal): Promise<Validation>;
  };
}

const HUJSON = { 'content-type': 'application/hujson' };

/** A client for one tailnet. Opens no connection before it is asked something. */
export function tailscale(options: HttpOptions): Tailscale {
  const send = http(options);
  const t = `/tailnet/${encodeURIComponent(options.tailnet)}`;

  const read = async <Schema extends z.ZodType>(schema: Schema, ask: Ask): Promise<z.output<Schema>> => {
    const answer = await send(ask);
    const parsed = schema.safeParse(json(answer.text));
    if (parsed.success) return parsed.data;
    const paths = parsed.error.issues.map((issue) => issue.path.join('.') || 'the answer').join(', ');
    throw new TailscaleError(
      answer.status,
      `tailnet ${options.tailnet}: ${ask.what}: the answer is not what this API answers (at: ${paths})`,
    );
  };
  const gone = async <T, U>(work: Promise<T>, otherwise: U): Promise<T | U> => {
    try {
      return await work;
    } catch (error) {
      if (error instanceof TailscaleError && error.status === 404) return otherwise;
      throw error;
    }
  };
  const remove = (ask: Omit<Ask, 'method'>): Promise<boolean> =>
    gone(
      send({ ...ask, method: 'DELETE' }).then(() => true),
      false,
    );
  const deviceAt = (id: string): string => `/device/${encodeURIComponent(id)}`;
  const judge = async (
    body: unknown,
    what: string,
    headers: Record<string, string>,
    signal: AbortSignal,
  ): Promise<Validation> => {
    const answer = await send({ method: 'POST', path: `${t}/acl/validate`, what, signal, body, headers });
    // The service answers 200 for a refused policy too; an empty body or `{}` is its yes.
    return answer.text.trim() === ''
      ? { errors: [], warnings: [] }
      : validation(shape.verdict.parse(json(answer.text) ?? { message: 'unreadable answer' }));
  };

  return {
    tailnet: options.tailnet,
    keys: {
      create: async (request, signal) => {
        const create = { reusable: false, ephemeral: false, preauthorized: true, tags: request.tags };
        const body = {
          capabilities: { devices: { create } },
          expirySeconds: request.expirySeconds,
          description: request.description,
        };
        const { id, key: value } = await read(shape.created, {
          method: 'POST',
          path: `${t}/keys`,
          what: `making a join key for ${request.tags.join(', ')}`,
          signal,
          body,
        });
        return { id, key: value };
      },
      get: (id, signal) =>
        gone(
          read(shape.key, {
            method: 'GET',
            path: `${t}/keys/${encodeURIComponent(id)}`,
            what: 'reading a join key',
            signal,
          }),
          undefined,
        ),
      list: async (signal) => {
        const what = 'listing the keys';
        const { keys } = await read(shape.keyList, { method: 'GET', path: `${t}/keys?all=true`, what, signal });
        // Some answers name no more than ids; one that is gone by now is none.
        const details = (id: string): Promise<ListedKey | undefined> =>
          gone(
            read(shape.anyKey, { method: 'GET', path: `${t}/keys/${encodeURIComponent(id)}`, what, signal }),
            undefined,
          );
        const isBare = ({ keyType, capabilities }: ListedKey): boolean => keyType === undefined && !capabilities;
        const full = await Promise.all(keys.map((one) => (isBare(one) ? details(one.id) : Promise.resolve(one))));
        return full.filter((one) => one !== undefined);
      },
      delete: (id, signal) =>
        remove({ path: `${t}/keys/${encodeURIComponent(id)}`, what: 'deleting a join key', signal }),
    },
    devices: {
      get: (id, signal) =>
        gone(
          read(shape.device, { method: 'GET', path: deviceAt(id), what: `reading device ${id}`, signal }),
          undefined,
        ),
      list: async (signal) => {
        const path = `${t}/devices?fields=all`;
        return (await read(shape.devices, { method: 'GET', path, what: 'listing the devices', signal })).devices;
      },
      delete: (id, signal) => remove({ path: deviceAt(id), what: `deleting device ${id}`, signal }),
      setTags: async (id, tags, signal) => {
        await send({
          method: 'POST',
          path: `${deviceAt(id)}/tags`,
          what: `tagging device ${id} with ${tags.join(', ')}`,
          signal,
          body: { tags },
        });
      },
      routes: async (id, signal) => {
        const answer = await read(shape.routes, {
          method: 'GET',
          path: `${deviceAt(id)}/routes`,
          what: `reading the routes of device ${id}`,
          signal,
        });
        return { advertised: answer.advertisedRoutes ?? [], enabled: answer.enabledRoutes ?? [] };
      },
      setRoutes: async (id, enabled, signal) => {
        await send({
          method: 'POST',
          path: `${deviceAt(id)}/routes`,
          what: `approving routes of device ${id}`,
          signal,
          body: { routes: enabled },
        });
      },
    },
    policy: {
      get: async (signal) => {
        const answer = await send({
          method: 'GET',
          path: `${t}/acl`,
          what: 'reading the policy',
          signal,
          headers: { accept: 'application/hujson' },
        });
        const etag = unquote(answer.headers.get('etag'));
        if (etag === undefined)
          throw new TailscaleError(
            answer.status,
            `tailnet ${options.tailnet}: reading the policy: the answer has no ETag, so a later write could overwrite somebody else's`,
          );
        return { text: answer.text, etag };
      },
      set: async (text, ifMatch, signal) => {
        const answer = await send({
          method: 'POST',
          path: `${t}/acl`,
          what: 'writing the policy',
          signal,
          body: text,
          headers: { ...HUJSON, 'if-match': `"${ifMatch}"` },
        });
        return unquote(answer.headers.get('etag'));
      },
      validate: (text, signal) => judge(text, 'validating the policy', HUJSON, signal),
      test: (tests, signal) => judge(tests, 'testing the policy', {}, signal),
    },
  };
}

function unquote(etag: string | null): string | undefined {
  const match = /^(?:W\/)?"?([^"]+)"?$/.exec(etag ?? '');
  return match?.[1];
}

function validation(said: z.output<typeof shape.verdict>): Validation {
  const list = shape.faults.safeParse(said.data);
  const details = list.success ? list.data : [];
  const texts = (pick: (fault: z.output<typeof shape.faults>[number]) => string[] | null | undefined): string[] =>
    details.flatMap((fault) =>
      (pick(fault) ?? []).map((text) =>
        fault.user === undefined || fault.user === '' ? text : `${fault.user}: ${text}`,
      ),
    );
  const errors = texts((fault) => fault.errors);
  const warnings = texts((fault) => fault.warnings);
  const failed = said.message !== undefined && said.message !== '' && (errors.length > 0 || warnings.length === 0);
  return { errors: failed ? [said.message ?? '', ...errors] : errors, warnings };
}
