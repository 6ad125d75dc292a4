import { EmbeddedWorld, eventBusContract } from '@souk/messaging/testing';

eventBusContract('InProcessBus', () => EmbeddedWorld.open());
