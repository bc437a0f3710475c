import ssh2 from 'ssh2';
import { z } from 'zod';
import { diffInputs } from '../io/rpc/diff.ts';
import { UNKNOWN, UserError } from '../io/rpc/types.ts';
import type { DiffAnswer, ResourceHandler } from '../io/rpc/types.ts';
import { parseHostKey } from '../io/ssh/host-key.ts';
import type { MeshClient } from './client.ts';
import { checkInputs, parseInputs, pick } from './schema.ts';

// A line break would end the OpenSSH line, and cloud-config carries that line.
const schema = z.strictObject({
  comment: z.string().regex(/^[\x21-\x7e]+$/, 'must be one printable ASCII word, such as the host name'),
});

/**
 * The host key that a server is born with. ECDSA because user_data carries it and both cloud-init and ssh2 read the
 * same OpenSSH form of it. It lives in the state, secret; the first release replaces it by a key that never leaves the host.
 */
export const hostKey: ResourceHandler<MeshClient> = {
  secretOutputs: ['privateKey'],

  check: (_op, news) => Promise.resolve({ inputs: news, failures: checkInputs(schema, news) }),

  diff: (_op, _id, olds, _oldInputs, news) => {
    const answer: DiffAnswer = { changes: {} };
    for (const path of Object.keys(diffInputs(pick(olds, ['comment']), news))) answer.changes[path] = 'update-replace';
    return Promise.resolve(answer);
  },

  create: (_op, news, preview) => {
    if (preview) return Promise.resolve({ id: '', outputs: { ...news, publicKey: UNKNOWN, privateKey: UNKNOWN } });
    const { comment } = parseInputs(schema, news);
    const pair = ssh2.utils.generateKeyPairSync('ecdsa', { bits: 256, comment });
    const { fingerprint } = parseHostKey(pair.public, comment);
    return Promise.resolve({ id: fingerprint, outputs: { comment, publicKey: pair.public, privateKey: pair.private } });
  },

  // The key exists nowhere but in the state, so there is nothing to look up.
  read: (_op, id, outputs, inputs) => {
    if (outputs.privateKey === undefined) {
      return Promise.reject(
        new UserError(`HostKey ${id} cannot be imported: its private half is only ever in the state that made it`),
      );
    }
    return Promise.resolve({ id, outputs, inputs });
  },

  update: (_op, _id, olds, _oldInputs, news) => Promise.resolve({ outputs: { ...olds, ...news } }),

  delete: () => Promise.resolve(),
};
