import { Injectable } from '@nestjs/common';
import {
  AppCatalogQueries,
  type AppView,
  AuthorizationCommands,
  AuthorizationQueries,
  type CallContext,
  derivedId,
  OrchestrationCommands,
  OrchestrationQueries,
  ReleaseCommands,
} from '@souk/contracts';
import { type CommandContext, CommandHandler, type CommandOutcome, derivedUuid, inSlices } from '@souk/event-sourcing';
import { Clock, NameRegistry, NameTaken, NotFound } from '@souk/platform';
import { imagesOf } from '../domain/images';
import { changesSince, type Review, reviewOf } from '../domain/review';
import { snapshotAggregate, snapshotSteps } from '../domain/snapshot';
import type { ExistingVersion, Version } from '../domain/version';
import { type DeprecateVersion, type DescribeVersion, versionAggregate, type WithdrawVersion } from '../domain/version.decide';
import {
  AppIsArchived,
  AppIsInitialised,
  AppNotInitialised,
  DraftChanged,
  VersionInvalid,
  VersionNotDraft,
  VersionNumberTaken,
} from '../domain/version.errors';
import type { ReviewedRevisions, VersionEvent } from '../domain/version.events';
import { ImageInquiry } from './image-inquiry';

type Outcome = CommandOutcome<Version, VersionEvent>;

/** The id of an app's first version follows from the app: an app is initialised exactly once. */
const firstVersionOf = (appId: string): string => derivedId('version', appId, 'first');

/** How long registries are waited for, in milliseconds: by a provider, and by another service, which has a deadline of its own. */
const PATIENCE = 15_000;
const PATIENCE_OF_SERVICES = 3_000;

/** Drafting, reviewing and releasing versions. */
@Injectable()
export class Release extends ReleaseCommands {
  constructor(
    private readonly commands: CommandHandler,
    private readonly names: NameRegistry,
    private readonly clock: Clock,
    private readonly apps: AppCatalogQueries,
    private readonly orchestration: OrchestrationQueries,
    private readonly orchestrationCommands: OrchestrationCommands,
    private readonly authorization: AuthorizationQueries,
    private readonly authorizationCommands: AuthorizationCommands,
    private readonly images: ImageInquiry,
  ) {
    super();
  }

  /** Drafts the app's first version, which is what initialises the app. */
  async initialise(
    appId: string,
    { number, description }: { readonly number: string; readonly description: string },
    providerTenant: string,
    context: CommandContext,
  ): Promise<Outcome & { readonly versionId: string }> {
    await this.changeableApp(appId, providerTenant);
    const versionId = firstVersionOf(appId);
    const { state } = await this.commands.load(versionAggregate, versionId);
    if (state.status === 'none') await this.reserveNumber(appId, number, versionId, context);
    try {
      const command = { type: 'draft-version', versionId, appId, providerTenant, number, description, first: true } as const;
      return { ...(await this.commands.handle(versionAggregate, versionId, command, context)), versionId };
    } catch (error) {
      if (state.status === 'none') throw error;
      throw new AppIsInitialised(appId, state.number);
    }
  }

  /** Drafts another version, empty or as a copy of an earlier one. What is copied first is harmless until the draft names it. */
  async draft(
    input: {
      readonly versionId: string;
      readonly appId: string;
      readonly number: string;
      readonly description: string;
      readonly cloneFrom?: string;
    },
    providerTenant: string,
    context: CommandContext,
  ): Promise<Outcome> {
    const { versionId, appId, number, description, cloneFrom } = input;
    await this.changeableApp(appId, providerTenant);
    await this.refuseUninitialised(appId);
    if (cloneFrom !== undefined) {
      const original = await this.own(cloneFrom, providerTenant);
      if (original.appId !== appId) throw new NotFound('version', cloneFrom);
    }
    await this.reserveNumber(appId, number, versionId, context);
    if (cloneFrom !== undefined) {
      await this.orchestrationCommands.cloneConfigurations(cloneFrom, versionId, callOf(context, 'configurations'));
      await this.authorizationCommands.clonePermissions(cloneFrom, versionId, callOf(context, 'permissions'));
    }
    const drafted = {
      versionId,
      appId,
      providerTenant,
      number,
      description,
      first: false,
      ...(cloneFrom && { clonedFrom: cloneFrom }),
    };
    return this.commands.handle(versionAggregate, versionId, { type: 'draft-version', ...drafted }, context);
  }

  /** @throws NotFound alike for a missing version and another provider's */
  async command(
    versionId: string,
    providerTenant: string,
    command: DescribeVersion | DeprecateVersion | WithdrawVersion,
    context: CommandContext,
  ): Promise<Outcome> {
    await this.own(versionId, providerTenant);
    return this.commands.handle(versionAggregate, versionId, command, context);
  }

  /** The draft as it stands, for a release to be based upon. */
  async review(versionId: string, providerTenant: string): Promise<Review> {
    const content = await this.contentOf(await this.own(versionId, providerTenant));
    return (await this.reviewed(content, PATIENCE)).review;
  }

