import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import type { Inside } from '../../../lab/machines/inside/index.ts';
import { toolsOn } from './victims.ts';

/** What traffic from the app's machine must reach. */
export const DATABASE = { from: 'sin-app-01', host: 'fra-db-01', address: '10.78.10.10', port: 5432 };
export const HOSTS = ['fra-edge-01', 'fra-edge-02', 'fra-db-01', 'sin-app-01'] as const;
export type Host = (typeof HOSTS)[number];

const MEMBERS: readonly string[] = ['fra-edge-01', 'fra-edge-02', 'sin-app-01'];
const REVERT = 'site-mesh-revert.service';
/** A machine that lost its power boots and finds its tailnet again. */
const PATIENCE_MS = 40_000;
const PAUSE_MS = 200;
/** Reads the banner of the machine's own sshd. */
const BANNER = `import socket
with socket.create_connection(("127.0.0.1", 22), 5) as s: print(s.recv(64).decode())`;

const status = z.object({
  active: z.string().nullable(),
  confirmed: z.string().nullable(),
  pendingRevert: z.boolean(),
  live: z.string().nullable(),
  drift: z.array(z.string()),
});
export type Status = z.output<typeof status>;

/** What the tool says of its release, once no line is at work there any more. */
export async function releaseOf(inside: Inside, host: string): Promise<Status> {
  for (const deadline = Date.now() + PATIENCE_MS; ;) {
    const busy = toolsOn(await inside.pid(host));
    if (busy.length === 0) return status.parse(await inside.tool(host, 'apply', 'status'));
    if (Date.now() > deadline) throw new Error(`${host}: still at work on ${busy.map(({ line }) => line).join(', ')}`);
    await sleep(PAUSE_MS);
  }
}

/** The time for a confirmation is over: what the timer starts then is started, as systemd starts it. */
export async function letTimePass(inside: Inside, host: string): Promise<void> {
  await inside.must(host, 'systemctl', 'start', REVERT);
}

/** What is wrong with a machine as its users see it; waits a while for the better. */
export async function unusable(inside: Inside, host: string): Promise<string[]> {
  return patiently(async () => {
    const faults: string[] = [];
    const ask = async (...command: string[]): Promise<string> => {
      const { code, stdout, stderr } = await inside.run(host, command);
      return code === 0 ? stdout : `(exit ${code}) ${stderr.trim()}`;
    };
    const banner = await ask('python3', '-c', BANNER);
    if (!banner.startsWith('SSH-2.0')) faults.push(`${host}: sshd does not answer: ${banner}`);
    if (MEMBERS.includes(host)) {
      const daemon = await ask('systemctl', 'is-active', 'tailscaled');
      if (daemon.trim() !== 'active') faults.push(`${host}: tailscaled is ${daemon}`);
      const table = await ask('nft', 'list', 'table', 'inet', 'mesh_site');
      if (!table.includes('no_bogons')) faults.push(`${host}: the table inet mesh_site is not there: ${table}`);
    }
    return faults;
  });
}

/** Does the application reach its database? Waits a while for it. */
export async function noTraffic(inside: Inside): Promise<string[]> {
  return patiently(async () => {
    const { from, address, port } = DATABASE;
    const { ok, error } = await inside.fetch(from, address, port);
    return ok ? [] : [`${from} does not reach ${address}:${port}: ${error ?? 'no answer'}`];
  });
}

/** What a run that was cut off has left on a machine, although another one ended well since and brought the release `wanted`. */
export async function leftOn(inside: Inside, host: string, wanted: string | null): Promise<string[]> {
  const { active, confirmed, pendingRevert, live, drift } = await releaseOf(inside, host);
  const found = await inside.shell(
    host,
    `ls -d /etc/systemd/system/site-mesh-revert.* 2> /dev/null || true
    find /etc /var/lib/site-mesh /usr/local/lib/site-mesh -name '*.site-mesh-part' -o -name '*.tmp' -path '*/releases/*'
    systemctl list-units --failed --no-legend --plain 'site-mesh*' tailscaled.service ssh.service`,
  );
  return [
    ...([active, confirmed, live].every((hash) => hash === wanted)
      ? []
      : [`${host}: active ${active}, confirmed ${confirmed}, live ${live}; wanted ${wanted}`]),
    ...(pendingRevert ? [`${host}: a revert is pending`] : []),
    ...drift.map((what) => `${host}: ${what} differs`),
    ...found
      .split('\n')
      .filter(Boolean)
      .map((line) => `${host}: left: ${line}`),
  ];
}

async function patiently(look: () => Promise<string[]>): Promise<string[]> {
  for (const deadline = Date.now() + PATIENCE_MS; ;) {
    const faults = await look().catch((error: unknown) => [error instanceof Error ? error.message : String(error)]);
    if (faults.length === 0 || Date.now() > deadline) return faults;
    await sleep(PAUSE_MS);
  }
}
