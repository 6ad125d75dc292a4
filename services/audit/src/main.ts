import { runService, serviceConfig } from '@souk/process';
import { audit, AuditModule } from './audit.module';

runService('audit', () => ({
  ...serviceConfig(process.env, ['authorization']),
  definition: audit,
  module: AuditModule,
  answers: [],
}));