  /**
   * Freezes exactly what was reviewed, with the images that its tags stand for now: first the content-addressed snapshot (an orphan if the process dies here), then
   * VersionReleased, which alone is the release.
   * @throws DraftChanged when a reviewed revision is not the newest one; VersionInvalid with all problems
   */
  async release(
    versionId: string,
    input: { readonly reviewed: ReviewedRevisions; readonly releaseNotes?: string },
    providerTenant: string,
    context: CommandContext,
  ): Promise<Outcome> {
    const version = await this.own(versionId, providerTenant);
    if (version.status === 'draft') await this.changeableApp(version.appId, providerTenant);
    const digest =
      version.status === 'draft'
        ? await this.freeze(version, context, PATIENCE, input.reviewed)
        : this.releasedAs(version, input.reviewed);
    const command = { type: 'release-version', snapshot: digest, ...input } as const;
    return this.commands.handle(versionAggregate, versionId, command, context);
  }

  override async trialSnapshot(versionId: string, call: CallContext): Promise<string> {
    const { state } = await this.commands.load(versionAggregate, versionId);
    if (state.status === 'none') throw new NotFound('version', versionId);
    if (state.status !== 'draft') return state.snapshot;
    return this.freeze(state, call, PATIENCE_OF_SERVICES);
  }

  private async freeze(
    version: ExistingVersion,
    call: CallContext,
    patienceMs: number,
    reviewed?: ReviewedRevisions,
  ): Promise<string> {
    const content = await this.contentOf(version);
    const { configurations, permissions } = content;
    // Before anybody is asked for images that are in nothing.
    const changes = reviewed ? changesSince(reviewed, reviewOf(configurations, permissions).revisions) : [];
    if (changes.length > 0) throw new DraftChanged(version.number, changes);
    const { review, findings } = await this.reviewed(content, patienceMs);
    if (review.problems.length > 0) throw new VersionInvalid(version.number, review.problems);
    const { digest, snapshot } = await inSlices(snapshotSteps(version, configurations, permissions, findings));
    const command = { type: 'take-snapshot', digest, providerTenant: version.providerTenant, snapshot } as const;
    await this.commands.handle(snapshotAggregate, digest, command, callOf(call, 'snapshot', digest));
    return digest;
  }

  /** A repeat of the release that was made is no error; anything else is. */
  private releasedAs(version: Exclude<ExistingVersion, { status: 'draft' }>, reviewed: ReviewedRevisions): string {
    if (changesSince(reviewed, version.reviewed).length > 0) throw new VersionNotDraft(version);
    return version.snapshot;
  }

  private async contentOf({ versionId, appId, providerTenant }: ExistingVersion) {
    const [configurations, permissions, app] = await Promise.all([
      this.orchestration.configurationsOf(versionId),
      this.authorization.permissionsOf(versionId),
      this.apps.app(appId),
    ]);
    return { configurations, permissions, platforms: app?.platforms ?? [], providerTenant };
  }

  private async reviewed(
    { configurations, permissions, platforms, providerTenant }: Awaited<ReturnType<Release['contentOf']>>,
    patienceMs: number,
  ) {
    const images = configurations.flatMap(({ topology }) => imagesOf(topology));
    const findings = await this.images.findings(images, providerTenant, patienceMs);
    return { findings, review: reviewOf(configurations, permissions, { findings, platforms }) };
  }

  /** Version management is closed until the app is initialised. */
  async refuseUninitialised(appId: string): Promise<void> {
    const { state } = await this.commands.load(versionAggregate, firstVersionOf(appId));
    if (state.status === 'none') throw new AppNotInitialised(appId);
  }

  private async reserveNumber(appId: string, number: string, versionId: string, context: CommandContext): Promise<void> {
    const name = { kind: 'version', tenant: appId, name: number };
    try {
      // The first version has one id whatever number it is asked for: it may have been drafted under another one.
      const bears = async (owner: string) => {
        const { state } = await this.commands.load(versionAggregate, owner);
        return state.status !== 'none' && state.number === number;
      };
      await this.names.reserve(name, versionId, `version-${versionId}`, context, this.clock.now(), bears);
    } catch (error) {
      if (error instanceof NameTaken) throw new VersionNumberTaken(number);
      throw error;
    }
  }

  /** @throws NotFound alike for a missing app and another provider's */
  async ownApp(appId: string, providerTenant: string): Promise<AppView> {
    const app = await this.apps.app(appId);
    if (app?.providerTenant !== providerTenant) throw new NotFound('app', appId);
    return app;
  }

  /** @throws NotFound */
  async knownApp(appId: string): Promise<void> {
    if (!(await this.apps.app(appId))) throw new NotFound('app', appId);
  }

  private async changeableApp(appId: string, providerTenant: string): Promise<void> {
    const { status, name } = await this.ownApp(appId, providerTenant);
    if (status === 'archived') throw new AppIsArchived(name);
  }

  private async own(versionId: string, providerTenant: string): Promise<ExistingVersion> {
    const { state } = await this.commands.load(versionAggregate, versionId);
    if (state.status === 'none' || state.providerTenant !== providerTenant) throw new NotFound('version', versionId);
    return state;
  }
}

/** A call of its own within the request, so that each part of it can be repeated. */
function callOf({ commandId, correlationId, causationId, actor, reason }: CallContext, ...parts: readonly string[]): CallContext {
  return {
    commandId: derivedUuid(commandId, ...parts),
    correlationId,
    causationId,
    actor,
    ...(reason !== undefined && { reason }),
  };
}
