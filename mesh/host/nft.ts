import { mergeParts, oneshot, type Part } from './part.ts';

/** From which Tailscale numbers its nodes. */
const TAILNET = { ipv4: '100.64.0.0/10', ipv6: 'fd7a:115c:a1e0::/48' };

const RULESET_PATH = '/etc/site-mesh/site.nft';

/**
 * Our own table. On subnet routers, `mss`: forward hook and `rt mtu` in both directions; a clamp in prerouting is refused by the kernel, one in a single direction
 * leaves the answers at the LAN's size, and transfers hang where ICMP is filtered (measured).
 * `no_bogons`: the overlays must not take a private address for an endpoint, or the tunnel runs inside itself; it has to be there before joining.
 * `nat_tailnet`: LAN hosts cannot answer addresses of nodes; site-to-site sources are tailscaled's business. Also where it masquerades those too: the
 * rules and tailscaled's settings change at different moments, and an up that was cut off between them would leave nobody to do it.
 * Rules stand on lines of their own (nft 1.0.6 refuses `drop; }`), and `table; delete table;` instead of `destroy table`, which it does not know.
 */
export function ruleset(router: boolean, ipv6: boolean): Part {
  const nat = router
    ? `
	chain nat_tailnet {
		type nat hook postrouting priority srcnat - 1; policy accept;
		iifname "tailscale0" oifname $LANIF ip saddr ${TAILNET.ipv4} counter masquerade
${ipv6 ? `\t\tiifname "tailscale0" oifname $LANIF ip6 saddr ${TAILNET.ipv6} counter masquerade\n` : ''}	}
`
    : '';
  const clamp = router
    ? `	chain mss {
		type filter hook forward priority mangle; policy accept;
		oifname "tailscale0" tcp flags syn / syn,rst counter tcp option maxseg size set rt mtu
		iifname "tailscale0" tcp flags syn / syn,rst counter tcp option maxseg size set rt mtu
	}
`
    : '';
  const what = router ? 'subnet router' : 'member';
  const content = `# site-mesh: ${what}. LANIF and PUBIF are resolved on the host.
include "/var/lib/site-mesh/interfaces.nft"

table inet mesh_site
delete table inet mesh_site
table inet mesh_site {
${clamp}${nat}
	chain no_bogons {
		type filter hook output priority filter; policy accept;
		oifname $PUBIF ip daddr { 10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16, ${TAILNET.ipv4} } udp sport { 41641, 9993 } counter drop
		oifname $PUBIF ip6 daddr fc00::/7 udp sport { 41641, 9993 } counter drop
	}
}
`;
  const unit = oneshot(
    'site-mesh-nft.service',
    `[Unit]
Description=site-mesh: guards of a ${what}
# nftables.service flushes every table when it starts or stops: ours comes back after it.
PartOf=nftables.service
After=nftables.service
Before=tailscaled.service

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStartPre=/usr/sbin/nft -c -f ${RULESET_PATH}
ExecStart=/usr/sbin/nft -f ${RULESET_PATH}
ExecReload=/usr/sbin/nft -f ${RULESET_PATH}
ExecStop=-/usr/sbin/nft delete table inet mesh_site

[Install]
WantedBy=multi-user.target
`,
    [RULESET_PATH],
    'reload',
  );
  return mergeParts([{ files: { [RULESET_PATH]: { content, mode: '0644' } } }, unit]);
}
