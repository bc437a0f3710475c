/**
 * Which tailnet it is, in words: two that read alike are the same one. A control server of somebody's own has one tailnet and
 * calls it what it likes, so there the server counts too.
 * @example 'acme-prod', 'acme at https://headscale.example.com'
 */
export const tailnetHome = ({ name, loginServer }: { name: string; loginServer?: string | undefined }): string =>
  loginServer === undefined ? name : `${name} at ${loginServer}`;
