import { digestOf, type ResolvedProcess } from '@souk/topology';
import { annotations } from '../cluster-object';
import { collectorCpu, collectorMemory, collectsLogs } from './pod-demand';
import { type Owner, rendered, type RenderedObject } from './rendered';
import { collectorSecurity } from './security';

/** Where collected logs go. */
export interface LogDestination {
  readonly kind: 'souk' | 'loki' | 'elasticsearch' | 'http';
  readonly url: string;
}

/** Fluent Bit, pinned. */
export const COLLECTOR_IMAGE = 'docker.io/fluent/fluent-bit:3.2.10';

export const COLLECTOR = 'souk-log-collector';
/** Secret with the token by which the platform knows whose logs it is sent. */
export const LOG_SECRET = 'souk-logs';

/** The most that lies in a log directory: a pod that writes more is replaced, and begins with an empty one. */
const DIRECTORY_SIZE = '1Gi';
const POSITIONS_SIZE = '64Mi';
/** Where a collector sees the log directory, whatever its path is for the process: no text of a topology gets into a configuration. */
const LOGS = '/souk/logs';
const POSITIONS = '/souk/positions';
const CONFIGURATION = '/souk/configuration';
const FILE = 'fluent-bit.conf';

/** How a destination is written: `https://…` for JSON lines, `loki+https://…`, `elasticsearch+https://…`. No credentials. */
export const logDestinationPattern = /^(?:(?:loki|elasticsearch)\+)?https?:\/\/[^\s@#]+$/;

/** @param text as the pattern has it */
export function logDestinationOf(text: string): LogDestination {
  const [kind, url] = text.split(/\+(.*)/, 2);
  return url !== undefined && (kind === 'loki' || kind === 'elasticsearch') ? { kind, url } : { kind: 'http', url: text };
}

/** The platform itself, where nothing else is said. */
export function platformLogs(apiUrl: string): LogDestination {
  return { kind: 'souk', url: `${apiUrl.replace(/\/$/, '')}/open/v1/logs` };
}

/** What all collectors of an instance share: their configuration, and the token. Nothing where no node has a log directory. */
export function renderLogging(
  owner: Owner,
  nodes: readonly ResolvedProcess[],
  destination: LogDestination,
  tokenVersion: number,
): RenderedObject[] {
  if (!nodes.some(collectsLogs)) return [];
  const data = { [FILE]: configurationOf(owner, destination) };
  const configuration = rendered(owner, { apiVersion: 'v1', kind: 'ConfigMap', name: COLLECTOR }, { data });
  if (destination.kind !== 'souk') return [configuration];
  const secrets = { sealed: { bearer: { logToken: tokenVersion } }, versions: { logToken: tokenVersion } };
  return [configuration, rendered(owner, { apiVersion: 'v1', kind: 'Secret', name: LOG_SECRET }, { type: 'Opaque' }, secrets)];
}

/** What a node with a log directory has in its pods: what the process writes there, the collector reads. */
export interface PodLogging {
  readonly container: object;
  readonly volumes: readonly object[];
  /** Of the process. */
  readonly mount: object;
  /** In the pod template: changes when the configuration does. */
  readonly mark: Readonly<Record<string, string>>;
}

export function podLogging(owner: Owner, node: ResolvedProcess, destination: LogDestination): PodLogging | undefined {
  if (!collectsLogs(node)) return undefined;
  return {
    container: {
      name: COLLECTOR,
      image: COLLECTOR_IMAGE,
      command: ['/fluent-bit/bin/fluent-bit'],
      args: ['-c', `${CONFIGURATION}/${FILE}`],
      env: [
        { name: 'SOUK_NODE', value: node.serviceName },
        { name: 'SOUK_POD', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } },
        ...(destination.kind === 'souk'
          ? [{ name: 'SOUK_LOG_BEARER', valueFrom: { secretKeyRef: { name: LOG_SECRET, key: 'bearer' } } }]
          : []),
      ],
      resources: {
        requests: { cpu: collectorCpu.request, memory: collectorMemory.request },
        limits: { cpu: collectorCpu.limit, memory: collectorMemory.limit },
      },
      securityContext: collectorSecurity(node),
      volumeMounts: [
        { name: 'souk-logs', mountPath: LOGS, readOnly: true },
        { name: 'souk-log-positions', mountPath: POSITIONS },
        { name: 'souk-log-configuration', mountPath: CONFIGURATION, readOnly: true },
      ],
    },
    volumes: [
      { name: 'souk-logs', emptyDir: { sizeLimit: DIRECTORY_SIZE } },
      { name: 'souk-log-positions', emptyDir: { sizeLimit: POSITIONS_SIZE } },
      { name: 'souk-log-configuration', configMap: { name: COLLECTOR } },
    ],
    mount: { name: 'souk-logs', mountPath: node.logDirectory },
    mark: { [annotations.loggingHash]: digestOf(configurationOf(owner, destination)) },
  };
}

