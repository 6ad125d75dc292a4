export { type ClusterSim, type ClusterSimOptions, startClusterSim } from './cluster-sim';
export { type Behaviour, type ClusterSimConfig, ConfigInvalid, type HostConfig, type ImageRule } from './config';
export type { FaultRule } from './faults/fault-rule';
export { ENFORCE, podSecurityViolations } from './registry/pod-security';
export type { PodSpec } from './objects/workloads';
