/** The command line that runs a program as root inside a machine, given the pid of its init. */
export function enterArguments(pid: number, command: readonly string[]): string[] {
  const spaces = ['--mount', '--uts', '--ipc', '--net', '--pid', '--cgroup', '--root'];
  return [
    // --wd without a folder: that of init. With one, nsenter looks it up here and not in the machine.
    ...['nsenter', `--target=${pid}`, ...spaces, '--wd'],
    // Our variables are none of the machine's.
    ...['env', '--ignore-environment', '--chdir=/root', 'HOME=/root', 'LANG=C.UTF-8'],
    `TERM=${process.env.TERM ?? 'dumb'}`,
    'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
    ...command,
  ];
}
