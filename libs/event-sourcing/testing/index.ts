export * from './given-when-then';
export * from './child';
export * from './temporary-folder';
export * from './golden-events';
