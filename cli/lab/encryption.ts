import { createCipheriv, createDecipheriv, pbkdf2, randomBytes } from 'node:crypto';
import { promisify } from 'node:util';

/** As the engine's passphrase provider derives and encrypts, version 1 (pulumi/sdk, config/crypt.go, 3.259.0). */
const DERIVATION = { rounds: 1_000_000, bytes: 32, hash: 'sha256' };
const CIPHER = 'aes-256-gcm';
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
/** What the engine encrypts beside the salt, to know a wrong passphrase. */
const PROBE = 'pulumi';

/**
 * Encrypts for a stack of the lab what `pulumi config set --secret` would: that takes a third of a second per value, most of it
 * for deriving the same key again.
 * @param state salt and probe of the stack, `v1:SALT:v1:NONCE:TEXT` in base64
 * @throws Error when the passphrase is not that of the stack, or its secrets are kept in another way than here
 */
export async function encryption(state: string, passphrase: string): Promise<(value: string) => string> {
  const [version, salt = '', ...probe] = state.split(':');
  if (version !== 'v1') throw new Error(`secrets are kept in version ${version ?? ''}, which is not known here`);
  const { rounds, bytes, hash } = DERIVATION;
  const key = await promisify(pbkdf2)(passphrase, Buffer.from(salt, 'base64'), rounds, bytes, hash);
  if (decrypted(key, probe.join(':')) !== PROBE) throw new Error('the passphrase is not the one of its secrets');
  return (value) => {
    const nonce = randomBytes(NONCE_BYTES);
    const cipher = createCipheriv(CIPHER, key, nonce);
    const text = Buffer.concat([cipher.update(value, 'utf8'), cipher.final(), cipher.getAuthTag()]);
    return `v1:${nonce.toString('base64')}:${text.toString('base64')}`;
  };
}

function decrypted(key: Buffer, value: string): string | undefined {
  const [, nonce = '', text = ''] = value.split(':');
  const sealed = Buffer.from(text, 'base64');
  try {
    const decipher = createDecipheriv(CIPHER, key, Buffer.from(nonce, 'base64'));
    decipher.setAuthTag(sealed.subarray(-TAG_BYTES));
    return Buffer.concat([decipher.update(sealed.subarray(0, -TAG_BYTES)), decipher.final()]).toString();
  } catch {
    return undefined;
  }
}
