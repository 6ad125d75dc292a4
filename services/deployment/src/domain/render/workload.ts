import { digestOf, type HealthCheck, type ResolvedProcess } from '@souk/topology';
import { annotations, type ClusterObject, labels } from '../cluster-object';
import type { Environment } from './environment';
import { labelsOf, type Owner, rendered, type RenderedObject } from './rendered';

export const SERVICE_ACCOUNT = 'souk-workload';

export interface Workload {
  readonly node: ResolvedProcess;
  /** With its digest, where one is known. */
  readonly image: string;
  readonly environment: Environment;
  /** Version of the AppSecret, for nodes that have it in their environment. */
  readonly identityVersion?: number;
  /** The operation that restarted the node last. */
  readonly restartedBy?: string;
}

/** A custom or third-party node: replicas that are replaced one by one, the new one ready before the old one goes. */
export function renderDeployment(owner: Owner, workload: Workload): RenderedObject {
  const { node } = workload;
  const matchLabels = { [labels.instance]: owner.instanceId, [labels.node]: node.serviceName };
  return rendered({
    ...head('apps/v1', 'Deployment', owner, node),
    spec: {
      replicas: node.replicas,
      revisionHistoryLimit: 2,
      strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } },
      selector: { matchLabels },
      template: podTemplate(owner, workload, {
        restartPolicy: 'Always',
        ...(node.replicas > 1 && {
          topologySpreadConstraints: [
            {
              maxSkew: 1,
              topologyKey: 'kubernetes.io/hostname',
              whenUnsatisfiable: 'ScheduleAnyway',
              labelSelector: { matchLabels },
            },
          ],
        }),
      }),
    },
  });
}

/** An init node: one attempt. Whether it runs again is for people to say. */
export function renderJob(owner: Owner, workload: Workload): RenderedObject {
  return rendered({
    ...head('batch/v1', 'Job', owner, workload.node),
    spec: {
      backoffLimit: 0,
      completions: 1,
      parallelism: 1,
      template: podTemplate(owner, workload, { restartPolicy: 'Never' }),
    },
  });
}

/** Name of the Secret with a node's own secret environment. */
export const environmentSecretOf = (node: string): string => `souk-env-${node}`;

/** Nothing where nothing of the node's environment is secret. */
export function renderEnvironmentSecret(owner: Owner, node: ResolvedProcess, environment: Environment): RenderedObject[] {
  if (Object.keys(environment.sealed).length === 0) return [];
  const { metadata, ...kind } = head('v1', 'Secret', owner, node);
  const object = { ...kind, metadata: { ...metadata, name: environmentSecretOf(node.serviceName) }, type: 'Opaque' };
  return [rendered(object, { sealed: environment.sealed, versions: environment.versions })];
}

function head(apiVersion: string, kind: string, owner: Owner, node: ResolvedProcess): ClusterObject {
  const name = node.serviceName;
  return { apiVersion, kind, metadata: { name, namespace: owner.namespace, labels: labelsOf(owner, componentOf(node)) } };
}

function componentOf(node: ResolvedProcess) {
  return { name: node.serviceName, component: node.category };
}

function podTemplate(owner: Owner, workload: Workload, spec: object) {
  const { node, restartedBy } = workload;
  const secrets = {
    ...workload.environment.versions,
    ...(workload.identityVersion !== undefined && { '': workload.identityVersion }),
  };
  const marks = {
    ...(Object.keys(secrets).length > 0 && {
      [annotations.secretHash]: digestOf({ secrets, sealed: workload.environment.sealed }),
    }),
    ...(restartedBy !== undefined && { [annotations.restartedBy]: restartedBy }),
  };
  return {
    metadata: {
      labels: labelsOf(owner, componentOf(node)),
      ...(Object.keys(marks).length > 0 && { annotations: marks }),
    },
    spec: {
      serviceAccountName: SERVICE_ACCOUNT,
      automountServiceAccountToken: false,
      // Variables such as MYSQL_PORT=tcp://…, which Kubernetes makes of every Service, would shadow an image's own.
      enableServiceLinks: false,
      securityContext: { seccompProfile: { type: 'RuntimeDefault' } },
      ...spec,
      containers: [container(workload)],
    },
  };
}

function container({ node, image, environment }: Workload) {
  return {
    name: node.serviceName,
    image,
    ...(node.command && { command: node.command }),
    ...(node.args && { args: node.args }),
    ...(environment.variables.length > 0 && { env: environment.variables }),
    ...(node.ports.length > 0 && {
      ports: node.ports.map(({ internal, protocol }) => ({ containerPort: internal, protocol })),
    }),
    resources: {
      requests: { cpu: node.cpu.request, memory: node.memory.request },
      limits: { cpu: node.cpu.limit, memory: node.memory.limit },
    },
    securityContext: { allowPrivilegeEscalation: false, privileged: false },
    ...(node.category !== 'init' && probesOf(node)),
  };
}

/** Seconds between two questions, where the node does not say. */
const DEFAULT_PERIOD = 10;
/** A process gets this long to start before a failed liveness check counts. */
const START_UP_SECONDS = 300;

function probesOf(node: ResolvedProcess) {
  const handler = handlerOf(node);
  if (!handler) return {};
  const { initialDelaySeconds, periodSeconds = DEFAULT_PERIOD } = node.healthCheck ?? {};
  const startPeriod = Math.min(periodSeconds, 5);
  return {
    startupProbe: {
      ...handler,
      ...(initialDelaySeconds !== undefined && { initialDelaySeconds }),
      periodSeconds: startPeriod,
      failureThreshold: Math.ceil(START_UP_SECONDS / startPeriod),
    },
    readinessProbe: { ...handler, periodSeconds, failureThreshold: 3 },
    livenessProbe: { ...handler, periodSeconds, failureThreshold: 3 },
  };
}

function handlerOf({ healthCheck, ports }: ResolvedProcess): object | undefined {
  const { http, tcp, command }: HealthCheck = healthCheck ?? {};
  if (http) return { httpGet: { path: http.path, port: http.port } };
  if (tcp) return { tcpSocket: { port: tcp.port } };
  if (command) return { exec: { command } };
  const first = ports.find((port) => port.protocol === 'TCP');
  return first && { tcpSocket: { port: first.internal } };
}
