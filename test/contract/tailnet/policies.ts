import { POLICY } from './bench.ts';

/** POLICY with another section. */
export const having = (section: string): string => POLICY.replace('"grants"', `${section}"grants"`);
/** POLICY with another grant. */
export const granting = (src: string, dst: string, ip = 'tcp:22'): string =>
  POLICY.replace('// On call.', `{"src": ["${src}"], "dst": ["${dst}"], "ip": ["${ip}"]},`);

const approvedBy = (whom: string): string =>
  POLICY.replace('{"10.77.10.0/24": ["tag:router"]}', `{"10.77.10.0/24": ["${whom}"]}`);
const ssh = (rule: string): string => having(`"ssh": [{${rule}}],`);
const owned = (by: string): string => POLICY.replace('"tag:foreign": ["group:sre"]', `"tag:foreign": ${by}`);

/** What a policy may have, wherever it is kept. */
export const taken: Record<string, string> = {
  'rules of the older form': having(
    '"acls": [{"action": "accept", "proto": "udp", "src": ["*"], "dst": ["fra-db-01:53,1000-2000"]}],',
  ),
  'a grant by way of a router': POLICY.replace('"ip": ["tcp:5432"]', '"ip": ["*"], "via": ["tag:router"]'),
  'a capability of an application': POLICY.replace('"ip": ["tcp:22"]', '"app": {"example.com/cap/x": [{}]}'),
  'ping, ranges and protocols by number': granting('laptop', 'tag:router', 'icmp:*", "tcp:1-100", "443", "47:*'),
  'people of any provider': granting('heidi@github', 'tag:router'),
  'people as a destination': granting('laptop', 'heidi@example.com'),
  'own devices as a destination': granting('autogroup:member', 'autogroup:self'),
  'the internet as a destination': granting('group:sre', 'autogroup:internet'),
  'members and tagged devices': granting('autogroup:member", "autogroup:tagged', 'autogroup:tagged'),
  'everybody anywhere as a source': granting('autogroup:danger-all', 'tag:router'),
  'an IPv6 host': POLICY.replace('100.100.1.1', 'fd7a:115c:a1e0::1'),
  'an empty group': POLICY.replace('"group:sre"', '"group:none": [], "group:sre"'),
  'tags that roles own': owned('["autogroup:network-admin", "autogroup:member"]'),
  'tags that nobody owns, or they themselves': owned('[], "tag:own": ["tag:own"]'),
  'routes and exit nodes that people approve': approvedBy('grace@example.com').replace(
    '"routes"',
    '"exitNode": ["group:sre"], "routes"',
  ),
  'ssh with a check to own devices': ssh(
    '"action": "check", "checkPeriod": "12h", "src": ["autogroup:member"], "dst": ["autogroup:self"], "users": ["root"]',
  ),
  'ssh from tag to tag': ssh(
    '"action": "accept", "src": ["tag:iac"], "dst": ["tag:router"], "users": ["ops"], "acceptEnv": ["GIT_*"]',
  ),
  'attributes of nodes': having(
    '"randomizeClientPort": true, "nodeAttrs": [{"target": ["*"], "attr": ["magicdns-aaaa"]}],',
  ),
  'nothing in it': '{}',
};

/** What the service takes and headscale does not know. */
export const ofTheService: Record<string, string> = {
  'a role of people as a source': granting('autogroup:admin', 'tag:router'),
  'a role of people as a destination': granting('laptop', 'autogroup:admin'),
  'guests as a source': granting('autogroup:shared', 'tag:router'),
  'a role of people that approves routes': approvedBy('autogroup:admin'),
  'ssh of a role of people': ssh(
    '"action": "accept", "src": ["autogroup:admin"], "dst": ["tag:router"], "users": ["ops"]',
  ),
  funnel: having('"nodeAttrs": [{"target": ["tag:router"], "attr": ["funnel"]}],'),
  'no IPv4': having('"disableIPv4": true,'),
  'one route for all nodes': having('"OneCGNATRoute": "mac-always",'),
};
