import { Injectable } from '@nestjs/common';
import { AppCatalogQueries, type AppView } from '@souk/contracts';
import { CommandHandler } from '@souk/event-sourcing';
import { appAggregate } from '../domain/app.decide';

/** What other services ask. Reads the truth. */
@Injectable()
export class AppQueries extends AppCatalogQueries {
  constructor(private readonly commands: CommandHandler) {
    super();
  }

  override async app(appId: string): Promise<AppView | undefined> {
    const { state } = await this.commands.load(appAggregate, appId);
    if (state.status === 'none') return undefined;
    const { providerTenant, name, distributionType, hostingMode, platforms, status } = state;
    return { appId, providerTenant, name, distributionType, hostingMode, platforms, status };
  }
}
