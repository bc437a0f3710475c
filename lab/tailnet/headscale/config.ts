import { join } from 'node:path';
import { stringify } from 'yaml';

export interface HeadscalePlace {
  /** Its own folder, absolute. */
  dir: string;
  /** Its address in the lab's internet. */
  address: string;
  /** MagicDNS suffix of the tailnet. */
  dnsName: string;
}

/** What a control server listens on. */
export const PORTS = { https: 443, stun: 3478, grpc: 50_443, metrics: 9090 } as const;

export const headscalePaths = (dir: string) => ({
  config: join(dir, 'config.yaml'),
  cert: join(dir, 'tls.crt'),
  key: join(dir, 'tls.key'),
  apiKey: join(dir, 'api.key'),
  database: join(dir, 'db.sqlite'),
  socket: join(dir, 'headscale.sock'),
  log: join(dir, 'headscale.log'),
  pid: join(dir, 'headscale.json'),
});

export type HeadscalePaths = ReturnType<typeof headscalePaths>;

/**
 * The control server's configuration. Health probes of subnet routers at their shortest, so that failover takes seconds and not the
 * fifteen of the service; batching at almost nothing, for the defaults (0.8 s) are the larger part of a lab's waiting.
 */
export function headscaleConfig({ dir, address, dnsName }: HeadscalePlace): string {
  const paths = headscalePaths(dir);
  return stringify({
    server_url: `https://${address}`,
    listen_addr: `${address}:${PORTS.https}`,
    metrics_listen_addr: `${address}:${PORTS.metrics}`,
    grpc_listen_addr: `${address}:${PORTS.grpc}`,
    grpc_allow_insecure: false,
    tls_cert_path: paths.cert,
    tls_key_path: paths.key,
    unix_socket: paths.socket,
    unix_socket_permission: '0700',
    noise: { private_key_path: join(dir, 'noise.key') },
    prefixes: { v4: '100.64.0.0/10', v6: 'fd7a:115c:a1e0::/48', allocation: 'sequential' },
    derp: {
      server: {
        enabled: true,
        region_id: 999,
        region_code: 'lab',
        region_name: 'lab',
        stun_listen_addr: `${address}:${PORTS.stun}`,
        private_key_path: join(dir, 'derp.key'),
        automatically_add_embedded_derp_region: true,
        ipv4: address,
      },
      urls: [],
      paths: [],
      auto_update_enabled: false,
    },
    disable_check_updates: true,
    ephemeral_node_inactivity_timeout: '30m',
    database: { type: 'sqlite', sqlite: { path: paths.database, write_ahead_log: true } },
    policy: { mode: 'database' },
    dns: { magic_dns: true, base_domain: dnsName, override_local_dns: false, nameservers: { global: [] } },
    node: { routes: { ha: { probe_interval: '2s', probe_timeout: '1s' } } },
    tuning: { batch_change_delay: '50ms', node_store_batch_timeout: '20ms' },
    logtail: { enabled: false },
    log: { level: 'info', format: 'json' },
  });
}
