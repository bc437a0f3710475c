/** The sections that permit traffic: `grants`, and `acls` as older policies write them. */
import type { Json } from './hujson.ts';
import { readList, readObject, readStrings, type Faults } from './fields.ts';
import { DEFAULT_PROTOCOLS, parseGrantPorts, parsePortRange, protocolNumbers } from './ports.ts';
import { mayUseSelf, parseSelector, type Names, type Side } from './selectors.ts';
import type { Ports, Rule, Selector } from './types.ts';

export function readSelectors(
  value: Json | undefined,
  path: string,
  side: Side,
  names: Names,
  faults: Faults,
): Selector[] {
  return readStrings(value, path, faults).flatMap((entry) => {
    const selector = parseSelector(entry.text, side, names);
    if (typeof selector !== 'string') return [selector];
    faults.add(entry.path, selector.includes(' not found') && side !== 'owner' ? `${side}=${selector}` : selector);
    return [];
  });
}

const isAutogroup = (selector: Selector, name: string): boolean =>
  selector.kind === 'autogroup' && selector.name === name;

/** The service takes "*" as a source here from `acls`, not from `grants`. */
function checkSelf(rule: Rule, anyToo: boolean, faults: Faults): void {
  const self = rule.dst.some((dst) => isAutogroup(dst.selector, 'self'));
  if (self && !rule.src.every((src) => mayUseSelf(src) || (anyToo && src.kind === 'any')))
    faults.add(rule.where, 'autogroup:self can only be used with users, groups, or supported autogroups');
}

const GRANT_FIELDS = ['src', 'dst', 'ip', 'app', 'via', 'srcPosture'];

export function readGrants(value: Json | undefined, names: Names, faults: Faults): Rule[] {
  return readList(value, 'grants', faults).map((entry, index) => {
    const where = `grants[${index}]`;
    const grant = readObject(entry, where, GRANT_FIELDS, faults);
    if (grant.srcPosture !== undefined)
      faults.add(`${where}.srcPosture`, 'the service knows srcPosture, this lab does not judge it: leave it out here');
    const src = readSelectors(grant.src, `${where}.src`, 'src', names, faults);
    const dst = readSelectors(grant.dst, `${where}.dst`, 'dst', names, faults);
    const ports = readStrings(grant.ip, `${where}.ip`, faults).flatMap((item): Ports[] => {
      const parsed = parseGrantPorts(item.text);
      if (typeof parsed !== 'string') return [parsed];
      faults.add(item.path, parsed);
      return [];
    });
    const app = grant.app === undefined ? {} : readObject(grant.app, `${where}.app`, undefined, faults);
    if (Object.keys(app).length === 0 && readList(grant.ip, '', faults).length === 0)
      faults.add(where, 'ip and app can not both be empty');
    for (const name of Object.keys(app)) checkCapability(name, `${where}.app`, faults);
    if (Object.keys(app).length > 0 && dst.some((selector) => isAutogroup(selector, 'internet')))
      faults.add(`${where}.app`, 'cannot use app grants with autogroup:internet');
    for (const via of readStrings(grant.via, `${where}.via`, faults)) {
      if (!via.text.startsWith('tag:')) faults.add(via.path, 'via can only be a tag');
      else if (!names.tags.has(via.text)) faults.add(via.path, `tag ${JSON.stringify(via.text)} not found`);
    }
    const rule: Rule = { where, src, dst: dst.map((selector) => ({ selector, ports })) };
    checkSelf(rule, false, faults);
    return rule;
  });
}

/** Capabilities of Tailscale's own domain that a policy may hand out. */
const OWN_CAPABILITIES = ['drive', 'kubernetes', 'relay', 'secrets', 'webui', 'golink', 'tsidp'];

function checkCapability(name: string, path: string, faults: Faults): void {
  if (!/^[a-z0-9.-]+\.[a-z]+\/\S+$/i.test(name)) {
    faults.add(path, 'capability name must have the form {domain}/{path}');
  } else if (name.startsWith('tailscale.com/') && !OWN_CAPABILITIES.includes(name.replace('tailscale.com/cap/', ''))) {
    faults.add(path, 'capability name must not be in the tailscale.com domain');
  }
}

const ACL_FIELDS = ['action', 'proto', 'src', 'dst'];

export function readAcls(value: Json | undefined, names: Names, faults: Faults): Rule[] {
  return readList(value, 'acls', faults).map((entry, index) => {
    const where = `acls[${index}]`;
    const acl = readObject(entry, where, ACL_FIELDS, faults);
    if (acl.action !== 'accept')
      faults.add(`${where}.action`, `action=${JSON.stringify(acl.action ?? '')} is not supported`);
    const proto =
      typeof acl.proto === 'string'
        ? protocolNumbers(acl.proto)
        : acl.proto === undefined
          ? [...DEFAULT_PROTOCOLS]
          : undefined;
    if (proto === undefined) faults.add(`${where}.proto`, `unknown protocol ${JSON.stringify(acl.proto)}`);
    const src = readSelectors(acl.src, `${where}.src`, 'src', names, faults);
    const dst = readStrings(acl.dst, `${where}.dst`, faults).flatMap((item) => {
      const [host, ranges] = splitPort(item.text);
      const ports = ranges.split(',').flatMap((range): Ports[] => {
        const parsed = parsePortRange(range);
        if (typeof parsed !== 'string') return [{ protocols: proto ?? [], ...parsed }];
        faults.add(item.path, `dst=${JSON.stringify(item.text)}: ${parsed}`);
        return [];
      });
      const selector = parseSelector(host, 'dst', names);
      if (typeof selector !== 'string') return [{ selector, ports }];
      faults.add(item.path, `dst=${JSON.stringify(host)}: ${selector}`);
      return [];
    });
    const rule: Rule = { where, src, dst };
    checkSelf(rule, true, faults);
    return rule;
  });
}

/** `host:port` at its last colon; brackets around an IPv6 address are dropped. */
export function splitPort(text: string): [host: string, port: string] {
  const colon = text.lastIndexOf(':');
  const host = colon < 0 ? text : text.slice(0, colon);
  return [/^\[.*\]$/.test(host) ? host.slice(1, -1) : host, colon < 0 ? '' : text.slice(colon + 1)];
}
