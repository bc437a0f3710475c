// The library's container of parts wants it before anything else.
import 'reflect-metadata';
import * as x509 from '@peculiar/x509';
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { createPrivateKey, randomBytes, webcrypto } from 'node:crypto';
import { join } from 'node:path';

/** A server's certificate (PEM, the authority's behind it) and its private key (PEM, PKCS #8). */
export interface TlsIdentity {
  cert: string;
  key: string;
}

export interface LabAuthority {
  /** What clients have to trust. */
  caPem: string;
  /** A certificate for a server that goes by these names and addresses; a new key each time. */
  issue(server: { names?: readonly string[]; ips?: readonly string[] }): Promise<TlsIdentity>;
}

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;
const DAY_MS = 86_400_000;
/** Servers get a new certificate with every start of the lab; Go and Apple refuse more than 398 days. */
const SERVER_DAYS = 397;
const AUTHORITY_DAYS = 3650;

/**
 * The certificate authority of a lab directory, made at the first call. Key and certificate are in one file that only its owner
 * reads; two calls at once end up with the same one.
 */
export async function labAuthority(dir: string): Promise<LabAuthority> {
  const path = join(dir, 'authority.pem');
  if (!existsSync(path)) {
    mkdirSync(dir, { recursive: true, mode: 0o700 });
    const draft = `${path}.${process.pid}.${randomBytes(4).toString('hex')}`;
    writeFileSync(draft, await newAuthority(), { mode: 0o600 });
    // The later of two replaces the earlier before either has been read.
    renameSync(draft, path);
  }
  const text = readFileSync(path, 'utf8');
  const [caPem] = /-----BEGIN CERTIFICATE-----[^]+?-----END CERTIFICATE-----\n?/.exec(text) ?? [];
  const [keyPem] = /-----BEGIN PRIVATE KEY-----[^]+?-----END PRIVATE KEY-----\n?/.exec(text) ?? [];
  if (caPem === undefined || keyPem === undefined)
    throw new Error(`${path} holds no certificate and key; remove it, and the lab makes new ones`);
  const authority = new x509.X509Certificate(caPem);
  const signingKey = await importKey(keyPem);
  return {
    caPem,
    issue: async ({ names = [], ips = [] }) => {
      const keys = await newKeys();
      const alternatives = [
        ...names.map((value) => ({ type: 'dns' as const, value })),
        ...ips.map((value) => ({ type: 'ip' as const, value })),
      ];
      const certificate = await x509.X509CertificateGenerator.create({
        serialNumber: serial(),
        subject: `CN=${names[0] ?? ips[0] ?? 'lab'}`,
        issuer: authority.subject,
        ...validity(SERVER_DAYS),
        signingAlgorithm: ALGORITHM,
        publicKey: keys.publicKey,
        signingKey,
        extensions: [
          new x509.BasicConstraintsExtension(false, undefined, true),
          new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
          new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
          new x509.SubjectAlternativeNameExtension(alternatives),
        ],
      });
      return { cert: `${certificate.toString('pem')}\n${caPem}`, key: await exportKey(keys.privateKey) };
    },
  };
}

async function newAuthority(): Promise<string> {
  const keys = await newKeys();
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: serial(),
    name: `CN=site-mesh lab ${randomBytes(3).toString('hex')}`,
    ...validity(AUTHORITY_DAYS),
    signingAlgorithm: ALGORITHM,
    keys,
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
    ],
  });
  return `${certificate.toString('pem')}\n${await exportKey(keys.privateKey)}`;
}

/** A day ago: clocks of machines may be behind. */
function validity(days: number): { notBefore: Date; notAfter: Date } {
  const now = Date.now();
  return { notBefore: new Date(now - DAY_MS), notAfter: new Date(now + (days - 1) * DAY_MS) };
}

/** Positive, as the standard wants it. */
const serial = (): string => `4${randomBytes(15).toString('hex').slice(1)}`;

const newKeys = (): Promise<webcrypto.CryptoKeyPair> =>
  webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']);

async function exportKey(key: webcrypto.CryptoKey): Promise<string> {
  const der = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', key));
  return createPrivateKey({ key: der, format: 'der', type: 'pkcs8' })
    .export({ format: 'pem', type: 'pkcs8' })
    .toString();
}

function importKey(pem: string): Promise<webcrypto.CryptoKey> {
  const der = createPrivateKey(pem).export({ format: 'der', type: 'pkcs8' });
  return webcrypto.subtle.importKey('pkcs8', new Uint8Array(der), ALGORITHM, false, ['sign']);
}
