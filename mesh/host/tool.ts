/**
 * The lines of docs/host-protocol.md: everything that is ever sent to a host. Pure text; `io/ssh/host-tool.ts` sends it.
 */

/** The host tool that a host must have, and who asks: every line carries both. */
export interface ToolLine {
  /** sha256 of the tool's source, 64 hex digits. */
  sha256: string;
  /** SSH login; any but root needs sudo. */
  login: string;
}

/**
 * Installs the tool from standard input when its sha256 is the one asked for. Python because every image that
 * cloud-init runs on has it; one line without single quotes because it travels inside `-c '…'`. Written beside its
 * place and renamed, so that a connection that breaks half way leaves no half tool.
 */
export const LOADER = [
  'import hashlib,json,os,sys',
  'os.umask(0o022)',
  'data=sys.stdin.buffer.read()',
  'want=sys.argv[2]',
  'have=hashlib.sha256(data).hexdigest()',
  'have==want or (print(json.dumps({"error":{"code":"check-failed","message":"the tool changed on the way: sha256 "+have+" arrived","checks":[]}})),sys.exit(3))',
  'folder="/usr/local/lib/site-mesh/tool-"+want[:16]',
  'os.makedirs(folder,exist_ok=True)',
  'part=folder+"/.part-"+str(os.getpid())',
  'out=open(part,"wb")',
  'out.write(data)',
  'out.flush()',
  'os.fsync(out.fileno())',
  'out.close()',
  'os.chmod(part,0o755)',
  'os.replace(part,folder+"/mesh-host")',
  'print(json.dumps({"installed":folder+"/mesh-host"}))',
].join(';');

const HASH = /^[0-9a-f]{64}$/;

/** Where a host keeps the tool with this sha256: another tool never answers for it. @throws RangeError unless 64 hex digits. */
export function toolPath(sha256: string): string {
  return `/usr/local/lib/site-mesh/tool-${hex(sha256).slice(0, 16)}/mesh-host`;
}

/** One function per row of the protocol's table. Hashes, seconds and addresses are checked, so no line can carry shell text. */
export const lines = {
  install: (tool: ToolLine): string => `${sudo(tool)}/usr/bin/python3 -I -c '${LOADER}' install ${hex(tool.sha256)}`,
  facts: (tool: ToolLine): string => line(tool, 'facts'),
  preflight: (tool: ToolLine): string => line(tool, 'apply preflight'),
  stage: (tool: ToolLine): string => line(tool, 'apply stage'),
  activate: (tool: ToolLine, hash: string, revertSeconds: number): string =>
    line(tool, `apply activate ${hex(hash)} ${whole(revertSeconds)}`),
  confirm: (tool: ToolLine, hash: string): string => line(tool, `apply confirm ${hex(hash)}`),
  status: (tool: ToolLine): string => line(tool, 'apply status'),
  restore: (tool: ToolLine): string => line(tool, 'apply restore'),
  nodeJoin: (tool: ToolLine): string => line(tool, 'node join'),
  nodeStatus: (tool: ToolLine): string => line(tool, 'node status'),
  nodeLeave: (tool: ToolLine): string => line(tool, 'node leave'),
  nodePeers: (tool: ToolLine): string => line(tool, 'node peers'),
  routeAdvertise: (tool: ToolLine): string => line(tool, 'route advertise'),
  routeDrain: (tool: ToolLine): string => line(tool, 'route drain'),
  routeStatus: (tool: ToolLine): string => line(tool, 'route status'),
  agentStatus: (tool: ToolLine): string => line(tool, 'agent status'),
  pathMtu: (tool: ToolLine, address: string): string => line(tool, `path mtu ${ip(address)}`),
} as const;

function line(tool: ToolLine, words: string): string {
  return `${sudo(tool)}${toolPath(tool.sha256)} ${words}`;
}

function sudo(tool: ToolLine): string {
  return tool.login === 'root' ? '' : 'sudo -n ';
}

function hex(value: string): string {
  if (!HASH.test(value)) throw new RangeError(`not a sha256 in hex: ${JSON.stringify(value)}`);
  return value;
}

function ip(address: string): string {
  if (!/^[0-9a-f.:]{2,45}$/.test(address)) throw new RangeError(`not an IP address: ${JSON.stringify(address)}`);
  return address;
}

function whole(seconds: number): string {
  if (!Number.isInteger(seconds) || seconds <= 0) throw new RangeError(`not a whole number of seconds: ${seconds}`);
  return String(seconds);
}
