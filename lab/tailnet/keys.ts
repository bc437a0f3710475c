/** Auth keys: made by the API, spent by joins. */
import { DAY, Refusal, hash, randomText, type KeyRecord } from './records.ts';
import { checkTags, type Actor, type Scope } from './scope.ts';

export interface KeyRequest {
  reusable: boolean;
  ephemeral: boolean;
  preauthorized: boolean;
  tags: string[];
  /** 0 = the longest, 90 days. */
  expirySeconds: number;
  description: string;
}

const MAX_SECONDS = (90 * DAY) / 1000;
const MAX_DESCRIPTION = 50;

/** Makes a key; its text is answered this once and not kept. Throws Refusal. */
export function createKey(scope: Scope, actor: Actor, request: KeyRequest): { record: KeyRecord; key: string } {
  if (!Number.isInteger(request.expirySeconds) || request.expirySeconds < 0 || request.expirySeconds > MAX_SECONDS)
    throw new Refusal(400, `expirySeconds must be between 1 and ${MAX_SECONDS}`);
  if (request.description.length > MAX_DESCRIPTION || /[^\w .-]/.test(request.description))
    throw new Refusal(400, `description must be at most ${MAX_DESCRIPTION} letters, digits, blanks, "-", "_" or "."`);
  checkTags(scope, actor, request.tags);
  const id = `k${randomText(11)}CNTRL`;
  const key = `tskey-auth-${id}-${randomText(32)}`;
  const created = scope.deps.clock();
  const expirySeconds = request.expirySeconds === 0 ? MAX_SECONDS : request.expirySeconds;
  const record: KeyRecord = {
    ...request,
    id,
    tailnet: scope.config.name,
    secretHash: hash(key),
    created,
    expirySeconds,
    expires: created + expirySeconds * 1000,
    userId: actor.user ?? '',
    spent: false,
  };
  scope.data.keys.put(id, record);
  return { record, key };
}

export const keysOf = (scope: Scope): KeyRecord[] =>
  scope.data.keys.all().filter((key) => key.tailnet === scope.config.name);

export function findKey(scope: Scope, id: string): KeyRecord {
  const key = scope.data.keys.get(id);
  if (key?.tailnet !== scope.config.name) throw new Refusal(404, 'key not found');
  return key;
}

export const isInvalid = (scope: Scope, key: KeyRecord): boolean => key.spent || scope.deps.clock() >= key.expires;

export function deleteKey(scope: Scope, id: string): void {
  scope.data.keys.delete(findKey(scope, id).id);
}
