import { EmbeddedWorld, eventBusProperty } from '@souk/messaging/testing';

eventBusProperty('InProcessBus', () => EmbeddedWorld.open(), 60);
