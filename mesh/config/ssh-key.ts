/** Key types that OpenSSH of Debian 12 and newer takes and that our SSH library can pin. */
const TYPES = ['ssh-ed25519', 'ecdsa-sha2-nistp256', 'ecdsa-sha2-nistp384', 'ecdsa-sha2-nistp521', 'ssh-rsa'];

/**
 * What keeps a text from being one OpenSSH public key line (`ssh-ed25519 AAAA… comment`), or undefined. The text is
 * never part of the answer: people paste private keys here.
 */
export function publicKeyFault(text: string): string | undefined {
  if (text.includes('PRIVATE KEY')) return 'is a private key; only the public half belongs here';
  if (/[\r\n]/.test(text)) return 'is more than one line';
  const [type = '', blob = ''] = text.trim().split(/ +/);
  if (!TYPES.includes(type)) return `does not begin with a key type (${TYPES.join(', ')})`;
  const bytes = Buffer.from(blob, 'base64');
  if (blob === '' || bytes.toString('base64') !== blob) return 'is damaged: its second word is not base64';
  // The blob repeats the type as a length-prefixed string; a cut or swapped blob shows here.
  const declared = bytes.length >= 4 ? bytes.readUInt32BE(0) : 0;
  if (bytes.subarray(4, 4 + declared).toString('latin1') !== type)
    return `is damaged: its content is not a key of type ${type}`;
  if (!fieldsEndExactly(bytes)) return 'is damaged: it is cut off or has bytes too many';
  return undefined;
}

/** SSH wire format is a row of length-prefixed fields; at least the type and one more. */
function fieldsEndExactly(bytes: Buffer): boolean {
  let offset = 0;
  let fields = 0;
  while (offset + 4 <= bytes.length) {
    offset += 4 + bytes.readUInt32BE(offset);
    fields += 1;
  }
  return offset === bytes.length && fields >= 2;
}
