"""The site-mesh host tool: the host's side of docs/host-protocol.md."""
