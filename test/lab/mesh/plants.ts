import type { Inside } from '../../../lab/machines/inside/index.ts';

const NAME = 'zz-planted.conf';

/**
 * A drop-in of somebody else that makes a unit of ours do something bad. Answers how to take it away.
 * @param section lines of `[Service]`
 */
export async function plant(inside: Inside, host: string, unit: string, section: string): Promise<() => Promise<void>> {
  const folder = `/etc/systemd/system/${unit}.d`;
  const content = `[Service]\n${section}\n`;
  const { code, stderr } = await inside.run(
    host,
    ['sh', '-euc', `mkdir -p ${folder}; cat > ${folder}/${NAME}; systemctl daemon-reload`],
    { stdin: content },
  );
  if (code !== 0) throw new Error(`${host}: ${stderr}`);
  return async () => {
    await inside.shell(host, `rm -f ${folder}/${NAME}; systemctl daemon-reload`);
  };
}

/**
 * Lines that let a unit do something as root before it starts, wherever a file has a certain text, and undo it before it starts without it.
 * @param when words of a condition
 */
export const beforeStart = (when: string, does: string, undoes = 'true'): string =>
  `ExecStartPre=+/bin/sh -c 'if ${when}; then ${does}; else ${undoes}; fi'`;
