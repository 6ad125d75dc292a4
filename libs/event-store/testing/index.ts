export { type ProtocolServer, type ProtocolServerOptions, startProtocolServer } from './protocol-server';
