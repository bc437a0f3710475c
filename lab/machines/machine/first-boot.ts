import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const PROGRAM = '/usr/local/lib/lab-first-boot';

/** Files that make a machine of an image, by path: content and mode. */
export const FIRST_BOOT: Readonly<Record<string, { content: string; mode: number }>> = {
  [PROGRAM]: { content: readFileSync(join(import.meta.dirname, 'first_boot.py'), 'utf8'), mode: 0o755 },
  '/etc/systemd/system/lab-first-boot.service': {
    content: `[Unit]
Description=what a cloud's image does with user_data at the first boot
DefaultDependencies=no
After=local-fs.target
Before=ssh.service multi-user.target

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/usr/bin/python3 -I ${PROGRAM}
`,
    mode: 0o644,
  },
  '/etc/systemd/system/multi-user.target.d/lab-first-boot.conf': {
    content: '[Unit]\nWants=lab-first-boot.service\n',
    mode: 0o644,
  },
};
