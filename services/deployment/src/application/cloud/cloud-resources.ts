import { Injectable } from '@nestjs/common';
import { CommandHandler } from '@souk/event-sourcing';
import type { Credentials } from '@souk/managed-resources';
import { Clock } from '@souk/platform';
import { SecretVault } from '@souk/secrets';
import { filledInParameters } from '@souk/topology';
import type { InstanceFacts } from '../../domain/instances/instance';
import { instance as instanceAggregate } from '../../domain/instances/instance.decide';
import { isThere, type Resource, type Resources } from '../../domain/cloud/resources';
import { type ResourceCommand, resources as resourcesAggregate } from '../../domain/cloud/resources.decide';
import type { ResourceFact, ResourceSpec } from '../../domain/cloud/resources.events';
import { OperationCauses } from '../operation-causes';

/** Name in the owner's vault of the credentials of a cloud node, in that version. */
const bindingName = (instanceId: string, node: string, version: number): string =>
  `instance/${instanceId}/binding/${node}/${version}`;

/** How long a resource may take, where its provider does not say. Databases of clouds take a quarter of an hour. Milliseconds. */
const LONGEST_MS = 3_600_000;

/** Managed resources of instances: their streams, and their credentials in the vault. */
@Injectable()
export class CloudResources {
  constructor(
    private readonly commands: CommandHandler,
    private readonly causes: OperationCauses,
    private readonly vault: SecretVault,
    private readonly clock: Clock,
  ) {}

  async of(instanceId: string): Promise<Resources> {
    return (await this.commands.load(resourcesAggregate, instanceId)).state;
  }

  /** The node is to have such a resource. It is made by whoever works on resources. */
  async want(
    { instanceId, ownerTenant, providerTenant }: InstanceFacts,
    operationId: string,
    node: string,
    spec: ResourceSpec,
  ): Promise<void> {
    const deadline = new Date(this.clock.now().getTime() + LONGEST_MS).toISOString();
    const data = { instanceId, operationId, node, ...spec, ownerTenant, providerTenant, deadline };
    await this.handle(instanceId, operationId, { type: 'WantResource', data }, node, 'want', spec.specHash);
  }

  async release(instanceId: string, operationId: string, node: string): Promise<void> {
    const data = { instanceId, operationId, node };
    await this.handle(instanceId, operationId, { type: 'ReleaseResource', data }, node, 'release');
  }

  /**
   * The instance is about to be gone for good: nothing is made for it from here on. Answers whether that is so; where something is still there,
   * it has to go first.
   * @param mayAsk whether its version has cloud nodes: somebody may be about to ask for one for the first time
   */
  async close(
    { instanceId, ownerTenant, providerTenant }: InstanceFacts,
    operationId: string,
    mayAsk: boolean,
  ): Promise<boolean> {
    const { revision } = await this.commands.load(resourcesAggregate, instanceId);
    if (revision < 0 && !mayAsk) return true;
    const data = { instanceId, operationId, ownerTenant, providerTenant };
    await this.handle(instanceId, operationId, { type: 'CloseResources', data }, 'close');
    return (await this.of(instanceId)).closed === true;
  }

  /**
   * Whoever asked may have been frozen until its instance was deleted: what was asked for then goes as well. Answers whether that was so.
   */
  async releaseIfDeleted(instanceId: string, { node, operationId }: Resource): Promise<boolean> {
    const { state } = await this.commands.load(instanceAggregate, instanceId);
    if (state.status !== 'deleted') return false;
    await this.release(instanceId, operationId, node);
    return true;
  }

  /**
   * After an operation that has come to a good end: what no node of what runs now has. What somebody has asked for since then stays.
   * @param stillOurs throws when another operation has begun
   * @throws RevisionMismatch
   */
  async releaseAllBut(
    instanceId: string,
    operationId: string,
    kept: ReadonlySet<string>,
    stillOurs: () => Promise<unknown>,
  ): Promise<void> {
    const { byNode } = await this.of(instanceId);
    for (const { node } of [...byNode.values()].filter((resource) => isThere(resource) && !kept.has(resource.node))) {
      // Whatever another operation asks for comes after this revision, if it has not begun by the time of the question.
      const { revision } = await this.commands.load(resourcesAggregate, instanceId);
      await stillOurs();
      const command = { type: 'ReleaseResource', data: { instanceId, operationId, node } } as const;
      const context = await this.causes.context(instanceId, operationId, 'resource', revision, node, 'release');
      await this.commands.handle(resourcesAggregate, instanceId, command, { ...context, ifMatch: revision });
    }
  }

  async record(instanceId: string, { operationId, node, resourceId }: Resource, told: Told): Promise<void> {
    const { type, data } = told;
    const fact = { type, data: { instanceId, operationId, node, ...data } } as ResourceFact;
    await this.handle(instanceId, operationId, { type: 'RecordResource', resourceId, fact }, node, type);
  }

  /** What its provider is told: with what the buyer has filled in. */
  async parameters(instanceId: string, { parameters, referred }: ResourceSpec): Promise<Readonly<Record<string, unknown>>> {
    if (!referred) return filledInParameters(parameters, {}, {});
    const { state } = await this.commands.load(instanceAggregate, instanceId);
    return filledInParameters(parameters, referred, state.status === 'unknown' ? {} : state.parameters);
  }

  async keepCredentials(instanceId: string, { node, attempt }: Resource, credentials: Credentials): Promise<void> {
    const { ownerTenant } = await this.of(instanceId);
    await this.vault.put(ownerTenant, bindingName(instanceId, node, attempt), JSON.stringify(credentials));
  }

  async forgetCredentials(instanceId: string, { node, attempt }: Resource): Promise<void> {
    const { ownerTenant } = await this.of(instanceId);
    await this.vault.delete(ownerTenant, bindingName(instanceId, node, attempt));
  }

  /** `undefined` where there are none of that version (any more). */
  async credentials({ instanceId, ownerTenant }: InstanceFacts, node: string, version: number): Promise<Credentials | undefined> {
    const text = await this.vault.get(ownerTenant, bindingName(instanceId, node, version));
    return text === undefined ? undefined : (JSON.parse(text) as Credentials);
  }

  /** Cloud node → version of its credentials, of those that have any. */
  async bindings(instanceId: string): Promise<ReadonlyMap<string, number>> {
    const { byNode } = await this.of(instanceId);
    return new Map(
      [...byNode.values()].flatMap((resource) => ('version' in resource ? [[resource.node, resource.version] as const] : [])),
    );
  }

  /** Every command is one of its own: whether it says anything new, the rules tell. */
  private async handle(
    instanceId: string,
    operationId: string,
    command: ResourceCommand,
    ...parts: readonly string[]
  ): Promise<void> {
    const { revision } = await this.commands.load(resourcesAggregate, instanceId);
    const context = await this.causes.context(instanceId, operationId, 'resource', revision, ...parts);
    await this.commands.handle(resourcesAggregate, instanceId, command, context);
  }
}

type WithoutIds<Fact> = Fact extends { readonly type: infer Type; readonly data: infer Data }
  ? { readonly type: Type; readonly data: Omit<Data, 'instanceId' | 'operationId' | 'node'> }
  : never;

/** A fact, as whoever works on one resource tells it. */
export type Told = WithoutIds<ResourceFact>;
