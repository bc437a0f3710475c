/** A new tailnet whose admin made an OAuth client: its tag has to have an owner first. */
export const PREPARED_POLICY = `// The policy of a new tailnet, and the tag of the deploying OAuth client.
{
	"tagOwners": {"tag:iac": ["autogroup:admin"]},

	"grants": [
		{"src": ["*"], "dst": ["*"], "ip": ["*"]},
	],
}
`;

/** What a new tailnet starts with, and what an empty body resets it to: everybody may reach everything. */
export const DEFAULT_POLICY = `// The policy of a new tailnet: every device may reach every other device on every port.
{
	"grants": [
		{"src": ["*"], "dst": ["*"], "ip": ["*"]},
	],

	"ssh": [
		// People may use Tailscale SSH on their own devices, after a check.
		{
			"action": "check",
			"src":    ["autogroup:member"],
			"dst":    ["autogroup:self"],
			"users":  ["autogroup:nonroot", "root"],
		},
	],
}
`;
