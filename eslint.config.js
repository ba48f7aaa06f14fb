import tseslint from "typescript-eslint";
import { builtinModules } from "node:module";

/** Built-ins that `shared` may use: digests and signatures are pure functions of bytes. */
const PURE_BUILTINS = new Set(["crypto", "node:crypto"]);
const impure = builtinModules
  .flatMap((name) => (name.startsWith("node:") ? [name] : [name, `node:${name}`]))
  .filter((name) => !PURE_BUILTINS.has(name));

export default tseslint.config(
  {
    ignores: [
      "**/dist/",
      "**/node_modules/",
      ".cache/",
      ".redline/",
      "**/*.mjs",
      "**/*.d.mts",
      "**/*.cjs",
      "**/*.js",
    ],
  },
  ...tseslint.configs.strictTypeChecked,
  {
    languageOptions: { parserOptions: { projectService: { allowDefaultProject: ["vitest.config.ts"] } } },
    rules: {
      "@typescript-eslint/restrict-template-expressions": [
        "error",
        { allowNumber: true, allowBoolean: true },
      ],
      "@typescript-eslint/no-confusing-void-expression": ["error", { ignoreArrowShorthand: true }],
      "@typescript-eslint/consistent-type-imports": "error",
      // Held for its end alone.
      "@typescript-eslint/no-unused-vars": ["error", { ignoreUsingDeclarations: true }],
    },
  },
  {
    files: ["shared/src/**/*.ts"],
    ignores: ["**/*.test.ts"],
    rules: {
      "no-restricted-imports": [
        "error",
        { paths: impure.map((name) => ({ name, message: "shared does no I/O" })) },
      ],
      "no-restricted-globals": ["error", "fetch", "setTimeout", "setInterval", "process"],
      "no-restricted-properties": [
        "error",
        { object: "Date", property: "now", message: "shared has no clock: pass the time in" },
        { object: "Math", property: "random", message: "shared has no randomness: pass it in" },
      ],
    },
  },
);
