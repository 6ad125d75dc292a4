import { DomainError } from '@souk/event-sourcing';
import type { ExistingParkedMessage } from './parked-message';

export class ParkedMessageUnknown extends DomainError {
  readonly code = 'parked-message-unknown';
  constructor() {
    super('there is no such parked message');
  }
}

export class MessageNotParked extends DomainError {
  readonly code = 'message-not-parked';
  constructor({ group, message, status }: ExistingParkedMessage) {
    super(`the message "${message.id}" of group "${group}" is ${status}: there is nothing to decide about it`);
  }
}

export type ParkedMessageErrorCode = (ParkedMessageUnknown | MessageNotParked)['code'];
