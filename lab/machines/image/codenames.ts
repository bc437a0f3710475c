/** Distributions that hosts may run, as in their /etc/os-release: ID → VERSION_CODENAME. */
export const CODENAMES: Readonly<Record<string, readonly string[]>> = {
  debian: ['bookworm', 'trixie'],
  ubuntu: ['jammy', 'noble'],
};
