/** Pinned and held on every router; an upgrade restarts tailscaled, so it goes through a release, one router at a time. */
export const TAILSCALE_VERSION = '1.102.3';
