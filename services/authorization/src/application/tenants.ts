import { Injectable } from '@nestjs/common';
import { TenantDirectory } from '@souk/contracts';
import { CommandHandler } from '@souk/event-sourcing';
import { tenantAggregate } from '../domain/tenant';

/** Which tenants there are, for other services. */
@Injectable()
export class RegisteredTenants extends TenantDirectory {
  constructor(private readonly commands: CommandHandler) {
    super();
  }

  override async exists(tenantId: string): Promise<boolean> {
    return (await this.commands.load(tenantAggregate, tenantId)).state.status === 'registered';
  }
}
