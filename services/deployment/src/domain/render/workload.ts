import { hasStableStorage, type ResolvedProcess } from '@souk/topology';
import { annotations } from '../cluster-object';
import type { Environment } from './environment';
import { governingServiceOf } from './network';
import { podOf, pullSecretOf, type Workload } from './pod';
import { type NodeOwner, rendered, type RenderedObject } from './rendered';

/** What runs the pods of a node. */
export function renderWorkload(owner: NodeOwner, workload: Workload): RenderedObject {
  const { node } = workload;
  if (node.category === 'init') return renderJob(owner, workload);
  return hasStableStorage(node) ? renderStatefulSet(owner, workload) : renderDeployment(owner, workload);
}

/**
 * A custom or third-party node: replicas that are replaced one by one, the new one ready before the old one goes; in the host's network the old
 * ones go first, because they hold the ports.
 */
function renderDeployment(owner: NodeOwner, workload: Workload): RenderedObject {
  const { node, replicas } = workload;
  return rendered(
    owner,
    { apiVersion: 'apps/v1', kind: 'Deployment', name: node.serviceName },
    {
      spec: {
        replicas,
        revisionHistoryLimit: 2,
        strategy: node.hostNetwork
          ? { type: 'Recreate' }
          : { type: 'RollingUpdate', rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } },
        selector: { matchLabels: owner.selector },
        template: podOf(owner, workload),
      },
    },
  );
}

/** Pods with names that stay, each gone before it comes again. What is updated is not held up by what never became ready. */
function renderStatefulSet(owner: NodeOwner, workload: Workload): RenderedObject {
  const { node, replicas } = workload;
  return rendered(
    owner,
    { apiVersion: 'apps/v1', kind: 'StatefulSet', name: node.serviceName },
    {
      spec: {
        replicas,
        revisionHistoryLimit: 2,
        serviceName: governingServiceOf(node),
        podManagementPolicy: 'Parallel',
        updateStrategy: { type: 'RollingUpdate' },
        selector: { matchLabels: owner.selector },
        template: podOf(owner, workload),
      },
    },
  );
}

/** An init node: one attempt. Whether it runs again is for people to say. */
function renderJob(owner: NodeOwner, workload: Workload): RenderedObject {
  const { node } = workload;
  return rendered(
    owner,
    { apiVersion: 'batch/v1', kind: 'Job', name: node.serviceName },
    {
      spec: { backoffLimit: 0, completions: 1, parallelism: 1, template: podOf(owner, workload) },
    },
  );
}

/** Name of the Secret with a node's own secret environment. */
export const environmentSecretOf = (node: string): string => `souk-env-${node}`;

/** Nothing where nothing of the node's environment is secret. */
export function renderEnvironmentSecret(owner: NodeOwner, node: ResolvedProcess, environment: Environment): RenderedObject[] {
  if (Object.keys(environment.sealed).length === 0) return [];
  const name = environmentSecretOf(node.serviceName);
  return [rendered(owner, { apiVersion: 'v1', kind: 'Secret', name }, { type: 'Opaque' }, environment)];
}

/** What the provider has stored for its registry. A restart of the node brings what it has stored since. */
export function renderPullSecret(owner: NodeOwner, node: ResolvedProcess, restartedBy: string | undefined): RenderedObject[] {
  if (node.imagePullSecret === undefined) return [];
  const head = {
    apiVersion: 'v1',
    kind: 'Secret',
    name: pullSecretOf(node.serviceName),
    ...(restartedBy !== undefined && { annotations: { [annotations.restartedBy]: restartedBy } }),
  };
  const body = { type: 'kubernetes.io/dockerconfigjson' };
  return [
    rendered(owner, head, body, { sealed: { '.dockerconfigjson': { providerSecret: node.imagePullSecret } }, versions: {} }),
  ];
}
