import { publicLine } from '../../../lab/sshd/keys.ts';
import type { Disk, HostRecord } from '../../../lab/sshd/types.ts';
import { hostProtocolContract, type HostTransport } from '../../contract/host-protocol.ts';
import { login, server, startLab } from './sshd-fixtures.ts';

/** The lab's sshd as one host after another: a reset is a new server at the same address. */
async function labTransport(): Promise<HostTransport> {
  const lab = await startLab([]);
  const hosts = lab.store.collection<HostRecord>('hosts');
  const disks = lab.store.collection<Disk>('host-disks');
  let id = '';
  let count = 0;
  let keys = 0;
  const disk = (): Disk => disks.get(id) ?? { files: {}, units: {}, packages: {}, originals: {} };
  /** The key that the host offers now: whoever deploys has recorded the same. */
  const hostKey = (): string => {
    const host = hosts.get(id);
    return publicLine(host?.retired ? host.hostKeys.ed25519 : host?.hostKeys.ecdsa) ?? '';
  };
  return {
    login: 'ops',
    tailnet: 'acme',
    lan: '10.77.10.2',
    lanPrefix: '10.77.10.0/24',
    async reset() {
      count += 1;
      id = `hetzner-${count}`;
      lab.servers[0] = server({ id });
      (await login(lab)).close();
      lab.pass(300);
    },
    async connect() {
      const connection = await login(lab, { hostKey: hostKey() });
      return {
        async exec(line, stdin) {
          const answer = await connection.exec(line, stdin === undefined ? '' : Buffer.from(stdin));
          return { ...answer, code: answer.code ?? -1 };
        },
        close: () => {
          connection.close();
          return Promise.resolve();
        },
      };
    },
    mintKey: () => {
      keys += 1;
      return Promise.resolve(`key-${keys}`);
    },
    pass: (seconds) => {
      lab.pass(seconds * 1000);
      return Promise.resolve();
    },
    readFile: (path) => Promise.resolve(disk().files[path]?.content),
    writeFile: (path, content) => {
      const now = disk();
      const mode = now.files[path]?.mode ?? '0644';
      disks.put(id, { ...now, files: { ...now.files, [path]: { content, mode } } });
      return Promise.resolve();
    },
    foreign: (names) => {
      const host = hosts.get(id);
      if (host) hosts.put(id, { ...host, present: names });
      return Promise.resolve();
    },
    close: () => lab.sshd.close(),
  };
}

// A host of the lab runs no nft, systemd-analyze or sshd, and its lines end within one turn, so that none finds it busy.
hostProtocolContract('the lab’s sshd', labTransport, {
  checks: false,
  busy: false,
  files: true,
  foreign: true,
  tailnet: true,
  neighbour: undefined,
});
