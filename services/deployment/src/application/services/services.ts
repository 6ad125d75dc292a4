import { Injectable } from '@nestjs/common';
import type { CallContext, DeclaredPermissions, ServiceDependency, ServiceProvision } from '@souk/contracts';
import { CommandHandler, derivedUuid, EventStore } from '@souk/event-sourcing';
import { InjectReadModel } from '@souk/platform';
import type { ReadModel } from '@souk/read-store';
import { instance as instanceAggregate } from '../../domain/instances/instance.decide';
import { afterChange, bindServices, type Binding, notProvided, type Offer } from '../../domain/services/service-binding';
import { services as servicesAggregate, type ServicesCommand } from '../../domain/services/services.decide';
import { ServiceInUse, ServicesNotProvided } from '../../domain/services/services.errors';
import type { Place, ServiceBinding } from '../../domain/services/services.events';
import type { Services as BoundServices } from '../../domain/render/environment';
import { offerKey, type ServicesDoc, servicesProjection } from '../../projections/services.projection';

/** How long a question about other instances waits until everything that happened before it can be seen, in milliseconds. */
const PATIENCE = 5_000;

/** Offers of one model that are looked at, and dependants that are named: the oldest. */
const SOME = 20;

/** Services that instances of one account provide to each other on one cluster (F37, F38). */
@Injectable()
export class InstanceServices {
  constructor(
    private readonly commands: CommandHandler,
    private readonly store: EventStore,
    @InjectReadModel(servicesProjection) private readonly documents: ReadModel<ServicesDoc>,
  ) {}

  /** What the instance would be bound to now. Nothing is stored. */
  async find(place: Place, dependencies: readonly ServiceDependency[] = []): Promise<Binding> {
    if (dependencies.length === 0) return { bindings: [], missing: [] };
    await this.documents.waitFor(await this.store.head(), PATIENCE);
    const { bound } = (await this.commands.load(servicesAggregate, place.instanceId)).state;
    const offers = new Map<string, readonly Offer[]>();
    for (const { model } of dependencies) offers.set(model, await this.offersOf(place, model, bound.get(model)?.provider));
    return bindServices(dependencies, offers, bound);
  }

  /**
   * Binds what is needed, before it is asked for what needs it: a binding that nothing comes of is harmless.
   * @throws ServicesNotProvided
   */
  async bind(place: Place, dependencies: readonly ServiceDependency[] | undefined, call: CallContext): Promise<void> {
    const { bindings, missing } = await this.find(place, dependencies);
    if (missing.length > 0) throw new ServicesNotProvided(notProvided(missing, place));
    await this.record(place, bindings, call);
  }

  /** Binds anew what has lost its provider, as far as somebody provides it. */
  async rebind(place: Place, dependencies: readonly ServiceDependency[] | undefined, call: CallContext): Promise<void> {
    const { bindings } = await this.find(place, dependencies);
    await this.record(place, bindings, call);
  }

  /** What the instance was bound to, for the dependencies of one version. By service model. */
  async addressesOf(instanceId: string, dependencies: readonly ServiceDependency[] = []): Promise<BoundServices> {
    if (dependencies.length === 0) return new Map();
    const { state } = await this.commands.load(servicesAggregate, instanceId);
    return new Map(
      dependencies.flatMap(({ model }) => {
        const bound = state.bound.get(model);
        return bound ? [[model, { provider: bound.provider, host: bound.host, port: bound.port }] as const] : [];
      }),
    );
  }

  /** When what runs is known for good: it offers what its version provides. */
  async settle(
    place: Place,
    { provisions = [] }: Pick<DeclaredPermissions, 'provisions'>,
    call: CallContext,
    stillOurs?: () => Promise<unknown>,
  ): Promise<void> {
    const { revision, state } = await this.commands.load(servicesAggregate, place.instanceId);
    if (revision < 0 && provisions.length === 0) return;
    await stillOurs?.();
    await this.handle(place.instanceId, { type: 'AlignOffers', place, offers: provisions }, call, 'offers');
    if (state.offered) await this.tellDependants(place.instanceId, provisions, call);
  }

