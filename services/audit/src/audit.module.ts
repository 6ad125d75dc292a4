import { Module } from '@nestjs/common';
import { Leases } from '@souk/coordination';
import { RawEventStore, type ServiceDefinition, ServiceModule } from '@souk/platform';
import { ReadStore } from '@souk/read-store';
import { History } from './application/history';
import { HistoryIndexer } from './application/history-indexer';
import { HistoryController } from './edges/history.controller';

/** Writes no events and folds none: its one read model is kept by {@link HistoryIndexer}. */
export const audit: ServiceDefinition = { service: 'audit', aggregates: [], projections: [] };

@Module({
  imports: [ServiceModule.register(audit)],
  controllers: [HistoryController],
  providers: [
    {
      provide: HistoryIndexer,
      inject: [RawEventStore, ReadStore, Leases],
      useFactory: (store: RawEventStore, reads: ReadStore, leases: Leases) => HistoryIndexer.among(store, reads, leases),
    },
    History,
  ],
})
export class AuditModule {}
