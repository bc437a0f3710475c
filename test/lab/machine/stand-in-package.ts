import { createHash } from 'node:crypto';
import type { Rig } from './rig.ts';

const REPOSITORY = '/srv/stand-ins';
const UNIT = '[Service]\nExecStart=/bin/sleep infinity\n[Install]\nWantedBy=multi-user.target\n';
const TAILSCALE = '#!/bin/sh\n[ "$1" = status ] && echo \'{"BackendState": "NeedsLogin"}\'\n';
const POSTINST =
  '#!/bin/sh\ndeb-systemd-helper enable tailscaled.service\ndeb-systemd-invoke start tailscaled.service\n';
const PRERM = '#!/bin/sh\ndeb-systemd-invoke stop tailscaled.service\n';
const POSTRM = '#!/bin/sh\n[ "$1" != purge ] || deb-systemd-helper purge tailscaled.service\n';

/** A package as it lies in a repository: its paragraph of the index, and the file. */
export interface StandIn {
  paragraph: string;
  name: string;
  data: Buffer;
}

/**
 * A package with the name, the unit and the logged-out answer of tailscale's, built on a machine: what is looked at is what
 * apt, dpkg and systemd really do with a release's packages, not what is inside.
 */
export async function buildStandIn(rig: Rig, id: string, version: string): Promise<StandIn> {
  const control = `Package: tailscale\nVersion: ${version}\nArchitecture: all\nMaintainer: nobody <nobody@example.com>\nDescription: stand-in\n`;
  const files: Record<string, [content: string, mode: string]> = {
    'DEBIAN/control': [control, '644'],
    'DEBIAN/postinst': [POSTINST, '755'],
    'DEBIAN/prerm': [PRERM, '755'],
    'DEBIAN/postrm': [POSTRM, '755'],
    'usr/bin/tailscale': [TAILSCALE, '755'],
    'usr/lib/systemd/system/tailscaled.service': [UNIT, '644'],
  };
  const writes = Object.entries(files).map(
    ([path, [content, mode]]) =>
      `mkdir -p "$(dirname ${path})"; echo ${Buffer.from(content).toString('base64')} | base64 -d > ${path}; chmod ${mode} ${path}`,
  );
  const build = 'dpkg-deb --build --root-owner-group . ../p.deb > /dev/null; base64 -w0 ../p.deb';
  const script = [`mkdir -p /tmp/${version}/p`, `cd /tmp/${version}/p`, ...writes, build].join('\n');
  const data = Buffer.from(await rig.shell(id, script), 'base64');
  const name = `tailscale_${version}_all.deb`;
  const sha256 = createHash('sha256').update(data).digest('hex');
  return { paragraph: `${control}Filename: ./${name}\nSize: ${data.length}\nSHA256: ${sha256}\n`, name, data };
}

/** Lets a machine's apt find them, as it finds a vendor's. */
export async function offerStandIns(rig: Rig, id: string, packages: readonly StandIn[]): Promise<void> {
  const index = packages.map(({ paragraph }) => paragraph).join('\n');
  const put = (path: string, data: string | Buffer): string =>
    `echo ${Buffer.from(data).toString('base64')} | base64 -d > ${path}`;
  const lines = [
    `mkdir -p ${REPOSITORY}`,
    put(`${REPOSITORY}/Packages`, index),
    ...packages.map(({ name, data }) => put(`${REPOSITORY}/${name}`, data)),
    put('/etc/apt/sources.list.d/stand-ins.list', `deb [trusted=yes] file:${REPOSITORY} ./\n`),
  ];
  await rig.shell(id, lines.join('\n'));
}
