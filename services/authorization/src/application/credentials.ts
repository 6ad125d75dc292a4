import { Injectable } from '@nestjs/common';
import type { CredentialView, Grants } from '@souk/contracts';
import { type CommandContext, CommandHandler, type CommandOutcome } from '@souk/event-sourcing';
import { Clock, InjectReadModel, NotFound, type Principal } from '@souk/platform';
import type { ReadModel } from '@souk/read-store';
import { SecretVault } from '@souk/secrets';
import type { Credential } from '../domain/credential';
import { type CredentialCommand, credentialAggregate } from '../domain/credential.decide';
import { NoCredentialYet } from '../domain/credential.errors';
import type { CredentialEvent, SuspendingParty } from '../domain/credential.events';
import { granted } from '../domain/permission-set';
import { type CredentialDoc, credentialsProjection } from '../projections/credentials.projection';
import { AppKeys } from './app-keys';
import { appKeyOf, appSecretOf } from './app-secret';

/** The credentials of instances (F33, F34). What was done here holds for the very next request of the instance. */
@Injectable()
export class Credentials {
  constructor(
    private readonly commands: CommandHandler,
    private readonly vault: SecretVault,
    private readonly keys: AppKeys,
    private readonly clock: Clock,
    @InjectReadModel(credentialsProjection) private readonly readModel: ReadModel<CredentialDoc>,
  ) {}

  async create(
    input: {
      readonly instanceId: string;
      readonly appId: string;
      readonly ownerTenant: string;
      readonly providerTenant: string;
      readonly grants: Grants;
    },
    context: CommandContext,
  ): Promise<CredentialView> {
    const appKey = await appKeyOf(this.vault, input.ownerTenant, input.instanceId);
    const { state } = await this.handle(input.instanceId, { type: 'create-credential', ...input, appKey }, context);
    return viewOr(state, input.instanceId);
  }

  async alignGrants(instanceId: string, grants: Grants, context: CommandContext): Promise<CredentialView> {
    const { state } = await this.handle(instanceId, { type: 'align-grants', instanceId, grants }, context);
    return viewOr(state, instanceId);
  }

  async revoke(instanceId: string, context: CommandContext): Promise<void> {
    await this.handle(instanceId, { type: 'revoke-credential', instanceId }, context);
  }

  async credentialOf(instanceId: string): Promise<CredentialView | undefined> {
    return credentialView(await this.load(instanceId));
  }

  /** The AppSecret itself, the newest unless a version is named. @throws NoCredentialYet */
  async appSecret(instanceId: string, secretVersion?: number): Promise<string> {
    const state = await this.load(instanceId);
    if (state.status === 'none') throw new NoCredentialYet(instanceId);
    return appSecretOf(this.vault, { ...state, secretVersion: secretVersion ?? state.secretVersion });
  }

  /** @throws NotFound alike where there is none and where it is not theirs */
  async viewFor(instanceId: string, principal: Principal): Promise<CredentialView> {
    const state = await this.load(instanceId);
    partyOf(state, instanceId, principal);
    return viewOr(state, instanceId);
  }

  /** @throws NotFound, CredentialIsRevoked */
  async suspend(
    instanceId: string,
    principal: Principal,
    context: CommandContext,
  ): Promise<CommandOutcome<Credential, CredentialEvent>> {
    const party = partyOf(await this.load(instanceId), instanceId, principal);
    return this.handle(instanceId, { type: 'suspend-credential', instanceId, party }, context);
  }

  /** Takes back the suspension of this party; another's stays. @throws NotFound, CredentialIsRevoked */
  async resume(
    instanceId: string,
    principal: Principal,
    context: CommandContext,
  ): Promise<CommandOutcome<Credential, CredentialEvent>> {
    const party = partyOf(await this.load(instanceId), instanceId, principal);
    return this.handle(instanceId, { type: 'resume-credential', instanceId, party }, context);
  }

  /**
   * A new AppSecret. The one until now is taken as well until the grace is over; one before that, no more.
   * @throws NotFound alike where there is none and where it is not theirs; CredentialIsRevoked
   */
  async rotate(
    instanceId: string,
    graceSeconds: number,
    { tenant }: Principal,
    context: CommandContext,
  ): Promise<CommandOutcome<Credential, CredentialEvent>> {
    const state = await this.load(instanceId);
    if (state.status === 'none' || state.ownerTenant !== tenant) throw new NotFound('credential of instance', instanceId);
    const now = this.clock.now();
    const previousValidUntil = new Date(now.getTime() + graceSeconds * 1000).toISOString();
    return this.handle(
      instanceId,
      { type: 'rotate-app-secret', instanceId, previousValidUntil, now: now.toISOString() },
      context,
    );
  }

  async expirePreviousSecret(instanceId: string, secretVersion: number, context: CommandContext): Promise<void> {
    await this.handle(instanceId, { type: 'expire-previous-app-secret', instanceId, secretVersion }, context);
  }

  /** Done when no decision is made any more by what was before; a new one, when its key is found. */
  private async handle(instanceId: string, command: CredentialCommand, context: CommandContext) {
    const outcome = await this.commands.handle(credentialAggregate, instanceId, command, context);
    const isNew = command.type === 'create-credential';
    if (isNew && outcome.position) await this.readModel.waitFor(outcome.position, PATIENCE);
    if (outcome.state.status !== 'none') this.keys.forget([outcome.state.appKey]);
    return outcome;
  }

  private async load(instanceId: string): Promise<Credential> {
    return (await this.commands.load(credentialAggregate, instanceId)).state;
  }
}

/** How long a command waits for the read model that keys are found by, in milliseconds. */
const PATIENCE = 10_000;

/** What others may see: everything but the secret. */
export function credentialView(state: Credential): CredentialView | undefined {
  if (state.status === 'none') return undefined;
  const { instanceId, appKey, secretVersion, grants } = state;
  const previous = state.status === 'live' ? state.previousSecret : undefined;
  const validUntil = previous && { previousSecretValidUntil: previous.validUntil };
  return { instanceId, appKey, secretVersion, ...validUntil, status: statusOf(state), grants: granted(grants) };
}

function statusOf(state: Exclude<Credential, { status: 'none' }>): CredentialView['status'] {
  if (state.status === 'revoked') return 'revoked';
  return state.suspendedBy.size > 0 ? 'suspended' : 'active';
}

function viewOr(state: Credential, instanceId: string): CredentialView {
  const view = credentialView(state);
  if (!view) throw new NoCredentialYet(instanceId);
  return view;
}

/** In which capacity they act on this credential. */
function partyOf(state: Credential, instanceId: string, { tenant, role }: Principal): SuspendingParty {
  if (state.status !== 'none') {
    if (role === 'operator') return 'operator';
    if (state.ownerTenant === tenant) return 'owner';
    if (state.providerTenant === tenant) return 'provider';
  }
  throw new NotFound('credential of instance', instanceId);
}
