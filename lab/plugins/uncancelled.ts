/**
 * The signal that a stand-in's operations get instead of the engine's. The official plugins are bridged, and the bridge
 * answers Cancel without doing anything (pulumi-terraform-bridge, pkg/tfbridge/provider.go): after a Ctrl-C the calls
 * under way run to their end and are recorded. A stand-in that broke off would leave objects that no state knows.
 */
export const UNCANCELLED: AbortSignal = new AbortController().signal;
