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
    content,
  );
  if (code !== 0) throw new Error(`${host}: ${stderr}`);
  return async () => {
    await inside.shell(host, `rm ${folder}/${NAME}; systemctl daemon-reload`);
  };
}

/** A script that a unit runs at each reload beside its own; the second time undoes what the first did. */
export const atReload = (unit: string, first: string, second: string): string =>
  `ExecReload=/bin/sh -c 'if [ -e /run/${unit}-planted ]; then rm /run/${unit}-planted; ${second}; else touch /run/${unit}-planted; ${first}; fi'`;
