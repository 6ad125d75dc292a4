import { Injectable } from '@nestjs/common';
import { AuthorizationCommands } from '@souk/contracts';
import type { KubernetesObject } from '@souk/kubernetes';
import type { Credentials } from '@souk/managed-resources';
import { SecretVault } from '@souk/secrets';
import { resolveTemplate, type SecretDeclaration } from '@souk/topology';
import type { ClusterObject } from '../domain/cluster-object';
import type { KnownInstance } from '../domain/instance';
import type { SealedValue } from '../domain/render/rendered';
import { SECRET_VERSION } from '../domain/render/render-instance';
import { CloudResources } from './cloud-resources';

/** Bytes of a secret that is generated for an instance: 192 bits, 32 characters of base64url. */
const GENERATED_BYTES = 24;

/** Name in the owner's vault of the value that was supplied for one instance. */
export const suppliedName = (instanceId: string, secret: string): string => `instance/${instanceId}/${secret}`;

/** Values of secrets, at the moment at which they go to the cluster and nowhere else. */
@Injectable()
export class SealedValues {
  constructor(
    private readonly vault: SecretVault,
    private readonly authorization: AuthorizationCommands,
    private readonly resources: CloudResources,
  ) {}

  /** The Secret with its data. */
  async filledIn(
    object: ClusterObject,
    sealed: Readonly<Record<string, SealedValue>>,
    instance: KnownInstance,
    declared: Readonly<Record<string, SecretDeclaration>>,
  ): Promise<KubernetesObject> {
    const data: Record<string, string> = {};
    for (const [key, value] of Object.entries(sealed)) {
      const text =
        'appSecretVersion' in value
          ? await this.authorization.appSecret(instance.instanceId, value.appSecretVersion)
          : await this.text(value, instance, declared);
      data[key] = Buffer.from(text, 'utf8').toString('base64');
    }
    return { ...object, data };
  }

  private async text(
    { template, bindings = {} }: Extract<SealedValue, { template: string }>,
    instance: KnownInstance,
    declared: Readonly<Record<string, SecretDeclaration>>,
  ): Promise<string> {
    const values = new Map<string, string>();
    const credentials = new Map<string, Credentials | undefined>();
    for (const [node, version] of Object.entries(bindings))
      credentials.set(node, await this.resources.credentials(instance, node, version));
    for (const name of Object.keys(declared)) {
      if (!template.includes(`\${secret.${name}}`)) continue;
      const value = await this.valueOf(name, declared[name]!, instance);
      if (value !== undefined) values.set(name, value);
    }
    return resolveTemplate(template, (reference) => {
      const value =
        reference.kind === 'node'
          ? credentials.get(reference.node)?.[reference.field]
          : reference.kind === 'secret'
            ? values.get(reference.name)
            : undefined;
      return value === undefined ? undefined : { value, secret: true };
    }).value;
  }

  private async valueOf(name: string, { source }: SecretDeclaration, instance: KnownInstance): Promise<string | undefined> {
    const { ownerTenant, instanceId } = instance;
    if (source === 'supplied') return this.vault.get(ownerTenant, suppliedName(instanceId, name));
    const bytes = await this.vault.derive(
      ownerTenant,
      'instance-secret',
      `${instanceId}/${name}`,
      SECRET_VERSION,
      GENERATED_BYTES,
    );
    return bytes.toString('base64url');
  }
}
