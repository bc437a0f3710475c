/** Lines for a router that make it lose what would say "smaller, please", as careless firewalls do. */
export const LOSE_ICMP = `nft -f - <<'EOF'
table inet careless {
\tchain out {
\t\ttype filter hook output priority 0; policy accept;
\t\ticmp type destination-unreachable drop
\t\ticmpv6 type packet-too-big drop
\t}
}
EOF`;

/** Takes that back; fails where it is not. */
export const KEEP_ICMP = 'nft delete table inet careless';
