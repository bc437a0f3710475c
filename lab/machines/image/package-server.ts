import { createAdaptorServer } from '@hono/node-server';
import { serveStatic } from '@hono/node-server/serve-static';
import { Hono } from 'hono';
import { once } from 'node:events';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import type { TlsIdentity } from '../../tls.ts';
import { KEY_FILE } from './apt-index.ts';
import { CODENAMES } from './codenames.ts';

export interface PackageServer {
  port: number;
  close(): Promise<void>;
}

/**
 * Serves a repository on loopback by HTTPS, at the vendor's paths: /ID/CODENAME.noarmor.gpg, /ID/dists/CODENAME/…,
 * /ID/pool/…, where ID and CODENAME are of one distribution.
 * @param port 0: any free one
 */
export async function servePackages(options: {
  repository: { dir: string };
  tls: TlsIdentity;
  port: number;
}): Promise<PackageServer> {
  const { repository, tls, port } = options;
  const app = new Hono();
  for (const [id, codenames] of Object.entries(CODENAMES)) {
    const below = serveStatic({ root: repository.dir, rewriteRequestPath: (path) => path.slice(id.length + 1) });
    app.use(`/${id}/pool/*`, below);
    for (const codename of codenames) {
      app.use(`/${id}/dists/${codename}/*`, below);
      app.use(`/${id}/${codename}.noarmor.gpg`, serveStatic({ path: join(repository.dir, KEY_FILE) }));
    }
  }
  const server = createAdaptorServer({
    fetch: app.fetch,
    createServer,
    serverOptions: { cert: tls.cert, key: tls.key },
  }) as Server;
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
