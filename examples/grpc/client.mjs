// Publishes an app and watches a trial instance of it come up, over gRPC, with nothing but the proto files.
//
//   npm start                                                # prints the operator's token and the address
//   SOUK_TOKEN=… node examples/grpc/client.mjs [127.0.0.1:50051]
import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { credentials, loadPackageDefinition, Metadata } from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';

const address = process.argv[2] ?? '127.0.0.1:50051';
const operator = process.env.SOUK_TOKEN;
if (!operator) {
  console.error('SOUK_TOKEN must be the token that npm start has printed');
  process.exit(2);
}

const protos = fileURLToPath(new URL('../../libs/contracts/proto', import.meta.url));
const files = readdirSync(protos, { recursive: true }).filter((file) => /^souk\/(?!internal)[^.]*\.proto$/.test(file));
const { souk } = loadPackageDefinition(loadSync(files, { includeDirs: [protos], longs: Number }));

const open = (Service) => new Service(address, credentials.createInsecure());
const authorization = open(souk.authorization.v1.AuthorizationService);
const catalog = open(souk.appcatalog.v1.AppCatalogService);
const orchestration = open(souk.orchestration.v1.OrchestrationService);
const release = open(souk.release.v1.ReleaseService);
const deployment = open(souk.deployment.v1.DeploymentService);

/** Metadata are what headers are in REST. */
function metadata(token, more = {}) {
  const sent = new Metadata();
  sent.set('authorization', `Bearer ${token}`);
  for (const [name, value] of Object.entries(more)) sent.set(name, value);
  return sent;
}

const call = (client, method, request, sent) => promisify(client[method].bind(client))(request, sent);

/** Says which problems a call was refused with: they are in the details of its status, see docs/api.md. */
function explain(error) {
  console.error(`${error.details ?? error.message} (status ${error.code ?? 'unknown'})`);
  process.exit(1);
}

async function main() {
  const { tenantId } = await call(authorization, 'RegisterTenant', { name: `Harbour ${Date.now()}` }, metadata(operator));
  const user = { tenantId, displayName: 'Ada', role: 'provider' };
  const { userId } = await call(authorization, 'RegisterUser', user, metadata(operator));
  const { accessToken } = await call(authorization, 'IssueToken', { userId }, metadata(operator));
  const provider = (more) => metadata(accessToken, more);

  const app = {
    name: 'Tide Table',
    distributionType: 'instance',
    hostingMode: 'edge',
    platforms: ['linux/amd64'],
    summary: 'High water',
  };
  // The same key with the same message again is the same command.
  const { appId } = await call(catalog, 'CreateApp', app, provider({ 'idempotency-key': `app-${tenantId}` }));
  const { versionId } = await call(release, 'InitialiseApp', { appId, versionDescription: 'First' }, provider());
  const configuration = { versionId, name: 'standard', hosting: 'edge' };
  const { configurationId } = await call(orchestration, 'CreateConfiguration', configuration, provider());
  const topology = {
    nodes: [
      {
        serviceName: 'web',
        category: 'custom',
        image: 'registry.example.com/harbour/tides:1.0.0',
        ports: [{ internal: 8080, external: 80, protocol: 'TCP' }],
      },
    ],
  };
  await call(orchestration, 'ReplaceTopology', { configurationId, topology }, provider({ 'if-match': '"0"' }));
  await call(authorization, 'DeclarePermissions', { versionId, permissions: { apis: [] } }, provider());
  const { revisions } = await call(release, 'ReviewVersion', { versionId }, provider());
  const { number } = await call(release, 'ReleaseVersion', { versionId, reviewed: revisions }, provider());
  console.log(`${app.name} ${number} is released`);

  const { items } = await call(deployment, 'ListClusters', {}, provider());
  const wish = { name: 'tides', versionId, configuration: 'standard', clusterId: items[0].clusterId };
  const { operationId } = await call(deployment, 'CreateInstance', wish, provider());
  const progress = deployment.WatchOperation({ operationId }, provider());
  for await (const { at, type, node = '' } of progress) console.log(`${at}  ${type} ${node}`);
}

main().then(() => process.exit(0), explain);
