import { Module } from '@nestjs/common';
import { type ServiceDefinition, ServiceModule } from '@souk/platform';
import { History } from './application/history';
import { HistoryIndexer } from './application/history-indexer';
import { HistoryController } from './edges/history.controller';

/** Writes no events and folds none: its one read model is kept by {@link HistoryIndexer}. */
export const audit: ServiceDefinition = { service: 'audit', aggregates: [], projections: [] };

@Module({
  imports: [ServiceModule.register(audit)],
  controllers: [HistoryController],
  providers: [HistoryIndexer, History],
})
export class AuditModule {}
