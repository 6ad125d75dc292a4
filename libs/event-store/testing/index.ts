export { type ProtocolServer, startProtocolServer } from './protocol-server';
