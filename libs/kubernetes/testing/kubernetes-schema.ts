import * as models from '@kubernetes/client-node';
import { Deployment, StatefulSet } from 'kubernetes-models/apps/v1';
import { Job } from 'kubernetes-models/batch/v1';
import { Ingress, NetworkPolicy } from 'kubernetes-models/networking.k8s.io/v1';
import { PodDisruptionBudget } from 'kubernetes-models/policy/v1';
import {
  ConfigMap,
  Namespace,
  PersistentVolumeClaim,
  ResourceQuota,
  Secret,
  Service,
  ServiceAccount,
} from 'kubernetes-models/v1';

interface Attribute {
  readonly baseName: string;
  readonly type: string;
}
type Schema = new (data: never) => { readonly apiVersion: string; validate(): void };

/** kind → its OpenAPI schema, and its model in the official client. */
const kinds: Readonly<Record<string, readonly [schema: Schema, model: string]>> = {
  Namespace: [Namespace, 'V1Namespace'],
  ConfigMap: [ConfigMap, 'V1ConfigMap'],
  Secret: [Secret, 'V1Secret'],
  ResourceQuota: [ResourceQuota, 'V1ResourceQuota'],
  PersistentVolumeClaim: [PersistentVolumeClaim, 'V1PersistentVolumeClaim'],
  Service: [Service, 'V1Service'],
  ServiceAccount: [ServiceAccount, 'V1ServiceAccount'],
  Deployment: [Deployment, 'V1Deployment'],
  StatefulSet: [StatefulSet, 'V1StatefulSet'],
  Job: [Job, 'V1Job'],
  PodDisruptionBudget: [PodDisruptionBudget, 'V1PodDisruptionBudget'],
  NetworkPolicy: [NetworkPolicy, 'V1NetworkPolicy'],
  Ingress: [Ingress, 'V1Ingress'],
};

/**
 * What is wrong with a manifest: against the OpenAPI schema of its kind (required fields, types, formats), and every field that the kind
 * does not have, which that schema lets pass and `kubectl --validate=strict` does not.
 */
export function manifestProblems(manifest: { readonly kind: string; readonly apiVersion: string }): string[] {
  const { kind } = manifest;
  const [schema, model] = kinds[kind] ?? [];
  if (schema === undefined || model === undefined) return [`nothing is known about the kind ${kind}`];
  return [...schemaProblems(schema, manifest), ...unknownFields(manifest, model, kind)];
}

function schemaProblems(schema: Schema, manifest: { readonly kind: string }): string[] {
  try {
    new schema(manifest as never).validate();
    return [];
  } catch (error) {
    return [`${manifest.kind}: ${(error as Error).message}`];
  }
}

function unknownFields(value: unknown, type: string, path: string): string[] {
  const element = /^Array<(.+)>$/.exec(type)?.[1];
  if (element !== undefined)
    return Array.isArray(value) ? value.flatMap((one, n) => unknownFields(one, element, `${path}[${n}]`)) : [];
  const attributes = (models as unknown as Record<string, { readonly attributeTypeMap?: readonly Attribute[] }>)[type]
    ?.attributeTypeMap;
  if (!attributes || typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([field, inner]) => {
    const attribute = attributes.find(({ baseName }) => baseName === field);
    return attribute ? unknownFields(inner, attribute.type, `${path}.${field}`) : [`${path}.${field}: there is no such field`];
  });
}
