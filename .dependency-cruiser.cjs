// The import rule of docs/architecture.md: who may import whom. A room that is not named in `to` is out of bounds.
const room = (name) => `^${name}/`;
const only = (from, to, comment) => ({
  name: `${from.replaceAll('/', '-')}-imports-only`,
  severity: 'error',
  comment,
  from: { path: room(from) },
  to: {
    pathNot: [room(from), ...to, '^node_modules/', '^[a-z_/:]+$'],
    dependencyTypesNot: ['core', 'npm', 'npm-dev', 'npm-optional', 'npm-peer'],
  },
});
const SDK = '^node_modules/@pulumi/';
module.exports = {
  forbidden: [
    { name: 'no-cycles', severity: 'error', from: {}, to: { circular: true } },
    { name: 'no-orphans', severity: 'error', from: { orphan: true, pathNot: ['\\.d\\.ts$', '(^|/)[^/]+\\.config\\.[jt]s$', '\\.cjs$'] }, to: {} },
    only('mesh', [], 'the domain is pure and imports itself only'),
    {
      name: 'mesh-is-pure',
      severity: 'error',
      comment: 'no Pulumi, no I/O in the domain; node:crypto (hashes) is the one core module it may use',
      from: { path: room('mesh') },
      to: { path: [SDK, '^node_modules/(ssh2|hono|@hono|@grpc|google-protobuf|commander|listr2)/', '^(node:)?(fs|net|http|https|child_process|os|dgram|tls|path|process)(/|$)'] },
    },
    only('mesh/config', [], 'config knows nobody'),
    only('mesh/access', [room('mesh/config')], 'config ← access'),
    only('mesh/overlays', [room('mesh/config'), room('mesh/access')], 'access ← overlays'),
    only('mesh/host', [], 'host owns its input type and knows nobody'),
    only('mesh/plan', [room('mesh/config'), room('mesh/access'), room('mesh/overlays'), room('mesh/host')], 'overlays ← plan, host ← plan'),
    only('components', [room('mesh'), '^provider/resources/'], 'components: mesh types, host render, SDKs, the provider’s resource classes'),
    only('provider', [room('mesh'), room('io')], 'provider: mesh, io'),
    only('io', [room('mesh')], 'io: mesh types'),
    only('policies', [room('mesh')], 'policies: mesh'),
    only('lab', ['^io/rpc/', room('engine')], 'the lab shares the wire format only; its policy interpreter is its own'),
    only('engine', [], 'engine knows nobody'),
    {
      name: 'program-imports-only',
      severity: 'error',
      from: { path: '^index\\.ts$' },
      to: { pathNot: [room('mesh'), room('components'), '^provider/resources/', '^node_modules/'], dependencyTypesNot: ['core', 'npm'] },
    },
    { name: 'nobody-imports-tests', severity: 'error', from: { pathNot: '^test/' }, to: { path: '^test/' } },
    { name: 'nobody-imports-cli', severity: 'error', from: { pathNot: ['^cli/', '^test/'] }, to: { path: '^cli/' } },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: ['^\\.lab/', '^node_modules/'] },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: { extensions: ['.ts', '.js', '.cjs', '.mjs', '.json'], exportsFields: ['exports'], conditionNames: ['import', 'node', 'default', 'types'] },
  },
};