  /** Who was bound to what is offered no more has nobody for it; who was bound to what is elsewhere now finds it with its next operation. */
  private async tellDependants(provider: string, offers: readonly ServiceProvision[], call: CallContext): Promise<void> {
    for (const dependant of await this.dependantsOf(provider)) {
      const { state } = await this.commands.load(servicesAggregate, dependant);
      const { withdrawn, moved } = afterChange({ instanceId: provider, offers }, state);
      if (withdrawn.length > 0) {
        const command = { type: 'UnbindServices', provider, models: withdrawn } as const;
        await this.handle(dependant, command, call, provider, 'withdrawn');
      }
      if (state.place && moved.length > 0)
        await this.handle(dependant, { type: 'BindServices', place: state.place, bindings: moved }, call, provider, 'moved');
    }
  }

  /** When nothing runs any more: who was bound to it is told so, and it offers nothing. May be repeated. */
  async withdraw(place: Place, call: CallContext): Promise<void> {
    const { instanceId: provider } = place;
    if (await this.neverOffered(provider)) return this.release(provider, call);
    for (let dependants = await this.dependantsOf(provider); dependants.length > 0;) {
      for (const dependant of dependants) await this.handle(dependant, { type: 'UnbindServices', provider }, call, provider);
      dependants = await this.dependantsOf(provider);
    }
    await this.settle(place, {}, call);
    await this.release(provider, call);
  }

  /** @throws ServiceInUse naming instances that are bound to this one */
  async assertUnused(instanceId: string): Promise<void> {
    if (await this.neverOffered(instanceId)) return;
    const dependants: string[] = [];
    for (const dependant of await this.dependantsOf(instanceId)) {
      if (dependants.length < SOME && (await this.isThere(dependant))) dependants.push(dependant);
    }
    if (dependants.length > 0) throw new ServiceInUse(instanceId, dependants);
  }

  /** It uses no service any more. */
  private release(instanceId: string, call: CallContext): Promise<void> {
    return this.handle(instanceId, { type: 'UnbindServices' }, call, 'release');
  }

  private async neverOffered(instanceId: string): Promise<boolean> {
    return !(await this.commands.load(servicesAggregate, instanceId)).state.offered;
  }

  private async record(place: Place, bindings: readonly ServiceBinding[], call: CallContext): Promise<void> {
    if (bindings.length > 0) await this.handle(place.instanceId, { type: 'BindServices', place, bindings }, call, 'bind');
  }

  private async handle(instanceId: string, command: ServicesCommand, call: CallContext, ...step: string[]): Promise<void> {
    const { correlationId, causationId, actor, reason } = call;
    const commandId = derivedUuid(call.commandId, instanceId, ...step);
    // Of the call no more than that: a revision that it asks for is that of another stream.
    const context = { commandId, correlationId, causationId, actor, ...(reason !== undefined && { reason }) };
    await this.commands.handle(servicesAggregate, instanceId, command, context);
  }

  /** The oldest, and that of whom the instance is bound to now. */
  private async offersOf(place: Place, model: string, boundTo?: string): Promise<Offer[]> {
    const key = offerKey(place, model);
    const oldest = await this.documents.query({ index: 'byOffer', where: { offerKeys: key }, limit: SOME });
    const bound = boundTo === undefined ? undefined : await this.documents.get(boundTo);
    const items = bound?.offerKeys.includes(key) ? [...oldest.items, bound] : oldest.items;
    const there: Offer[] = [];
    for (const { instanceId, offers } of items) {
      const offer = offers.find((known) => known.model === model);
      if (offer && instanceId !== place.instanceId && (await this.isThere(instanceId)))
        there.push({ model, instanceId, node: offer.node, port: offer.port });
    }
    return there;
  }

  /** Everything that was bound before this question counts. */
  private async dependantsOf(provider: string): Promise<string[]> {
    await this.documents.waitFor(await this.store.head(), PATIENCE);
    const dependants: string[] = [];
    let cursor: string | undefined;
    do {
      const where = { providers: provider };
      const page = await this.documents.query({ index: 'byProvider', where, limit: 100, ...(cursor && { cursor }) });
      dependants.push(...page.items.map(({ instanceId }) => instanceId));
      cursor = page.next;
    } while (cursor !== undefined);
    return dependants;
  }

  /** The truth, not a projection. */
  private async isThere(instanceId: string): Promise<boolean> {
    const { status } = (await this.commands.load(instanceAggregate, instanceId)).state;
    return status !== 'unknown' && status !== 'deleting' && status !== 'deleted';
  }
}
