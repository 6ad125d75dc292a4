export * from './errors';
export { NeighbourHistory } from './neighbour-history';
export * from './neighbours.module';
export * from './problem-status';
export { RemoteTokenVerifier } from './remote-token-verifier';
export type { Port } from './internal-port';
export type { RpcTls } from './rpc-options';
export * from './rpc-server';
