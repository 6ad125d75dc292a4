import { join } from 'node:path';
import ts from 'typescript';
import { any, merged, type Shape } from './api-shape';

const root = join(__dirname, '../../..');
const routes: ReadonlySet<string> = new Set(['Get', 'Post', 'Put', 'Patch', 'Delete']);

/**
 * What the methods of the controllers answer, by `AppController.create`: the types of their results, as the compiler infers them. The
 * OpenAPI document says nothing of answers; the types can't be wrong.
 */
export function answerShapes(): ReadonlyMap<string, Shape> {
  const config = ts.getParsedCommandLineOfConfigFile(
    join(root, 'tsconfig.json'),
    {},
    { ...ts.sys, onUnRecoverableConfigFileDiagnostic: fail },
  );
  if (!config) throw new Error('tsconfig.json can not be read');
  const files = config.fileNames.filter((file) => /\.controller\.ts$|\.d\.ts$/.test(file));
  const program = ts.createProgram(files, { ...config.options, incremental: false });
  // Binds the files, without which nodes don't know where they stand.
  const checker = program.getTypeChecker();
  const shapes = new Map<string, Shape>();
  const look = (node: ts.Node): void => {
    if (ts.isClassDeclaration(node)) {
      for (const method of node.members.filter(ts.isMethodDeclaration))
        if (isRoute(method))
          shapes.set(`${node.name?.text ?? ''}.${method.name.getText()}`, new ShapeReader(checker).ofResult(method));
    } else ts.forEachChild(node, look);
  };
  for (const file of program.getSourceFiles()) if (file.fileName.endsWith('.controller.ts')) look(file);
  return shapes;
}

function fail({ messageText }: ts.Diagnostic): never {
  throw new Error(ts.flattenDiagnosticMessageText(messageText, '\n'));
}

function isRoute(method: ts.MethodDeclaration): boolean {
  return (ts.getDecorators(method) ?? []).some(
    ({ expression }) => ts.isCallExpression(expression) && routes.has(expression.expression.getText()),
  );
}

/** Types as JSON.stringify writes their values. */
class ShapeReader {
  private readonly open = new Set<ts.Type>();

  constructor(private readonly checker: ts.TypeChecker) {}

  ofResult(method: ts.MethodDeclaration): Shape {
    const result = this.checker.getReturnTypeOfSignature(this.checker.getSignatureFromDeclaration(method)!);
    const type = this.checker.getAwaitedType(result) ?? result;
    // A file is a stream of bytes; what is in it, no type tells.
    if (type.getSymbol()?.name === 'StreamableFile') return any;
    return type.flags & ts.TypeFlags.Void ? { kind: 'object', fields: new Map() } : this.of(type);
  }

  private of(type: ts.Type): Shape {
    const { flags } = type;
    if (type.isUnion()) return merged(type.types.filter((arm) => !isNothing(arm)).map((arm) => this.of(arm)));
    // A text with a brand.
    if (type.isIntersection() && type.types.some((part) => part.flags & ts.TypeFlags.String)) return { kind: 'string' };
    if (flags & ts.TypeFlags.StringLike) return { kind: 'string' };
    if (flags & ts.TypeFlags.NumberLike) return { kind: 'number' };
    if (flags & ts.TypeFlags.BooleanLike) return { kind: 'boolean' };
    if (this.checker.isArrayType(type))
      return { kind: 'list', of: this.of(this.checker.getTypeArguments(type as ts.TypeReference)[0]!) };
    return this.ofObject(type);
  }

  private ofObject(type: ts.Type): Shape {
    const [index] = this.checker.getIndexInfosOfType(type);
    const properties = this.checker.getPropertiesOfType(type);
    if (this.open.has(type) || (index && properties.length > 0)) return any;
    if (index) return { kind: 'map', of: this.of(index.type) };
    if (properties.length === 0) return any;
    this.open.add(type);
    const fields = properties.map((property) => {
      const its = this.checker.getTypeOfSymbol(property);
      const optional =
        (property.flags & ts.SymbolFlags.Optional) !== 0 || isNothing(its) || (its.isUnion() && its.types.some(isNothing));
      return [property.name, { shape: this.of(its), optional }] as const;
    });
    this.open.delete(type);
    return { kind: 'object', fields: new Map(fields) };
  }
}

const isNothing = ({ flags }: ts.Type): boolean => (flags & (ts.TypeFlags.Undefined | ts.TypeFlags.Null)) !== 0;
