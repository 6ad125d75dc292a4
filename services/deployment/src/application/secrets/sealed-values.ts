import { Injectable } from '@nestjs/common';
import { AuthorizationCommands } from '@souk/contracts';
import type { KubernetesObject } from '@souk/kubernetes';
import type { Credentials } from '@souk/managed-resources';
import { SecretVault } from '@souk/secrets';
import { formatReference, parseTemplate, type Reference, resolveTemplate, type SecretDeclaration } from '@souk/topology';
import type { ClusterObject } from '../../domain/cluster-object';
import type { KnownInstance } from '../../domain/instances/instance';
import type { SealedValue } from '../../domain/render/rendered';
import { SECRET_VERSION } from '../../domain/render/render-instance';
import { CloudResources } from '../cloud/cloud-resources';
import { LogTokens } from '../logs/log-tokens';
import { TenantSecrets } from './tenant-secrets';

/** Bytes of a secret that is generated for an instance: 192 bits, 32 characters of base64url. */
const GENERATED_BYTES = 24;

/** Name in the owner's vault of the value that was supplied for one instance. */
export const suppliedName = (instanceId: string, secret: string): string => `instance/${instanceId}/${secret}`;

/** The same of a secret parameter. */
const suppliedParameterName = (instanceId: string, parameter: string): string => suppliedName(instanceId, `param.${parameter}`);

/** The app's provider has not stored (any more) what a node names. */
export class ProviderSecretMissing extends Error {
  readonly code = 'provider-secret-missing';
  constructor(readonly secret: string) {
    super(`the app's provider has stored no secret "${secret}"`);
    this.name = new.target.name;
  }
}

/** Values of secrets, at the moment at which they go to the cluster and nowhere else. */
@Injectable()
export class SealedValues {
  constructor(
    private readonly vault: SecretVault,
    private readonly authorization: AuthorizationCommands,
    private readonly resources: CloudResources,
    private readonly tenantSecrets: TenantSecrets,
    private readonly logTokens: LogTokens,
  ) {}

  /**
   * The Secret with its data.
   * @throws ProviderSecretMissing
   */
  async filledIn(
    object: ClusterObject,
    sealed: Readonly<Record<string, SealedValue>>,
    instance: KnownInstance,
    declared: Readonly<Record<string, SecretDeclaration>>,
  ): Promise<KubernetesObject> {
    const data: Record<string, string> = {};
    for (const [key, value] of Object.entries(sealed)) {
      data[key] = Buffer.from(await this.opened(value, instance, declared), 'utf8').toString('base64');
    }
    return { ...object, data };
  }

  private async opened(
    value: SealedValue,
    instance: KnownInstance,
    declared: Readonly<Record<string, SecretDeclaration>>,
  ): Promise<string> {
    if ('appSecretVersion' in value) return this.authorization.appSecret(instance.instanceId, value.appSecretVersion);
    if ('logToken' in value) return this.logTokens.bearerOf(instance, value.logToken);
    if ('providerSecret' in value) return this.ofProvider(value.providerSecret, instance);
    return this.text(value, instance, declared);
  }

  private async ofProvider(name: string, { providerTenant }: KnownInstance): Promise<string> {
    const value = await this.tenantSecrets.value(providerTenant, name);
    if (value === undefined) throw new ProviderSecretMissing(name);
    return value;
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
    for (const part of parseTemplate(template)) {
      if (!('reference' in part)) continue;
      const { reference } = part;
      const value =
        reference.kind === 'node'
          ? credentials.get(reference.node)?.[reference.field]
          : await this.valueOf(reference, instance, declared);
      if (value !== undefined) values.set(formatReference(reference), value);
    }
    return resolveTemplate(template, (reference) => {
      const value = values.get(formatReference(reference));
      return value === undefined ? undefined : { value, secret: true };
    }).value;
  }

  private async valueOf(
    reference: Reference,
    instance: KnownInstance,
    declared: Readonly<Record<string, SecretDeclaration>>,
  ): Promise<string | undefined> {
    switch (reference.kind) {
      case 'secret': {
        const declaration = Object.hasOwn(declared, reference.name) ? declared[reference.name] : undefined;
        return declaration && this.secret(reference.name, declaration, instance);
      }
      case 'param':
        // A parameter that nobody has to fill in is an empty text.
        return (await this.vault.get(instance.ownerTenant, suppliedParameterName(instance.instanceId, reference.name))) ?? '';
      default:
        return undefined;
    }
  }

  private async secret(name: string, { source }: SecretDeclaration, instance: KnownInstance): Promise<string | undefined> {
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