/**
 * Every line of every file in the directory, or one below it, becomes a record `{time, log, file, node, pod}`. What can't be sent is tried
 * again, and given up after a while; what waits for that takes a bounded amount of memory, beyond which files are read on later.
 */
function configurationOf(owner: Owner, destination: LogDestination): string {
  return [
    section('SERVICE', { Flush: '2', Grace: '5', Log_Level: 'warn' }),
    section('INPUT', {
      Name: 'tail',
      Path: `${LOGS}/*,${LOGS}/*/*`,
      Exclude_Path: '*.gz,*.zip,*.bz2,*.xz',
      Path_Key: 'file',
      DB: `${POSITIONS}/tail.db`,
      Read_from_Head: 'On',
      Refresh_Interval: '5',
      Buffer_Max_Size: '64k',
      Skip_Long_Lines: 'On',
      Mem_Buf_Limit: '8M',
    }),
    section('FILTER', { Name: 'record_modifier', Match: '*' }, ['Record node ${SOUK_NODE}', 'Record pod ${SOUK_POD}']),
    outputOf(owner, destination),
  ].join('\n');
}

function outputOf({ instanceId, appId }: Owner, { kind, url }: LogDestination): string {
  const { hostname, port, protocol, pathname, search } = new URL(url);
  const secure = protocol === 'https:';
  const path = pathname + search;
  const there = {
    Match: '*',
    Host: hostname,
    Port: port || (secure ? '443' : '80'),
    ...(secure && { tls: 'On', 'tls.verify': 'On' }),
    Retry_Limit: '20',
  };
  const records = { URI: path, Format: 'json_lines', Json_date_key: 'time', Json_date_format: 'iso8601' };
  switch (kind) {
    case 'souk':
      return section('OUTPUT', { Name: 'http', ...there, ...records }, ['Header Authorization Bearer ${SOUK_LOG_BEARER}']);
    case 'http':
      return section('OUTPUT', { Name: 'http', ...there, ...records }, [`Header Souk-Instance ${instanceId}`]);
    case 'loki':
      return section('OUTPUT', {
        Name: 'loki',
        ...there,
        ...(path !== '/' && { Uri: path }),
        Labels: `app=${appId}, instance=${instanceId}, node=\${SOUK_NODE}`,
      });
    case 'elasticsearch':
      return section('OUTPUT', {
        Name: 'es',
        ...there,
        ...(path !== '/' && { Path: path.replace(/\/$/, '') }),
        Index: 'souk-logs',
        Time_Key: 'time',
        Generate_ID: 'On',
        Suppress_Type_Name: 'On',
      });
  }
}

function section(name: string, settings: Readonly<Record<string, string>>, more: readonly string[] = []): string {
  const lines = [...Object.entries(settings).map(([key, value]) => `${key} ${value}`), ...more];
  return [`[${name}]`, ...lines.map((line) => `    ${line}`), ''].join('\n');
}
