import { Controller, Get, Inject, UseFilters } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import { HealthCheck, HealthCheckService, HealthIndicatorService, type HealthCheckResult } from '@nestjs/terminus';
import { EventStore } from '@souk/event-sourcing';
import { EventBus } from '@souk/messaging';
import { ProjectionRunner } from '@souk/read-store';
import { Public } from '../auth/roles.decorator';
import { ENGINES, type Engines } from '../engines';
import { busDetails } from './bus-health';
import { Ending } from './ending';
import { StorageHealth } from './storage-health';
import { UnreadyFilter } from './unready.filter';

/** Liveness: the process answers. Readiness: it can answer requests. For probes. */
@ApiExcludeController()
@Controller('health')
export class HealthController {
  constructor(
    private readonly health: HealthCheckService,
    private readonly indicators: HealthIndicatorService,
    private readonly store: EventStore,
    private readonly runner: ProjectionRunner,
    private readonly bus: EventBus,
    private readonly storage: StorageHealth,
    private readonly ending: Ending,
    @Inject(ENGINES) private readonly engines: Pick<Engines, 'leaseNames'>,
  ) {}

  @Get('live')
  @Public()
  live(): { status: 'ok' } {
    return { status: 'ok' };
  }

  @Get('ready')
  @UseFilters(UnreadyFilter)
  @Public()
  @HealthCheck({ noCache: true })
  async ready(): Promise<HealthCheckResult> {
    return this.health.check([
      ...(this.ending.hasBegun ? [() => this.indicators.check('process').down({ ending: true })] : []),
      async () => {
        await this.store.head();
        return this.indicators.check('event-store').up();
      },
      () => {
        const full = this.storage.full();
        const indicator = this.indicators.check('storage');
        return full.length === 0 ? indicator.up() : indicator.down({ full });
      },
      () => {
        const broken = this.runner.health().filter(({ status }) => status === 'failed');
        const indicator = this.indicators.check('read-models');
        return broken.length === 0 ? indicator.up() : indicator.down({ stopped: broken.map(({ projection }) => projection) });
      },
      async () => {
        const { isUp, details } = busDetails(await this.bus.stats(), this.engines.leaseNames.bus !== undefined);
        return isUp ? this.indicators.check('bus').up(details) : this.indicators.check('bus').down(details);
      },
    ]);
  }
}
