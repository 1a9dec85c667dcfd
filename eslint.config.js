// What prettier and TypeScript do not check: promises that nobody awaits, `any`, and other traps.

import { defineConfig } from "eslint/config";
import tseslint from "typescript-eslint";

export default defineConfig(
  {
    ignores: [
      "build/",
      "dist/",
      "create/dist/",
      "target/",
      ".tools/",
      "**/.wrangler/",
      "tests/bench/out/",
      "tests/bundlers/*/",
      "tests/ported/made/",
      "tests/ported/cloudflare/",
      "tests/ported/servers/",
      "tests/ported/worker.ts",
      "tests/bench/peers/",
      "tests/vectors/",
      "tests/seed/pattern-*/", // not ours to change
    ],
  },
  { linterOptions: { reportUnusedDisableDirectives: "error" } },
  {
    files: ["**/*.ts"],
    extends: [tseslint.configs.strictTypeChecked],
    languageOptions: { parserOptions: { projectService: { allowDefaultProject: ["*.ts"] } } },
    rules: {
      "@typescript-eslint/no-explicit-any": "error",
      "@typescript-eslint/no-floating-promises": "error",
      // Numbers in a template are what they look like.
      "@typescript-eslint/restrict-template-expressions": ["error", { allowNumber: true }],
      "@typescript-eslint/no-confusing-void-expression": ["error", { ignoreArrowShorthand: true }],
      "@typescript-eslint/no-unused-vars": ["error", { argsIgnorePattern: "^_", varsIgnorePattern: "^_" }],
      "@typescript-eslint/no-unused-expressions": ["error", { allowTaggedTemplates: true }], // sql`…`
      // Type parameters of the public classes are there for the people who write them.
      "@typescript-eslint/no-unnecessary-type-parameters": "off",
      // Handlers are async by their type, whether or not they wait for something.
      "@typescript-eslint/require-await": "off",
    },
  },
  {
    files: ["tests/**/*.ts"],
    rules: {
      "@typescript-eslint/no-deprecated": "off", // what is deprecated has to work, too
      "@typescript-eslint/only-throw-error": "off", // and so does what people should not throw
    },
  },
  {
    files: ["**/*.{js,mjs}"],
    extends: [tseslint.configs.recommended],
  },
);
