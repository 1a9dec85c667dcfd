/** A project as an editor shows it: what completes, what it says at a name, what is wrong. */
import { join } from "node:path";
import ts from "typescript";

export interface Editor {
  /** The names of the members that complete after `expression.`, with these imports. */
  completes: (imports: string, expression: string) => string[];
  /** The text at a name that is imported from an entry point. */
  hover: (name: string, from: string) => string;
  /** What is wrong with a file of the project that has this text. */
  errors: (text: string) => string[];
}

/** Opens the project with the compiler options of its `tsconfig.json`; its files are not written. */
export function openEditor(project: string): Editor {
  const { config } = ts.readConfigFile(join(project, "tsconfig.json"), (path) => ts.sys.readFile(path)) as {
    config: object;
  };
  const { options } = ts.parseJsonConfigFileContent(config, ts.sys, project);
  const file = join(project, "shown.ts");
  let shown = "";
  let version = 0;
  const service = ts.createLanguageService({
    ...ts.sys,
    useCaseSensitiveFileNames: () => ts.sys.useCaseSensitiveFileNames,
    getCompilationSettings: () => ({ ...options, skipLibCheck: true }),
    getScriptFileNames: () => [file],
    getScriptVersion: (path) => (path === file ? String(version) : "0"),
    getScriptSnapshot: (path) => {
      const text = path === file ? shown : ts.sys.readFile(path);
      return text === undefined ? undefined : ts.ScriptSnapshot.fromString(text);
    },
    fileExists: (path) => path === file || ts.sys.fileExists(path),
    getCurrentDirectory: () => project,
    getDefaultLibFileName: (settings) => ts.getDefaultLibFilePath(settings),
  });
  const show = (text: string) => {
    shown = text;
    version += 1;
  };
  return {
    completes(imports, expression) {
      show(`${imports}\n${expression}.`);
      const found = service.getCompletionsAtPosition(file, shown.length, {});
      return (found?.entries ?? []).map(({ name }) => name);
    },
    hover(name, from) {
      show(`import { ${name} } from "${from}";\n${name};`);
      const info = service.getQuickInfoAtPosition(file, shown.lastIndexOf(name));
      return ts.displayPartsToString(info?.documentation);
    },
    errors(text) {
      show(text);
      const found = [...service.getSyntacticDiagnostics(file), ...service.getSemanticDiagnostics(file)];
      return found.map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, "\n"));
    },
  };
}
