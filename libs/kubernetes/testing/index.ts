export { manifestProblems } from './kubernetes-schema';
