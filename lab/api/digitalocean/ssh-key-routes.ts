import { Hono, type Context } from 'hono';
import { z } from 'zod';
import { md5Fingerprint } from '../ssh-key.ts';
import { notFound, unprocessable } from './errors.ts';
import type { SshKeyRecord } from './records.ts';
import { body, listAnswer, pathText, type Env } from './request.ts';
import { sshKeyView } from './views.ts';

const NAME = z.string().min(1, "can't be blank");

/** Names may repeat, fingerprints may not; either id or fingerprint names a key. */
export function sshKeyRoutes(): Hono<Env> {
  const routes = new Hono<Env>();
  const one = (context: Context<Env>): SshKeyRecord => {
    const reference = pathText(context);
    const found = context.var.account.sshKeys
      .all()
      .find((key) => String(key.id) === reference || key.fingerprint === reference);
    if (found === undefined) throw notFound();
    return found;
  };
  routes.get('/', (context) => listAnswer(context, 'ssh_keys', context.var.account.sshKeys.all(), sshKeyView));
  routes.post('/', async (context) => {
    const { account } = context.var;
    const input = await body(context, z.object({ name: NAME, public_key: z.string() }));
    const fingerprint = md5Fingerprint(input.public_key);
    if (fingerprint === undefined) throw unprocessable('Key invalid, key should be of the format `type key [comment]`');
    if (account.sshKeys.all().some((key) => key.fingerprint === fingerprint))
      throw unprocessable('SSH Key is already in use on your account');
    const record = { id: account.nextId(), name: input.name, publicKey: input.public_key, fingerprint };
    account.sshKeys.put(String(record.id), record);
    return context.json({ ssh_key: sshKeyView(record) }, 201);
  });
  routes.get('/:id', (context) => context.json({ ssh_key: sshKeyView(one(context)) }));
  routes.put('/:id', async (context) => {
    const { name } = await body(context, z.object({ name: NAME }));
    const record = { ...one(context), name };
    context.var.account.sshKeys.put(String(record.id), record);
    return context.json({ ssh_key: sshKeyView(record) });
  });
  routes.delete('/:id', (context) => {
    context.var.account.sshKeys.delete(String(one(context).id));
    return context.body(null, 204);
  });
  return routes;
}
