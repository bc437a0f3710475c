/** The command line that runs a program as root inside a machine, given the pid of its init. */
export function enterArguments(pid: number, command: readonly string[]): string[] {
  // --wd: a folder of ours is none of the machine's. env -i: nor are our variables.
  return [
    ...[
      'nsenter',
      `--target=${pid}`,
      '--mount',
      '--uts',
      '--ipc',
      '--net',
      '--pid',
      '--cgroup',
      '--root',
      '--wd=/root',
    ],
    ...['env', '-i', 'HOME=/root', 'LANG=C.UTF-8', `TERM=${process.env.TERM ?? 'dumb'}`],
    'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
    ...command,
  ];
}
