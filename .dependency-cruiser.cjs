// The import rule of docs/architecture.md: who may import whom. A room that is not named in `to` is out of bounds.
// test/unit/structure/import-rule.test.ts plants one violation of each rule.
const room = (name) => `^${name}/`;
const FROM_NPM = '(^|/)node_modules/';
const only = (from, to, comment) => ({
  name: `${from.replaceAll('/', '-')}-imports-only`,
  severity: 'error',
  comment,
  from: { path: room(from) },
  to: { pathNot: [room(from), ...to, FROM_NPM], dependencyTypesNot: ['core'] },
});
module.exports = {
  forbidden: [
    { name: 'no-cycles', severity: 'error', from: {}, to: { circular: true } },
    {
      name: 'no-orphans',
      severity: 'error',
      from: { orphan: true, pathNot: ['\\.d\\.ts$', '(^|/)[^/]+\\.config\\.[jt]s$', '\\.cjs$'] },
      to: {},
    },
    {
      name: 'no-unresolvable',
      severity: 'error',
      comment: 'what is not found is not judged by any other rule',
      from: {},
      to: { couldNotResolve: true },
    },
    {
      name: 'product-needs-no-dev-dependency',
      severity: 'error',
      comment: 'types aside, a product must run from its dependencies alone',
      from: { pathNot: ['^test/', '\\.config\\.[jt]s$'] },
      to: { dependencyTypes: ['npm-dev'], dependencyTypesNot: ['type-only'], pathNot: '/node_modules/@types/' },
    },
    only('mesh', [], 'the domain is pure and imports itself only'),
    {
      name: 'mesh-is-pure',
      severity: 'error',
      comment: 'no Pulumi, no I/O in the domain; node:crypto (hashes) is the one core module it may use',
      from: { path: room('mesh') },
      to: { dependencyTypes: ['core'], pathNot: '^(node:)?crypto$' },
    },
    {
      name: 'mesh-takes-pure-packages-only',
      severity: 'error',
      comment: 'each package here computes and does nothing else; add one only if that holds for it',
      from: { path: room('mesh') },
      to: { path: FROM_NPM, pathNot: '(^|/)node_modules/(zod|ipaddr\\.js|yaml|jsonc-parser)/' },
    },
    only('mesh/config', [], 'config knows nobody'),
    only('mesh/access', [room('mesh/config')], 'config ← access'),
    only('mesh/overlays', [room('mesh/config'), room('mesh/access')], 'access ← overlays'),
    only('mesh/host', [], 'host owns its input type and knows nobody'),
    only(
      'mesh/plan',
      [room('mesh/config'), room('mesh/access'), room('mesh/overlays'), room('mesh/host')],
      'overlays ← plan, host ← plan',
    ),
    only(
      'components',
      [room('mesh'), '^provider/resources/'],
      'components: mesh types, host render, SDKs, the provider’s resource classes',
    ),
    only('provider', [room('mesh'), room('io')], 'provider: mesh, io'),
    only('io', [room('mesh')], 'io: mesh types'),
    only('policies', [room('mesh')], 'policies: mesh'),
    only('lab', ['^io/rpc/', room('engine')], 'the lab shares the wire format only; its policy interpreter is its own'),
    only('engine', [], 'engine knows nobody'),
    {
      name: 'program-imports-only',
      severity: 'error',
      comment: 'provider/drain is run by a hook of the program: the engine calls hooks nowhere else',
      from: { path: '^index\\.ts$' },
      to: {
        pathNot: [room('mesh'), room('components'), '^provider/resources/', '^provider/drain\\.ts$', FROM_NPM],
        dependencyTypesNot: ['core'],
      },
    },
    {
      name: 'nobody-imports-the-program',
      severity: 'error',
      from: { pathNot: '^test/' },
      to: { path: '^index\\.ts$' },
    },
    { name: 'nobody-imports-tests', severity: 'error', from: { pathNot: '^test/' }, to: { path: '^test/' } },
    { name: 'nobody-imports-cli', severity: 'error', from: { pathNot: ['^cli/', '^test/'] }, to: { path: '^cli/' } },
  ],
  options: {
    // Packages are not read, but edges to them must stay in the graph: to `exclude` them would blind the rules on them.
    doNotFollow: { path: 'node_modules' },
    exclude: { path: ['^\\.lab(-demo)?/'] },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      extensions: ['.ts', '.js', '.cjs', '.mjs', '.json'],
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'default', 'types'],
    },
  },
};
