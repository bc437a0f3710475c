import type { HostRecord } from './types.ts';

const PUT_AWAY = ['/etc/ssh/ssh_host_ecdsa_key', '/etc/ssh/ssh_host_ecdsa_key.pub'];

/**
 * Ends the offering of the host key that came by user_data; answers its kind, or nothing. Only under a confirmed release:
 * before that nobody has recorded the ed25519 key, and the host could not be verified any more.
 */
export function retireBootstrapKey(host: HostRecord): string[] {
  // On a machine that was there before us every key is its owner's, whatever its user_data says.
  if (host.retired || !host.bootstrapKey || host.existing === true || host.confirmed === null) return [];
  if (host.hostKeys.ecdsa === undefined || host.hostKeys.ed25519 === undefined) return [];
  host.retired = true;
  return ['ecdsa'];
}

/** Undoes it; answers the paths that are back. */
export function bringBackBootstrapKey(host: HostRecord): string[] {
  const back = host.retired ? PUT_AWAY : [];
  host.retired = false;
  return back;
}
