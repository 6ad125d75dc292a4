import { HttpStatus } from '@nestjs/common';
import type { LogsNotKept } from '@souk/log-store';
import type * as addressPoolErrors from '../domain/clusters/address-pool.errors';
import type * as clusterErrors from '../domain/clusters/cluster.errors';
import type * as instanceErrors from '../domain/instances/instance.errors';
import type * as brokerErrors from '../domain/cloud/service-broker.errors';
import type * as operationErrors from '../domain/operations/operation.errors';
import type { LogErrorCode } from '../domain/logs/log.errors';
import type * as planErrors from '../domain/plans/plan.errors';
import type * as servicesErrors from '../domain/services/services.errors';

type CodeOf<Errors> = {
  [Name in keyof Errors]: Errors[Name] extends abstract new (...args: never[]) => { code: infer Code } ? Code : never;
}[keyof Errors];

/** Every code that the rules of this service refuse with. */
type DeploymentErrorCode =
  | CodeOf<typeof addressPoolErrors>
  | CodeOf<typeof clusterErrors>
  | CodeOf<typeof instanceErrors>
  | CodeOf<typeof brokerErrors>
  | CodeOf<typeof operationErrors>
  | CodeOf<typeof planErrors>
  | CodeOf<typeof servicesErrors>;

export const deploymentErrors = {
  'cluster-not-found': HttpStatus.NOT_FOUND,
  'cluster-in-use': HttpStatus.CONFLICT,
  'nas-in-use': HttpStatus.CONFLICT,
  'cluster-check-failed': HttpStatus.UNPROCESSABLE_ENTITY,
  'cluster-unsuitable': HttpStatus.UNPROCESSABLE_ENTITY,
  'too-many-cluster-checks': HttpStatus.TOO_MANY_REQUESTS,
  'no-cluster-available': HttpStatus.CONFLICT,
  'wrong-target': HttpStatus.UNPROCESSABLE_ENTITY,
  'address-pool-exhausted': HttpStatus.CONFLICT,
  'address-range-in-use': HttpStatus.CONFLICT,
  'no-simulated-cluster': HttpStatus.CONFLICT,
  'cluster-unreachable': HttpStatus.BAD_GATEWAY,
  'instance-not-found': HttpStatus.NOT_FOUND,
  'operation-running': HttpStatus.CONFLICT,
  'instance-deleted': HttpStatus.CONFLICT,
  'plan-not-for-trials': HttpStatus.UNPROCESSABLE_ENTITY,
  'trial-not-upgradable': HttpStatus.CONFLICT,
  'version-not-released': HttpStatus.CONFLICT,
  'version-not-found': HttpStatus.NOT_FOUND,
  'version-of-another-app': HttpStatus.UNPROCESSABLE_ENTITY,
  'already-at-version': HttpStatus.CONFLICT,
  'not-an-earlier-version': HttpStatus.CONFLICT,
  'consent-required': HttpStatus.CONFLICT,
  'configuration-not-found': HttpStatus.UNPROCESSABLE_ENTITY,
  'platform-mismatch': HttpStatus.UNPROCESSABLE_ENTITY,
  'parameters-invalid': HttpStatus.UNPROCESSABLE_ENTITY,
  'unknown-node': HttpStatus.UNPROCESSABLE_ENTITY,
  'app-not-initialised': HttpStatus.CONFLICT,
  'service-broker-not-found': HttpStatus.NOT_FOUND,
  'service-broker-in-use': HttpStatus.CONFLICT,
  'service-broker-refused': HttpStatus.UNPROCESSABLE_ENTITY,
  'cloud-service-taken': HttpStatus.CONFLICT,
  'instance-suspended': HttpStatus.CONFLICT,
  'already-stopped': HttpStatus.CONFLICT,
  'already-running': HttpStatus.CONFLICT,
  'nothing-to-retry': HttpStatus.CONFLICT,
  'replicas-out-of-range': HttpStatus.UNPROCESSABLE_ENTITY,
  'node-keeps-state': HttpStatus.UNPROCESSABLE_ENTITY,
  'operation-not-found': HttpStatus.NOT_FOUND,
  'operation-ended': HttpStatus.CONFLICT,
  'node-not-of-operation': HttpStatus.UNPROCESSABLE_ENTITY,
  'node-not-to-override': HttpStatus.CONFLICT,
  'plan-stale': HttpStatus.PRECONDITION_FAILED,
  'service-not-provided': HttpStatus.CONFLICT,
  'service-in-use': HttpStatus.CONFLICT,
} satisfies Record<DeploymentErrorCode, HttpStatus>;

/** Codes of other services that travel through this one: a draft that can't be tried. */
export const deploymentStatuses: Readonly<Record<string, number>> = {
  ...deploymentErrors,
  'version-invalid': HttpStatus.UNPROCESSABLE_ENTITY,
  'draft-invalid': HttpStatus.UNPROCESSABLE_ENTITY,
};

/** Of what instances write. */
export const logErrors = {
  'too-many-logs': HttpStatus.TOO_MANY_REQUESTS,
  'too-many-log-records': HttpStatus.PAYLOAD_TOO_LARGE,
  'too-many-log-streams': HttpStatus.TOO_MANY_REQUESTS,
  'no-pod-log': HttpStatus.UNPROCESSABLE_ENTITY,
  'logs-not-kept': HttpStatus.CONFLICT,
  'cluster-unreachable': HttpStatus.BAD_GATEWAY,
} satisfies Record<LogErrorCode | LogsNotKept['code'] | 'cluster-unreachable', HttpStatus>;
